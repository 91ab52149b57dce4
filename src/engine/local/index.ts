import type { EngineFactory, ModelHost } from '../types.ts'
import { createHostInWorker, createInWorker } from './client.ts'
import type { LocalEngineConfig, LocalHostConfig } from './config.ts'
import { createHost, createInProcess } from './host.ts'

export type { LocalEngineConfig, LocalHostConfig } from './config.ts'

/** The embedded engine: ONNX Runtime on the CPU, graphs and gradients built in TypeScript. */
export const localEngine: EngineFactory<LocalEngineConfig> = {
  name: 'local',
  create: (config) => (config.inWorker === false ? createInProcess(config) : createInWorker(config)),
}

/** The embedded engine with many models over one base. */
export const localHost: { create(config: LocalHostConfig): Promise<ModelHost> } = {
  create: (config) => (config.inWorker === false ? createHost(config) : createHostInWorker(config)),
}
