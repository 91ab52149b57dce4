import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { clock } from '../core/clock.ts'
import { sha256Hex } from '../core/hash.ts'
import { canonicalJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import {
  ensureDir,
  type Manifest,
  openLog,
  putAtomic,
  readManifest,
  removeDir,
  removeFile,
  sealStage,
  verifyManifest,
} from '../core/store.ts'
import { clearProgress } from '../policy/loop.ts'
import { codeHash } from './code-hash.ts'
import { describeEnvironment } from './environment.ts'
import type { Observer } from './observer.ts'

export const stageNames = [
  'graph',
  'questions',
  'pretrain',
  'cold-start',
  'rl-1',
  'rl-2',
  'evaluation',
  'release',
] as const
export type StageName = (typeof stageNames)[number]

/** Stages of a data run: what `fleming data` makes, to train with later. */
export const dataStageNames = ['graph', 'curated', 'synthesis', 'refinement'] as const
export type DataStageName = (typeof dataStageNames)[number]
export type AnyStageName = StageName | DataStageName

const rlFiles = ['pipeline/stages/rl.ts', 'pipeline/stages/rl-starter.ts', 'pipeline/config-grpo.ts']

const layersOf: { readonly [Name in StageName]: readonly string[] } = {
  graph: ['core', 'graph'],
  questions: ['core', 'graph', 'text', 'questions'],
  pretrain: [
    'core',
    'graph',
    'text',
    'questions',
    'engine',
    'policy',
    'evaluation',
    'pipeline/student.ts',
    'pipeline/model-text.ts',
  ],
  'cold-start': [
    ...['core', 'endpoint', 'graph', 'text', 'questions', 'trajectories', 'engine', 'policy'],
    ...['pipeline/stages/cold-start.ts', 'pipeline/teacher.ts', 'pipeline/data/shared.ts'],
  ],
  'rl-1': ['core', 'graph', 'text', 'questions', 'rewards', 'engine', 'policy', 'evaluation', ...rlFiles],
  'rl-2': ['core', 'graph', 'text', 'questions', 'rewards', 'engine', 'policy', 'evaluation', ...rlFiles],
  evaluation: ['core', 'graph', 'text', 'questions', 'engine', 'evaluation'],
  release: ['core', 'release', 'pipeline/items/stored-items.ts'],
}

const dataLayersOf: { readonly [Name in DataStageName]: readonly string[] } = {
  graph: ['core', 'text', 'endpoint', 'graph'],
  curated: ['core', 'text', 'questions/types.ts', 'questions/registry.ts', 'questions/sources'],
  synthesis: ['core', 'text', 'endpoint', 'graph', 'questions'],
  refinement: ['core', 'text', 'endpoint', 'graph', 'questions'],
}

const dataFilesOf: { readonly [Name in DataStageName]: readonly string[] } = {
  graph: ['graph', 'extraction', 'extraction-names', 'extraction-plan', 'extraction-records', 'shared'],
  curated: ['curated', 'shared'],
  synthesis: ['synthesis', 'writer', 'shared'],
  refinement: ['refinement', 'screen', 'assess', 'shared'],
}

/** The same as {@link sourcesOf} for a stage of a data run. */
export const dataSourcesOf = (stage: DataStageName): readonly string[] => [
  ...dataLayersOf[stage],
  ...dataFilesOf[stage].map((file) => `pipeline/data/${file}.ts`),
]

/** Folders and files of `src/` whose code decides what a stage makes; what its inputs decide is in their hashes. */
export const sourcesOf = (stage: StageName): readonly string[] => [
  ...layersOf[stage],
  `pipeline/stages/${stage}.ts`,
  'pipeline/stages/shared.ts',
]

export type StageWork = {
  readonly name: AnyStageName
  /** Folders and files of `src/` whose code decides what is made. */
  readonly code: readonly string[]
  /** Name of an input → hash of the manifest that made it. */
  readonly inputs: Readonly<Record<string, string>>
  readonly seed: number
  /** The part of the configuration that this stage reads. */
  readonly config: unknown
  /** Makes the stage in its folder; @returns the files it made, relative to the folder. */
  readonly make: (dir: string) => Promise<readonly string[]>
}

/**
 * Makes a stage, or skips it when its sealed manifest has the same inputs, code, configuration and seed and its files
 * are unchanged. An unfinished stage goes on where its last checkpoint stands if it was begun with the same, else anew.
 *
 * @throws {AuditError} when a sealed stage was changed afterwards
 */
export async function runStage(runDir: string, observer: Observer, work: StageWork): Promise<Manifest> {
  const dir = join(runDir, work.name)
  const key = {
    codeHash: codeHash(work.code),
    configHash: sha256Hex(canonicalJson(work.config)),
  }
  const sealed = readManifest(dir)
  if (sealed !== null) {
    const fits = sealed.codeHash === key.codeHash && sealed.configHash === key.configHash && sealed.seed === work.seed
    if (fits && canonicalJson(sealed.inputs) === canonicalJson(work.inputs)) {
      verifyManifest(dir)
      clearUnfinished(dir)
      observer.stageSkipped(work.name)
      return sealed
    }
    observer.note(`${work.name}: code, configuration or inputs changed; made anew`)
    removeDir(dir)
  }
  const { node, onnxruntime } = describeEnvironment()
  begin(dir, canonicalJson({ ...key, seed: work.seed, inputs: work.inputs, node, onnxruntime }), observer)
  observer.stageStarted(work.name)
  const started = clock.monotonicMs()
  const outputs = await work.make(dir)
  const manifest = sealStage(dir, { stage: work.name, inputs: work.inputs, outputs, seed: work.seed, ...key })
  clearUnfinished(dir)
  const wallSeconds = (clock.monotonicMs() - started) / 1000
  recordTiming(runDir, work.name, wallSeconds)
  observer.stageDone(work.name, wallSeconds)
  return manifest
}

/** What an unfinished stage was begun with: half of it made by one code and half by another would be neither's. */
const pendingFile = (dir: string): string => join(dir, 'pending.json')

function begin(dir: string, terms: string, observer: Observer): void {
  const file = pendingFile(dir)
  const before = existsSync(file) ? readText(file) : null
  if (before === terms) return
  if (before !== null) observer.note('begun with other code, configuration or inputs; made anew')
  removeDir(dir)
  ensureDir(dir)
  putAtomic(file, terms)
}

function clearUnfinished(dir: string): void {
  clearProgress(dir)
  removeFile(pendingFile(dir))
}

/** Wall times stand apart from everything hashed: the same run on another day has the same manifests. */
function recordTiming(runDir: string, stage: AnyStageName, wallSeconds: number): void {
  const log = openLog(join(runDir, 'timings.jsonl'))
  log.append([{ stage, wallSeconds: Math.round(wallSeconds * 1000) / 1000, finishedAt: clock.now().toISOString() }])
  log.close()
}
