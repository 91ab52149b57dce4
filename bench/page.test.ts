import { describe, expect, test } from 'vitest'
import { DataError } from '../src/core/errors.ts'
import { replaceBlock } from './page.ts'

const [begin, end] = ['<!-- bench:engine begin -->', '<!-- bench:engine end -->']

describe('replaceBlock', () => {
  test('replaces what stands between the marks and nothing else', () => {
    const page = `# Title\n\n${begin}\n\nold\n\n${end}\n\nrest $& ${begin.slice(0, 8)}\n`
    const next = replaceBlock(page, 'engine', 'new $&', 'page.md')
    expect(next).toBe(`# Title\n\n${begin}\n\nnew $&\n\n${end}\n\nrest $& ${begin.slice(0, 8)}\n`)
    expect(replaceBlock(next, 'engine', 'new $&', 'page.md')).toBe(next)
  })

  test.each([
    ['none', 'text'],
    ['no end', begin],
    ['no begin', end],
    ['the end first', `${end}${begin}`],
    ['two begins', `${begin}${begin}${end}`],
    ['two ends', `${begin}${end}${end}`],
    ['marks of another benchmark', '<!-- bench:x begin --><!-- bench:x end -->'],
  ])('a page with %s is refused by name', (_, page) => {
    expect(() => replaceBlock(page, 'engine', 'new', 'page.md')).toThrow(DataError)
    expect(() => replaceBlock(page, 'engine', 'new', 'page.md')).toThrow(/^page\.md: needs the line/)
  })
})
