import type { Reporter, TestModule } from 'vitest/node'

type Tally = { passed: number; failed: number; skipped: number }

/**
 * Prints `N passed, N failed` (and `, N skipped`, when there are any) as the very last line of a run, coverage tables
 * included. Counts test cases; each file or suite that breaks outside of a case, and each unhandled error, is one failure.
 */
// biome-ignore lint/style/noDefaultExport: vitest loads a custom reporter by its default export
export default class TallyReporter implements Reporter {
  #line: string | null = null

  onInit(): void {
    process.once('exit', () => {
      if (this.#line !== null) process.stdout.write(`${this.#line}\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) addModule(tally, module)
    const skipped = tally.skipped === 0 ? '' : `, ${tally.skipped} skipped`
    this.#line = `${tally.passed} passed, ${tally.failed} failed${skipped}`
  }
}

function addModule(tally: Tally, module: TestModule): void {
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    // A test that is still pending when the run is over was cut off: nobody knows that it passes.
    tally[state === 'pending' ? 'failed' : state] += 1
  }
  for (const suite of [module, ...module.children.allSuites()]) {
    if (suite.errors().length > 0) tally.failed += 1
  }
}
