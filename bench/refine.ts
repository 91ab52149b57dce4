import { clock } from '../src/core/clock.ts'
import { createContaminationIndex } from '../src/questions/refine/contamination.ts'
import { createDeduplicator, type DeduplicationReport } from '../src/questions/refine/duplicates.ts'
import { isWellFormed } from '../src/questions/refine/format-filter.ts'
import { createLedger } from '../src/questions/refine/ledger.ts'
import { createMixer } from '../src/questions/refine/mix.ts'
import { entityNames, generateRefineItems } from './refine-items.ts'

const ENTITIES = 100_000

/** Items that pass one step before they pass the next, so that the steps can be timed apart. */
const BATCH = 2000

/** Each about 1 in 100 of the items: planted copies of benchmark questions. */
const PLANTED_EVERY = 100

export type RefineStep = {
  readonly step: string
  readonly items: number
  readonly seconds: number
  /** Processor time per item, all threads; on a computer with other work the better measure. */
  readonly cpuMicroseconds: number
}

export type RefineBench = {
  readonly steps: readonly RefineStep[]
  readonly duplicates: DeduplicationReport
  readonly removedByLedger: number
  readonly planted: number
  readonly mixed: number
  readonly indexMegabytes: { readonly duplicates: number; readonly contamination: number }
  readonly peakMegabytes: number
}

type Timer = { readonly step: string; items: number; ms: number; cpu: number }

/**
 * Passes made-up items through format filter, de-duplication, the contamination check and the mix, as a data run does.
 *
 * @param size.items how many items
 * @param size.benchmarks how many benchmark questions they are checked against
 */
export function benchRefine(size: {
  readonly items: number
  readonly benchmarks: number
  readonly seed: number
}): RefineBench {
  const names = entityNames(ENTITIES)
  const exam = [...generateRefineItems(size.benchmarks, names, size.seed + 1, 'exam')].map((item) => ({
    benchmark: 'exam',
    item,
  }))
  const timers = new Map<string, Timer>()
  let peak = 0
  const timed = <Result>(step: string, items: number, work: () => Result): Result => {
    const timer = timers.get(step) ?? { step, items: 0, ms: 0, cpu: 0 }
    timers.set(step, timer)
    const start = clock.monotonicMs()
    const cpu = process.cpuUsage()
    const result = work()
    const used = process.cpuUsage(cpu)
    timer.items += items
    timer.ms += clock.monotonicMs() - start
    timer.cpu += used.user + used.system
    peak = Math.max(peak, process.memoryUsage.rss())
    return result
  }
  const index = timed('index of benchmarks', exam.length, () => createContaminationIndex(exam))
  const deduplicator = createDeduplicator()
  const ledger = createLedger(index.benchmarks, () => {})
  const mixer = createMixer({ seed: size.seed, size: null, groups: [] })
  let planted = 0
  const source = generateRefineItems(size.items, names, size.seed)
  for (let done = 0; done < size.items; done += BATCH) {
    const count = Math.min(BATCH, size.items - done)
    const batch = timed('making of items', count, () => Array.from({ length: count }, () => source.next().value!))
    for (let at = 0; at < count; at += PLANTED_EVERY) {
      const question = exam[planted % exam.length]!.item
      batch[at] = { ...question, id: batch[at]!.id, stem: `Consider this case. ${question.stem}` }
      planted += 1
    }
    const sound = timed('format filter', count, () => batch.filter(isWellFormed))
    const kept = timed('duplicates', sound.length, () => sound.filter((item) => deduplicator.add(item).kind === 'kept'))
    const clean = timed('contamination', kept.length, () =>
      kept.filter((item) => ledger.record(item, index.check(item))),
    )
    timed('draws of the mix', clean.length, () => clean.forEach(mixer.add))
  }
  const mixed = timed('mix', size.items, () => mixer.draw()).order.length
  const duplicates = deduplicator.report()
  return {
    steps: [...timers.values()].map(({ step, items, ms, cpu }) => ({
      ...{ step, items, seconds: ms / 1000 },
      cpuMicroseconds: cpu / Math.max(1, items),
    })),
    duplicates,
    removedByLedger: ledger.summary().removed,
    planted,
    mixed,
    indexMegabytes: { duplicates: duplicates.sizeBytes / 2 ** 20, contamination: index.sizeBytes / 2 ** 20 },
    peakMegabytes: peak / 2 ** 20,
  }
}
