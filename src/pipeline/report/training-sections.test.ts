import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatJson } from '../../core/json.ts'
import { openLog, readManifest, sealStage } from '../../core/store.ts'
import type { Config } from '../config.ts'
import { reportHash } from './collect.ts'
import { readFailures } from './failures.ts'
import { smallest, writeMiniatureRun } from './fixtures/miniature-run.ts'
import { type ReportedStage, reportedStages } from './read-run.ts'
import { type Report, reportSchema } from './schema.ts'
import { coldStartSection } from './sections/cold-start.ts'
import { failuresSection } from './sections/failures.ts'
import { miningSection } from './sections/mining.ts'
import { warningsSection } from './sections/warnings.ts'
import { readStepTimes } from './step-times.ts'
import { writeReport } from './write-report.ts'

/** A made-up run is written and synced file by file; a busy disk takes its time, milliseconds. */
const slow = 60_000

const hostile = '<img src=x onerror="alert(1)">\u202egnp'

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
}, slow)

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'fleming-training-report-'))
  dirs.push(dir)
  return dir
}

async function reportOf(dir: string, config: Config): Promise<{ report: Report; page: string }> {
  const file = await writeReport(dir, config, { wallSeconds: 1 })
  const report = reportSchema.parse(JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8')))
  return { report, page: readFileSync(file, 'utf8') }
}

/** The text of a chapter, tags taken out, a table row a line and a cell between bars. */
function chapterOf(page: string, id: string): string {
  const chapter = new RegExp(`<section id="${id}">(.*?)</section>`, 's').exec(page)![1]!
  return chapter
    .replace(/<svg.*?<\/svg>/gs, '')
    .replace(/<\/t[hd]>/g, '|')
    .replace(/<small|<\/?(p|li|tr|h2|summary|caption)/g, ' $&')
    .replace(/<[^>]*>/g, '')
    .replace(/[ \t\n]+/g, ' ')
}

describe('the page of a run that was taught, watched and mined', () => {
  let report: Report
  let page = ''
  beforeAll(async () => {
    const dir = newDir()
    ;({ report, page } = await reportOf(dir, writeMiniatureRun(dir, { ...smallest, hostile })))
  }, slow)

  test('says where the trajectories come from and how many teachers saw the gold', () => {
    expect(report.coldStart).toMatchObject({
      teacher: 'graph',
      titles: ['miniature-teacher'],
      kept: 27,
      origins: { blind: 14, refined: 7, 'gold-conditioned': 6 },
      strategies: { backtracking: 7 },
      sawGold: 6,
    })
    const text = chapterOf(page, 'cold-start')
    expect(text).toContain('27 trajectories of 29 questions were kept, from 84 attempts. 6 (22.2 %) of them')
    expect(text).toContain('Refined|7|25.9 %||an earlier chain that failed, revised: backtracking 7|')
  })

  test('says which strategy rescued how many', () => {
    const text = chapterOf(page, 'cold-start')
    expect(text).toContain('Backtracking revision, depth 1|9|9|6|1|0|6|66.7 %|')
    expect(text).toContain('Self-correction revision, depth 1|3|3|1|1|0|1|33.3 %|')
    expect(text).toContain('Revisions rescued 7 of the 9 questions that the first rounds left unsolved')
    expect(text).toContain('0 right: 14 · 1 right: 5 · 2 right: 10')
    expect(text).toContain('answer: wrong|1|3.4 %|')
  })

  test('counts each check and shows two examples of what it found, escaped', () => {
    const text = chapterOf(page, 'cold-start')
    expect(text).toContain('answer|the answer reads back and is right|drop|120|31|25.8 %|wrong 31|')
    expect(text).toContain('length|neither a stub nor a ramble, one thing a sentence|report|120|3|2.5 %|too short 3|')
    const evidence = '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;⟨U+202E⟩gnp'
    expect(text).toContain(`length|too short|4 words: ${evidence}|`)
    expect(text).toContain(`length|too short|5 words: ${evidence}|`)
    expect(text).not.toContain('6 words')
    expect(report.coldStart.teaching!.checks.length!.examples).toHaveLength(3)
    expect(page).not.toContain('<img')
  })

  test('reaches the end of stage 1 again from the log', () => {
    expect(report.switch).toMatchObject({ reason: 'all steps used', step: 30, steps: 30 })
    expect(report.switch.replay).toMatchObject({ clause: null, differing: 0, agrees: true })
    expect(report.switch.replay!.compared).toBeGreaterThan(30)
    expect(chapterOf(page, 'switch')).toContain('Replayed from the log, no clause ends the stage, as it was.')
  })

  test('tells a fault once, with its first values, how often and what to try', () => {
    expect(report.warnings['rl-1']).toHaveLength(1)
    expect(report.warnings['rl-2']).toEqual([])
    const text = chapterOf(page, 'warnings')
    expect(text).toContain('1 fault was told, 2 times in all.')
    expect(text).toContain('length explosion|12|2 last 22|completions grow &lt;img')
    expect(text).toContain('tokens p95 31 growth 1.625 (threshold 1.500)')
    expect(text).toContain('|aggregate by a constant|')
  })

  test('draws the failure map before and after, and says what the last sweep tried', () => {
    const hops = report.failures!.filter(({ axis }) => axis === 'hop')
    const sum = (of: (cell: (typeof hops)[number]) => number): number => hops.reduce((all, cell) => all + of(cell), 0)
    expect(sum(({ before }) => before.questions)).toBe(36)
    const failed = sum(({ before }) => before.failed)
    const text = chapterOf(page, 'failures')
    expect(text).toContain(`Before stage 2 the policy failed ${failed} of 36 training questions`)
    expect(text).toContain(`The last sweep tried ${sum(({ after }) => after?.questions ?? 0)} of them again`)
    expect(new Set(report.failures!.map(({ axis }) => axis))).toEqual(
      new Set(['relation', 'hop', 'rarity', 'answerType']),
    )
  })

  test('lists the labels in doubt with what the policy answers instead', () => {
    const [suspect] = report.suspects!.list
    expect(report.suspects!.mode).toBe('report')
    expect(suspect).toMatchObject({ step: 10, majorityShare: 0.875, rollouts: 24, clusterAccuracy: 0.75 })
    expect(suspect!.majorityAnswer.label).not.toBeNull()
    expect(chapterOf(page, 'mining')).toContain('|87.5 % of 24, 1 right|75.0 %|93.8 %|step 10|')
  })

  test('says rollouts per second and the shares of sampling and training, and leaves them out of the hash', () => {
    expect(report.stepTimes['rl-1']).toEqual({
      steps: 30,
      rollouts: 1440,
      tokens: 11_520,
      sampleSeconds: 9,
      trainSeconds: 3,
    })
    expect(reportHash({ ...report, stepTimes: {} })).toBe(report.hash)
    // 1440 rollouts in 12 of 87.5 seconds.
    expect(chapterOf(page, 'facts')).toContain('RL stage 1|30|120|960|12 s|75.0 %||25.0 %|1 min 16 s|')
  })
})

/** Takes files out of sealed stages and seals them again, as an older version would have left them. */
function takeAway(dir: string, gone: Partial<Record<ReportedStage, readonly string[]>>, seed: number): void {
  const inputs: Record<string, string> = {}
  for (const stage of reportedStages) {
    const files = readManifest(join(dir, stage))!.outputs.map(({ file }) => file)
    for (const file of gone[stage] ?? []) rmSync(join(dir, stage, file))
    const outputs = files.filter((file) => gone[stage]?.includes(file) !== true)
    inputs[stage] = sealStage(join(dir, stage), { stage, inputs, outputs, seed }).hash
  }
}

test('a run without the newer files still has its page, and each chapter says what is absent', async () => {
  const dir = newDir()
  const config = writeMiniatureRun(dir)
  rmSync(join(dir, 'step-timings.jsonl'))
  const old = JSON.stringify({ id: 't', questionId: 'q', completion: '', backtracks: false, checkableSteps: 1 })
  writeFileSync(join(dir, 'cold-start', 'trajectories.jsonl'), `${old}\n`)
  takeAway(
    dir,
    {
      'cold-start': ['teaching.json'],
      'rl-1': ['warnings.jsonl'],
      'rl-2': ['warnings.jsonl', 'failure-map.json', 'quarantine.jsonl'],
    },
    config.seed,
  )
  const { report, page } = await reportOf(dir, config)
  expect(report.coldStart).toMatchObject({ kept: 1, origins: null, sawGold: null, teaching: null })
  expect(report).toMatchObject({ failures: null, suspects: null, warnings: { 'rl-1': null, 'rl-2': null } })
  expect(report.stepTimes).toEqual({})
  expect(chapterOf(page, 'cold-start')).toContain('holds no teaching.json')
  expect(chapterOf(page, 'warnings')).toContain('no log of warnings for RL stage 1 and RL stage 2')
  expect(chapterOf(page, 'failures')).toContain('holds no failure-map.json')
  expect(chapterOf(page, 'mining')).toContain('holds no quarantine.jsonl')
  expect(chapterOf(page, 'facts')).toContain('holds no step-timings.jsonl')
  expect(page).not.toMatch(/NaN|undefined|\[object/)
})

/** A report of which a chapter reads this much. */
const partly = (part: object): Report => part as unknown as Report

test('silent detectors are told as silent, not as absent', () => {
  const { markup } = warningsSection(partly({ warnings: { 'rl-1': [], 'rl-2': [] } }))
  expect(markup).toContain('No detector told anything.')
  expect(markup).not.toContain('holds no log')
})

test('a cold start that was off says so and divides by nothing', () => {
  const none = { teacher: 'graph', titles: [], kept: 0, origins: {}, strategies: {}, sawGold: 0, teaching: null }
  const { markup } = coldStartSection(partly({ coldStart: { ...none, stems: {} } }))
  expect(markup).toContain('No trajectory was kept')
  expect(markup).not.toMatch(/NaN|Infinity/)
})

const cell = (axis: string, name: string, failed: number, questions: number, low: number) => ({
  ...{ axis, name, beforeOfSame: null, after: null },
  before: { questions, failed, share: failed / questions, interval: [low, 1], passRate: 0.5 },
})

test('failures come surest first: many of many before all of two', () => {
  const dir = newDir()
  const cells = [
    cell('relation', 'few', 2, 2, 0.34),
    cell('relation', 'many', 90, 100, 0.83),
    cell('hop', '2', 1, 9, 0),
  ]
  writeMiniatureRun(dir)
  writeFileSync(join(dir, 'rl-2', 'failure-map.json'), formatJson(cells))
  const read = readFailures(dir, () => true)!
  expect(read.map(({ name }) => name)).toEqual(['many', 'few', '2'])
  const { markup } = failuresSection(partly({ failures: read }))
  expect(markup).toContain('No later sweep was made')
})

test('a failure map without a sweep says that there was none', () => {
  expect(failuresSection(partly({ failures: [] })).markup).toContain('made no sweep of the training set')
})

test('each reason of a draw is worded by the rule of the run, and an unknown one stands without a meaning', () => {
  const draw = { groups: 1, questions: 1, rollouts: 4, right: 1, byHop: { '2': 1 } }
  const draws = { wrong: draw, right: draw, replay: draw, fill: draw, elsewhere: draw }
  const pageOf = (failure: string, solvedLeave: boolean): string =>
    miningSection(
      partly({
        mined: {
          ...{ enabled: true, sweeps: [], recovery: null, hardest: [], phases: [{ fromStep: 1, toStep: 9, draws }] },
          rule: { failure, rightShare: 1 / 3, solvedLeave },
        },
        suspects: { mode: 'off', list: [] },
      }),
    ).markup
  const plain = pageOf('posterior', false)
  expect(plain).toContain('<b>wrong</b>: a failure, believed to be answered right less than half of the time')
  expect(plain).toContain('33.3 % of a step')
  expect(plain).toContain('(not visited yet), then further right ones, then failures</li>')
  const repeated = pageOf('repeated', true)
  expect(repeated).toContain('<b>wrong</b>: a repeated failure')
  expect(repeated).toContain('<b>replay</b>: solved')
  expect(repeated).toContain('then failures, then solved ones</li>')
  expect(repeated).toContain('<td class="words">elsewhere</td>')
  expect(repeated).not.toContain('<b>elsewhere</b>')
})

test('a step that was made twice is timed as it was made last, one that the stage does not have is left out', () => {
  const dir = newDir()
  const log = openLog(join(dir, 'step-timings.jsonl'))
  log.append([
    { stage: 'rl-1', step: 1, sampleMs: 9000, trainMs: 9000 },
    { stage: 'rl-1', step: 7, sampleMs: 9000, trainMs: 9000 },
    { stage: 'rl-1', step: 1, sampleMs: 300, trainMs: 700 },
  ])
  log.close()
  const work = { 'rl-1': new Map([[1, { rollouts: 8, tokens: 64 }]]), 'rl-2': new Map() }
  expect(readStepTimes(dir, work)).toEqual({
    'rl-1': { steps: 1, rollouts: 8, tokens: 64, sampleSeconds: 0.3, trainSeconds: 0.7 },
  })
})
