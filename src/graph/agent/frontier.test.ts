import { describe, expect, test } from 'vitest'
import { createFrontier } from './frontier.ts'

function takeAll(frontier: ReturnType<typeof createFrontier>): string[] {
  const titles: string[] = []
  for (let title = frontier.take(); title !== null; title = frontier.take()) titles.push(title)
  return titles
}

describe('the frontier', () => {
  test('gives seeds first, in their order, then by gain, then by title', () => {
    const frontier = createFrontier()
    frontier.mention('b')
    frontier.mention('a')
    frontier.addSeed('z')
    frontier.addSeed('y')
    frontier.mention('often')
    frontier.mention('often')
    expect(takeAll(frontier)).toEqual(['z', 'y', 'often', 'a', 'b'])
  })

  test('expects more of drugs than of unknown links, and less of what many triples tell of', () => {
    const frontier = createFrontier()
    for (const title of ['drug', 'unknown', 'well-known drug']) frontier.mention(title)
    frontier.state('drug', 'drug')
    for (let i = 0; i < 9; i += 1) frontier.state('well-known drug', 'drug')
    // 1 · √1 / 2, then 0.25 · √1 / 1, then 1 · √1 / 10.
    expect(takeAll(frontier)).toEqual(['drug', 'unknown', 'well-known drug'])
  })

  test('counts what a graph in hand tells already', () => {
    const frontier = createFrontier((title) => (title === 'known' ? 50 : 0))
    for (const title of ['known', 'new']) frontier.mention(title)
    frontier.mention('known')
    expect(takeAll(frontier)).toEqual(['new', 'known'])
  })

  test('gives each title once, and none that was removed or only stated', () => {
    const frontier = createFrontier()
    frontier.mention('a')
    frontier.mention('gone')
    frontier.remove('gone')
    frontier.state('never linked', 'drug')
    expect(frontier.take()).toBe('a')
    frontier.mention('a')
    frontier.addSeed('a')
    expect(takeAll(frontier)).toEqual([])
  })

  test('has as many titles as it would still give, in a walk and after its log is read back', () => {
    const walked = createFrontier()
    const replayed = createFrontier()
    for (const frontier of [walked, replayed]) {
      for (const title of ['A', 'B']) frontier.addSeed(title)
      for (const title of ['A', 'C']) frontier.mention(title)
      frontier.state('only stated', 'disease')
    }
    expect(walked.size).toBe(3)
    expect(walked.take()).toBe('A')
    replayed.remove('A')
    expect([walked.size, replayed.size]).toEqual([2, 2])
    expect(takeAll(walked)).toHaveLength(2)
    expect(walked.size).toBe(0)
  })

  test('takes fifty thousand titles in order, whatever the order they came in', () => {
    const frontier = createFrontier()
    for (let i = 0; i < 100_000; i += 1) {
      frontier.mention(`t${(i * 7919) % 50_000}`)
    }
    const titles = takeAll(frontier)
    expect(titles).toHaveLength(50_000)
    expect(titles).toEqual([...titles].sort())
  })
})
