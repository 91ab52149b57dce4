import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { availableMemoryBytes } from './available-memory.ts'

const GB = 2 ** 30
const meminfo = `MemTotal:       16777216 kB\nMemFree:          500000 kB\nMemAvailable:    8388608 kB\n`

function measure(files: Readonly<Record<string, string>>): number {
  const root = mkdtempSync(join(tmpdir(), 'memory-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return availableMemoryBytes({ procDir: join(root, 'proc'), cgroupDir: join(root, 'cgroup') })
}

test('without control groups it is what the kernel calls available, not what lies idle', () => {
  expect(measure({ 'proc/meminfo': meminfo })).toBe(8 * GB)
})

test('a limit of a group above counts, cache that can be dropped does not', () => {
  expect(
    measure({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/job/step\n',
      'cgroup/job/step/memory.max': 'max\n',
      'cgroup/job/step/memory.current': `${GB}\n`,
      'cgroup/job/memory.max': `${4 * GB}\n`,
      'cgroup/job/memory.current': `${3 * GB}\n`,
      'cgroup/job/memory.stat': `anon ${GB}\nfile ${2 * GB}\ninactive_file ${GB}\nactive_file ${GB / 2}\n`,
    }),
  ).toBe(2.5 * GB)
})

test('version 1 of control groups is read from its folder', () => {
  expect(
    measure({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/box\n',
      'cgroup/memory/box/memory.limit_in_bytes': `${3 * GB}`,
      'cgroup/memory/box/memory.usage_in_bytes': `${2 * GB}`,
      'cgroup/memory/box/memory.stat': `active_file 7\ntotal_inactive_file ${GB / 4}\ntotal_active_file 0\n`,
    }),
  ).toBe(1.25 * GB)
})

test('a group beyond its limit leaves nothing', () => {
  const group = { 'cgroup/memory.max': `${GB}`, 'cgroup/memory.current': `${2 * GB}` }
  expect(measure({ 'proc/meminfo': meminfo, 'proc/self/cgroup': '0::/\n', ...group })).toBe(0)
})

test('where the kernel tells nothing, the free memory of the system counts', () => {
  const found = measure({})
  expect(found).toBeGreaterThan(0.5 * freemem())
  expect(found).toBeLessThan(2 * freemem())
})

test('this computer has some', () => {
  expect(availableMemoryBytes()).toBeGreaterThan(1e7)
})
