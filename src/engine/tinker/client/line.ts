/**
 * The operations of one model, handed to the server one after another.
 *
 * A number is given when an operation's turn comes, in the order of the calls: so numbers and calls have the same order,
 * and an operation that is given up while it waits leaves no gap, which the server would wait for.
 */
export type Line = {
  /**
   * Runs `send` after all sends before it have ended, well or not.
   *
   * @param send takes numbers with `reserve(count)`, the first of `count` consecutive ones; resolves when the server has accepted
   */
  enqueue<Result>(send: (reserve: (count: number) => number) => Promise<Result>): Promise<Result>
}

/** @param first number of the first operation */
export function createLine(first: number): Line {
  let next = first
  let tail: Promise<unknown> = Promise.resolve()
  const reserve = (count: number): number => {
    const id = next
    next += count
    return id
  }
  return {
    enqueue(send) {
      const result = tail.then(() => send(reserve))
      tail = result.catch(() => undefined)
      return result
    },
  }
}
