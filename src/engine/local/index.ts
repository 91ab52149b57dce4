import type { EngineFactory } from '../types.ts'
import { createInWorker } from './client.ts'
import { createInProcess, type LocalEngineConfig } from './in-process.ts'

export type { LocalEngineConfig } from './in-process.ts'

/** The embedded engine: ONNX Runtime on the CPU, graphs and gradients built in TypeScript. */
export const localEngine: EngineFactory<LocalEngineConfig> = {
  name: 'local',
  create: (config) => (config.inWorker === false ? createInProcess(config) : createInWorker(config)),
}
