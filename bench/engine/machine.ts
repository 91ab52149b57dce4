import { existsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { clock } from '../../src/core/clock.ts'
import { readText } from '../../src/core/read.ts'
import { describeEnvironment, type Environment } from '../../src/pipeline/environment.ts'

/** The computer that was measured. */
export type Machine = Environment & {
  /** Vector instructions of the CPU that decide the speed of a product; null where the system does not tell. */
  readonly vectorInstructions: readonly string[] | null
}

const CPU_FILE = '/proc/cpuinfo'
const VECTOR_FLAGS = ['avx2', 'avx512f', 'avx512_bf16', 'amx_tile', 'asimd', 'sve']

/** The computer this process runs on. */
export function describeMachine(): Machine {
  return {
    ...describeEnvironment(),
    vectorInstructions: existsSync(CPU_FILE) ? findVectorInstructions(readText(CPU_FILE)) : null,
  }
}

/** Vector instructions named in a text of the form of Linux's `/proc/cpuinfo`, weakest first. */
export function findVectorInstructions(text: string): readonly string[] {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/))
  return VECTOR_FLAGS.filter((flag) => flags.has(flag))
}

/** Threads an engine takes unless told. */
export const defaultThreads = availableParallelism

/** Processes that wanted to run, mean of the last minute. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0
}

/** Watches how busy the other processes of the computer are. */
export type Watch = {
  /** @param childMs processor time of child processes that were measured, and so are no others */
  othersCores(childMs?: number): number | null
}

/** Starts a watch: from now on, how many cores do others keep busy? */
export function startWatch(): Watch {
  const busyBefore = busyMs()
  const startMs = clock.monotonicMs()
  const own = process.cpuUsage()
  return {
    othersCores(childMs = 0) {
      const busy = busyMs()
      if (busy === null || busyBefore === null) return null
      const { user, system } = process.cpuUsage(own)
      return Math.max(0, busy - busyBefore - (user + system) / 1000 - childMs) / (clock.monotonicMs() - startMs)
    },
  }
}

/** Time all cores have worked since the computer started, or null where the system does not tell. */
function busyMs(): number | null {
  const cores = cpus()
  if (cores.length === 0) return null
  return cores.reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0)
}
