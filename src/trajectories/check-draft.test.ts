import { expect, test } from 'vitest'
import { idOf, tinyGraph } from '../graph/fixtures/tiny-graph.ts'
import { configSchema } from '../pipeline/config.ts'
import { synthesise } from '../questions/synthesis.ts'
import { buildLexicon } from '../text/lexicon.ts'
import { createDraftChecker } from './check-draft.ts'
import { teachFromGraph } from './graph-teacher.ts'
import { judgeStrictly } from './judge-steps.ts'
import { taskOfQuestion } from './task.ts'
import { graphTeacherActions } from './teachers/graph.ts'

const graph = tinyGraph()
const { questions } = synthesise(graph, configSchema.parse({}).questions, 1)
const question = questions.find(
  ({ kind, path }) =>
    kind === 'forward' && path.start === idOf(graph, 'tophi') && path.steps.join() === 'hallmark_of,first_line',
)!
const lexicon = buildLexicon(graph.entities)
const checker = createDraftChecker(graphTeacherActions, judgeStrictly(graph))
const check = (completion: string) =>
  checker.check(taskOfQuestion(question, graph, lexicon), { completion, backtracks: false })

const steps = ' tophi is the hallmark of gout; gout is first treated with naproxen;'

test('what the teacher wrote passes, with its steps counted', () => {
  expect(check(`${steps}</think><answer> naproxen</answer>`)).toEqual({
    ...{ reasons: [], complaint: null, isRight: true, groundedSteps: 2, checkableSteps: 2 },
  })
})

test('every draft of the graph teacher passes', () => {
  const dropped = questions.flatMap((item) => {
    const draft = teachFromGraph(graph, item, { seed: 1, backtrackShare: 0.5 })
    return checker.check(taskOfQuestion(item, graph, lexicon), draft).reasons
  })
  expect(dropped).toEqual([])
})

test.each([
  ['a wrong answer', `${steps}</think><answer> colchicine</answer>`, 'answer: wrong'],
  ['an answer that is none', `${steps}</think><answer> paracetamol</answer>`, 'answer: noMatch'],
  ['two answers', `${steps}</think><answer> naproxen or colchicine</answer>`, 'answer: several'],
  [
    'a step that is not in the graph',
    ` gout is first treated with colchicine;${steps}</think><answer> naproxen</answer>`,
    'grounding: contradicts',
  ],
  [
    'a competitor ruled out by what it has',
    ` gout lacks tophi;${steps}</think><answer> naproxen</answer>`,
    'grounding: contradicts',
  ],
  ['a step that cannot be read', ` think hard;${steps}</think><answer> naproxen</answer>`, 'grounding: contradicts'],
  ['no answer block', `${steps}</think> naproxen`, 'form: noAnswer'],
  ['a thinking that is not closed', `${steps}<answer> naproxen</answer>`, 'form: unclosedThink'],
  ['no thinking', '</think><answer> naproxen</answer>', 'form: emptyThink'],
  ['text after the answer', `${steps}</think><answer> naproxen</answer> for sure`, 'form: textOutside'],
  ['nothing', '', 'form: empty'],
])('%s is dropped with its reason', (_, completion, reason) => {
  expect(check(completion).reasons).toEqual([reason])
})

test('a hypothesis is no claim: it neither counts nor drops', () => {
  const verdict = check(` perhaps measles;${steps}</think><answer> naproxen</answer>`)
  expect(verdict).toMatchObject({ reasons: [], groundedSteps: 2, checkableSteps: 2 })
})
