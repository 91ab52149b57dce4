// The only code of the project that writes files. What it promises: a file is old or new, never
// half; what a call has returned for survives power loss; a full or failing disk is a named error, never a quiet one.
export { ensureDir, putAtomic, putBlocksAtomic, removeDir, removeFile } from './store/atomic.ts'
export { type JsonlWriter, openJsonlWriter } from './store/jsonl-writer.ts'
export { acquireLock, type Lock } from './store/lock.ts'
export { type Log, openLog, readLog } from './store/log.ts'
export { openPart, type Part } from './store/part.ts'
export {
  MANIFEST_FILE,
  type Manifest,
  readManifest,
  type SealOptions,
  sealStage,
  verifyManifest,
} from './store/seal.ts'
