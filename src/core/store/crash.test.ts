import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createRng, type Rng } from '../rng.ts'
import { putAtomic } from './atomic.ts'
import type { FileSystem } from './file-system.ts'
import { openLog, readLog } from './log.ts'

/**
 * Power loss on a simulated disk. The disk journals every call; a crash state is a prefix of the
 * journal of which the unsynced part survives by chance: data by 512-byte sectors, names as an ordered prefix (`ordered`,
 * a journaling file system) or as any subset (`weak`).
 */
type Inode = number
type Op =
  | { readonly kind: 'write'; readonly inode: Inode; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly inode: Inode; readonly sizeBytes: number }
  | { readonly kind: 'sync'; readonly inode: Inode }
  | { readonly kind: 'name'; readonly path: string; readonly inode: Inode; readonly from: string | null }
  | { readonly kind: 'unname'; readonly path: string }
  | { readonly kind: 'syncDir' }
  | { readonly kind: 'acknowledge' }

type Mode = 'ordered' | 'weak'
type Disk = { readonly journal: Op[]; readonly fileSystem: FileSystem; acknowledge(): void }

const SECTOR_BYTES = 512
/** Calls take at most this many bytes, so that a crash can fall between two parts of one write. */
const SHORT_WRITE_BYTES = 900
const DIR: Inode = -1

function createDisk(): Disk {
  const journal: Op[] = []
  const names = new Map<string, Inode>()
  const sizes: number[] = []
  const open: FileSystem['open'] = (path, flags) => {
    if (flags === 'r') return DIR
    const known = names.get(path)
    if (known !== undefined) return known
    const inode = sizes.push(0) - 1
    names.set(path, inode)
    journal.push({ kind: 'name', path, inode, from: null })
    return inode
  }
  const sync = (inode: Inode): void => void journal.push(inode === DIR ? { kind: 'syncDir' } : { kind: 'sync', inode })
  const unused = (): never => {
    throw new TypeError('not simulated')
  }
  const fileSystem: FileSystem = {
    open,
    write: (inode, bytes) => {
      const part = Uint8Array.from(bytes.subarray(0, SHORT_WRITE_BYTES))
      journal.push({ kind: 'write', inode, offset: sizes[inode]!, bytes: part })
      sizes[inode]! += part.length
      return part.length
    },
    sizeOf: (inode) => sizes[inode]!,
    sync,
    dataSync: sync,
    truncate: (inode, sizeBytes) => {
      sizes[inode] = sizeBytes
      journal.push({ kind: 'truncate', inode, sizeBytes })
    },
    close: () => {},
    rename: (from, path) => {
      const inode = names.get(from)!
      names.delete(from)
      names.set(path, inode)
      journal.push({ kind: 'name', path, inode, from })
    },
    link: unused,
    unlink: (path) => {
      names.delete(path)
      journal.push({ kind: 'unname', path })
    },
    makeDir: unused,
    removeTree: unused,
    freeBytes: unused,
  }
  return { journal, fileSystem, acknowledge: () => void journal.push({ kind: 'acknowledge' }) }
}

/** What a reader finds under each name after a crash at the end of `ops`. */
function crash(ops: readonly Op[], mode: Mode, rng: Rng): Map<string, Buffer> {
  const lastSync = new Map<Inode, number>()
  let lastDirSync = -1
  for (const [index, op] of ops.entries()) {
    if (op.kind === 'sync') lastSync.set(op.inode, index)
    if (op.kind === 'syncDir') lastDirSync = index
  }
  const isKept = (): boolean => rng.int(2) === 1
  const data = new Map<Inode, Buffer>()
  const names = new Map<string, Inode>()
  let isNameLost = false
  for (const [index, op] of ops.entries()) {
    if (op.kind === 'write' || op.kind === 'truncate') {
      const isDurable = index < (lastSync.get(op.inode) ?? -1)
      data.set(
        op.inode,
        surviving(data.get(op.inode) ?? Buffer.alloc(0), op, () => isDurable || isKept()),
      )
    } else if (op.kind === 'name' || op.kind === 'unname') {
      const isDurable = index < lastDirSync
      if (!isDurable && mode === 'ordered') isNameLost ||= !isKept()
      if (!isDurable && (mode === 'ordered' ? isNameLost : !isKept())) continue
      if (op.kind === 'unname') names.delete(op.path)
      else {
        names.set(op.path, op.inode)
        if (op.from !== null) names.delete(op.from)
      }
    }
  }
  return new Map([...names].map(([path, inode]) => [path, data.get(inode) ?? Buffer.alloc(0)]))
}

function surviving(before: Buffer, op: Extract<Op, { kind: 'write' | 'truncate' }>, isKept: () => boolean): Buffer {
  if (op.kind === 'truncate') return isKept() ? before.subarray(0, op.sizeBytes) : before
  let result = before
  for (let start = 0; start < op.bytes.length; ) {
    const offset = op.offset + start
    const end = Math.min(op.bytes.length, start + SECTOR_BYTES - (offset % SECTOR_BYTES))
    if (isKept()) {
      const grown = Buffer.alloc(Math.max(result.length, op.offset + end))
      result.copy(grown)
      grown.set(op.bytes.subarray(start, end), offset)
      result = grown
    }
    start = end
  }
  return result
}

const OLD = Buffer.alloc(1300, 'old ')
const NEW = Buffer.alloc(1900, 'new ')
const FILE = '/disk/file'
const TEMP = '/disk/temp'

type Protocol = (disk: FileSystem, data: Buffer) => void

function writeAll(disk: FileSystem, fd: number, data: Buffer): void {
  for (let done = 0; done < data.length; ) done += disk.write(fd, data.subarray(done))
}

const inPlace: Protocol = (disk, data) => {
  const fd = disk.open(FILE, 'a')
  disk.truncate(fd, 0)
  writeAll(disk, fd, data)
  disk.sync(fd)
}

const renameOnly: Protocol = (disk, data) => {
  writeAll(disk, disk.open(TEMP, 'wx'), data)
  disk.rename(TEMP, FILE)
}

const syncAndRename: Protocol = (disk, data) => {
  const fd = disk.open(TEMP, 'wx')
  writeAll(disk, fd, data)
  disk.sync(fd)
  disk.rename(TEMP, FILE)
}

/** Crash states in which the file was neither old nor new, and in which it was old although the write had returned. */
function count(protocol: Protocol, mode: Mode): { corrupt: number; lost: number } {
  const disk = createDisk()
  putAtomic(FILE, OLD, disk.fileSystem)
  const start = disk.journal.length
  protocol(disk.fileSystem, NEW)
  disk.acknowledge()
  let corrupt = 0
  let lost = 0
  for (let end = start; end <= disk.journal.length; end++) {
    const ops = disk.journal.slice(0, end)
    const isAcknowledged = ops.some((op) => op.kind === 'acknowledge')
    for (let state = 0; state < 400; state++) {
      const found = crash(ops, mode, createRng('crash', mode, end, state)).get(FILE)
      if (found?.equals(OLD) === true) lost += isAcknowledged ? 1 : 0
      else if (found?.equals(NEW) !== true) corrupt += 1
    }
  }
  return { corrupt, lost }
}

describe.each(['ordered', 'weak'] as const)('a file after power loss, %s file system', (mode) => {
  test('putAtomic leaves old or new at every crash point, and new once it has returned', () => {
    expect(count((disk, data) => putAtomic(FILE, data, disk), mode)).toEqual({ corrupt: 0, lost: 0 })
  })

  test('writing in place fails the same test', () => {
    expect(count(inPlace, mode).corrupt).toBeGreaterThan(0)
  })

  test('a rename without a sync of the file fails it', () => {
    expect(count(renameOnly, mode).corrupt).toBeGreaterThan(0)
  })

  test('a rename without a sync of the directory corrupts nothing, but loses what was acknowledged', () => {
    const { corrupt, lost } = count(syncAndRename, mode)
    expect(corrupt).toBe(0)
    expect(lost).toBeGreaterThan(0)
  })
})

describe.each(['ordered', 'weak'] as const)('a log after power loss, %s file system', (mode) => {
  const dir = mkdtempSync(join(tmpdir(), 'fleming-crash-'))
  const recovered = join(dir, 'recovered.jsonl')
  afterAll(() => rmSync(dir, { recursive: true }))
  const groups = [3, 1, 9].map((size, group) =>
    Array.from({ length: size }, (_, index) => ({ group, index, text: 'x'.repeat(index * 40) })),
  )
  const records = groups.flat()

  /** The least number of records that a crash left short of the acknowledged ones; 0 when none was lost. */
  function lostRecords(weaken: (fileSystem: FileSystem) => FileSystem): number {
    const disk = createDisk()
    const log = openLog(FILE, weaken(disk.fileSystem))
    for (const group of groups) {
      log.append(group)
      disk.acknowledge()
    }
    let lost = 0
    for (let end = 0; end <= disk.journal.length; end++) {
      const ops = disk.journal.slice(0, end)
      const acknowledged = groups.slice(0, ops.filter((op) => op.kind === 'acknowledge').length).flat().length
      for (let state = 0; state < 40; state++) {
        const bytes = crash(ops, mode, createRng('crash log', mode, end, state)).get(FILE)
        writeFileSync(recovered, bytes ?? '')
        const found = readLog(recovered).records
        expect(found).toEqual(records.slice(0, found.length))
        lost = Math.max(lost, acknowledged - found.length)
      }
    }
    return lost
  }

  test('what is found is the start of what was appended, and all of what was acknowledged', () => {
    expect(lostRecords((fileSystem) => fileSystem)).toBe(0)
  })

  test('an append without a sync fails the same test', () => {
    expect(lostRecords((fileSystem) => ({ ...fileSystem, dataSync: () => {} }))).toBeGreaterThan(0)
  })

  test('a new log whose directory is not synced fails it too', () => {
    const skipDir = (fileSystem: FileSystem): FileSystem => ({
      ...fileSystem,
      sync: (fd) => (fd === DIR ? undefined : fileSystem.sync(fd)),
    })
    expect(lostRecords(skipDir)).toBeGreaterThan(0)
  })
})
