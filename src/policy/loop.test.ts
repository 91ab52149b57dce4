import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { AuditError, DataError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { ensureDir, putAtomic, readLog } from '../core/store.ts'
import type { TrainingClient } from '../engine/types.ts'
import { clearProgress, type LoopOptions, type LoopResult, runLoop } from './loop.ts'

const root = mkdtempSync(join(tmpdir(), 'loop-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const freshDir = (): string => join(root, String(++folders))

class Killed extends Error {}

/** Counts the places where a kill can strike, and strikes at the one numbered `at`. */
function killer(at: number): { tick(): void; readonly ticks: number } {
  let ticks = 0
  return {
    tick: () => {
      ticks += 1
      if (ticks === at) throw new Killed(`killed at ${at}`)
    },
    get ticks() {
      return ticks
    },
  }
}

const never = 0
const steps = 7
const checkpointEvery = 3
const stateSchema = z.object({ weights: z.number() })

/** A client whose weights are one number, saved in a file; a kill may leave the file half written. */
function fakeClient(tick: () => void): TrainingClient & { weights: number } {
  const client = {
    weights: 1,
    saveState: async (dir: string): Promise<void> => {
      tick()
      ensureDir(dir)
      writeFileSync(join(dir, 'state.json'), '{"weig')
      tick()
      putAtomic(join(dir, 'state.json'), `{"weights":${client.weights}}`)
      tick()
    },
    loadState: async (dir: string): Promise<void> => {
      tick()
      const file = join(dir, 'state.json')
      client.weights = stateSchema.parse(parseJson(readFileSync(file, 'utf8'), { file })).weights
    },
  }
  return client as unknown as TrainingClient & { weights: number }
}

/** One process: a fresh client, a memory that is empty until it is restored, and a run up to the kill. */
async function run(
  dir: string,
  killAt = never,
  changes: Partial<LoopOptions> = {},
): Promise<LoopResult & { readonly ticks: number }> {
  const counter = killer(killAt)
  const { tick } = counter
  const client = fakeClient(tick)
  let memory: number[] = []
  const result = await runLoop({
    dir,
    client,
    steps,
    checkpointEvery,
    logs: ['details.jsonl'],
    snapshot: () => {
      tick()
      return memory
    },
    restore: (state) => {
      memory = z.array(z.number()).parse(state)
    },
    step: async (step, logs) => {
      tick()
      logs.get('details.jsonl')!.append([
        { step, weights: client.weights },
        { step, remembered: memory.length },
      ])
      tick()
      memory.push(client.weights)
      client.weights = (client.weights * 31 + step + memory.reduce((sum, value) => sum + value, 0)) % 10_007
      tick()
      return { metrics: { 'train/loss': client.weights } }
    },
    onStep: tick,
    ...changes,
  })
  return { ...result, ticks: counter.ticks }
}

/** What a sealed stage would hold: logs and final state, byte for byte. */
function product(dir: string): Readonly<Record<string, string>> {
  const files = ['metrics.jsonl', 'details.jsonl', 'final/state.json']
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(dir, file), 'utf8')]))
}

async function killedRun(dir: string, killAt: number): Promise<void> {
  await expect(run(dir, killAt)).rejects.toThrow(Killed)
}

const wholeDir = freshDir()
const whole = await run(wholeDir)
const expected = product(wholeDir)

test('an uninterrupted loop does every step once and logs it', () => {
  expect(whole).toMatchObject({ steps: 7, stopped: null })
  const { records } = readLog<{ step: number }>(join(wholeDir, 'metrics.jsonl'))
  expect(records.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(readLog(join(wholeDir, 'details.jsonl')).records).toHaveLength(14)
})

test('killed at any point and started again, the logs and the final state are the same bytes', async () => {
  // Four places in each of 7 steps, three in the saving and one in the snapshot of 2 checkpoints, three in the last saving.
  const { ticks } = await run(freshDir())
  expect(ticks).toBe(7 * 4 + 2 * 4 + 3)
  for (let at = 1; at <= ticks; at++) {
    const dir = freshDir()
    await killedRun(dir, at)
    await run(dir)
    expect({ at, ...product(dir) }).toEqual({ at, ...expected })
  }
})

test('killed twice, the second time while it catches up, the bytes are still the same', async () => {
  for (const [first, second] of [
    [20, 2],
    [20, 9],
    [31, 1],
    [31, 4],
    [38, 6],
  ] as const) {
    const dir = freshDir()
    await killedRun(dir, first)
    await killedRun(dir, second)
    await run(dir)
    expect(product(dir)).toEqual(expected)
  }
})

test('a resumed loop does only the steps after its checkpoint', async () => {
  const dir = freshDir()
  // 4 ticks a step and 4 a checkpoint: in the fifth step, after the checkpoint at 3.
  await killedRun(dir, 4 * 4 + 4 + 2)
  const seen: number[] = []
  await run(dir, never, { onStep: (step) => seen.push(step) })
  expect(seen).toEqual([4, 5, 6, 7])
})

test.each(['metrics.jsonl', 'details.jsonl'])(
  'a torn last line of %s is moved aside, and the bytes are the same',
  async (log) => {
    const dir = freshDir()
    await killedRun(dir, 4 * 5 + 4 + 2)
    appendFileSync(join(dir, log), '{"step":6,"tra')
    await run(dir)
    expect(product(dir)).toEqual(expected)
    expect(readFileSync(join(dir, `${log}.torn-1`), 'utf8')).toBe('{"step":6,"tra')
  },
)

test('a loop that was finished but not yet sealed ends in the same bytes when it is run again', async () => {
  const dir = freshDir()
  await run(dir)
  await run(dir)
  expect(product(dir)).toEqual(expected)
})

test('one checkpoint is kept at a time, and none once progress is cleared', async () => {
  const dir = freshDir()
  await run(dir)
  expect(readdirSync(join(dir, 'checkpoints'))).toEqual(['step-000006'])
  clearProgress(dir)
  expect(readdirSync(dir).sort()).toEqual(['details.jsonl', 'final', 'metrics.jsonl'])
  clearProgress(dir)
  expect(product(dir)).toEqual(expected)
})

test('a step that says stop is the last one, and says why', async () => {
  const dir = freshDir()
  const client = fakeClient(() => {})
  const result = await run(dir, never, {
    client,
    step: async (step) => ({ metrics: { 'train/loss': step }, ...(step === 3 ? { stop: 'plateau' } : {}) }),
  })
  expect(result).toMatchObject({ steps: 4, stopped: 'plateau' })
  expect(readLog(join(dir, 'metrics.jsonl')).records).toHaveLength(4)
  expect(existsSync(join(dir, 'final', 'state.json'))).toBe(true)
})

test('a loop of no steps saves the weights that it was given', async () => {
  const dir = freshDir()
  expect(await run(dir, never, { steps: 0 })).toMatchObject({ steps: 0, stopped: null })
  expect(product(dir)).toEqual({ 'metrics.jsonl': '', 'details.jsonl': '', 'final/state.json': '{"weights":1}' })
})

test('lines of a first attempt that never reached a checkpoint are not counted twice', async () => {
  const dir = freshDir()
  await killedRun(dir, 7)
  expect(readLog(join(dir, 'metrics.jsonl')).records).toHaveLength(1)
  await run(dir)
  expect(product(dir)).toEqual(expected)
})

test('a progress record that is not one is refused, naming what to delete', async () => {
  const dir = freshDir()
  ensureDir(dir)
  writeFileSync(join(dir, 'progress.json'), '{"step":3}')
  await expect(run(dir)).rejects.toThrow(DataError)
  await expect(run(dir)).rejects.toMatchObject({
    message: expect.stringContaining(`${join(dir, 'progress.json')}: is not a progress record`),
    hint: `delete the folder ${dir} to run this stage anew`,
  })
})

test('a log that lost lines after its checkpoint is refused, not continued', async () => {
  const dir = freshDir()
  await killedRun(dir, 4 * 5 + 4 + 2)
  writeFileSync(join(dir, 'details.jsonl'), '')
  await expect(run(dir)).rejects.toThrow(AuditError)
})
