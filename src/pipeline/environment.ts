import { createRequire } from 'node:module'
import { cpus, totalmem } from 'node:os'

/** What the numbers of a run may depend on besides code, config and seeds; no wall times, no secrets. */
export type Environment = {
  readonly node: string
  readonly v8: string
  readonly unicode: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly onnxruntime: string
}

const require = createRequire(import.meta.url)

/** The environment of this process. */
export function describeEnvironment(): Environment {
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    unicode: process.versions.unicode ?? 'unknown',
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    onnxruntime: packageVersion('onnxruntime-node'),
  }
}

function packageVersion(name: string): string {
  const manifest: unknown = require(`${name}/package.json`)
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}
