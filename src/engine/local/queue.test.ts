import { describe, expect, test } from 'vitest'
import { EngineError } from '../../core/errors.ts'
import { abortedError, createQueue } from './queue.ts'

/** Work that takes some turns of the event loop and looks at its signal at each. */
function slow(log: string[], name: string, turns = 3) {
  return async (signal: AbortSignal): Promise<string> => {
    log.push(`+${name}`)
    for (let turn = 0; turn < turns; turn += 1) {
      await new Promise(setImmediate)
      if (signal.aborted) throw abortedError(signal)
    }
    log.push(`-${name}`)
    return name
  }
}

describe('order', () => {
  test('work of one lane runs in order and never overlaps, whatever it takes', async () => {
    const log: string[] = []
    const lane = createQueue().openLane()
    const results = await Promise.all([lane.run(slow(log, 'a', 9)), lane.run(slow(log, 'b', 1)), lane.run(() => 'c')])
    expect(results).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['+a', '-a', '+b', '-b'])
  })

  test('lanes take turns, so that a long queue of one starves nobody', async () => {
    const log: string[] = []
    const queue = createQueue()
    const [busy, other, third] = [queue.openLane(), queue.openLane(), queue.openLane()]
    const note = (name: string) => () => {
      log.push(name)
    }
    const calls = [1, 2, 3, 4].map((n) => busy.run(note(`busy${n}`)))
    calls.push(other.run(note('other1')), other.run(note('other2')), third.run(note('third1')))
    await Promise.all(calls)
    expect(log).toEqual(['busy1', 'other1', 'third1', 'busy2', 'other2', 'busy3', 'busy4'])
  })

  test('failed work fails its own caller and nobody else', async () => {
    const lane = createQueue().openLane()
    const failed = lane.run(() => Promise.reject(new EngineError('broken')))
    const next = lane.run(() => 'fine')
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('fine')
  })
})

describe('abort', () => {
  test('before the call: the work never starts', async () => {
    const log: string[] = []
    const call = createQueue().openLane().run(slow(log, 'a'), AbortSignal.abort())
    await expect(call).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(log).toEqual([])
  })

  test('in the queue: the call fails at once, while the work before it goes on', async () => {
    const log: string[] = []
    const lane = createQueue().openLane()
    const controller = new AbortController()
    const first = lane.run(slow(log, 'a', 50))
    const second = lane.run(slow(log, 'b'), controller.signal)
    const third = lane.run(slow(log, 'c'))
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'E_ABORTED' })
    expect(log).toEqual(['+a'])
    expect(await Promise.all([first, third])).toEqual(['a', 'c'])
    expect(log).toEqual(['+a', '-a', '+c', '-c'])
  })

  test('in the middle: the work hears of it, the next one runs, and the reason is the cause', async () => {
    const log: string[] = []
    const lane = createQueue().openLane()
    const controller = new AbortController()
    const first = lane.run(slow(log, 'a', 50), controller.signal)
    const second = lane.run(slow(log, 'b'))
    await new Promise(setImmediate)
    const reason = new Error('the user pressed a key')
    controller.abort(reason)
    await expect(first).rejects.toMatchObject({ code: 'E_ABORTED', cause: reason })
    expect(await second).toBe('b')
    expect(log).toEqual(['+a', '+b', '-b'])
  })

  test('too late: work that came to its end keeps its result', async () => {
    const controller = new AbortController()
    const call = createQueue()
      .openLane()
      .run(() => {
        controller.abort()
        return 'done'
      }, controller.signal)
    expect(await call).toBe('done')
  })
})

describe('closing a lane', () => {
  test('fails what waits and what runs as closed, then runs the last work; other lanes go on', async () => {
    const log: string[] = []
    const queue = createQueue()
    const [lane, other] = [queue.openLane(), queue.openLane()]
    const calls = [lane.run(slow(log, 'a', 50)), lane.run(slow(log, 'b'))]
    const rejections = Promise.allSettled(calls)
    const elsewhere = other.run(slow(log, 'other'))
    await new Promise(setImmediate)
    await lane.close(async () => {
      log.push('last')
    })
    for (const outcome of await rejections)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'E_ENGINE', message: 'the engine is closed' },
      })
    expect(await elsewhere).toBe('other')
    expect(log.filter((entry) => !entry.includes('other'))).toEqual(['+a', 'last'])
  })

  test('happens once, and later work is refused', async () => {
    const log: string[] = []
    const lane = createQueue().openLane()
    const last = async () => {
      log.push('last')
    }
    await Promise.all([lane.close(last), lane.close(last)])
    expect(log).toEqual(['last'])
    await expect(lane.run(() => 1)).rejects.toThrow('the engine is closed')
  })
})
