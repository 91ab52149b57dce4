import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { StorageError } from '../errors.ts'
import { nodeFileSystem } from './file-system.ts'
import { acquireLock } from './lock.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-lock-'))
const lockFile = join(root, 'lock')
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => {
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true })
})

function lockErrorOf(call: () => unknown): StorageError | null {
  try {
    call()
  } catch (error) {
    return error as StorageError
  }
  return null
}

/** The text of a lock that this process holds. */
function ownLock(): string {
  const lock = acquireLock(root)
  const text = readFileSync(lockFile, 'utf8')
  lock.release()
  return text
}

describe('a lock', () => {
  test('keeps a second writer out until it is released, and names the holder', () => {
    const lock = acquireLock(root)
    const error = lockErrorOf(() => acquireLock(root))
    expect(error).toMatchObject({
      code: 'E_LOCKED',
      exitCode: 74,
      message: `${lockFile}: held by process ${process.pid}`,
    })
    expect(error?.hint).toContain(`process ${process.pid}`)
    lock.release()
    expect(existsSync(lockFile)).toBe(false)
    acquireLock(root).release()
    expect(readdirSync(root)).toEqual([])
  })

  test('released twice, it does not take away the lock of the next holder', () => {
    const first = acquireLock(root)
    first.release()
    const second = acquireLock(root)
    first.release()
    expect(existsSync(lockFile)).toBe(true)
    second.release()
  })

  test('released after somebody replaced it, it leaves the other lock alone', () => {
    const lock = acquireLock(root)
    writeFileSync(lockFile, '{"pid":1}')
    lock.release()
    expect(readFileSync(lockFile, 'utf8')).toBe('{"pid":1}')
  })

  test('in a missing directory is a named error', () => {
    expect(lockErrorOf(() => acquireLock(join(root, 'none')))?.code).toBe('E_IO')
  })
})

describe('a stale lock heals itself', () => {
  test.each([
    ['of a process that is gone', (own: string) => own.replace(/"pid":\d+/, '"pid":4194305')],
    ['of an earlier process with our id', (own: string) => own.replace(/"startTicks":"\d+"/, '"startTicks":"1"')],
    ['of an earlier boot', (own: string) => own.replace(/"bootId":"[^"]+"/, '"bootId":"other"')],
    ['that power loss emptied', () => ''],
    ['that is junk', () => 'null'],
  ])('%s', (_, forge) => {
    const own = ownLock()
    const stale = forge(own)
    expect(stale).not.toBe(own)
    writeFileSync(lockFile, stale)
    const lock = acquireLock(root)
    expect(readFileSync(lockFile, 'utf8')).toBe(own)
    expect(readdirSync(root)).toEqual(['lock'])
    lock.release()
  })

  test('after its process was killed, not before', async () => {
    const script = `
      import { acquireLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)}
      acquireLock(${JSON.stringify(root)})
      console.log('locked')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    await once(child.stdout, 'data')
    expect(lockErrorOf(() => acquireLock(root))?.message).toBe(`${lockFile}: held by process ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    acquireLock(root).release()
  })

  test.runIf(process.platform === 'linux')('of a zombie, whose parent has not taken note of its end', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'])
    const [output] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(output.toString())
    const startTicks = statFields(pid)[19]
    const own = ownLock()
    const theirs = own
      .replace(/"pid":\d+/, `"pid":${pid}`)
      .replace(/"startTicks":"\d+"/, `"startTicks":"${startTicks}"`)
    writeFileSync(lockFile, theirs)
    expect(lockErrorOf(() => acquireLock(root))?.code).toBe('E_LOCKED')
    while (statFields(pid)[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 20))
    acquireLock(root).release()
    parent.kill('SIGKILL')
  })

  test('when two heal it at once, one of them gets it', () => {
    const own = ownLock()
    writeFileSync(lockFile, own.replace(/"startTicks":"\d+"/, '"startTicks":"1"'))
    let isFirst = true
    const overtaken = {
      ...nodeFileSystem,
      rename: (from: string, to: string) => {
        // Between our look at the stale lock and our move, a rival heals it and takes the lock.
        if (isFirst) acquireLock(root)
        isFirst = false
        nodeFileSystem.rename(from, to)
      },
    }
    expect(lockErrorOf(() => acquireLock(root, overtaken))?.code).toBe('E_LOCKED')
    expect(readFileSync(lockFile, 'utf8')).toBe(own)
    expect(readdirSync(root)).toEqual(['lock'])
  })
})

test('the holder removes what a killed one left half written, and nothing else', () => {
  const inner = join(root, 'rl-1')
  mkdirSync(join(inner, '.old.tmp-77-2'), { recursive: true })
  writeFileSync(join(inner, '.old.tmp-77-2', 'a'), '1')
  for (const name of ['.manifest.json.tmp-77-0', 'a.jsonl', '.hidden', 'b.tmp-1-1', 'a.jsonl.torn-1']) {
    writeFileSync(join(inner, name), '1')
  }
  acquireLock(root).release()
  expect(readdirSync(inner).sort()).toEqual(['.hidden', 'a.jsonl', 'a.jsonl.torn-1', 'b.tmp-1-1'])
})

function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
