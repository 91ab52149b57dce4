import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { AuditError, DataError, type StorageError } from '../errors.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { openLog, readLog } from './log.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-log-'))
const file = join(root, 'events.jsonl')
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => {
  for (const name of readdirSync(root)) rmSync(join(root, name))
})

function write(records: readonly unknown[]): void {
  const log = openLog(file)
  log.append(records)
  log.close()
}

function codeOf(call: () => void): string | null {
  try {
    call()
  } catch (error) {
    return (error as StorageError).code
  }
  return null
}

describe('a log', () => {
  test('gives back what was appended, without the crc', () => {
    const record = fc.dictionary(
      fc.string({ unit: 'binary' }).filter((key) => key !== 'crc' && key !== '__proto__'),
      fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null)),
    )
    fc.assert(
      fc.property(fc.array(record.map((fields) => ({ ...fields }))), (records) => {
        rmSync(file, { force: true })
        write(records)
        expect(readLog(file)).toEqual({ records, tornBytes: 0 })
      }),
      { numRuns: 30 },
    )
  })

  test('is JSONL that any tool reads, each line with the CRC-32 of the rest of it', () => {
    write([{ step: 1, loss: 0.5 }, {}])
    // `printf '{"step":1,"loss":0.5}' | gzip -c | tail -c8 | head -c4 | od -An -tx4` and the same of {}.
    expect(readFileSync(file, 'utf8')).toBe('{"step":1,"loss":0.5,"crc":"be3255db"}\n{"crc":"a3a6bf43"}\n')
  })

  test('grows over several openings, and its size counts every durable byte', () => {
    const first = openLog(file)
    expect([first.sizeBytes, first.tornBytes, first.tornFile]).toEqual([0, 0, null])
    first.append([{ a: 1 }])
    first.append([])
    const { sizeBytes } = first
    expect(sizeBytes).toBe(readFileSync(file).length)
    first.close()
    const second = openLog(file)
    expect(second.sizeBytes).toBe(sizeBytes)
    second.append([{ a: 2 }, { a: 3 }])
    second.close()
    expect(readLog(file).records).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
  })

  test('reads with parse what it is told to', () => {
    write([{ a: 1 }, { a: 2 }])
    expect(readLog(file, (value) => (value as { a: number }).a).records).toEqual([1, 2])
  })

  test('one append is one sync, however many records', () => {
    let syncs = 0
    const counting: FileSystem = {
      ...nodeFileSystem,
      dataSync: (fd) => {
        syncs += 1
        nodeFileSystem.dataSync(fd)
      },
    }
    openLog(file, counting).append(Array.from({ length: 1000 }, (_, step) => ({ step })))
    expect(syncs).toBe(1)
  })

  test('takes only objects with JSON and without a crc, and writes nothing of a group with a bad one', () => {
    const log = openLog(file)
    for (const bad of [[1], 'text', 3, null, { loss: Number.NaN }, { crc: 'x' }]) {
      expect(() => log.append([{ good: 1 }, bad])).toThrow(DataError)
    }
    expect(readFileSync(file, 'utf8')).toBe('')
    log.append([{ good: 1 }])
    expect(readLog(file).records).toEqual([{ good: 1 }])
  })
})

describe('a torn tail', () => {
  test('cut at any byte, the whole lines stay and the rest is moved aside', () => {
    write([{ a: 1 }, { a: 'é' }, { a: 3 }])
    const whole = readFileSync(file)
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([index]) => index + 1)
    for (let size = 0; size <= whole.length; size++) {
      for (const name of readdirSync(root)) rmSync(join(root, name))
      writeFileSync(file, whole.subarray(0, size))
      const lines = ends.filter((end) => end <= size)
      const goodBytes = lines.at(-1) ?? 0
      expect(readLog(file).tornBytes).toBe(size - goodBytes)
      const log = openLog(file)
      expect([log.sizeBytes, log.tornBytes]).toEqual([goodBytes, size - goodBytes])
      expect(readFileSync(file)).toEqual(whole.subarray(0, goodBytes))
      if (log.tornFile !== null) expect(readFileSync(log.tornFile)).toEqual(whole.subarray(goodBytes, size))
      expect(readdirSync(root)).toHaveLength(goodBytes === size ? 1 : 2)
      log.append([{ next: true }])
      log.close()
      expect(readLog(file).records).toHaveLength(lines.length + 1)
    }
  })

  test('any flipped bit ends the log before its line', () => {
    write([{ a: 1 }, { b: 'two' }, { c: [3] }])
    const whole = readFileSync(file)
    const firstEnd = whole.indexOf(0x0a) + 1
    const secondEnd = whole.indexOf(0x0a, firstEnd) + 1
    for (let at = firstEnd; at < secondEnd; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(whole)
        damaged[at]! ^= 1 << bit
        writeFileSync(file, damaged)
        expect(readLog(file)).toEqual({ records: [{ a: 1 }], tornBytes: whole.length - firstEnd })
      }
    }
  })

  test('good lines behind a bad one are moved aside with it, not lost; a second tear gets its own file', () => {
    write([{ a: 1 }])
    const size = readFileSync(file).length
    appendFileSync(file, 'junk\n')
    write([{ a: 2 }])
    appendFileSync(file, '{"half":')
    const log = openLog(file)
    expect(log.tornFile).toBe(`${file}.torn-2`)
    expect(readFileSync(`${file}.torn-1`, 'utf8')).toBe('junk\n')
    expect(readFileSync(`${file}.torn-2`, 'utf8')).toBe('{"half":')
    expect(readLog(file).records).toEqual([{ a: 1 }, { a: 2 }])
    expect(size).toBeGreaterThan(0)
  })

  test('looking at a log changes nothing', () => {
    write([{ a: 1 }])
    appendFileSync(file, '{"half":')
    const before = readFileSync(file)
    expect(readLog(file)).toEqual({ records: [{ a: 1 }], tornBytes: 8 })
    expect(readFileSync(file)).toEqual(before)
    expect(readdirSync(root)).toHaveLength(1)
  })
})

describe('resuming', () => {
  test('truncate goes back to a recorded length', () => {
    const log = openLog(file)
    log.append([{ a: 1 }])
    const recorded = log.sizeBytes
    log.append([{ a: 2 }])
    log.truncate(recorded)
    expect(log.sizeBytes).toBe(recorded)
    log.append([{ a: 3 }])
    expect(readLog(file).records).toEqual([{ a: 1 }, { a: 3 }])
    log.truncate(0)
    expect(readLog(file).records).toEqual([])
  })

  test('a log shorter than recorded, or a length within a line, is an audit error', () => {
    write([{ a: 1 }, { a: 2 }])
    const size = readFileSync(file).length
    const log = openLog(file)
    expect(() => log.truncate(size + 1)).toThrow(AuditError)
    expect(() => log.truncate(size - 1)).toThrow(`expected the end of a line at byte ${size - 1}`)
    expect(log.sizeBytes).toBe(size)
  })
})

describe('a failing disk', () => {
  function failing(calls: Partial<FileSystem>): FileSystem {
    return { ...nodeFileSystem, ...calls }
  }

  function raise(errno: string): () => never {
    return () => {
      throw Object.assign(new TypeError(errno), { code: errno })
    }
  }

  test('full half way: named, no line lost, no more accepted until it is opened again', () => {
    write([{ a: 1 }])
    let isFull = true
    let calls = 0
    const full = failing({
      write: (fd, bytes) => {
        calls += 1
        if (!isFull) return nodeFileSystem.write(fd, bytes)
        return calls === 1 ? nodeFileSystem.write(fd, bytes.subarray(0, 20)) : raise('ENOSPC')()
      },
      freeBytes: () => 0,
    })
    const log = openLog(file, full)
    expect(codeOf(() => log.append([{ text: 'x'.repeat(20) }]))).toBe('E_NOSPACE')
    isFull = false
    // Another line now would stand behind half a line, and be lost with it.
    expect(codeOf(() => log.append([{ a: 2 }]))).toBe('E_NOSPACE')
    log.close()
    const reopened = openLog(file, full)
    expect(reopened.tornBytes).toBe(20)
    reopened.append([{ a: 2 }])
    expect(readLog(file).records).toEqual([{ a: 1 }, { a: 2 }])
  })

  test('a failed sync is tried once and poisons the process', () => {
    let syncs = 0
    const sick = failing({
      dataSync: () => {
        syncs += 1
        return raise('EIO')()
      },
    })
    const log = openLog(file, sick)
    expect(codeOf(() => log.append([{ a: 1 }]))).toBe('E_IO')
    expect(codeOf(() => log.append([{ a: 2 }]))).toBe('E_POISONED')
    expect(codeOf(() => openLog(file, sick))).toBe('E_POISONED')
    expect(syncs).toBe(1)
  })

  test('a log that somebody else shortened or wrote to is found out at the next append', () => {
    const log = openLog(file)
    log.append([{ a: 1 }])
    truncateSync(file, 3)
    expect(codeOf(() => log.append([{ a: 2 }]))).toBe('E_IO')
  })

  test('a log that cannot be opened is a named error', () => {
    expect(codeOf(() => openLog(join(root, 'none', 'log')))).toBe('E_IO')
    expect(codeOf(() => openLog(file, failing({ open: raise('EMFILE') })))).toBe('E_IO')
  })
})
