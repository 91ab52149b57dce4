/** Nothing is applied twice, whatever a server or a proxy says. */
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NumericalError } from '../../../core/errors.ts'
import type { Fault } from './fixtures/fake-server.ts'
import { createSwitch, datum, errorOf, fail, inDoubt, openPair, refuse, step } from './fixtures/kit.ts'
import { FailedError, RefusedError } from './refusal.ts'

const tempDir = (): string => mkdtempSync(join(tmpdir(), 'fleming-'))

const polls = (status: number): Fault[] => Array(9).fill(refuse(status, 'token expired'))
const pass = [[datum], 'cross_entropy'] as const
const adam = { learningRate: 0.01 }

describe('a step whose effect is not known is not made again:', () => {
  test.each([
    ['403 at the poll', 'retrieve_future', polls(403), /refused with status 403: token expired \(the operation itself/],
    ['404 at the poll', 'retrieve_future', polls(404), /refused with status 404/],
    ['422 at the poll', 'retrieve_future', polls(422), /refused with status 422/],
    ['503, then 403 at the repetition', 'optim_step', [refuse(503), refuse(403)], /403: no \(an attempt before it/],
    ['a lost reply, then 401', 'optim_step', [{ kind: 'lose-reply' }, refuse(401)], /401: no \(an attempt before it/],
    ['408, then 400', 'optim_step', [refuse(408), refuse(400)], /400: no \(an attempt before it/],
    ['a failure by the user’s fault', 'retrieve_future', [fail('bad beta', 'user')], /failed at the server \(user\)/],
  ] as const)('%s', async (_, endpoint, faults, message) => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ fault })
    const dir = tempDir()
    await step(client)
    await client.saveState(dir)
    await client.forwardBackward(...pass)
    on(endpoint, ...(faults as Fault[]))
    const error = await errorOf(client.optimStep(adam))
    expect(error.message).toMatch(message)
    expect(error).not.toBeInstanceOf(RefusedError)
    on('nothing')
    for (const call of [client.optimStep(adam), client.forwardBackward(...pass), client.forward(...pass)]) {
      expect((await errorOf(call)).message).toMatch(inDoubt)
    }
    await client.loadState(dir, { optimizer: true })
    expect((await step(client)).step).toBe(2)
  })

  test('a state is not saved over it, whether it was asked for before or after', async () => {
    const { fault, on } = createSwitch()
    const { fake, client } = await openPair({ fault })
    const [before, after] = [tempDir(), tempDir()]
    await step(client)
    await client.forwardBackward(...pass)
    on('retrieve_future', fail('out of memory', 'server'))
    const failing = errorOf(client.optimStep(adam))
    const saving = errorOf(client.saveState(before))
    expect((await failing).message).toMatch(/out of memory/)
    expect((await saving).message).toMatch(inDoubt)
    expect((await errorOf(client.saveState(after))).message).toMatch(inDoubt)
    expect([before, after].map((dir) => existsSync(join(dir, 'state.json')))).toEqual([false, false])
    expect(fake.countOf('save_weights')).toBe(1)
  })

  test('calls that wait behind it are not sent', async () => {
    const { fault, on } = createSwitch()
    const { fake, client } = await openPair({ fault })
    await client.forwardBackward(...pass)
    on('optim_step', refuse(503), refuse(403))
    const outcomes = await Promise.all([
      errorOf(client.optimStep(adam)),
      errorOf(client.forwardBackward(...pass)),
      errorOf(client.optimStep(adam)),
    ])
    expect(outcomes.slice(1).map(({ message }) => inDoubt.test(message))).toEqual([true, true])
    expect(fake.applied).toEqual(['forward_backward 1'])
  })
})

describe('a gradient that may have been added is not added again:', () => {
  test.each([
    ['403 at the poll', 'retrieve_future', polls(403)],
    ['a failure that the server does not explain', 'retrieve_future', [fail('lost', 'unknown')]],
    ['502, then 403 at the repetition', 'forward_backward', [refuse(502), refuse(403)]],
  ] as const)('%s', async (_, endpoint, faults) => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ fault })
    const dir = tempDir()
    await client.saveState(dir)
    on(endpoint, ...(faults as Fault[]))
    await errorOf(client.forwardBackward(...pass))
    on('nothing')
    expect((await errorOf(client.forwardBackward(...pass))).message).toMatch(inDoubt)
    expect((await errorOf(client.optimStep(adam))).message).toMatch(inDoubt)
    // The weights are those that they were. A number that was refused is a gap here, behind which nothing is answered.
    if (endpoint === 'retrieve_future') expect((await client.forward(...pass)).logprobs_DT[0]).toHaveLength(3)
    await client.loadState(dir, { optimizer: true })
    expect((await step(client)).step).toBe(1)
  })
})

describe('what is known to have had no effect may be tried again:', () => {
  test('a refusal of the first attempt, 429 and 425 before it included', async () => {
    const { fault, on } = createSwitch()
    const { fake, client } = await openPair({ fault })
    on('forward_backward', refuse(429), refuse(425), refuse(403))
    expect(await errorOf(client.forwardBackward(...pass))).toBeInstanceOf(RefusedError)
    expect(fake.applied).toEqual([])
    on('forward_backward')
    // The number that was refused stays a gap at this server; what matters is that the client goes on.
    expect((await client.info()).usage.trained).toBe(0)
    on('optim_step', refuse(400))
    expect(await errorOf(client.optimStep(adam))).toBeInstanceOf(RefusedError)
    expect((await errorOf(client.optimStep({ learningRate: -1 }))).code).toBe('E_CONFIG')
  })

  test('a poll that is refused once is a proxy’s or a token’s fault, and repeated', async () => {
    const { fault, on } = createSwitch()
    const { fake, client } = await openPair({ fault })
    await client.forwardBackward(...pass)
    on('retrieve_future', refuse(403), refuse(401))
    expect((await client.optimStep(adam)).step).toBe(1)
    expect(fake.applied).toEqual(['forward_backward 1', 'optim_step 2'])
  })

  test('a pass that failed by the user’s fault', async () => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ fault })
    on('retrieve_future', fail('too long', 'user'))
    expect(await errorOf(client.forwardBackward(...pass))).toBeInstanceOf(FailedError)
    expect((await step(client)).step).toBe(1)
  })
})

describe('a failure at the server', () => {
  test('over a number that is not finite is a NumericalError that says how to go on', async () => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ fault })
    await client.forwardBackward(...pass)
    on('retrieve_future', fail('the update of tensor w is not finite (lower the rate)', 'server'))
    const error = await errorOf(client.optimStep(adam))
    expect(error).toBeInstanceOf(NumericalError)
    expect(error.message).toContain('the update of tensor w is not finite (lower the rate)')
    expect(error.hint).toContain('smaller learning rate')
    expect((await errorOf(client.saveState(tempDir()))).message).toMatch(inDoubt)
  })

  test('is told in the server’s words, all of them', async () => {
    const { fault, on } = createSwitch()
    const { client } = await openPair({ fault })
    const text = `${'x'.repeat(3000)} (hint at the end)`
    on('retrieve_future', fail(text, 'server'))
    const error = await errorOf(client.forwardBackward(...pass))
    expect(error).toBeInstanceOf(FailedError)
    expect(error.message).toMatch(/x{3000} \(hint at the end\)$/)
  })
})
