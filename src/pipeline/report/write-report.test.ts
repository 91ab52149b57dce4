import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditError, DataError } from '../../core/errors.ts'
import { sealStage } from '../../core/store.ts'
import type { Config } from '../config.ts'
import { smallest, writeMiniatureRun } from './fixtures/miniature-run.ts'
import { percent, points, pValue } from './format.ts'
import { escapeText } from './markup.ts'
import type { Scores } from './read-run.ts'
import { notice, type Report, reportSchema, unhashedFields } from './schema.ts'
import { writeReport } from './write-report.ts'

const hostile =
  '</think></textarea></title><script>alert(1)</script><img src=x onerror="alert(2)">" onmouseover=\'x\u202egnp.exe\u0000 <!-- ]]> &lt; https://evil.example/x'

/** A made-up run is written and synced file by file; a busy disk takes its time, milliseconds. */
const slow = 60_000

const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
}, slow)

function newRun(options = smallest): { dir: string; config: Config } {
  const dir = mkdtempSync(join(tmpdir(), 'fleming-report-'))
  dirs.push(dir)
  return { dir, config: writeMiniatureRun(dir, options) }
}

const parse = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

/** The tables of a page, each as its caption and its rows of cells, a cell as its text. */
function tablesOf(page: string): { caption: string; rows: string[][] }[] {
  const words = (markup: string): string =>
    markup
      .replace(/<svg.*?<\/svg>/gs, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
  return [...page.matchAll(/<table[^>]*>(.*?)<\/table>/gs)].map(([, table]) => ({
    caption: words(/<caption>(.*?)<\/caption>/s.exec(table!)![1]!),
    rows: [...table!.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
      [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => words(cell!)),
    ),
  }))
}

describe('a report', () => {
  let dir = ''
  let page = ''
  let report: Report
  let scores: Scores
  beforeAll(async () => {
    const run = newRun({ ...smallest, hostile, hostileLabel: hostile })
    dir = run.dir
    const file = await writeReport(dir, run.config, { wallSeconds: 754.2 })
    expect(file).toBe(join(dir, 'report.html'))
    page = readFileSync(file, 'utf8')
    report = reportSchema.parse(parse(join(dir, 'report.json')))
    scores = parse(join(dir, 'evaluation', 'scores.json')) as Scores
  }, slow)

  test('repeats every row of scores.json, the forced base apart', () => {
    expect([...report.baseForced, ...report.ladder]).toEqual(scores.ladder)
    expect(report.baseForced.every(({ stage }) => stage === 'base-forced')).toBe(true)
    expect(report.ladder.map(({ stage }) => stage)).not.toContain('base-forced')
    expect(report.paired).toEqual(scores.paired)
    expect(report.facts).toEqual(scores.facts)
    expect(report.baselines).toEqual({ mostFrequent: scores.mostFrequent })
  })

  test.each([
    ['Held-out composition facts seen', 'held-out-composition', 'open'],
    ['Held-out disease facts learnt', 'held-out-disease', 'open'],
    ['Held-out composition , multiple choice', 'held-out-composition', 'choice'],
    ['Held-out disease , multiple choice', 'held-out-disease', 'choice'],
  ])('shows every accuracy and interval of "%s" in its place', (caption, split, form) => {
    const table = tablesOf(page).find((candidate) => candidate.caption.startsWith(caption))!
    const stages = ['base-forced', 'base', 'cold-start', 'rl-1', 'rl-2']
    stages.forEach((stage, index) => {
      const expected = scores.ladder
        .filter((row) => row.stage === stage && row.split === split && row.form === form)
        .map(({ accuracy, interval }) => [percent(accuracy), `${percent(interval[0])}–${percent(interval[1])}`])
      expect(expected).toHaveLength(7)
      const shown = table.rows[index + (form === 'open' ? 2 : 1)]!.slice(1).map((cell) => [
        cell.split(' ')[0],
        cell.split(' ').at(-1),
      ])
      expect(shown).toEqual(expected)
    })
  })

  test('shows the change from the checkpoint before, and none for the base', () => {
    const pooled = (stage: string): number =>
      scores.ladder.find((row) => row.stage === stage && row.split === 'held-out-composition' && row.form === 'open')!
        .accuracy
    const { rows } = tablesOf(page).find(({ caption }) => caption.startsWith('Held-out composition facts'))!
    const cellOf = (index: number): string[] => rows[index]![1]!.split(' ')
    expect(cellOf(3)).toHaveLength(2)
    expect(cellOf(5)[1]).toBe(points(pooled('rl-1') - pooled('cold-start')))
    expect(cellOf(6)[1]).toBe(points(pooled('rl-2') - pooled('rl-1')))
  })

  test('shows gained, lost and p of every paired test', () => {
    const tables = tablesOf(page).filter(({ caption }) => caption.includes('gained / lost'))
    const shown = tables.flatMap(({ rows }) => rows.slice(1).flatMap((row) => row.slice(1)))
    const expected = scores.paired
      .toSorted((a, b) => (a.split < b.split ? -1 : a.split > b.split ? 1 : 0))
      .map(({ difference, gained, lost, p }) => `${points(difference)} ${gained} / ${lost} p ${escapeText(pValue(p))}`)
    expect(shown).toEqual(expected)
  })

  test('lists the fall on two hops with its paired test, in both forms', () => {
    const wanted = scores.paired.find(
      (row) => row.from === 'rl-1' && row.to === 'rl-2' && row.split === 'held-out-composition' && row.hop === 2,
    )!
    expect(wanted.difference).toBeLessThan(0)
    const found = report.falls.filter(
      ({ split, hop, to }) => split === 'held-out-composition' && hop === 2 && to === 'rl-2',
    )
    expect(found.map(({ form }) => form)).toEqual(['open', 'choice'])
    expect(found[0]).toMatchObject({ from: 'rl-1', gained: wanted.gained, lost: wanted.lost, p: wanted.p, n: wanted.n })
    expect(found[0]!.after - found[0]!.before).toBeCloseTo(wanted.difference, 12)
    const box = tablesOf(page).find(({ caption }) => caption.startsWith('Every place'))!
    const open = report.falls.filter(({ form }) => form === 'open')
    expect(box.rows).toHaveLength(open.length + 1)
    expect(box.rows[open.indexOf(found[0]!) + 1]).toEqual([
      'Held-out composition, 2 hops',
      '+ RL stage 1',
      '+ RL stage 2',
      percent(found[0]!.before),
      percent(found[0]!.after),
      points(wanted.difference),
      String(wanted.gained),
      String(wanted.lost),
      escapeText(pValue(wanted.p)),
      '9',
    ])
  })

  test('stands the notice on its first screen, in its words', () => {
    expect(report.notice).toBe(notice)
    const at = page.indexOf(`role="note">${notice}</p>`)
    expect(at).toBeGreaterThan(0)
    expect(at).toBeLessThan(page.indexOf('<table'))
  })

  test('lets no completion become markup', () => {
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(2)&quot;&gt;')
    expect(page).toContain('⟨U+202E⟩gnp.exe\ufffd')
    for (const label of ['tophi', 'cyclooxygenase inhibition']) expect(page).toContain(escapeText(`${label}${hostile}`))
    const body = page.slice(page.indexOf('</style>'))
    const elements = new Set([...body.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name))
    const known =
      'a abbr article aside b bdi body caption circle code desc details div em figcaption figure footer g h1 h2 h3 h4 header i li line main nav ol p path rect section small span style summary svg table tbody td text th thead title tr ul'
    expect([...elements].filter((name) => !known.split(' ').includes(name!))).toEqual([])
    const attributes = [...body.matchAll(/<[a-z][^>]*>/gi)].flatMap(([tag]) => [
      ...tag.replace(/"[^"]*"/g, '""').matchAll(/\s([^\s=>]+)/g),
    ])
    const names = new Set(attributes.map(([, name]) => name))
    expect([...names].filter((name) => name!.startsWith('on') || name === 'src' || name === 'style')).toEqual([])
  })

  test('asks for nothing from outside: no address, no script, a policy that forbids both', () => {
    const withoutTexts = page.replaceAll(escapeText(hostile), '')
    expect(withoutTexts).not.toMatch(/https?:|url\(|@import|<script|<link|<iframe|javascript:/i)
    expect([...page.matchAll(/href="([^"]*)"/g)].every(([, target]) => target!.startsWith('#'))).toBe(true)
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    )
  })

  test('has a target for every link, a scope for every header, words for every figure', () => {
    for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) expect(page).toContain(`id="${target}"`)
    const headers = [...page.matchAll(/<th[ >][^>]*>/g)].map(([tag]) => tag)
    expect(headers.length).toBeGreaterThan(100)
    expect(headers.filter((tag) => !/ scope="(col|row)"/.test(tag))).toEqual([])
    const figures = [...page.matchAll(/<svg [^>]*role="img" aria-labelledby="([\w-]+) ([\w-]+)">(.*?)<\/svg>/gs)]
    expect(figures).toHaveLength(12)
    for (const [, title, description, body] of figures) {
      expect(body).toMatch(new RegExp(`<title id="${title}">[^<]+</title><desc id="${description}">[^<]+</desc>`))
    }
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('never says NaN, undefined or Infinity', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  test('counts what the run holds', () => {
    const { counts } = report
    expect(counts.graph).toMatchObject({
      entities: 36,
      triples: 27,
      diseasesByRarity: { common: 3, uncommon: 3, rare: 3 },
    })
    expect(counts.questions.kept).toBe(90)
    expect(counts.questions.bySplit).toEqual({ train: 36, 'held-out-composition': 27, 'held-out-disease': 27 })
    expect(counts.questions.dropped).toEqual({ 'meets an entity twice': 41, 'same stem twice': 3 })
    expect(counts.trajectories).toEqual({
      kept: 27,
      backtracking: 7,
      steps: 54,
      dropped: { 'a step is not in the graph': 2 },
    })
    expect(counts.rollouts['rl-1']).toEqual({ steps: 30, groups: 180, rollouts: 1440, tokens: 11_520 })
    expect(counts.rollouts['rl-2']).toEqual({ steps: 24, groups: 144, rollouts: 2304, tokens: 18_432 })
  })

  test('accounts for every answer of every checkpoint as right, wrong or unread', () => {
    expect(report.outcomes).toHaveLength(8)
    for (const { stage, split, n, right, wrong, unread } of report.outcomes) {
      const row = report.ladder.find((item) => item.stage === stage && item.split === split && item.form === 'open')!
      const unreadCount = Object.values(unread).reduce((sum, count) => sum + count, 0)
      expect([n, right, unreadCount]).toEqual([row.n, row.correct, row.unparsed])
      expect(right + wrong + unreadCount).toBe(n)
    }
  })

  test('marks each step of a rollout by the triple that supports it', () => {
    const rollouts = report.examples.groups.flatMap((group) => group.rollouts)
    const right = rollouts.find(
      ({ reward, defects, steps }) =>
        reward.total === 1 && defects.length === 0 && steps.every(({ kind }) => kind === 'supported'),
    )!
    expect(right.steps[0]!.origin).toMatch(/^triples\/miniature\.tsv:\d+$/)
    const wrong = rollouts.find(({ reward, defects }) => reward.total === 0 && defects.length === 0)!
    expect(wrong.steps.at(-1)).toMatchObject({ kind: 'unsupported', origin: null })
    expect(page).toContain(`<li class="unsupported" title="not in the graph">`)
  })

  test('draws its held-out examples without looking at them', () => {
    expect(report.examples.heldOut).toHaveLength(8)
    expect(report.examples.heldOut.every(({ answers }) => answers.length === 4)).toBe(true)
  })
})

test('two reports of one run differ in nothing that is hashed', async () => {
  const { dir, config } = newRun()
  const reports: Report[] = []
  for (const wallSeconds of [10, 99]) {
    await writeReport(dir, config, { wallSeconds })
    reports.push(reportSchema.parse(parse(join(dir, 'report.json'))))
  }
  expect(reports[0]!.hash).toBe(reports[1]!.hash)
  expect(unhashedFields).toContain('wallSeconds')
  expect({ ...reports[0], wallSeconds: 0 }).toEqual({ ...reports[1], wallSeconds: 0 })
  const other = newRun({ ...smallest, rlSteps: [31, 24] })
  await writeReport(other.dir, other.config, { wallSeconds: 10 })
  expect(reportSchema.parse(parse(join(other.dir, 'report.json'))).hash).not.toBe(reports[0]!.hash)
})

test('the page of a run of the default size stays under 1.5 MB, whatever its completions hold', async () => {
  const { dir, config } = newRun({ variants: 9, pretrainSteps: 360, rlSteps: [80, 120], hostile: '<x>'.repeat(4000) })
  const file = await writeReport(dir, config, { wallSeconds: 1 })
  expect(statSync(file).size).toBeLessThan(1_500_000)
  expect(readFileSync(file, 'utf8')).toContain('characters more in report.json')
})

describe('a report is refused', () => {
  test('for a folder without a run, with what to do', async () => {
    const error = await writeReport('/nowhere/at-all', newRun().config, { wallSeconds: 1 }).catch(
      (cause: unknown) => cause,
    )
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).message).toBe('/nowhere/at-all: there is no run here')
    expect((error as DataError).hint).toContain('runs/default')
  })

  test('while a stage is not sealed, naming the stage and the way on', async () => {
    const { dir, config } = newRun()
    rmSync(join(dir, 'rl-2', 'manifest.json'))
    const error = await writeReport(dir, config, { wallSeconds: 1 }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).message).toContain('the stage rl-2 is not finished')
    expect((error as DataError).hint).toContain('the command that started it')
  })

  test('when a sealed file was changed afterwards', async () => {
    const { dir, config } = newRun()
    const file = join(dir, 'evaluation', 'scores.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"correct": 0', '"correct": 9'))
    await expect(writeReport(dir, config, { wallSeconds: 1 })).rejects.toThrow(AuditError)
  })

  test('when a stage was made from another than the run holds now', async () => {
    const { dir, config } = newRun()
    sealStage(join(dir, 'rl-1'), { stage: 'rl-1', inputs: {}, outputs: ['metrics.jsonl', 'rollouts.jsonl'], seed: 99 })
    await expect(writeReport(dir, config, { wallSeconds: 1 })).rejects.toThrow(
      'the stage rl-2 was made from another rl-1 than the run holds now',
    )
  })

  test('when a number is not a number, naming it', async () => {
    const { dir, config } = newRun()
    await expect(writeReport(dir, config, { wallSeconds: Number.NaN })).rejects.toThrow(/wallSeconds/)
  })

  test('when scores hold a share above one, naming file and field', async () => {
    const { dir, config } = newRun()
    const file = join(dir, 'evaluation', 'scores.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"accuracy": 0,', '"accuracy": 1.5,'))
    const manifest = parse(join(dir, 'evaluation', 'manifest.json')) as {
      inputs: Record<string, string>
      outputs: { file: string }[]
    }
    sealStage(join(dir, 'evaluation'), {
      stage: 'evaluation',
      inputs: manifest.inputs,
      outputs: manifest.outputs.map((output) => output.file),
      seed: 7,
    })
    await expect(writeReport(dir, config, { wallSeconds: 1 })).rejects.toThrow(/scores\.json: ladder\.\d+\.accuracy/)
  })
})
