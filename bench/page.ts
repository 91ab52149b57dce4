import { DataError } from '../src/core/errors.ts'

/**
 * A page with one marked block replaced; everything outside the marks stays as it is.
 *
 * @param name of the benchmark: the block stands between `<!-- bench:<name> begin -->` and `<!-- bench:<name> end -->`
 * @throws {DataError} when the page has not exactly one such pair of marks, in this order
 */
export function replaceBlock(page: string, name: string, block: string, file: string): string {
  const [begin, end] = [`<!-- bench:${name} begin -->`, `<!-- bench:${name} end -->`]
  const [beforeBegin, afterBegin, ...others] = page.split(begin)
  const [inside, afterEnd, ...more] = afterBegin?.split(end) ?? []
  if (beforeBegin === undefined || inside === undefined || afterEnd === undefined || others.length + more.length > 0) {
    throw new DataError(`needs the line "${begin}" once and "${end}" once below it`, {
      file,
      hint: 'the numbers are written between these two lines',
    })
  }
  return `${beforeBegin}${begin}\n\n${block}\n\n${end}${afterEnd}`
}
