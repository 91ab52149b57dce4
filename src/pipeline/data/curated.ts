import { join } from 'node:path'
import { AuditError, ConfigError } from '../../core/errors.ts'
import { hashFile } from '../../core/hash.ts'
import { formatJson } from '../../core/json.ts'
import { type JsonlWriter, openJsonlWriter, putAtomic } from '../../core/store.ts'
import { questionSources } from '../../questions/registry.ts'
import { resolveQuestionFile } from '../../questions/sources/open.ts'
import { assertTrainable } from '../../questions/sources/row-rules.ts'
import type { Item, QuestionSource } from '../../questions/types.ts'
import type { DataConfig } from './config.ts'
import { Tally } from './shared.ts'

export const curatedFiles = {
  items: 'items.jsonl',
  coverage: 'coverage-only.jsonl',
  benchmarks: 'benchmarks.jsonl',
  dropped: 'dropped.jsonl',
  census: 'census.json',
} as const

type SetConfig = DataConfig['curated']['benchmarks'][number]

/** A data set, opened: its reader, its file and the hash of it. */
export type OpenedSet = {
  readonly source: QuestionSource
  /** Where it lies on this computer: never hashed or written down. */
  readonly file: string
  /** As it was named, or `hf:owner/name@commit:path`. */
  readonly place: string
  readonly revision: string
  readonly sha256: string
  readonly split: 'train' | 'dev' | 'test' | null
  readonly use: 'train' | 'coverage' | 'benchmark'
  readonly answerBase: 0 | 1 | null
}

/** What one data set gave. */
export type SetCensus = {
  readonly source: string
  readonly use: string
  readonly license: string
  readonly revision: string
  readonly file: string
  readonly sha256: string
  readonly rows: number
  readonly kept: number
  readonly droppedByReason: Readonly<Record<string, number>>
}

/**
 * Finds the file of each data set, from the Hub where it is there, and hashes it.
 *
 * @throws {ConfigError} for an unknown reader, or a benchmark that is to be trained on
 * @throws {AuditError} when a file is not the one that was pinned
 */
export async function openSets(config: DataConfig): Promise<OpenedSet[]> {
  const wanted = [
    ...config.curated.sets.map((set) => ({ set, use: set.use })),
    ...config.curated.benchmarks.map((set) => ({ set, use: 'benchmark' as const })),
  ]
  const opened: OpenedSet[] = []
  for (const { set, use } of wanted) opened.push(await openSet(set, use))
  return opened
}

async function openSet(set: SetConfig, use: OpenedSet['use']): Promise<OpenedSet> {
  const source = questionSources.get(set.source)
  if (use === 'train' && source.use === 'benchmark') {
    throw new ConfigError(`"${source.name}" is a benchmark: its questions never reach training`, {
      hint: 'move it to curated.benchmarks, or say "use: coverage"',
    })
  }
  const { file, place, revision } = await resolveQuestionFile(set.from, { source, split: set.split })
  const { sha256 } = hashFile(file)
  if (set.sha256 !== null && set.sha256 !== sha256) {
    throw new AuditError(`${place}: expected sha256 ${set.sha256}, found ${sha256}`, {
      ...{ file, expected: set.sha256, found: sha256 },
      hint: 'this is not the file that was pinned; fetch that one, or pin this one',
    })
  }
  return { source, file, place, revision, sha256, split: set.split, use, answerBase: set.answerBase }
}

/** Reads all data sets: what can be trained on, what only shows coverage, what nothing may contain, and what was dropped. */
export async function makeCurated(
  dir: string,
  sets: readonly OpenedSet[],
  note: (text: string) => void,
): Promise<readonly string[]> {
  const writers = {
    train: openJsonlWriter(join(dir, curatedFiles.items)),
    coverage: openJsonlWriter(join(dir, curatedFiles.coverage)),
    benchmark: openJsonlWriter(join(dir, curatedFiles.benchmarks)),
  }
  const dropped = openJsonlWriter(join(dir, curatedFiles.dropped))
  const all = [...Object.values(writers), dropped]
  try {
    const census: SetCensus[] = []
    for (const set of sets) {
      const read = await readSet(set, writers[set.use], dropped)
      note(`${read.source} (${read.use}): ${read.rows} rows, ${read.kept} kept`)
      census.push(read)
    }
    for (const writer of all) writer.finish()
    putAtomic(join(dir, curatedFiles.census), `${formatJson({ sets: census }, { pretty: true })}\n`)
  } finally {
    for (const writer of all) writer.close()
  }
  return Object.values(curatedFiles)
}

async function readSet(set: OpenedSet, items: JsonlWriter, dropped: JsonlWriter): Promise<SetCensus> {
  const { source, file, place, revision, split, use, sha256, answerBase } = set
  const reasons = new Tally()
  let kept = 0
  const input = { file, place, revision, split, ...(answerBase === null ? {} : { answerBase }) }
  for await (const row of source.read(input)) {
    if (row.kind === 'dropped') {
      reasons.add(row.row.reason)
      dropped.write({ source: source.name, ...row.row })
      continue
    }
    if (use === 'train') assertTrainable(row.item)
    if (use === 'benchmark' && isTrainingRow(row.item)) {
      reasons.add('a training row of the set')
      continue
    }
    items.write(row.item)
    kept += 1
  }
  return {
    ...{ source: source.name, use, license: source.license, revision, file: place, sha256 },
    rows: kept + reasons.total,
    kept,
    droppedByReason: reasons.toRecord(),
  }
}

/** Some files hold both splits: PubMedQA's labelled set, of which only the 500 official test rows are a benchmark. */
const isTrainingRow = ({ origin }: Item): boolean => origin.kind === 'curated' && origin.split === 'train'
