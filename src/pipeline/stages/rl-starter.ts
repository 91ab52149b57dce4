import { answerQuestions } from '../../evaluation/run.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import type { Metrics } from '../../policy/loop.ts'
import { disputeOfSuspect } from '../../policy/quarantine.ts'
import { labelOfQuestion } from '../../policy/quarantine-decisions.ts'
import { fromQuestion } from '../../policy/training-question.ts'
import type { Question } from '../../questions/types.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import type { RlData } from './rl.ts'

/**
 * What the RL stages are made from where the questions were synthesised from the starter graph.
 *
 * @param maxTokens of a completion of the probe
 */
export function starterRlData(
  data: { readonly graph: Graph; readonly training: readonly Question[]; readonly probe: readonly Question[] },
  maxTokens: number,
): RlData {
  const { graph, training, probe } = data
  const lexicon = buildLexicon(graph.entities)
  const grounder = createGrounder(graph)
  const byId = new Map<string, Question>(training.map((question) => [question.id, question]))
  const labels = new Map<string, string>(graph.entities.map(({ id, label }) => [id, label]))
  const wordsOf = (id: string): string => labels.get(id) ?? id
  return {
    training: training.map((question) => fromQuestion(question, lexicon)),
    probe: async (student) =>
      probeMetrics(await answerQuestions({ ...student, graph, lexicon, grounder, maxTokens }, probe)),
    probeSize: probe.length,
    disputeOf: (suspect) => disputeOfSuspect(suspect, byId.get(suspect.questionId)!, wordsOf),
    labelContent: (id) => labelOfQuestion(byId.get(id)!, wordsOf).content,
  }
}

type Answered = Awaited<ReturnType<typeof answerQuestions>>

/** Accuracy and grounding of the probe, pooled and by hop count; nothing when the test took every held-out question. */
function probeMetrics(records: Answered): Metrics {
  if (records.length === 0) return {}
  const hops = [...new Set(records.map((record) => record.hop))].sort()
  const right = records.filter((record) => record.correct)
  const checkable = records.reduce((sum, record) => sum + record.checkableSteps, 0)
  const grounded = records.reduce((sum, record) => sum + record.groundedSteps, 0)
  return Object.fromEntries([
    ['probe/accuracy', right.length / records.length],
    ['probe/items', records.length],
    ...(checkable === 0 ? [] : [['probe/grounded_share', grounded / checkable] as const]),
    ...(right.length === 0
      ? []
      : [
          [
            'probe/right_for_wrong_reason_share',
            right.filter((record) => record.rightForWrongReason).length / right.length,
          ] as const,
        ]),
    ...hops.flatMap((hop) => {
      const part = records.filter((record) => record.hop === hop)
      const correct = part.filter((record) => record.correct).length
      return [
        [`probe/hop${hop}/accuracy`, correct / part.length] as const,
        [`probe/hop${hop}/items`, part.length] as const,
      ]
    }),
  ])
}
