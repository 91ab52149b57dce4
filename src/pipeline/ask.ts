import { join } from 'node:path'
import { DataError } from '../core/errors.ts'
import type { Graph } from '../graph/graph.ts'
import { connects, createGrounder, type GroundedStep } from '../graph/grounding.ts'
import type { Entity } from '../graph/types.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import { withoutOptions } from '../questions/shown-options.ts'
import type { Question } from '../questions/types.ts'
import { readCompletion } from '../text/answer.ts'
import { buildLexicon, matchEntity } from '../text/lexicon.ts'
import type { Tokenizer } from '../text/types.ts'
import type { Config } from './config.ts'
import { assertFinished, type CheckpointName, loadRunConfig, stageOf } from './load-run.ts'
import { readGraph } from './stages/graph.ts'
import { readQuestions } from './stages/questions.ts'
import { startFrom } from './stages/shared.ts'
import { openText, type StudentSource, studentOf } from './student.ts'

/** One step of the reasoning: whether the graph holds it, and where its triple was written down. */
export type AskedStep = { readonly kind: GroundedStep['kind']; readonly text: string; readonly source: string | null }

export type Answered = {
  readonly question: string
  readonly stage: CheckpointName
  readonly completion: string
  readonly steps: readonly AskedStep[]
  readonly groundedSteps: number
  readonly checkableSteps: number
  /** Label of the entity answered; null when no answer could be read. */
  readonly answer: string | null
  /** How the answer was read: "entity", or why not. */
  readonly reading: string
  readonly defects: readonly string[]
  /** True when the supported steps lead from what the question names to the answer. */
  readonly reasoningLeadsToAnswer: boolean
  /** Parts of the question that the model never saw in a question of its run. */
  readonly unknownWords: readonly string[]
  /** What the run itself knows of this very question; null when it is a new one. */
  readonly known: { readonly split: string; readonly accepted: readonly string[]; readonly correct: boolean } | null
}

/** Tokens that must be left for the answer; chosen by us: the shortest reasoning of one hop. */
const minCompletionTokens = 12

/**
 * The greedy answer of a checkpoint of a run to a question, its reasoning checked against the run's graph.
 *
 * @param openStudent for tests: another source of the model
 * @throws {DataError} when the run or the stage is not there or unfinished, or the question is empty or too long
 */
export async function ask(
  dir: string,
  stage: CheckpointName,
  text: string,
  openStudent: (dir: string, config: Config) => StudentSource = studentOf,
): Promise<Answered> {
  const question = text.trim().replace(/\s+/gu, ' ')
  if (question === '') throw new DataError('the question is empty', { hint: 'fleming ask --examples shows some' })
  const config = loadRunConfig(dir)
  refuseItems(dir, config)
  assertFinished(dir, ['graph', 'questions', stageOf(stage)])
  const graph = readGraph(join(dir, 'graph'))
  const questions = readQuestions(join(dir, 'questions'))
  const { tokenizer } = openText(dir, config)
  const source = openStudent(dir, config)
  try {
    const { client, codec } = await source.get()
    const promptTokens = codec.prompt(question)
    const { contextLength } = await client.info()
    const room = contextLength - promptTokens.length
    if (room < minCompletionTokens) {
      throw new DataError(`the question takes ${promptTokens.length} of ${contextLength} tokens`, {
        hint: 'ask in the words of the graph, where a name is one token; fleming ask --examples shows how',
      })
    }
    await startFrom({ client, codec }, dir, stageOf(stage))
    const requests = [{ promptTokens, numSamples: 1, key: `ask ${question}` }]
    const maxTokens = Math.min(config.evaluation.maxTokens, room)
    const samples = await client.sample(requests, { maxTokens, temperature: 0, stopTokens: codec.stopTokens })
    const sample = samples[0]![0]!
    const completion = codec.completionText(sample.tokens)
    return {
      question,
      stage,
      unknownWords: unknownWords(tokenizer, questions, question),
      ...judge({ graph, questions, question, completion, truncated: sample.stopReason === 'length' }),
    }
  } finally {
    await source.close()
  }
}

/** @throws {DataError} for a run on the items of a data run: there is no starter graph to check an answer against */
function refuseItems(dir: string, { questions }: Config): void {
  if (questions.items === null) return
  throw new DataError(
    'this run was trained on the items of a data run, and only runs on the starter graph can be asked',
    {
      file: dir,
      hint: 'its answers to held-out items stand in evaluation/item-answers-*.jsonl; the model in release/model can be asked elsewhere',
    },
  )
}

type Judged = Omit<Answered, 'question' | 'stage' | 'unknownWords'>

function judge(given: {
  readonly graph: Graph
  readonly questions: readonly Question[]
  readonly question: string
  readonly completion: string
  readonly truncated: boolean
}): Judged {
  const { graph, question, completion } = given
  const reading = readCompletion(completion, { thinkPrefilled: true, truncated: given.truncated })
  const value = reading.answer === null ? null : matchEntity(reading.answer, buildLexicon(graph.entities))
  const answered = value?.kind === 'entity' ? graph.entities.find(({ id }) => id === value.id) : undefined
  const grounding = createGrounder(graph)(reading.thinking ?? '')
  const starts = namedEntities(graph, withoutOptions(question)).map(({ id }) => id)
  const known = given.questions.find(({ stem }) => stem === question)
  return {
    completion,
    steps: grounding.steps.map((step) => ({ kind: step.kind, text: step.text, source: sourceOf(step) })),
    groundedSteps: grounding.grounded,
    checkableSteps: grounding.checkable,
    answer: answered?.label ?? null,
    reading: value?.kind ?? 'none',
    defects: reading.defects,
    reasoningLeadsToAnswer: answered !== undefined && connects(grounding, starts, [answered.id]),
    known:
      known === undefined
        ? null
        : {
            split: known.split,
            accepted: known.acceptedEntityIds.map((id) => graph.entity(id).label),
            correct: answered !== undefined && known.acceptedEntityIds.includes(answered.id),
          },
  }
}

const sourceOf = (step: GroundedStep): string | null =>
  step.kind === 'supported' ? `${step.triple.origin.file}:${step.triple.origin.line}` : null

/** Entities whose label stands in the question as whole words. */
function namedEntities(graph: Graph, question: string): Entity[] {
  const words = ` ${question.toLowerCase().replace(/[?.]+$/u, '')} `
  return graph.entities.filter(({ label }) => words.includes(` ${label.toLowerCase()} `))
}

/**
 * The parts of a question that are neither names and phrases of the graph nor pieces of any question of the run. Names are
 * single tokens, so whatever the training questions were made of is known by token id.
 */
export function unknownWords(tokenizer: Tokenizer, questions: readonly Question[], question: string): string[] {
  const known = new Set(tokenizer.addedTokens.map(({ id }) => id))
  for (const { stem } of questions) for (const id of tokenizer.encode(stem)) known.add(id)
  const runs: number[][] = []
  let isOpen = false
  for (const id of tokenizer.encode(question)) {
    if (known.has(id)) isOpen = false
    else if (isOpen) runs.at(-1)!.push(id)
    else {
      runs.push([id])
      isOpen = true
    }
  }
  return [...new Set(runs.map((ids) => tokenizer.decode(ids).trim()))].filter((words) => words !== '')
}

/**
 * Questions to try: held-out ones of a run, a few of each hop count, the same every time.
 *
 * @throws {DataError} when the run has no questions yet
 */
export function exampleQuestions(dir: string, perHop: number): { readonly stem: string; readonly hop: number }[] {
  const config = loadRunConfig(dir)
  refuseItems(dir, config)
  assertFinished(dir, ['questions'])
  const questions = readQuestions(join(dir, 'questions'))
  const { test } = drawHeldOut(questions, { perHop, probePerHop: 0, seed: config.dataSeed })
  return test.filter(({ split }) => split === 'held-out-composition').map(({ stem, hop }) => ({ stem, hop }))
}
