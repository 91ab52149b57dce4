import { existsSync } from 'node:fs'
import { freemem } from 'node:os'
import { dirname, join } from 'node:path'
import { readText } from '../../core/read.ts'

/** Where Linux tells about memory. */
export type MemoryFiles = { readonly procDir: string; readonly cgroupDir: string }

const linux: MemoryFiles = { procDir: '/proc', cgroupDir: '/sys/fs/cgroup' }

/**
 * Bytes this process may still allocate: what the computer has free, page cache that can be dropped included, and no
 * more than what the limits of its control groups leave.
 */
export function availableMemoryBytes(files: MemoryFiles = linux): number {
  const meminfo = readIfThere(join(files.procDir, 'meminfo'))
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo ?? '')?.[1]
  return Math.min(kilobytes === undefined ? freemem() : 1024 * Number(kilobytes), ...controlGroupRooms(files))
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readText(file) : undefined
}

/** The names of a control group's files: version 2, and version 1 with its controllers in folders. */
const versions = [
  { line: /^0::(.*)$/m, dir: '', limit: 'memory.max', usage: 'memory.current', cache: /^(?:in)?active_file (\d+)$/gm },
  {
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
    dir: 'memory',
    limit: 'memory.limit_in_bytes',
    usage: 'memory.usage_in_bytes',
    cache: /^total_(?:in)?active_file (\d+)$/gm,
  },
] as const

/** What each limited control group leaves, from the process's own up to the root. */
function controlGroupRooms({ procDir, cgroupDir }: MemoryFiles): readonly number[] {
  const membership = readIfThere(join(procDir, 'self', 'cgroup')) ?? ''
  return versions.flatMap(({ line, dir, limit, usage, cache }) => {
    const path = line.exec(membership)?.[1]
    if (path === undefined) return []
    return ancestors(path).flatMap((group) => {
      const read = (name: string) => readIfThere(join(cgroupDir, dir, group, name))
      const [allowed, used] = [Number(read(limit) ?? Number.NaN), Number(read(usage) ?? Number.NaN)]
      // "max" is no number: a group without a limit.
      if (Number.isNaN(allowed) || Number.isNaN(used)) return []
      const dropped = [...(read('memory.stat') ?? '').matchAll(cache)].reduce(
        (sum, [, bytes]) => sum + Number(bytes),
        0,
      )
      return [Math.max(0, allowed - used + dropped)]
    })
  })
}

function ancestors(path: string): readonly string[] {
  return path === '/' || path === '.' ? ['/'] : [path, ...ancestors(dirname(path))]
}
