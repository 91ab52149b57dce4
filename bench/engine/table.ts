/** The empty cell of a table. */
export const NOTHING = '–'

/** A number with a fixed count of decimals and its thousands parted; a dash for null. */
export function formatNumber(value: number | null, decimals = 0): string {
  if (value === null) return NOTHING
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** 0.614 as "61 %"; a dash for null. */
export function formatShare(share: number | null): string {
  return share === null ? NOTHING : `${formatNumber(100 * share)} %`
}

/** 1.234 as "1.23×"; a dash for null. */
export function formatRatio(ratio: number | null): string {
  return ratio === null ? NOTHING : `${formatNumber(ratio, 2)}×`
}

/**
 * A Markdown table that is also aligned as plain text: the first column to the left, all others to the right.
 *
 * @param header one cell per column
 * @param rows each as long as the header
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}
