import { join } from 'node:path'
import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { sha256Hex } from '../../core/hash.ts'
import { canonicalJson, formatJson, parseJson } from '../../core/json.ts'
import { readJsonl } from '../../core/jsonl.ts'
import { openReader, readLines, readText } from '../../core/read.ts'
import { type JsonlWriter, openJsonlWriter, putAtomic, removeFile } from '../../core/store.ts'
import { createContaminationIndex } from '../../questions/refine/contamination.ts'
import {
  type DisputeCase,
  type DisputeState,
  openDisputes,
  readDisputes,
  reviewItem,
} from '../../questions/refine/disputes.ts'
import { createMixer, groupsBySource, type Mix } from '../../questions/refine/mix.ts'
import { measurePhi, type PhiMeasure } from '../../questions/refine/phi/measure.ts'
import type { Item } from '../../questions/types.ts'
import type { Observer } from '../observer.ts'
import { type AssessCensus, assess, duplicateCase } from './assess.ts'
import type { DataConfig } from './config.ts'
import { curatedFiles, type SetCensus } from './curated.ts'
import { createScreen, type ScreenCensus } from './screen.ts'
import { disputesFile, iterateItems, openEndpoint } from './shared.ts'
import { type SynthesisCensus, synthesisCensusFile } from './synthesis.ts'

export const refinementFiles = {
  questions: 'questions.jsonl',
  excluded: 'excluded.jsonl',
  ledger: 'contamination.jsonl',
  phi: 'phi.jsonl',
  census: 'census.json',
} as const

/** What the refinement stage reports of itself. */
export type RefinementCensus = {
  readonly screen: ScreenCensus
  /** Recall and damage of the rules for protected health information, measured on generated notes at this run. */
  readonly phiMeasure: PhiMeasure
  readonly assessment: AssessCensus
  readonly mix: Mix['report']
}

/** Notes that the rules for identifiers are measured on in each run. */
const phiSample = { notes: 300 } as const

/** Hash of what reviewers decided, whenever they did: another decision is another input. */
export function decisionsHash(runDir: string): string {
  const decided = [...readDisputes(disputesFile(runDir))].flatMap(
    ([
      id,
      {
        case: { content },
        decision,
      },
    ]) => (decision === null ? [] : [{ id, content, decision: decision.decision }]),
  )
  return sha256Hex(canonicalJson(decided.sort((a, b) => (a.id < b.id ? -1 : 1))))
}

/** Takes out what is broken, contaminated, double, identifying or disputed, says how difficult the rest is, and mixes it. */
export async function makeRefinement(
  dir: string,
  runDir: string,
  config: DataConfig,
  observer: Observer,
): Promise<readonly string[]> {
  const writers = {
    ready: openJsonlWriter(join(dir, 'ready.jsonl')),
    excluded: openJsonlWriter(join(dir, refinementFiles.excluded)),
    ledger: openJsonlWriter(join(dir, refinementFiles.ledger)),
    phi: openJsonlWriter(join(dir, refinementFiles.phi)),
  }
  const disputes: DisputeCase[] = []
  const passRates = readPassRates(config.refinement.passRates)
  const known: DisputeState = readDisputes(disputesFile(runDir))
  try {
    const screen = createScreen({
      ...{ config: config.refinement, contamination: readBenchmarks(runDir, config), ...writers },
      dispute: (item, reason) => disputes.push(duplicateCase(item, reason)),
      isSettled: (item) => reviewItem(item, known).kind !== 'out' && (known.get(item.id)?.decision ?? null) !== null,
    })
    const mixer = createMixer({
      seed: config.dataSeed,
      size: config.mix.size,
      groups: groupsBySource(config.mix.shares),
    })
    const roles = {
      validator: await openEndpoint(config, config.refinement.validator, 'refinement.validator'),
      judge: await openEndpoint(config, config.refinement.judge, 'refinement.judge'),
    }
    const assessment = await assess(
      screen.pass(countedItems(runDir, observer)),
      {
        runDir,
        config,
        ...roles,
        known,
        passRates,
        excluded: writers.excluded,
        dispute: (raised) => disputes.push(raised),
      },
      (item) => {
        mixer.add(item)
        writers.ready.write(item)
      },
    )
    raise(runDir, disputes)
    for (const writer of Object.values(writers)) writer.finish()
    const mix = mixer.draw()
    writeMix(dir, mix)
    const census: RefinementCensus = {
      screen: screen.census(),
      phiMeasure: measurePhi({ ...phiSample, seed: config.dataSeed }),
      assessment,
      mix: mix.report,
    }
    putAtomic(join(dir, refinementFiles.census), `${formatJson(census, { pretty: true })}\n`)
    removeFile(join(dir, 'ready.jsonl'))
    tell(census, observer)
    return Object.values(refinementFiles)
  } finally {
    for (const writer of Object.values(writers)) writer.close()
  }
}

function readBenchmarks(runDir: string, config: DataConfig) {
  const items = iterateItems(join(runDir, 'curated', curatedFiles.benchmarks))
  const rows = function* () {
    for (const item of items) yield { benchmark: item.origin.kind === 'curated' ? item.origin.source : 'graph', item }
  }
  return createContaminationIndex(rows(), { coverage: config.refinement.contaminationCoverage })
}

/** Curated items first, so that a synthetic item gives way where both say the same. */
function* countedItems(runDir: string, observer: Observer): Generator<Item> {
  const census = readSynthesisCensus(runDir)
  const files = [
    join(runDir, 'curated', curatedFiles.items),
    ...census.files.map((file) => join(runDir, 'synthesis', file)),
  ]
  const total = census.kept + readCuratedCount(runDir)
  let count = 0
  for (const file of files) {
    for (const item of iterateItems(file)) {
      count += 1
      if (count % 2_000 === 0) observer.progress('refinement', count, total, {})
      yield item
    }
  }
}

function readCuratedCount(runDir: string): number {
  const file = join(runDir, 'curated', curatedFiles.census)
  const { sets } = parseJson(readText(file), { file }) as { sets: readonly SetCensus[] }
  return sets.filter(({ use }) => use === 'train').reduce((sum, { kept }) => sum + kept, 0)
}

function readSynthesisCensus(runDir: string): SynthesisCensus {
  const file = join(runDir, 'synthesis', synthesisCensusFile)
  return parseJson(readText(file), { file }) as SynthesisCensus
}

function raise(runDir: string, cases: readonly DisputeCase[]): void {
  if (cases.length === 0) return
  const queue = openDisputes(disputesFile(runDir))
  try {
    queue.add(cases)
  } finally {
    queue.close()
  }
}

const passRateRecord = z.object({ id: z.string(), passRate: z.number().min(0).max(1) })

/** Measured pass rates by item; null when the configuration names no file. @throws {DataError} naming the line */
function readPassRates(file: string | null): ReadonlyMap<string, number> | null {
  if (file === null) return null
  const rows = readJsonl(file, (value, place) => {
    const parsed = passRateRecord.safeParse(value)
    if (!parsed.success) throw new DataError('expected {"id": …, "passRate": 0 to 1}', { ...place })
    return [parsed.data.id, parsed.data.passRate] as const
  })
  return new Map(rows)
}

/** Writes the lines of the ready file in the order of the mix. */
function writeMix(dir: string, mix: Mix): void {
  const file = join(dir, 'ready.jsonl')
  const starts = lineStarts(file)
  const reader = openReader(file)
  const writer: JsonlWriter = openJsonlWriter(join(dir, refinementFiles.questions))
  try {
    for (const number of mix.order) {
      const start = starts[number]!
      const bytes = Buffer.alloc(starts[number + 1]! - start)
      reader.read(bytes, start)
      writer.writeLine(bytes)
    }
    writer.finish()
  } finally {
    writer.close()
    reader.close()
  }
}

/** Where each line begins, and where the last one ends, in bytes, [lines + 1]. */
function lineStarts(file: string): readonly number[] {
  const starts: number[] = []
  let end = 0
  for (const { bytes, offsetBytes } of readLines(file)) {
    starts.push(offsetBytes)
    end = offsetBytes + bytes.length + 1
  }
  starts.push(end)
  return starts
}

function tell({ screen, assessment, mix }: RefinementCensus, observer: Observer): void {
  observer.note(`${screen.items} items: ${screen.kept} pass the filters, ${mix.size} in the mix`)
  observer.note(
    `contamination: ${screen.contamination.removed} removed; duplicates: ${screen.duplicates.exact + screen.duplicates.sameAnswer + screen.duplicates.near}`,
  )
  for (const skipped of assessment.skipped) observer.note(skipped)
}
