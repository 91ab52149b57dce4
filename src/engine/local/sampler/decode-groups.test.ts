import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRng } from '../../../core/rng.ts'
import { createCache, type KeyValueCache } from './cache.ts'
import { decodeRows, mostSteps, type OpenRow } from './decode.ts'
import type { DecodeForward } from './decode-forward.ts'

const VOCAB = 16

/**
 * A forward pass that puts each token into the cache as its own key and believes in every next token alike. It notes
 * what it finds in the cache of each row, followed by the token fed.
 */
function createEcho(cache: KeyValueCache, capacity: number): { forward: DecodeForward; readonly seen: Set<string> } {
  const seen = new Set<string>()
  const even = (rows: number) => new Float32Array(rows * VOCAB).fill(1 / VOCAB)
  const forward: DecodeForward = {
    async prefill(prompts, promptOfRow) {
      cache.reset(promptOfRow.length, prompts.at(-1)!.length)
      for (const [prompt, tokens] of prompts.entries()) {
        const row = promptOfRow.indexOf(prompt)
        const rows = promptOfRow.filter((other) => other === prompt).map(() => 0)
        cache.writePrompts(0, 'key', Float32Array.from(tokens), { row, rows, time: tokens.length })
      }
      expect(cache.rows * cache.time).toBeLessThanOrEqual(capacity)
      const last = { prompt: prompts.at(-1)!, probabilities: even(1), past: [] }
      return { probabilities: even(prompts.length), last }
    },
    async step(rows) {
      expect([cache.rows, (cache.time + 1) * cache.rows <= capacity]).toEqual([rows.length, true])
      const keys = cache.prefix(0, 'key')
      rows.forEach(({ token, position, padding }, row) => {
        const column = Array.from({ length: cache.time - padding }, (_, t) => keys[(padding + t) * rows.length + row]!)
        if (column.length === position) seen.add([...column, token].join())
      })
      cache.append(
        0,
        'key',
        Float32Array.from(rows, ({ token }) => token),
      )
      cache.advance()
      return even(rows.length)
    },
  }
  return { forward, seen }
}

function openRows(lengths: readonly number[], limit: number, seed: number): readonly OpenRow[] {
  const context = Math.max(...lengths) + limit
  const rng = createRng(seed, 'groups')
  return [...lengths]
    .sort((a, b) => a - b)
    .map((length, request) => ({
      plan: { request, sample: 0, prompt: Array.from({ length }, () => rng.int(VOCAB)) },
      rng: rng.fork(request),
      // Most go on to the end of the context, so that several are near it at different times.
      limit: rng.int(4) === 0 ? 1 + rng.int(limit) : context - length,
      tokens: [],
      logprobs: [],
      stopReason: undefined,
    }))
}

test('whatever the room, every row is drawn to its end over its own tokens, and the cache never overflows', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 })
  const size = fc.integer({ min: 1, max: 12 })
  const share = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }))
  const isStopping = fc.boolean()
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.integer({ min: 1, max: 80 }),
      size,
      share,
      fc.nat(500),
      isStopping,
      async (lengthsOfPrompts, limit, groupSize, roominess, parkedSize, stops) => {
        const rows = openRows(lengthsOfPrompts, limit, groupSize + parkedSize)
        const maxTime = mostSteps(rows)
        const capacity = Math.round(maxTime * (1 + roominess * (groupSize - 1)))
        const cache = createCache({ layers: 1, width: 1 })
        const { forward, seen } = createEcho(cache, capacity)
        await decodeRows(rows, {
          forward,
          cache,
          pick: (_probabilities, _offset, uniform) => Math.floor(uniform * VOCAB),
          stopTokens: new Set(stops ? [0] : []),
          vocabSize: VOCAB,
          room: { groupSize, capacity, maxTime },
          parkedSize,
          checkParking: () => undefined,
          signal: undefined,
        })
        for (const { plan, limit: rowLimit, tokens, stopReason } of rows) {
          expect(stopReason).toBe(stops && tokens.at(-1) === 0 ? 'stop' : 'length')
          if (stopReason === 'length') expect(tokens.length).toBe(rowLimit)
          tokens.slice(0, -1).forEach((_, i) => {
            expect(seen.has([...plan.prompt, ...tokens.slice(0, i + 1)].join())).toBe(true)
          })
        }
      },
    ),
    { seed: 7, numRuns: 500 },
  )
})
