export type Clock = {
  /** The wall clock. Never part of anything that is hashed. */
  now(): Date
  /** Milliseconds since an arbitrary moment; never goes back. For durations. */
  monotonicMs(): number
}

/** The only source of moments, so that a test can hand in another one and a search finds every use. */
export const clock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}
