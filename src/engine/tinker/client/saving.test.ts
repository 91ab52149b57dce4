import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FakeOptions, Fault } from './fixtures/fake-server.ts'
import { createSwitch, datum, errorOf, openPair, refuse, step } from './fixtures/kit.ts'

const tempDir = (): string => mkdtempSync(join(tmpdir(), 'fleming-'))

const hasPointer = (dir: string): boolean => existsSync(join(dir, 'state.json'))

describe('what a save leaves at the server', () => {
  test('is given back when another one takes its folder', async () => {
    const { fake, client } = await openPair()
    const dir = tempDir()
    for (const kept of [1, 2, 3]) {
      await step(client)
      await client.saveState(dir)
      expect([fake.countOf('save_weights'), fake.states.size]).toEqual([kept, 1])
    }
    await client.loadState(dir, { optimizer: true })
    expect((await step(client)).step).toBe(4)
    expect((await client.info()).facts.leftAtServer).toBeUndefined()
  })

  test('is given back when it is forgotten, and only that', async () => {
    const { fake, client } = await openPair()
    const [first, second] = [tempDir(), tempDir()]
    await client.saveState(first)
    await client.saveState(second)
    await client.forgetState!(first)
    expect([fake.states.size, hasPointer(first), hasPointer(second)]).toEqual([1, false, true])
    await client.forgetState!(first)
    await client.forgetState!(tempDir())
    await client.loadState(second, { optimizer: true })
  })

  test('is no error when it is gone already, in both forms of its address', async () => {
    const { fake, client } = await openPair()
    const dir = tempDir()
    await client.saveState(dir)
    const name = [...fake.states.keys()][0]!.split('/').at(-1)
    fake.states.clear()
    await client.forgetState!(dir)
    const asked = fake.calls.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint.startsWith('training_runs/'))
    expect(asked).toEqual([
      `training_runs/model_1/checkpoints/weights/${name}`,
      `training_runs/model_1/checkpoints/${name}`,
    ])
    expect((await client.info()).facts.leftAtServer).toBeUndefined()
  })

  test.each([405, 501, 403])('stays where a server answers %i, which is a fact and no error', async (status) => {
    const fault: FakeOptions['fault'] = ({ endpoint }) =>
      endpoint.startsWith('training_runs/') ? refuse(status, 'cannot') : undefined
    const { fake, client } = await openPair({ fault })
    const dir = tempDir()
    await client.saveState(dir)
    await client.saveState(dir)
    await client.forgetState!(dir)
    expect(fake.states.size).toBe(2)
    expect((await client.info()).facts.leftAtServer).toBe(
      `2 checkpoints could not be deleted there: status ${status}: cannot`,
    )
  })

  test('by a reset of the optimizer is given back', async () => {
    const { fake, client } = await openPair()
    await step(client)
    await client.resetOptimizer()
    expect([fake.countOf('save_weights'), fake.states.size]).toEqual([1, 0])
    expect((await step(client)).step).toBe(1)
  })

  test('ends with the session, which is finished by name where the server knows that', async () => {
    const { fake, client } = await openPair()
    await client.close()
    const last = fake.calls.filter(({ endpoint }) => endpoint !== 'session_heartbeat').at(-1)!
    expect(last.endpoint).toBe('sessions/session_1/finish')
    expect(JSON.parse(Buffer.from(last.body).toString())).toEqual({ reason: { type: 'completed' } })
  })
})

describe('a state that the server has lost', () => {
  test.each([
    [['sft', 'final'], ['sft']],
    [['grpo', 'checkpoints', 'step-000010'], ['grpo']],
    [['elsewhere'], ['elsewhere']],
  ])('in %j: the error names the folder, and which one to delete and why', async (parts, stage) => {
    const { fake, client } = await openPair()
    const root = tempDir()
    const dir = join(root, ...parts)
    await client.saveState(dir)
    fake.states.clear()
    const error = await errorOf(client.loadState(dir, { optimizer: true }))
    expect(error.code).toBe('E_DATA')
    expect(error.message).toContain(dir)
    expect(error.hint).toContain(`delete the folder ${join(root, ...stage)} and run the same command again`)
    // The model that was there still stands.
    expect((await client.forward([datum], 'cross_entropy')).logprobs_DT[0]).toHaveLength(3)
  })

  test('together with the model, in a restart: 404 says so, and a saved state goes on', async () => {
    let isRestarted = false
    const lost: Fault = refuse(404, 'no such model')
    const { fault, on } = createSwitch()
    const { client } = await openPair({
      fault: (call) => (isRestarted && call.endpoint === 'unload_model' ? lost : fault(call)),
    })
    const dir = tempDir()
    await step(client)
    await client.saveState(dir)
    isRestarted = true
    on('forward_backward', lost)
    expect((await errorOf(client.forwardBackward([datum], 'cross_entropy'))).hint).toBe(
      'the server was restarted and has lost the unsaved model: run the same command again, it goes on from the last checkpoint',
    )
    await client.loadState(dir, { optimizer: true })
    expect((await step(client)).step).toBe(2)
  })
})
