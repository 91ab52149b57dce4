import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RequestError } from './errors.ts'
import { createSequence } from './sequence.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A sequence whose operations note that they ran; each takes a turn of the event loop. */
function trial() {
  const events: string[] = []
  const sequence = createSequence({ firstSeqId: 1, gapTimeoutMs: 1000, requestId: (seqId) => `m:${seqId}` })
  const submit = (seqId: number | undefined, hash = `body ${seqId}`): string =>
    sequence.submit(
      { seqId, hash },
      {
        accept: () => {},
        run: async (id) => {
          events.push(`start ${id}`)
          await Promise.resolve()
          events.push(`end ${id}`)
        },
        fail: (id, error) => void events.push(`fail ${id}: ${error.message}`),
      },
    )
  return { events, sequence, submit, settle: () => vi.advanceTimersByTimeAsync(0) }
}

const runs = (...ids: readonly number[]) => ids.flatMap((id) => [`start m:${id}`, `end m:${id}`])

describe('the operations of a model', () => {
  test('run in the order of their numbers, one at a time, whatever the order of arrival', async () => {
    const { events, submit, settle } = trial()
    for (const seqId of [3, 2, 4, 1]) submit(seqId)
    await settle()
    expect(events).toEqual(runs(1, 2, 3, 4))
  })

  test('sent twice they run once and keep their id; another body under the number is refused', async () => {
    const { events, submit, settle } = trial()
    expect([submit(1), submit(1)]).toEqual(['m:1', 'm:1'])
    await settle()
    expect(submit(1)).toBe('m:1')
    await settle()
    expect(events).toEqual(runs(1))
    expect(() => submit(1, 'other')).toThrow('seq_id 1 was used for another request')
  })

  test('do not wait for one that was refused, which stays refused', async () => {
    const { events, sequence, submit, settle } = trial()
    submit(2)
    sequence.reject({ seqId: 1, hash: 'bad' }, new RequestError(400, 'bad weights'))
    await settle()
    expect(events).toEqual(runs(2))
    expect(() => submit(1, 'bad')).toThrow('bad weights')
    expect(() => submit(1, 'good')).toThrow('seq_id 1 was used for another request')
  })

  test('behind a gap fail when its time is over; the missing one is then refused and later ones run', async () => {
    const { events, submit, settle } = trial()
    submit(1)
    submit(3)
    await vi.advanceTimersByTimeAsync(900)
    submit(4)
    await vi.advanceTimersByTimeAsync(200)
    const late = 'seq_id 2 did not arrive within 1 s'
    expect(events).toEqual([...runs(1), `fail m:3: ${late}`, `fail m:4: ${late}`])
    expect(() => submit(2)).toThrow('seq_id 2 arrived after those behind it had given up')
    submit(5)
    await settle()
    expect(events.slice(-2)).toEqual(runs(5))
  })

  test('without a number run after all that has arrived', async () => {
    const { events, submit, settle } = trial()
    submit(1)
    submit(2)
    expect(submit(undefined)).toBe('m:3')
    await settle()
    expect(events).toEqual(runs(1, 2, 3))
  })

  test('fail when the model goes, and later ones are refused', async () => {
    const { events, sequence, submit } = trial()
    submit(2)
    sequence.close(new RequestError(404, 'gone'))
    expect(events).toEqual(['fail m:2: gone'])
    expect(() => submit(3)).toThrow('gone')
  })

  test.each([0, -1, 200_000])('number %i is refused', (seqId) => {
    expect(() => trial().submit(seqId)).toThrow(RequestError)
  })
})
