import Table from 'cli-table3'
import type { RunScores } from '../pipeline/load-run.ts'
import { type Fall, type LadderBlock, notice, type PairedScore, rungs, splitTitles } from '../release/types.ts'
import { duration } from './progress.ts'
import type { Colors } from './shell.ts'

/** Everything that a finished run has to say, the next commands last. */
export function renderRunSummary(
  view: RunScores,
  places: { readonly dir: string; readonly report: string; readonly release: string; readonly wallSeconds: number },
  colors: Colors,
): string {
  const { dir, report, release, wallSeconds } = places
  const run = dir === 'runs/default' ? '' : ` --run ${dir}`
  return [
    renderScores(view, colors),
    '',
    `report   ${report}`,
    `release  ${release}`,
    `time     ${duration(wallSeconds)}`,
    '',
    colors.bold('next'),
    ...(view.items ? [] : [`  npx fleming ask --examples${run}`, `  npx fleming ask "…"${run}`]),
    `  npx fleming eval ${dir}`,
    `  npx fleming verify ${dir}`,
    '',
    colors.yellow(notice),
  ].join('\n')
}

/** The stage table like the paper's Table 4, paired tests, falls, and what stands beside accuracy. */
export function renderScores(view: RunScores, colors: Colors): string {
  if (view.items) return renderItemScores(view.items, colors)
  const { scores, blocks, falls } = view
  const paired = scores.paired.filter(({ hop, n }) => hop === 'all' && n > 0)
  return [
    ...blocks.map((block) => renderBlock(block, colors)),
    colors.dim('accuracy in %, greedy, open answers; ± is half of the 95 % Wilson interval, [low–high] near 0 and 100'),
    '',
    ...(paired.length === 0 ? [] : [colors.bold('paired tests on the same questions'), renderPaired(paired), '']),
    ...renderFalls(falls, paired.length > 0, colors),
    '',
    colors.bold('beside accuracy'),
    renderAudit(blocks),
  ].join('\n')
}

function renderBlock({ title, columns, rows, mostFrequent }: LadderBlock, colors: Colors): string {
  const body = rows.map((row) => [row.title, ...row.cells.map((cell) => (cell === null ? '–' : formatScore(cell)))])
  const baseline =
    mostFrequent === null
      ? []
      : [['most frequent answer', formatScore(mostFrequent), ...columns.slice(1).map(() => '')]]
  const header = [colors.bold(title), ...columns.map((column) => `${column.title}\nn ${column.n}`)]
  return renderTable(header, [...body, ...baseline])
}

/** Accuracy of each checkpoint on held-out items, pooled and by part, and the paired tests. */
function renderItemScores({ rows, paired }: NonNullable<RunScores['items']>, colors: Colors): string {
  const partOf = (axis: string, name: string): string => (axis === 'all' ? 'all' : `${axis} ${name}`)
  const scored = rows.map((row) => [
    stageTitle(row.stage),
    partOf(row.axis, row.name),
    ...[String(row.n), formatScore(row), percent(row.chance), String(row.unparsed), String(row.truncated)],
  ])
  const pooled = paired.filter(({ axis }) => axis === 'all')
  return [
    renderTable([colors.bold('held-out items'), 'questions', 'n', 'accuracy', 'chance', 'unparsed', 'cut off'], scored),
    colors.dim('accuracy in %, greedy; ± is half of the 95 % Wilson interval, [low–high] near 0 and 100'),
    '',
    ...(pooled.length === 0
      ? ['paired tests: none, because not all checkpoints were scored']
      : [
          colors.bold('paired tests on the same items'),
          renderTable(
            ['', 'n', 'gained', 'lost', 'points', 'p'],
            pooled.map(({ from, to, n, gained, lost, difference, p }) => [
              `${stageTitle(from)} → ${stageTitle(to)}`,
              ...[String(n), `+${gained}`, `−${lost}`, signed(difference), formatP(p)],
            ]),
          ),
        ]),
  ].join('\n')
}

type Scored = { readonly accuracy: number; readonly interval: readonly [number, number] }

/** "41.2 ±3.9"; at 0 and 100 the interval is one-sided, so its ends are shown: "0.0 [0–1.5]". */
export function formatScore({ accuracy, interval: [low, high] }: Scored): string {
  const text = percent(accuracy)
  if (accuracy === 0 || accuracy === 1) return `${text} [${short(low)}–${short(high)}]`
  return `${text} ±${percent((high - low) / 2)}`
}

function renderPaired(paired: readonly PairedScore[]): string {
  return renderTable(
    ['', 'questions', 'n', 'gained', 'lost', 'points', 'p'],
    paired.map(({ from, to, split, n, gained, lost, difference, p }) => [
      `${stageTitle(from)} → ${stageTitle(to)}`,
      splitTitles[split] ?? split,
      String(n),
      `+${gained}`,
      `−${lost}`,
      signed(difference),
      formatP(p),
    ]),
  )
}

/** One line per fall, and one that says so when there is none: silence would not tell the two apart. */
function renderFalls(falls: readonly Fall[], isTested: boolean, colors: Colors): string[] {
  if (!isTested) return ['falls: not looked for, because not all checkpoints were scored']
  if (falls.length === 0) return ['falls: none; no stage scores below the stage before it']
  return falls.map(({ from, to, split, hop, before, after, p }) => {
    const where = `${splitTitles[split] ?? split}, ${hop === 'all' ? 'pooled' : `${hop} hops`}`
    const change = `${stageTitle(from)} ${percent(before)} → ${stageTitle(to)} ${percent(after)}`
    return `${colors.red('falls:')} ${where}: ${change} (p ${formatP(p)})`
  })
}

function renderAudit(blocks: readonly LadderBlock[]): string {
  const rate = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : percent(value)
  return renderTable(
    ['', 'questions', 'unparsed', 'grounded\nsteps %', 'right, wrong\nreason %', 'facts\nrecalled %'],
    blocks.flatMap((block) =>
      block.rows.map(({ title, cells, recall }) => [
        title,
        block.title,
        cells[0] ? `${cells[0].unparsed} of ${cells[0].n}` : '–',
        rate(cells[0]?.groundedStepRate),
        rate(cells[0]?.rightForWrongReason),
        rate(recall?.rate),
      ]),
    ),
  )
}

function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isText = (column: number): boolean => column === 0 || header[column] === 'questions'
  const table = new Table({
    head: [...header],
    colAligns: header.map((_, column) => (isText(column) ? 'left' : 'right')),
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
    },
  })
  table.push(...rows.map((row) => [...row]))
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  const headerLines = Math.max(...header.map((cell) => cell.split('\n').length))
  const width = Math.max(...lines.map((line) => line.length))
  return [...lines.slice(0, headerLines), '─'.repeat(width), ...lines.slice(headerLines), ''].join('\n')
}

const stageTitle = (stage: string): string => rungs.find((rung) => rung.stage === stage)?.title ?? stage

const percent = (fraction: number): string => (100 * fraction).toFixed(1)

/** Percent without a decimal where none is needed: from 10 on, and at 0. */
const short = (fraction: number): string =>
  fraction >= 0.1 ? (100 * fraction).toFixed(0) : String(Number(percent(fraction)))

const signed = (difference: number): string =>
  difference < 0 ? `−${percent(-difference)}` : difference > 0 ? `+${percent(difference)}` : '±0.0'

const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3))
