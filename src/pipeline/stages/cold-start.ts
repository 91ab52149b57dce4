import { dirname, join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { formatJson } from '../../core/json.ts'
import { formatJsonl } from '../../core/jsonl.ts'
import { putAtomic } from '../../core/store.ts'
import type { Datum } from '../../engine/types.ts'
import type { Graph } from '../../graph/graph.ts'
import type { EntityId } from '../../graph/types.ts'
import { supervisedDatum } from '../../policy/datum.ts'
import { factDocument } from '../../policy/documents.ts'
import { runLoop } from '../../policy/loop.ts'
import { scaleWeights, supervisedLoss, supervisedStep } from '../../policy/sft.ts'
import { epochBatches, holdOut } from '../../policy/sft-batches.ts'
import { createBestKeeper } from '../../policy/sft-best.ts'
import { drawSentences, factsOf } from '../../questions/facts.ts'
import type { Question } from '../../questions/types.ts'
import type { Codec } from '../../text/codec.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import { judgeWithGraph } from '../../trajectories/judge-steps.ts'
import { chooseForColdStart } from '../../trajectories/select.ts'
import { taskOfQuestion } from '../../trajectories/task.ts'
import type { Trajectory } from '../../trajectories/types.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { Student, StudentSource } from '../student.ts'
import { type Lessons, makeTrajectories } from '../teacher.ts'
import { readHeldOutDiseases } from './questions.ts'
import { finalStateFiles, startFrom, writeEvents } from './shared.ts'

/** Fact documents of a step that keep the facts alive while the form is learnt. */
export const rehearsalDocuments = 8

/** What a cold start stands on, whatever the questions were made from. */
export type ColdStartData = Lessons & {
  /** Fact documents of a step, that keep the facts alive while the form is learnt; asked for only with `rehearsal`. */
  readonly rehearse: (step: number, codec: Codec) => Datum[]
}

/** The cold start of a run on the starter graph. */
export function makeColdStart(
  dir: string,
  config: Config,
  graph: Graph,
  questions: readonly Question[],
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const { epochs, items, maxHops } = config['cold-start']
  const taught = epochs === 0 ? [] : chooseForColdStart(questions, { count: items, maxHops, seed: config.dataSeed })
  const avoid = epochs === 0 ? new Set<EntityId>() : readHeldOutDiseases(join(dirname(dir), 'questions'))
  const lexicon = buildLexicon(graph.entities)
  const stemOf = new Map<string, string>(questions.map(({ id, stem }) => [id, stem]))
  const facts = factsOf(graph)
  const data: ColdStartData = {
    tasks: taught.map((question) => taskOfQuestion(question, graph, lexicon)),
    promptOf: (id) => stemOf.get(id)!,
    judgeSteps: judgeWithGraph(graph),
    walked: { graph, questions: taught, avoid },
    rehearse: (step, codec) => rehearsed(step, config, graph, facts, codec),
  }
  return coldStart(dir, config, data, source, observer)
}

/**
 * Has a teacher write trajectories, checks them, then fine-tunes the student on them, loss on the completion only.
 *
 * With a held-out share the stage ends with the checkpoint of least held-out loss.
 *
 * @paper Fleming-R1 §3.2
 * @deviation hold-out, early stop and cosine decay are ours and off unless asked for: the paper gives no hyper-parameters
 */
export async function coldStart(
  dir: string,
  config: Config,
  data: ColdStartData,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const settings = config['cold-start']
  const { epochs } = settings
  const student = settings.teacher === 'engine' ? await startedStudent(source, dir) : null
  const taught = await teachFor(dir, config, data, source, observer)
  const { trajectories, files } = taught
  putAtomic(join(dir, 'trajectories.jsonl'), formatJsonl(trajectories))
  putAtomic(join(dir, 'dropped.json'), `${formatJson(taught.dropped, { pretty: true })}\n`)
  const backtracking = trajectories.filter(({ backtracks }) => backtracks).length
  if (epochs === 0) observer.note('no cold start: the base goes straight to reinforcement learning')
  else
    observer.note(
      `${trajectories.length} trajectories kept, ${backtracking} with a diagnosis ruled out, ${Object.values(taught.dropped).reduce((a, b) => a + b, 0)} dropped`,
    )
  if (trajectories.length === 0 && epochs > 0) {
    throw new DataError(`no trajectory of ${data.tasks.length} questions passed the checks`, {
      file: join(dir, 'dropped.json'),
      hint: 'the file counts the reasons',
    })
  }
  await tune(dir, config, data, trajectories, student ?? (await startedStudent(source, dir)), observer)
  writeEvents(dir)
  return ['trajectories.jsonl', 'dropped.json', ...files, 'metrics.jsonl', ...finalStateFiles(dir)]
}

async function startedStudent(source: StudentSource, dir: string): Promise<Student> {
  const student = await source.get()
  await startFrom(student, dirname(dir), 'pretrain')
  return student
}

async function teachFor(
  dir: string,
  config: Config,
  lessons: Lessons,
  source: StudentSource,
  observer: Observer,
): Promise<{
  trajectories: readonly Trajectory[]
  dropped: Readonly<Record<string, number>>
  files: readonly string[]
}> {
  if (config['cold-start'].epochs === 0) return { trajectories: [], dropped: {}, files: [] }
  const { trajectories, report, files } = await makeTrajectories({
    ...{ dir, config, lessons, observer, student: source },
  })
  return { trajectories, dropped: report.unsolved, files }
}

/** Fine-tunes the student on the trajectories, and leaves it with the weights that the stage ends with. */
async function tune(
  dir: string,
  config: Config,
  { promptOf, rehearse }: ColdStartData,
  trajectories: readonly Trajectory[],
  { client, codec }: Student,
  observer: Observer,
): Promise<void> {
  const settings = config['cold-start']
  const { batch, epochs, rehearsal, holdOut: heldShare, evaluateEvery } = settings
  const data = trajectories.map(({ questionId, completion }) =>
    supervisedDatum(codec.prompt(promptOf(questionId)), codec.completion(completion), 1),
  )
  const { train, held } = holdOut(data, heldShare, config.seed)
  const batches = Math.ceil(train.length / batch)
  const steps = batches * epochs
  const lengthOf = settings.bucketed ? ({ inputTokens }: Datum) => inputTokens.length : undefined
  const keeper = createBestKeeper(dir, client, settings.patience)
  let epochOf: { readonly epoch: number; readonly chosen: readonly Datum[][] } | null = null
  await runLoop({
    ...{ dir, client, steps, checkpointEvery: settings.checkpointEvery, logs: [] },
    snapshot: () => (held.length === 0 ? null : keeper.snapshot()),
    restore: (state) => (held.length === 0 ? undefined : keeper.restore(state)),
    step: async (step) => {
      const epoch = Math.floor(step / batches)
      if (epochOf?.epoch !== epoch) {
        epochOf = { epoch, chosen: epochBatches(train, { seed: config.seed, epoch, batch, lengthOf }) }
      }
      const chosen = epochOf.chosen[step % batches] ?? []
      const documents = rehearsal > 0 ? scaleWeights(rehearse(step, codec), rehearsal) : []
      const mixed = [...scaleWeights(chosen), ...documents]
      const outcome = await supervisedStep(client, mixed, step, { ...settings, steps })
      const isLook = held.length > 0 && ((step + 1) % evaluateEvery === 0 || step + 1 === steps)
      if (!isLook) return outcome
      const loss = await supervisedLoss(client, held)
      const { stop } = await keeper.see(step + 1, loss)
      return { metrics: { ...outcome.metrics, 'eval/held_out_loss': loss }, ...(stop !== null && { stop }) }
    },
    onStep: (step, { metrics }) => observer.progress('cold-start', step, steps, metrics),
  })
  const best = keeper.best()
  if (best === null) return
  observer.note(`held-out loss ${best.loss.toFixed(4)} after ${best.step} of ${steps} steps: that checkpoint is kept`)
  await keeper.load()
  await client.saveState(join(dir, 'final'))
}

/** Fact documents of a step. */
function rehearsed(
  step: number,
  { seed, pretrain: { sentencesPerDocument: count, contextWeight } }: Config,
  graph: Graph,
  facts: ReturnType<typeof factsOf>,
  codec: Codec,
): Datum[] {
  return Array.from({ length: rehearsalDocuments }, (_, index) => {
    const position = (step * rehearsalDocuments + index) * count
    return factDocument(
      codec,
      drawSentences(graph, facts, { seed: `${seed} rehearsal`, position, count }),
      contextWeight,
    )
  })
}
