import { describe, expect, test } from 'vitest'
import { createSwitch, datum, errorOf, fastTiming, openPair } from './fixtures/kit.ts'
import { tinkerEngine } from './index.ts'
import type { Progress } from './operation.ts'

describe('a server that is not there', () => {
  test('is given up soon, with its address and what to start', async () => {
    const started = performance.now()
    const seen: Progress[] = []
    const error = await errorOf(
      tinkerEngine.create({
        baseUrl: 'http://127.0.0.1:9',
        baseModel: 'toy',
        seed: 1,
        // Of the long patience that a server in trouble gets, nothing is left to one that cannot be reached.
        timing: { ...fastTiming, submitMs: 60_000, contactMs: 600, progressMs: 100 },
        onProgress: (progress) => seen.push(progress),
      }),
    )
    expect(performance.now() - started).toBeLessThan(5000)
    expect(error.message).toMatch(/^no server answers at http:\/\/127\.0\.0\.1:9, for [\d.]+ s: .*\(client\/config\)$/)
    expect(error.hint).toMatch(/fleming engine serve.*engine\.tinker\.url: it is http:\/\/127\.0\.0\.1:9 now/)
    expect(seen[0]).toMatchObject({ operation: 'client/config', since: expect.any(Date) })
    expect(seen[0]!.lastEvent).toBe(/: ([^:]+) \(client/.exec(error.message)?.[1])
  })

  test('any more, while a result is waited for: given up after `submitMs`, not at the deadline', async () => {
    const { fault, on } = createSwitch()
    const { fake, client } = await openPair({ fault }, { timing: { submitMs: 500, deadlineMs: 600_000 } })
    on('retrieve_future', { kind: 'hang' })
    const failing = errorOf(client.forward([datum], 'cross_entropy'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await fake.close()
    const error = await failing
    expect(error.message).toMatch(/^no server answers at .* \(forward \(seq 1, request \d+\)\)$/)
    expect(error.hint).toContain('run the same command again')
  })
})

describe('a wait is reported', () => {
  test('when it is long, with what, since when and why; not when it is short', async () => {
    const { fault, on } = createSwitch()
    const seen: Progress[] = []
    const config = { timing: { progressMs: 300 }, onProgress: (progress: Progress) => seen.push(progress) }
    const { client } = await openPair({ fault }, config)
    await client.forward([datum], 'cross_entropy')
    expect(seen).toEqual([])
    const started = Date.now()
    on('retrieve_future', ...Array(50).fill({ kind: 'answer', status: 503, body: '{"detail":"busy"}' }))
    await client.forward([datum], 'cross_entropy')
    expect(seen.length).toBeGreaterThan(0)
    expect(seen[0]).toMatchObject({ operation: 'forward', lastEvent: 'status 503: busy', heartbeat: undefined })
    expect(Math.abs(seen[0]!.since.getTime() - started)).toBeLessThan(500)
    expect(seen[0]!.elapsedMs).toBeGreaterThanOrEqual(300)
  })

  test('of the heart, too, even if nothing else is waited for', async () => {
    const seen: Progress[] = []
    let isDead = false
    const { client } = await openPair(
      {
        fault: ({ endpoint }) =>
          isDead && endpoint === 'session_heartbeat' ? { kind: 'answer', status: 503 } : undefined,
      },
      { timing: { progressMs: 200 }, onProgress: (progress) => seen.push(progress) },
    )
    isDead = true
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(seen[0]!.operation).toBe('session_heartbeat')
    expect(seen[0]!.heartbeat).toMatch(/^no heartbeat for \d+ s: status 503$/)
    expect((await client.info()).facts.heartbeat).toMatch(/status 503/)
  })
})
