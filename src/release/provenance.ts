import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../core/errors.ts'
import { readJsonl } from '../core/jsonl.ts'
import { type Manifest, readManifest } from '../core/store.ts'
import { collectItems, type ItemProvenance } from './provenance-items.ts'

/** Where a model came from, by hashes and counts; the same run gives the same bytes. */
export type Provenance = {
  readonly schemaVersion: 1
  readonly run: { readonly name: string; readonly seed: number; readonly dataSeed: number }
  /** The stage whose checkpoint is released. */
  readonly released: string
  readonly stages: readonly {
    readonly stage: string
    readonly manifest: string
    readonly codeHash: string | null
    readonly configHash: string | null
    readonly inputs: Readonly<Record<string, string>>
  }[]
  /** Every source of the graph with its licence. */
  readonly sources: readonly {
    readonly source: string
    readonly revision: string
    readonly license: string
    readonly triples: number
  }[]
  readonly graph: { readonly entities: number; readonly triples: number; readonly diseases: Counts }
  readonly questions: {
    readonly total: number
    readonly bySplit: Counts
    readonly byHop: Counts
    readonly byDifficulty: Counts
    readonly byKind: Counts
  }
  readonly trajectories: { readonly kept: number; readonly backtracking: number; readonly byTeacher: Counts }
  /** Of a run on the items of a data run; `graph` and `questions` above are empty then. */
  readonly items?: ItemProvenance
}

type Counts = Readonly<Record<string, number>>

const entity = z.looseObject({ type: z.string(), rarity: z.string().optional() })
const triple = z.looseObject({
  origin: z.looseObject({ source: z.string(), revision: z.string(), license: z.string() }),
})
const question = z.looseObject({ split: z.string(), hop: z.number(), difficulty: z.string(), kind: z.string() })
const trajectory = z.looseObject({ teacher: z.string(), backtracks: z.boolean() })

/**
 * The origin of a run's model, read from the sealed folders of its stages.
 *
 * @param stages names of the stages in order, the one released among them
 * @throws {DataError} when a stage is not finished; {AuditError} when a manifest was changed
 */
export function collectProvenance(
  runDir: string,
  stages: readonly string[],
  run: Provenance['run'] & { readonly released: string },
): Provenance {
  const entities = readRecords(join(runDir, 'graph', 'entities.jsonl'), entity)
  const triples = readRecords(join(runDir, 'graph', 'triples.jsonl'), triple)
  const questions = readRecords(join(runDir, 'questions', 'questions.jsonl'), question)
  const trajectories = readRecords(join(runDir, 'cold-start', 'trajectories.jsonl'), trajectory)
  const diseases = entities.filter(({ type }) => type === 'disease')
  const { released, ...identity } = run
  const items = collectItems(runDir)
  return {
    schemaVersion: 1,
    run: identity,
    released,
    stages: stages.map((stage) => stageRecord(stage, sealedManifest(join(runDir, stage)))),
    sources: sourcesOf(triples),
    graph: {
      entities: entities.length,
      triples: triples.length,
      diseases: countBy(diseases, ({ rarity }) => rarity ?? 'unknown'),
    },
    questions: {
      total: questions.length,
      bySplit: countBy(questions, ({ split }) => split),
      byHop: countBy(questions, ({ hop }) => String(hop)),
      byDifficulty: countBy(questions, ({ difficulty }) => difficulty),
      byKind: countBy(questions, ({ kind }) => kind),
    },
    trajectories: {
      kept: trajectories.length,
      backtracking: trajectories.filter(({ backtracks }) => backtracks).length,
      byTeacher: countBy(trajectories, ({ teacher }) => teacher),
    },
    ...(items !== null && { items }),
  }
}

/**
 * The manifest of a finished stage.
 *
 * @throws {DataError} when the stage is not finished
 */
function sealedManifest(dir: string): Manifest {
  const manifest = readManifest(dir)
  if (manifest !== null) return manifest
  throw new DataError('this stage is not finished', { file: dir, hint: 'run the same command again to finish it' })
}

function stageRecord(stage: string, manifest: Manifest): Provenance['stages'][number] {
  return {
    stage,
    manifest: manifest.hash,
    codeHash: manifest.codeHash ?? null,
    configHash: manifest.configHash ?? null,
    inputs: manifest.inputs,
  }
}

function readRecords<T>(file: string, schema: z.ZodType<T>): T[] {
  return readJsonl(file, (value, place) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const issue = parsed.error.issues[0]!
    throw new DataError(`${issue.path.join('.')}: ${issue.message}`, { ...place, field: issue.path.join('.') })
  })
}

function sourcesOf(triples: readonly z.infer<typeof triple>[]): Provenance['sources'] {
  const keyed = new Map<string, { source: string; revision: string; license: string; triples: number }>()
  for (const { origin } of triples) {
    const { source, revision, license } = origin
    const key = [source, revision, license].join('\n')
    const known = keyed.get(key) ?? { source, revision, license, triples: 0 }
    known.triples += 1
    keyed.set(key, known)
  }
  return [...keyed.values()]
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Counts {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
