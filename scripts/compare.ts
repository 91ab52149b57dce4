/**
 * Runs the default recipe and its controls over several seeds and prints the comparison of docs/results.md.
 *
 *   npx tsx scripts/compare.ts [--seeds 1,2,3] [--variants mined,continued,uniform,random] [--set key=value …]
 *
 * Every variant of a seed shares the sealed stages before the one that differs: their folders are copied and the run
 * goes on from there, as after an interruption. Finished runs are not run again.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError } from '../src/core/errors.ts'
import { formatJson, parseJson } from '../src/core/json.ts'
import { readJsonl } from '../src/core/jsonl.ts'
import { readText } from '../src/core/read.ts'
import { putAtomic, readLog } from '../src/core/store.ts'
import { compareAcrossSeeds, scoreAcrossSeeds } from '../src/evaluation/across-seeds.ts'
import type { AnswerRecord } from '../src/evaluation/types.ts'
import type { Config } from '../src/pipeline/config.ts'
import { loadConfig } from '../src/pipeline/config-file.ts'
import { silentObserver } from '../src/pipeline/observer.ts'
import { runRecipe } from '../src/pipeline/run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    variants: { type: 'string', default: 'mined,continued,uniform,random' },
    root: { type: 'string', default: 'runs' },
    config: { type: 'string', default: 'fleming.yaml' },
    set: { type: 'string', multiple: true, default: [] },
  },
})

type Variant = { readonly shares: readonly string[]; readonly set: (main: Spent) => string[] }

/** What the main run of a seed spent: the controls get the same number of rollouts. */
type Spent = {
  readonly stageOneSteps: number
  readonly stageTwoSteps: number
  readonly sweepRollouts: number
  readonly groupSize: number
  readonly prompts: number
}

const untilColdStart = ['graph', 'questions', 'pretrain', 'cold-start']
const untilStageOne = [...untilColdStart, 'rl-1']
/** Sweeps cost the mined run rollouts; a control spends them on further steps instead. */
const equalSteps = (main: Spent): number =>
  main.stageTwoSteps + Math.round(main.sweepRollouts / (main.prompts * main.groupSize))
/** The same number of steps as the main run made, whether or not the curve would have ended it earlier. */
const fixedStageOne = (main: Spent): string[] => [`rl-1.steps=${main.stageOneSteps}`, 'rl-1.plateau.checks=1000000']

const variants: Readonly<Record<string, Variant>> = {
  mined: { shares: [], set: () => [] },
  continued: { shares: untilStageOne, set: (main) => ['rl-2.mining=false', `rl-2.steps=${equalSteps(main)}`] },
  uniform: {
    shares: untilColdStart,
    set: (main) => [
      ...fixedStageOne(main),
      'rl-1.curriculum=uniform',
      'rl-2.mining=false',
      `rl-2.steps=${equalSteps(main)}`,
    ],
  },
  random: {
    shares: untilColdStart,
    set: (main) => [...fixedStageOne(main), 'rl-1.reward=random', 'rl-2.reward=random'],
  },
}

const nameOf = (variant: string, seed: string): string =>
  variant === 'mined' ? `seed-${seed}` : `seed-${seed}-${variant}`

function spentBy(config: Config): Spent {
  const dir = join(values.root, config.name)
  const lines = (stage: string): Record<string, unknown>[] =>
    readLog<Record<string, unknown>>(join(dir, stage, 'metrics.jsonl')).records
  const swept = readLog<{ of: number }>(join(dir, 'rl-2', 'sweeps.jsonl')).records
  return {
    stageOneSteps: lines('rl-1').length,
    stageTwoSteps: lines('rl-2').length,
    sweepRollouts: swept.reduce((sum, { of }) => sum + of, 0),
    groupSize: config['rl-2'].groupSize,
    prompts: config['rl-2'].promptsPerStep,
  }
}

async function runVariant(variant: string, seed: string, main: Config | undefined): Promise<Config> {
  const { shares, set } = variants[variant]!
  const name = nameOf(variant, seed)
  const assignments = [...values.set, `name=${name}`, `seed=${seed}`, ...(main === undefined ? [] : set(spentBy(main)))]
  const config = loadConfig(values.config, assignments)
  const dir = join(values.root, name)
  if (main !== undefined) {
    mkdirSync(dir, { recursive: true })
    for (const stage of shares) {
      const target = join(dir, stage)
      if (existsSync(join(target, 'manifest.json'))) continue
      // The manifest is copied last, so a copy that was interrupted has none: start it over.
      rmSync(target, { recursive: true, force: true })
      cpSync(join(values.root, main.name, stage), target, {
        recursive: true,
        filter: (file) => !file.endsWith('manifest.json'),
      })
      cpSync(join(values.root, main.name, stage, 'manifest.json'), join(target, 'manifest.json'))
    }
  }
  console.error(`${name} …`)
  await runRecipe(values.root, config, silentObserver)
  return config
}

type Answers = {
  readonly variant: string
  readonly seed: string
  readonly stage: string
  readonly records: readonly AnswerRecord[]
}

const wanted = values.variants.split(',')
const seeds = values.seeds.split(',')
const unknown = wanted.find((variant) => variants[variant] === undefined)
if (unknown !== undefined)
  throw new ConfigError(`unknown variant "${unknown}"`, { hint: `known: ${Object.keys(variants).join(', ')}` })
// A control takes its number of rollouts and its first stages from the main run of the same seed.
if (wanted[0] !== 'mined')
  throw new ConfigError('the first variant must be "mined"', { hint: 'for example --variants mined,continued' })

const all: Answers[] = []
for (const seed of seeds) {
  let main: Config | undefined
  for (const variant of wanted) {
    const config = await runVariant(variant, seed, main)
    main ??= config
    for (const stage of ['base-forced', 'base', 'cold-start', 'rl-1', 'rl-2']) {
      const file = join(values.root, config.name, 'evaluation', `answers-${stage}.jsonl`)
      all.push({ variant, seed, stage, records: readJsonl(file, (value) => value as AnswerRecord) })
    }
  }
}

const splits = ['held-out-composition', 'held-out-disease']
const percent = (share: number): string => (100 * share).toFixed(1)
const answersOf = (variant: string, stage: string, keep: (record: AnswerRecord) => boolean): AnswerRecord[][] =>
  all.filter((part) => part.variant === variant && part.stage === stage).map(({ records }) => records.filter(keep))
const rateOf = (part: number, whole: number): string => (whole === 0 ? '–' : percent(part / whole))

const rows: unknown[] = []
for (const split of splits) {
  console.log(`\n### ${split}\n`)
  console.log(
    '| run, checkpoint | pooled [95 %] | by seed | 2 hops | 3 hops | 4 hops | steps grounded | right for the wrong reason |',
  )
  console.log('|---|---|---|---|---|---|---|---|')
  for (const variant of wanted) {
    for (const stage of variant === 'mined'
      ? ['base-forced', 'base', 'cold-start', 'rl-1', 'rl-2']
      : ['rl-1', 'rl-2']) {
      if (variant === 'continued' && stage === 'rl-1') continue
      const score = scoreAcrossSeeds(answersOf(variant, stage, (record) => record.split === split))
      const byHop = [2, 3, 4].map((hop) =>
        scoreAcrossSeeds(answersOf(variant, stage, (record) => record.split === split && record.hop === hop)),
      )
      const pooled = answersOf(variant, stage, (record) => record.split === split).flat()
      const checkable = pooled.reduce((sum, { checkableSteps }) => sum + checkableSteps, 0)
      const grounded = pooled.reduce((sum, { groundedSteps }) => sum + groundedSteps, 0)
      const right = pooled.filter(({ correct }) => correct)
      const wrongReason = right.filter(({ rightForWrongReason }) => rightForWrongReason).length
      rows.push({
        split,
        variant,
        stage,
        ...score,
        byHop: byHop.map(({ accuracy }) => accuracy),
        grounded,
        checkable,
        right: right.length,
        wrongReason,
      })
      const [low, high] = score.interval
      console.log(
        `| ${variant}, ${stage} | **${percent(score.accuracy)}** [${percent(low)}–${percent(high)}] | ${score.bySeed.map(percent).join(' / ')} | ${byHop.map(({ accuracy }) => percent(accuracy)).join(' | ')} | ${rateOf(grounded, checkable)} | ${rateOf(wrongReason, checkable === 0 ? 0 : right.length)} |`,
      )
    }
  }
}

console.log(
  '\n### Paired differences\n\n| from → to | split | questions × seeds | hops | points [95 %] | p |\n|---|---|---|---|---|---|',
)
const comparisons: [string, string, string, string][] = [
  ['mined', 'base', 'mined', 'cold-start'],
  ['mined', 'cold-start', 'mined', 'rl-1'],
  ['mined', 'rl-1', 'mined', 'rl-2'],
  ['mined', 'cold-start', 'mined', 'rl-2'],
  ...wanted.slice(1).map((variant): [string, string, string, string] => [variant, 'rl-2', 'mined', 'rl-2']),
]
for (const split of splits) {
  for (const [fromVariant, fromStage, toVariant, toStage] of comparisons) {
    for (const hop of ['all', 2, 3, 4] as const) {
      const keep = (record: AnswerRecord): boolean => record.split === split && (hop === 'all' || record.hop === hop)
      const test = compareAcrossSeeds(answersOf(fromVariant, fromStage, keep), answersOf(toVariant, toStage, keep))
      rows.push({ from: `${fromVariant} ${fromStage}`, to: `${toVariant} ${toStage}`, split, hop, ...test })
      const [low, high] = test.interval
      console.log(
        `| ${fromVariant} ${fromStage} → ${toVariant} ${toStage} | ${split} | ${test.questions} × ${seeds.length} | ${hop} | ${percent(test.difference)} [${percent(low)}, ${percent(high)}] | ${test.p < 0.001 ? '< 0.001' : test.p.toFixed(3)} |`,
      )
    }
  }
}

console.log('\n### Fact recall and wall time\n')
for (const seed of values.seeds.split(',')) {
  const dir = join(values.root, nameOf('mined', seed))
  const scores = parseJson(readText(join(dir, 'evaluation', 'scores.json')), {}) as {
    facts: { stage: string; rate: number }[]
  }
  const timings = readLog<{ stage: string; wallSeconds: number }>(join(dir, 'timings.jsonl')).records
  rows.push({ seed, facts: scores.facts, timings })
  console.log(
    `seed ${seed}: ${scores.facts.map(({ stage, rate }) => `${stage} ${percent(rate)}`).join(', ')}; ${timings.map(({ stage, wallSeconds }) => `${stage} ${wallSeconds.toFixed(0)} s`).join(', ')}`,
  )
}
putAtomic(join(values.root, 'compare.json'), `${formatJson(rows, { pretty: true })}\n`)
