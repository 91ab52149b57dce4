import { dirname, join } from 'node:path'
import { ConfigError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import { formatJson } from '../core/json.ts'
import { ensureDir, openJsonlWriter, putAtomic } from '../core/store.ts'
import type { RunCallsOptions } from '../endpoint/calls.ts'
import type { Spending } from '../endpoint/types.ts'
import type { Graph } from '../graph/graph.ts'
import type { EntityId } from '../graph/types.ts'
import type { Question } from '../questions/types.ts'
import { openTextModel } from '../text/text-model.ts'
import { capGoldShare } from '../trajectories/choose.ts'
import { writeDataset } from '../trajectories/dataset.ts'
import { estimateTeaching } from '../trajectories/estimate.ts'
import { judgeStrictly } from '../trajectories/judge-steps.ts'
import { type TeachReport, teach } from '../trajectories/teach.ts'
import { graphTeacherActions } from '../trajectories/teachers/graph.ts'
import { teachers } from '../trajectories/teachers/registry.ts'
import type { StepJudge, Teacher, TeacherTask, Trajectory } from '../trajectories/types.ts'
import type { Config } from './config.ts'
import type { ColdStartConfig } from './config-teacher.ts'
import { callOptions, callsFile, openEndpoint } from './data/shared.ts'
import { findModel } from './model-text.ts'
import type { Observer } from './observer.ts'
import { openEngine, type StudentSource } from './student.ts'

/** The role of a teacher in ledgers. */
const role = 'teacher'

/** What is to be taught, whatever it was made from. */
export type Lessons = {
  /** In order. */
  readonly tasks: readonly TeacherTask[]
  /** The words that the student is asked in, by question id. */
  readonly promptOf: (questionId: string) => string
  /** Judges the reasoning of a language model. */
  readonly judgeSteps: StepJudge
  /** What the graph teacher walks, with diseases that it never raises; null where there is no starter graph. */
  readonly walked: {
    readonly graph: Graph
    readonly questions: readonly Question[]
    readonly avoid: ReadonlySet<EntityId>
  } | null
}

export type TeachingWork = {
  /** The stage's folder. */
  readonly dir: string
  readonly config: Config
  /** What is taught. */
  readonly lessons: Lessons
  /** Read when the student is its own teacher. */
  readonly student: StudentSource
  readonly observer: Observer
}

/** What teaching made: trajectories in the order of the questions, the report, and files relative to the stage. */
export type TeachingResult = {
  readonly trajectories: readonly Trajectory[]
  readonly report: TeachReport
  readonly files: readonly string[]
}

/**
 * Has the configured teacher write the trajectories of a stage, and writes what is known of them: `teaching.json` (rounds,
 * checks, examples), `attempts.jsonl` (every chain of a teacher that can fail, of a language model with its request; of a call that failed, why) and the data set in `dataset/`.
 *
 * The ledger of a language model stands outside of the stage, in `calls/`: a stage made anew pays for nothing twice.
 *
 * @throws {ConfigError} when the teacher's endpoint or model is not there
 * @throws {EngineError} when the endpoint is down: the same command goes on from there
 */
export async function makeTrajectories(work: TeachingWork): Promise<TeachingResult> {
  const { dir, config, lessons, observer } = work
  const settings = config['cold-start']
  const { tasks } = lessons
  const { teacher, close } = await openTeacher(work, settings)
  const isGraph = settings.teacher === 'graph'
  // Only what can fail is revised, and worth writing down.
  const isFallible = !isGraph || settings.mistakes > 0
  const plan = {
    teacher,
    attempts: settings.attempts,
    mode: settings.mode,
    strategies: isFallible ? settings.strategies : [],
    depth: settings.depth,
  }
  const attempts = isFallible ? openJsonlWriter(join(dir, 'attempts.jsonl')) : null
  try {
    if (!isGraph) noteEstimate(observer, estimateTeaching(tasks, plan, settings.replyTokens))
    const { trajectories: all, report } = await teach(tasks, {
      ...plan,
      actions: isGraph ? { ...graphTeacherActions, ...settings.checks } : settings.checks,
      judgeSteps: isGraph && lessons.walked !== null ? judgeStrictly(lessons.walked.graph) : lessons.judgeSteps,
      onAttempt: (record) => attempts?.write(record),
    })
    attempts?.finish()
    const limit = settings.mode === 'blind-first' && !isGraph ? settings.goldShare : 1
    const { kept, cut } = capGoldShare(all, limit, config.dataSeed)
    putAtomic(join(dir, 'teaching.json'), `${formatJson({ ...report, cut }, { pretty: true })}\n`)
    const asked = tasks.map((task) => ({ ...task, prompt: lessons.promptOf(task.id) }))
    const files = await writeDataset(join(dir, 'dataset'), kept, asked, { name: config.name, report, cut })
    return {
      trajectories: kept,
      report,
      files: [
        'teaching.json',
        ...(isFallible ? ['attempts.jsonl'] : []),
        ...files.map((file) => join('dataset', file)),
      ],
    }
  } finally {
    attempts?.close()
    await close()
  }
}

type Opened = { readonly teacher: Teacher; readonly close: () => Promise<void> }

async function openTeacher(work: TeachingWork, settings: ColdStartConfig): Promise<Opened> {
  const kind = teachers.get(settings.teacher)
  const { config, lessons, dir } = work
  const runDir = dirname(dir)
  const ask = { seed: config.dataSeed, temperature: settings.temperature, maxTokens: settings.replyTokens }
  const keep = async (): Promise<void> => {}
  if (settings.teacher === 'graph') {
    const { walked } = lessons
    if (walked === null) {
      throw new ConfigError('the graph teacher walks the starter graph and cannot teach the items of a data run', {
        hint: 'set cold-start.teacher to endpoint or engine',
      })
    }
    const { backtrackShare, mistakes } = settings
    const parts = { ...walked, seed: config.dataSeed, backtrackShare, mistakes }
    return { teacher: kind.create({ graph: parts }), close: keep }
  }
  if (settings.teacher === 'endpoint') {
    const endpoint = await openEndpoint(config, settings.endpoint, 'cold-start.endpoint')
    if (endpoint === null) throw new ConfigError('cold-start.endpoint names no endpoint')
    return { teacher: kind.create({ endpoint: { calls: callOptions(runDir, role, endpoint), ask } }), close: keep }
  }
  const { client, codec, model, close } = await openModel(work, settings)
  const { weightsHash } = await client.info()
  const hash = weightsHash ?? contentId('model', { model })
  ensureDir(dirname(callsFile(runDir, role)))
  const calls: Omit<RunCallsOptions, 'model'> = {
    ...{ logFile: callsFile(runDir, role), concurrency: engineConcurrency, maxAttempts: engineAttempts },
  }
  return { teacher: kind.create({ engine: { client, codec, model, hash, calls, ask } }), close }
}

/** Calls of an engine under way: those are sampled in one batch (chosen by us). */
const engineConcurrency = 32
/** Replies without an answer block before an ask is given up (chosen by us, as for endpoints). */
const engineAttempts = 4

/** A model beside the student's, or the student itself as the stage before left it. */
async function openModel({ config, student, observer }: TeachingWork, { model }: ColdStartConfig) {
  if (model === null) {
    const { client, codec } = await student.get()
    return { client, codec, model: `the student of ${config.name}`, close: async (): Promise<void> => {} }
  }
  const folder = await findModel(model, (text) => observer.note(text))
  const { tokenizer, codec } = openTextModel(folder)
  const engine = { ...config.engine, kind: 'local' as const, model: folder, lora: null }
  const client = await openEngine({ ...config, engine }, tokenizer.vocabSize)
  return { client, codec, model, close: () => client.close() }
}

function noteEstimate(
  observer: Observer,
  { first, most }: { readonly first: Spending; readonly most: Spending },
): void {
  const words = ({ calls, promptTokens, completionTokens, money }: Spending): string =>
    `${calls} calls, ${promptTokens + completionTokens} tokens${money > 0 ? `, ${money.toFixed(2)} in money` : ''}`
  observer.note(`teacher: at most ${words(first)} in the first round, ${words(most)} if every chain fails`)
}
