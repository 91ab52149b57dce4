import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stringify as formatYaml, parse as parseYaml } from 'yaml'
import { ConfigError, DataError } from '../core/errors.ts'
import { canonicalJson, formatJson } from '../core/json.ts'
import { readText } from '../core/read.ts'
import { acquireLock, ensureDir, putAtomic } from '../core/store.ts'
import { codeHash } from './code-hash.ts'
import { describeEnvironment } from './environment.ts'

/** What every configuration of a run says: its name and its seeds. */
type RunConfig = { readonly name: string; readonly dataSeed: number; readonly seed?: number }

/** One execution: its folder and the configuration that it was started with. */
export type RunDirectory = { readonly dir: string; release(): void }

/**
 * The folder of a run, locked for this process: `config.yaml` (resolved) and `run.json` are written when it is new.
 *
 * @throws {ConfigError} when the folder holds a run of the same name with another configuration
 * @throws {StorageError} `E_LOCKED` when another process is at work in it
 */
export function openRunDirectory(root: string, config: RunConfig): RunDirectory {
  const dir = join(root, config.name)
  ensureDir(dir)
  const lock = acquireLock(dir)
  try {
    const file = join(dir, 'config.yaml')
    if (existsSync(file)) assertSameConfig(file, config)
    putAtomic(file, formatYaml(config))
    const record = {
      schemaVersion: 1,
      name: config.name,
      ...(config.seed === undefined ? {} : { seed: config.seed }),
      dataSeed: config.dataSeed,
      codeHash: codeHash(['.']),
      ...describeEnvironment(),
    }
    putAtomic(join(dir, 'run.json'), `${formatJson(record, { pretty: true })}\n`)
  } catch (cause) {
    lock.release()
    throw cause
  }
  return { dir, release: () => lock.release() }
}

/**
 * The configuration of a finished or interrupted run.
 *
 * @throws {DataError} when there is no run in `dir`
 */
export function readRunConfigText(dir: string): string {
  const file = join(dir, 'config.yaml')
  if (!existsSync(file)) {
    throw new DataError('there is no run here', {
      file: dir,
      hint: 'give the folder of a run, such as runs/default; "fleming run" makes one',
    })
  }
  return readText(file)
}

function assertSameConfig(file: string, config: RunConfig): void {
  // Where a language model is asked, and what it may cost, may change in the middle of a run: answers are kept by what
  // was asked, and what decides them is in the hashes of the stages.
  const isOwn = ([key]: readonly [string, string]): boolean => !key.startsWith('endpoints.')
  const before = new Map([...flatten(parseYaml(readText(file)) as unknown)].filter(isOwn))
  const now = new Map([...flatten(config)].filter(isOwn))
  const differing = [...new Set([...before.keys(), ...now.keys()])].filter((key) => before.get(key) !== now.get(key))
  if (differing.length === 0) return
  const shown = differing
    .slice(0, 4)
    .map((key) => `${key}: ${before.get(key) ?? 'absent'} → ${now.get(key) ?? 'absent'}`)
  throw new ConfigError(
    `${file}: the run "${config.name}" was started with another configuration (${shown.join('; ')})`,
    {
      hint: 'give this run another name (--name), or delete the folder to start over',
    },
  )
}

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[prefix, canonicalJson(value)]])
  return new Map(
    Object.entries(value).flatMap(([key, part]) => [...flatten(part, prefix === '' ? key : `${prefix}.${key}`)]),
  )
}
