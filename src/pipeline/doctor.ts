import { existsSync, statfsSync } from 'node:fs'
import { availableParallelism, freemem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { FlemingError } from '../core/errors.ts'
import { ensureDir, putAtomic, removeDir, removeFile } from '../core/store.ts'
import { starterSchema } from '../graph/schema.ts'
import { readTables } from '../graph/sources/tables.ts'
import { type Config, configSchema } from './config.ts'
import { loadConfig, parseConfig } from './config-file.ts'
import { checkTinker } from './doctor-tinker.ts'
import { describeEnvironment } from './environment.ts'

/** One thing that a run needs: fine, fine with a reservation, or in the way; the last two with what to do. */
export type Check = {
  readonly name: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly detail: string
  readonly fix?: string
}

/** Oldest Node.js that is supported: `engines` of package.json. */
const minNode = [20, 19] as const

const gib = 2 ** 30

/** Chosen by us from the default run: it holds its rollouts and checkpoints in a quarter of a gibibyte. */
const diskBytes = { needed: gib / 4, comfortable: gib }
const memoryBytes = { needed: gib, comfortable: 2 * gib }

/**
 * Looks at everything that a run on this computer stands on, in the order in which it would fail.
 *
 * @param options.root where runs are kept; `configFile` is looked at when it is there
 */
export async function examine(options: {
  readonly root: string
  readonly configFile: string
  readonly assignments?: readonly string[]
}): Promise<Check[]> {
  const configured = checkConfig(options.configFile, options.assignments ?? [])
  const { config } = configured
  const isRemote = config.engine.kind === 'tinker'
  return [
    checkNode(process.versions.node),
    await checkOnnxruntime(config.engine.threads),
    checkThreads(config.engine.threads, availableParallelism()),
    checkMemory(freemem()),
    checkDisk(options.root),
    checkWriting(options.root),
    configured.check,
    checkGraph(config),
    ...(isRemote && configured.check.status !== 'failed'
      ? await checkTinker(config)
      : [{ name: 'endpoints', status: 'ok', detail: 'none needed: teacher and engine are embedded' } as const]),
  ]
}

/** @param version such as "20.20.2" */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > minNode[0] || (major === minNode[0] && minor >= minNode[1])
  return isNewEnough
    ? { name: 'node', status: 'ok', detail: version }
    : {
        name: 'node',
        status: 'failed',
        detail: `${version} is older than ${minNode.join('.')}`,
        fix: `install Node.js ${minNode.join('.')} or newer: https://nodejs.org`,
      }
}

/** Multiplies two matrices with the native library: that it is installed does not mean that it loads. */
async function checkOnnxruntime(threads: number): Promise<Check> {
  const name = 'onnxruntime'
  const fix =
    'reinstall with its download switched off: ONNXRUNTIME_NODE_INSTALL=skip npm ci (the CPU library is in the package)'
  try {
    const [{ createSessionPool }, { GraphBuilder }] = await Promise.all([
      import('../engine/local/session.ts'),
      import('../engine/local/onnx/builder.ts'),
    ])
    const builder = new GraphBuilder()
    const [a, b] = [builder.input('a', [2, 2]), builder.input('b', [2, 2])]
    builder.output('c', builder.node('FusedMatMul', [a, b]))
    const pool = createSessionPool({ threads })
    const feeds = {
      a: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      b: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(5, 6, 7, 8) },
    } as const
    const product = (await pool.run('doctor', () => builder.graph(), feeds, ['c'])).get('c')!.data
    await pool.close()
    const isRight = product.join() === '19,22,43,50'
    const detail = `${describeEnvironment().onnxruntime}, multiplies matrices`
    return isRight
      ? { name, status: 'ok', detail }
      : { name, status: 'failed', detail: `computed ${product.join(' ')} instead of 19 22 43 50`, fix }
  } catch (cause) {
    return { name, status: 'failed', detail: firstLine(cause), fix }
  }
}

/** @param available processors that this process may use */
export function checkThreads(wanted: number, available: number): Check {
  const detail = `${wanted} wanted, ${available} available`
  return wanted <= available
    ? { name: 'threads', status: 'ok', detail }
    : {
        name: 'threads',
        status: 'warning',
        detail,
        fix: `set engine.threads to ${available}: more threads than processors slow the run down`,
      }
}

/** @param freeBytes memory that is free now */
export function checkMemory(freeBytes: number): Check {
  const detail = `${(freeBytes / gib).toFixed(1)} GiB free`
  if (freeBytes >= memoryBytes.comfortable) return { name: 'memory', status: 'ok', detail }
  return {
    name: 'memory',
    status: freeBytes >= memoryBytes.needed ? 'warning' : 'failed',
    detail,
    fix: 'close other programs, or lower engine.maxTokensPerMicroBatch',
  }
}

function checkDisk(root: string): Check {
  const { bavail, bsize } = statfsSync(existingParent(root))
  const freeBytes = bavail * bsize
  const detail = `${(freeBytes / gib).toFixed(1)} GiB free for ${root}`
  if (freeBytes >= diskBytes.comfortable) return { name: 'disk', status: 'ok', detail }
  const status = freeBytes >= diskBytes.needed ? 'warning' : 'failed'
  return { name: 'disk', status, detail, fix: 'free some space, or keep the runs elsewhere: --root DIR' }
}

function existingParent(dir: string): string {
  const path = resolve(dir)
  return existsSync(path) ? path : existingParent(dirname(path))
}

function checkWriting(root: string): Check {
  const name = 'writing'
  const isNew = !existsSync(root)
  const probe = join(root, '.doctor')
  try {
    ensureDir(root)
    putAtomic(probe, 'fleming doctor')
    removeFile(probe)
    if (isNew) removeDir(root)
    return { name, status: 'ok', detail: `${root} can be written and synced` }
  } catch (cause) {
    const fix = `make ${root} writable, or keep the runs elsewhere: --root DIR`
    return { name, status: 'failed', detail: firstLine(cause), fix }
  }
}

function checkConfig(file: string, assignments: readonly string[]): { readonly check: Check; readonly config: Config } {
  const name = 'config'
  if (!existsSync(file) && assignments.length === 0) {
    const fix = `copy fleming.yaml of the project here, or give --config FILE`
    const detail = `${file} is not there; the defaults are looked at`
    return { check: { name, status: 'warning', detail, fix }, config: configSchema.parse({}) }
  }
  try {
    const config = existsSync(file) ? loadConfig(file, assignments) : parseConfig('', '(defaults)', assignments)
    return { check: { name, status: 'ok', detail: existsSync(file) ? file : 'the defaults' }, config }
  } catch (cause) {
    const fix = cause instanceof FlemingError ? (cause.hint ?? `correct ${file}`) : `correct ${file}`
    return { check: { name, status: 'failed', detail: firstLine(cause), fix }, config: configSchema.parse({}) }
  }
}

function checkGraph(config: Config): Check {
  const name = 'graph'
  try {
    const { entities, triples } = readTables(config.graph.dir, starterSchema)
    return { name, status: 'ok', detail: `${config.graph.dir}: ${entities.length} entities, ${triples.length} triples` }
  } catch (cause) {
    const hint = cause instanceof FlemingError ? cause.hint : undefined
    return { name, status: 'failed', detail: firstLine(cause), fix: hint ?? 'correct the file that is named' }
  }
}

const firstLine = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!
