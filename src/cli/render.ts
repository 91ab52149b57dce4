import Table from 'cli-table3'
import { printableLine } from './printable.ts'

/** A table without frame, a rule below its header; numbers stand right. Cells are data: they take no colour. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumber = (column: number): boolean =>
    rows.length > 0 && rows.every((row) => /^[\d.,%\s–-]*$/.test(row[column] ?? ''))
  const table = new Table({
    head: [...header],
    colAligns: header.map((_, column) => (isNumber(column) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1 },
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
    },
  })
  table.push(...rows.map((row) => row.map(printableLine)))
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  const width = Math.max(...lines.map((line) => line.length))
  return [lines[0], '─'.repeat(width), ...lines.slice(1)].join('\n')
}

/** "entities: disease 80, finding 10". */
export function renderCounts(name: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts)
  return entries.length === 0
    ? []
    : [`  ${name}: ${entries.map(([key, count]) => `${printableLine(key)} ${count}`).join(', ')}`]
}

/** One line per reason, with the first row of it. */
export function renderReasons(
  reasons: Readonly<Record<string, { readonly count: number; readonly example: string }>>,
): string[] {
  return Object.entries(reasons).map(
    ([reason, { count, example }]) => `  ${count} × ${printableLine(reason)}   e.g. ${printableLine(example)}`,
  )
}
