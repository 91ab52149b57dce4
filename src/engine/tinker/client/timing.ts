/** How long things are waited for, milliseconds. The defaults follow the official SDK where it has a value. */
export type Timing = {
  /** One operation from its call to its result: a training step, a save, one sampling request. */
  readonly deadlineMs: number
  /** Repeating a request that the server does not accept, and polling one that cannot be reached. */
  readonly submitMs: number
  /** The first words with a server that cannot be reached. */
  readonly contactMs: number
  /** One request. */
  readonly requestMs: number
  /** One poll for a result: when it ends without an answer, the operation still runs. */
  readonly pollMs: number
  /** First pause before a repetition; doubles with each, up to `maxBackoffMs`. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** Least time between two polls of a server that does not hold them. */
  readonly pollGapMs: number
  readonly heartbeatMs: number
  /** Pause of all sampling after a 429. */
  readonly throttleMs: number
  /** Between two looks at an archive that is being built, or an account that is out of credit. */
  readonly slowRetryMs: number
  /** A wait that is longer is reported, and again after every such time. */
  readonly progressMs: number
}

export const DEFAULT_TIMING: Timing = {
  deadlineMs: 3_600_000,
  submitMs: 300_000,
  // Chosen by us: who has just started the server wants no error, who has not wants it soon.
  contactMs: 10_000,
  requestMs: 60_000,
  pollMs: 45_000,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  // Chosen by us: a server that answers at once must not be asked a thousand times a second.
  pollGapMs: 50,
  heartbeatMs: 10_000,
  throttleMs: 1000,
  slowRetryMs: 5000,
  progressMs: 5000,
}
