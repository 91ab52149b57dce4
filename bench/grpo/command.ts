import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { parseCount } from '../../src/cli/options.ts'
import type { Shell } from '../../src/cli/shell.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { formatJson } from '../../src/core/json.ts'
import { removeDir } from '../../src/core/store.ts'
import { median } from '../engine/figures.ts'
import { defaultThreads, loadAverage, startWatch } from '../engine/machine.ts'
import { formatNumber, formatRatio, formatShare, formatTable } from '../engine/table.ts'
import { runOurs, runTrl } from './sides.ts'
import { type GrpoMeasurement, groupSize, promptsPerStep, writeTask } from './task.ts'

type GrpoOptions = {
  readonly steps: number
  readonly rounds: number
  readonly threads: number
  readonly trlBatch: number
  readonly python?: string
  readonly run?: string
  readonly json?: true
}

const help = `
A step: ${promptsPerStep} prompts of the starter graph with ${groupSize} rollouts each, 40 tokens at most, one update of all weights; the starter
student with random weights, the same on both sides, and a reward that costs nothing. The first step does not count. With --run
the student can answer: completions end by themselves, and groups without a signal are not trained on by us.

Columns:
  rollouts/s   rollouts of a step over its median time
  sampling     share of the time in the sampler
  scoring      text, reward, advantages, logs, and what else lies between sampler and update
  training     share of the time in forward, backward and optimiser
  live         groups whose rewards differ
  others       cores that other processes kept busy meanwhile: above 0.1 the computer was not quiet
  ratio        our rollouts/s over TRL's of the same round

Examples:
  $ npm run bench -- grpo                                       our side alone
  $ npm run bench -- grpo --python ~/.cache/fleming-interop/trl/bin/python   beside TRL, in turn
  $ npm run bench -- grpo --run runs/default                    from the student of a run`

/** `bench grpo`: rollouts a second of an RL stage, beside TRL's GRPOTrainer. */
export function addGrpo(program: Command, shell: Shell): void {
  program
    .command('grpo')
    .summary('rollouts a second of an RL stage, and beside TRL')
    .description(
      'Measures RL steps of the starter student with the embedded engine, and with TRL on the same computer.',
    )
    .option('--steps <n>', 'measured steps of each round', parseCount, 5)
    .option('--rounds <n>', 'rounds of both sides, in turn', parseCount, 3)
    .option('--threads <n>', 'threads of each side', parseCount, defaultThreads())
    .option('--trl-batch <n>', 'rollouts of one forward and backward pass of TRL', parseCount, 128)
    .option('--python <file>', 'also measure TRL with this interpreter, which needs trl')
    .option('--run <dir>', 'start from the cold-started student of this run, with a reward for right answers')
    .option('--json', 'print one JSON object with all times instead of the table')
    .addHelpText('after', help)
    .action((options: GrpoOptions) => grpoCommand(options, shell))
}

/** What a side measured, and the cores that others kept busy meanwhile; null where the system does not tell. */
type Side = GrpoMeasurement & { readonly othersCores: number | null }

type Round = { readonly ours: Side; readonly trl: Side | null; readonly ratio: number | null }

async function watched(run: () => Promise<GrpoMeasurement>): Promise<Side> {
  const watch = startWatch()
  const measurement = await run()
  return { ...measurement, othersCores: watch.othersCores(1000 * measurement.cpuSeconds) }
}

async function grpoCommand(options: GrpoOptions, shell: Shell): Promise<void> {
  const rollouts = promptsPerStep * groupSize
  if (options.steps < 1 || options.rounds < 1 || options.threads < 1)
    throw new ConfigError('--steps, --rounds and --threads are at least 1')
  if (options.trlBatch < 1 || rollouts % options.trlBatch !== 0)
    throw new ConfigError(`--trl-batch divides ${rollouts}, found ${options.trlBatch}`, { hint: 'try 64, 128 or 512' })
  const dir = mkdtempSync(join(tmpdir(), 'fleming-bench-grpo-'))
  const rounds: Round[] = []
  try {
    const task = { dir, steps: options.steps + 1, threads: options.threads, run: options.run ?? null }
    await writeTask(task)
    for (let round = 0; round < options.rounds; round++) {
      const ours = await watched(() => runOurs(task))
      const { python, trlBatch: batch } = options
      const trl = python === undefined ? null : await watched(() => runTrl(task, { python, batch }))
      const ratio = trl === null ? null : rolloutsPerSecond(ours) / rolloutsPerSecond(trl)
      rounds.push({ ours, trl, ratio })
      shell.err(`[${round + 1}/${options.rounds}] ${formatNumber(rolloutsPerSecond(ours), 1)} rollouts/s`)
      shell.err(trl === null ? '\n' : `, TRL ${formatNumber(rolloutsPerSecond(trl), 1)}, ${formatRatio(ratio)}\n`)
    }
  } finally {
    removeDir(dir)
  }
  const ratios = rounds.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]))
  const ratio = ratios.length === 0 ? null : median(ratios)
  if (options.json === true) {
    shell.out(formatJson({ schemaVersion: 1, ...options, loadAverage: loadAverage(), ratio, rounds }, { pretty: true }))
    return
  }
  shell.out(renderRounds(rounds))
  if (ratio !== null) shell.out(`median ratio ${formatRatio(ratio)}; goal 5×\n`)
}

/** Rollouts of a step over its median time. */
export function rolloutsPerSecond({ steps }: GrpoMeasurement): number {
  return (1000 * promptsPerStep * groupSize) / median(steps.map(({ stepMs }) => stepMs))
}

/** The table of all rounds, both sides of a round below each other. */
export function renderRounds(rounds: readonly Round[]): string {
  const rows = rounds.flatMap(({ ours, trl, ratio }, index) => [
    describe(`${index + 1} ours`, ours, null),
    ...(trl === null ? [] : [describe(`${index + 1} TRL`, trl, ratio)]),
  ])
  const header = ['round', 'rollouts/s', 'step ms', 'sampling', 'scoring', 'training', 'tokens/step', 'live']
  return `${formatTable([...header, 'RSS GB', 'others', 'ratio', 'version'], rows)}\n`
}

function describe(name: string, measurement: Side, ratio: number | null): string[] {
  const { steps, tokensPerStep, liveShare, peakBytes, othersCores, version } = measurement
  const totalMs = steps.reduce((sum, { stepMs }) => sum + stepMs, 0)
  const shareOf = (part: 'sampleMs' | 'scoreMs' | 'trainMs'): string =>
    formatShare(steps.reduce((sum, step) => sum + step[part], 0) / totalMs)
  return [
    name,
    formatNumber(rolloutsPerSecond(measurement), 1),
    formatNumber(median(steps.map(({ stepMs }) => stepMs))),
    ...[shareOf('sampleMs'), shareOf('scoreMs'), shareOf('trainMs')],
    formatNumber(tokensPerStep),
    formatShare(liveShare),
    formatNumber(peakBytes / 1e9, 2),
    formatNumber(othersCores, 2),
    formatRatio(ratio),
    version,
  ]
}
