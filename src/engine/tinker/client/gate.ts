/** Lets at most so much through at a time, in the order of asking; a weight above the limit goes alone. */
export type Gate = {
  /** Runs `work` when there is room for its weight. */
  run<Result>(weight: number, work: () => Promise<Result>): Promise<Result>
}

/** @param limit how much may be inside at a time; asked again for every entry, since it may change */
export function createGate(limit: () => number): Gate {
  let inside = 0
  const waiting: { readonly weight: number; readonly enter: () => void }[] = []
  function admit(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (inside > 0 && inside + next.weight > limit()) return
      inside += next.weight
      waiting.shift()
      next.enter()
    }
  }
  return {
    async run(weight, work) {
      await new Promise<void>((enter) => {
        waiting.push({ weight, enter })
        admit()
      })
      try {
        return await work()
      } finally {
        inside -= weight
        admit()
      }
    },
  }
}
