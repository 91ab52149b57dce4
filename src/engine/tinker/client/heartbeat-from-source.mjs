// Starts heartbeat-worker.ts where there is no build, as local/worker-from-source.mjs does for the local engine.
import { register } from 'tsx/esm/api'

register()
await import('./heartbeat-worker.ts')
