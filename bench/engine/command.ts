import { type Command, InvalidArgumentError } from 'commander'
import type { Shell } from '../../src/cli/shell.ts'
import { clock } from '../../src/core/clock.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { formatJson } from '../../src/core/json.ts'
import { readText } from '../../src/core/read.ts'
import { putAtomic } from '../../src/core/store.ts'
import { replaceBlock } from '../page.ts'
import { nameCase, selectCases } from './cases.ts'
import { defaultThreads, describeMachine, loadAverage } from './machine.ts'
import { measurePytorch } from './pytorch.ts'
import { renderRun } from './report.ts'
import { describeResult, type Result, type Run, summarise } from './result.ts'
import { runCase } from './run-case.ts'

type EngineOptions = {
  readonly steps: number
  readonly threads: number
  readonly only?: string
  readonly json?: true
  readonly write?: string
  readonly python?: string
}

const help = `
Measured, each case in a process of its own:
  matmul   the plain matrix product of ONNX Runtime, [4096, 128] × [128, 2048] and 1024³: the yardstick
  a        training step of 1.07 M parameters, 32 sequences of 128 tokens: forward, backward, clipping, AdamW
  b        training step of 5.48 M parameters, 32 sequences of 160 tokens
           both with all and with half of the positions in the vocabulary head, and with the
           memory arena of the training sessions on (the default) and off (keepsMemory: false)
  decode   48 new tokens for 64, 128 and 512 prompts of 32 tokens, models a and b
  refill   1,000 completions of 30 tokens on average and 200 at most, 128 at a time, model a

Columns:
  GFLOP/s  6 (training) or 2 (generation) × parameters × tokens / median time
  plain    the faster of the two plain products, taken in turn with the repetitions of the same case
  share    GFLOP/s / plain; compare shares, not times, between computers
  counted  the same by the matrix products really made: attention too, the head for its rows alone
  mark     Q: others used less than 0.1 core meanwhile; C: contended, indicative only
  ratio    tokens a second beside those of the prototype, which ran 2 threads on another computer

Progress goes to stderr, the tables or the JSON to stdout. Nothing here passes or fails by speed.

Examples:
  $ npm run bench -- engine                              everything: some minutes on a quiet computer
  $ npm run bench -- engine --steps 2 --only a,decode    a first look
  $ npm run bench -- engine --python venv/bin/python     beside PyTorch, case by case
  $ npm run --silent bench -- engine --json > bench.json (without --silent, npm writes its banner into it)
  $ npm run bench -- engine --write docs/benchmarks.md   rewrite the numbers of that page`

/** `bench engine`: how fast the embedded engine is, as shares of a plain matrix product. */
export function addEngine(program: Command, shell: Shell): void {
  program
    .command('engine')
    .summary('training and generation of the embedded engine, as shares of a plain matrix product')
    .description('Measures the embedded engine on this computer, and how it compares with the prototype it grew from.')
    .option('--steps <n>', 'measured repetitions of each case, after one that does not count', parsePositive, 10)
    .option('--only <parts>', 'parts to measure, separated by commas: matmul, a, b, decode, refill (default: all)')
    .option('--threads <n>', 'threads within one operation', parsePositive, defaultThreads())
    .option(
      '--python <file>',
      'also measure PyTorch, side by side, with this interpreter: it needs torch and transformers',
    )
    .option('--json', 'print one JSON object with all times instead of the tables')
    .option('--write <file>', 'also replace the marked block of this Markdown file; not with --only')
    .addHelpText('after', help)
    .action((options: EngineOptions) => engineCommand(options, shell))
}

function parsePositive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}

async function engineCommand(options: EngineOptions, shell: Shell): Promise<void> {
  if (options.write !== undefined && options.only !== undefined)
    throw new ConfigError('--write and --only exclude each other', {
      hint: 'a page of numbers comes from one whole run; leave one of the two out',
    })
  // A page without marks should fail before the minutes of measuring, not after.
  if (options.write !== undefined) replaceBlock(readText(options.write), 'engine', '', options.write)
  const run = await measureAll(options, shell)
  const tables = renderRun(run)
  if (options.write !== undefined) {
    putAtomic(options.write, replaceBlock(readText(options.write), 'engine', tables, options.write))
    shell.err(`wrote ${options.write}\n`)
  }
  shell.out(options.json === true ? formatJson(run, { pretty: true }) : tables)
  const contended = run.results.filter(({ mark }) => mark !== 'Q').length
  if (contended > 0) shell.err(`warning: ${contended} cases are not marked Q: do not publish them\n`)
}

async function measureAll({ steps, threads, only, python }: EngineOptions, shell: Shell): Promise<Run> {
  const cases = selectCases(only)
  const startedAt = clock.now().toISOString()
  const before = loadAverage()
  const results: Result[] = []
  for (const [index, benchCase] of cases.entries()) {
    shell.err(`[${index + 1}/${cases.length}] ${nameCase(benchCase)} … `)
    const measurement = await runCase({ benchCase, repetitions: steps, threads })
    const pytorch = python === undefined ? [] : await measurePytorch(benchCase, { python, repetitions: steps, threads })
    const result = describeResult(benchCase, measurement, pytorch)
    shell.err(`${summarise(result)}\n`)
    results.push(result)
  }
  return {
    benchmark: 'engine',
    schemaVersion: 1,
    startedAt,
    machine: describeMachine(),
    threads,
    repetitions: steps,
    loadAverage: { before, after: loadAverage() },
    results,
  }
}
