import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs'

/** Every call by which the store changes a disk; a test hands in one that fails, forgets or lies. */
export type FileSystem = {
  /** `wx` makes a new file, `a` appends and makes one where there is none, `r` opens a directory to sync it. */
  open(file: string, flags: 'wx' | 'a' | 'r'): number
  /** May write less than asked; returns the number of bytes written. Without a position, at the end. */
  write(fd: number, bytes: Uint8Array): number
  sizeOf(fd: number): number
  sync(fd: number): void
  dataSync(fd: number): void
  truncate(fd: number, sizeBytes: number): void
  close(fd: number): void
  rename(from: string, to: string): void
  /** A second name for a file; fails when the name is taken. */
  link(from: string, to: string): void
  unlink(file: string): void
  /** Makes a directory with its parents; returns the outermost one made, or undefined when all existed. */
  makeDir(dir: string): string | undefined
  removeTree(dir: string): void
  /** Bytes that this user can still write. */
  freeBytes(dir: string): number
}

export const nodeFileSystem: FileSystem = {
  open: (file, flags) => openSync(file, flags),
  write: (fd, bytes) => writeSync(fd, bytes),
  sizeOf: (fd) => fstatSync(fd).size,
  sync: (fd) => fsyncSync(fd),
  dataSync: (fd) => fdatasyncSync(fd),
  truncate: (fd, sizeBytes) => ftruncateSync(fd, sizeBytes),
  close: (fd) => closeSync(fd),
  rename: (from, to) => renameSync(from, to),
  link: (from, to) => linkSync(from, to),
  unlink: (file) => unlinkSync(file),
  makeDir: (dir) => mkdirSync(dir, { recursive: true }),
  removeTree: (dir) => rmSync(dir, { recursive: true, force: true }),
  freeBytes: (dir) => {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  },
}
