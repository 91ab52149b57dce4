// Starts worker.ts where there is no build: Node 20 does not carry tsx's loader into worker threads, and vitest has one
// of its own, so the loader is registered here first. JavaScript, because nothing could read TypeScript before that.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
