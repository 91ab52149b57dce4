import { describe, expect, test } from 'vitest'
import { DataError, NumericalError } from '../../../core/errors.ts'
import { createFutures, type FutureResult, settleWith } from './futures.ts'

const done = (value: number): FutureResult => ({ kind: 'json', body: { value } })
const never = new AbortController().signal
const report = () => {}

describe('a future', () => {
  test('wakes who waits for it, and gives its result as often as asked', async () => {
    const futures = createFutures(1e6)
    futures.open('a', { sessionId: 's' })
    const waiting = futures.wait('a', 60_000, never)
    futures.settle('a', done(1))
    expect(await waiting).toEqual(done(1))
    expect(await futures.wait('a', 0, never)).toEqual(done(1))
  })

  test('gives nothing when the time is over or the poll is given up', async () => {
    const futures = createFutures(1e6)
    futures.open('a', { sessionId: 's' })
    expect(await futures.wait('a', 5, never)).toBe(null)
    expect(await futures.wait('a', 60_000, AbortSignal.abort())).toBe(null)
  })

  test('keeps its first result', async () => {
    const futures = createFutures(1e6)
    futures.open('a', { sessionId: 's' })
    futures.settle('a', done(1))
    futures.settle('a', done(2))
    expect(futures.open('a', { sessionId: 's' })).toBe(false)
    expect(await futures.wait('a', 0, never)).toEqual(done(1))
  })

  test('is unknown when it never was and after its session', async () => {
    const futures = createFutures(1e6)
    futures.open('a', { sessionId: 's' })
    futures.dropSession('s')
    await expect(futures.wait('a', 0, never)).rejects.toMatchObject({ status: 404 })
    await expect(futures.wait('b', 0, never)).rejects.toMatchObject({ status: 404 })
  })

  test('is forgotten to make room only when it was fetched, the oldest first', async () => {
    const futures = createFutures(1200)
    for (const id of ['a', 'b', 'c']) futures.open(id, { sessionId: 's' })
    for (const id of ['a', 'b', 'c']) futures.settle(id, done(1))
    // Three results of 500 bytes exceed the room, but nobody has seen them yet.
    for (const id of ['b', 'a', 'c']) expect(await futures.wait(id, 0, never)).toEqual(done(1))
    futures.open('d', { sessionId: 's' })
    futures.settle('d', done(2))
    await expect(futures.wait('a', 0, never)).rejects.toMatchObject({ status: 410 })
    await expect(futures.wait('b', 0, never)).rejects.toMatchObject({ status: 410 })
    expect(await futures.wait('c', 0, never)).toEqual(done(1))
  })

  test('leaves nothing behind when its result was fetched or given up, however many there are', async () => {
    const futures = createFutures(5000)
    for (let number = 0; number < 30_000; number += 1) {
      const id = `${number}`
      futures.open(id, { sessionId: 's', cancel: () => {} })
      if (number % 2 === 0) futures.cancel(id)
      futures.settle(id, done(number))
      if (number % 2 === 1) await futures.wait(id, 0, never)
    }
    // Results of 500 bytes, and the last one, which is fetched after room was made.
    expect(futures.size).toBe(10)
    await expect(futures.wait('29000', 0, never)).rejects.toMatchObject({ status: 410 })
    await expect(futures.wait('1', 0, never)).rejects.toMatchObject({ status: 404 })
    futures.dropSession('s')
    expect(futures.size).toBe(0)
  })

  test('ends its work when it is cancelled or its session is over, and not once the work has ended', async () => {
    const futures = createFutures(1e6)
    const ended: string[] = []
    for (const id of ['a', 'b', 'c']) futures.open(id, { sessionId: 's', cancel: () => ended.push(id) })
    futures.settle('a', done(1))
    for (const id of ['a', 'b']) futures.cancel(id)
    futures.dropSession('s')
    expect(ended).toEqual(['b', 'b', 'c'])
  })

  test('of a NumericalError says what is not finite, with its hint, as the server’s', async () => {
    const futures = createFutures(1e6)
    const errors = [
      new NumericalError('weight after step 3 is not finite in tensor "w"', { hint: 'load the last checkpoint' }),
      new NumericalError('datum 0: the log-probability of targetTokens[1] is NaN'),
    ]
    const found = []
    for (const [index, error] of errors.entries()) {
      futures.open(`${index}`, { sessionId: 's' })
      await settleWith(futures, `${index}`, () => Promise.reject(error), report)
      found.push(await futures.wait(`${index}`, 0, never))
    }
    expect(found).toEqual([
      {
        kind: 'failed',
        category: 'server',
        error: 'weight after step 3 is not finite in tensor "w" (load the last checkpoint)',
      },
      {
        kind: 'failed',
        category: 'server',
        error: 'a number is not finite: datum 0: the log-probability of targetTokens[1] is NaN',
      },
    ])
  })

  test('fails with the message of a named error as the user’s, and hides what a bug says', async () => {
    const futures = createFutures(1e6)
    const reported: unknown[] = []
    for (const id of ['user', 'bug']) futures.open(id, { sessionId: 's' })
    await settleWith(
      futures,
      'user',
      () => Promise.reject(new DataError('datum 3 is empty', { hint: 'drop it' })),
      report,
    )
    const bug = new Error('secret')
    await settleWith(
      futures,
      'bug',
      () => Promise.reject(bug),
      (error) => reported.push(error),
    )
    const failed = { kind: 'failed', error: 'datum 3 is empty (drop it)', category: 'user' }
    expect(await futures.wait('user', 0, never)).toEqual(failed)
    const hidden = { kind: 'failed', error: 'internal error of the server; its log says more', category: 'server' }
    expect(await futures.wait('bug', 0, never)).toEqual(hidden)
    expect(reported).toEqual([bug])
  })
})
