/**
 * Runs the arms of the ablation under several seeds at equal rollouts, tests them pair by pair and writes the tables.
 *
 *   npm run ablate -- [--seeds 1,2,3] [--arms no-mining,uniform,…] [--jobs 2] [--set key=value …] [--table docs/results.md]
 *
 * Arms that share stages fork from the run that sealed them. Interrupted or killed, the same command goes on; finished
 * runs are not run again. `--list` names the arms, `--tables-only` runs nothing.
 */
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { clock } from '../src/core/clock.ts'
import { ConfigError, DataError, FlemingError } from '../src/core/errors.ts'
import { formatJson } from '../src/core/json.ts'
import { readText } from '../src/core/read.ts'
import { putAtomic } from '../src/core/store.ts'
import type { Config } from '../src/pipeline/config.ts'
import { silentObserver } from '../src/pipeline/observer.ts'
import { type Arm, arms, chooseArms, rolloutsOf } from './ablation/arms.ts'
import { configOf, type Place, runArm, runName, spentBy } from './ablation/run-arm.ts'
import { checkpoints, parts, readAnswers, scoreOn } from './ablation/score.ts'
import { armTable, effectsOf, effectTable, type Finished, ladderTable } from './ablation/table.ts'

const optional = ['random-reward']
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    arms: { type: 'string' },
    root: { type: 'string', default: 'runs/ablation' },
    config: { type: 'string', default: 'configs/ablation.yaml' },
    set: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '2' },
    table: { type: 'string' },
    'tables-only': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    one: { type: 'string' },
  },
})
const place: Place = { root: values.root, config: values.config, set: values.set }

const byName = new Map(arms.map((arm) => [arm.name, arm]))

/** The configuration of an arm; that of the arm whose budget it has first, since its logs say how many rollouts. */
function resolve(arm: Arm, seed: number): Config {
  const budget = arm.budget === null ? null : resolve(byName.get(arm.budget)!, seed)
  return configOf(place, arm, seed, budget)
}

type Job = { readonly arm: Arm; readonly seed: number }

/** Runs a job in a process of its own, its output in a log beside the runs. */
function runJob({ arm, seed }: Job): Promise<void> {
  mkdirSync(place.root, { recursive: true })
  const logFile = join(place.root, `${runName(arm.name, seed)}.log`)
  const log = createWriteStream(logFile, { flags: 'a' })
  const args = ['--one', `${arm.name}:${seed}`, '--root', place.root, '--config', place.config]
  const settings = place.set.flatMap((assignment) => ['--set', assignment])
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...args, ...settings])
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (code) => {
      if (code === 0) done()
      else fail(new DataError(`the arm ${arm.name} under seed ${seed} ended with ${code}`, { file: logFile }))
    })
  })
}

/** Runs all jobs, so many at a time; one starts when those that it needs are done. The first failure stops the start of others. */
async function runAll(jobs: readonly Job[], atOnce: number): Promise<void> {
  const started = clock.monotonicMs()
  const open = new Set(jobs)
  const done = new Set<string>()
  const running = new Map<Job, Promise<Job>>()
  const needs = ({ arm, seed }: Job): string[] =>
    [arm.budget, arm.forks?.from ?? null].flatMap((name) => (name === null ? [] : [runName(name, seed)]))
  while (open.size > 0 || running.size > 0) {
    for (const job of open) {
      if (running.size >= atOnce) break
      if (!needs(job).every((key) => done.has(key))) continue
      open.delete(job)
      running.set(
        job,
        runJob(job).then(() => job),
      )
    }
    const ended = await Promise.race(running.values())
    running.delete(ended)
    done.add(runName(ended.arm.name, ended.seed))
    const minutes = ((clock.monotonicMs() - started) / 60_000).toFixed(1)
    process.stderr.write(
      `${done.size} of ${jobs.length}: ${runName(ended.arm.name, ended.seed)} after ${minutes} min\n`,
    )
  }
}

function report(chosen: readonly Arm[], seeds: readonly number[]): string {
  const finished: Finished[] = chosen.map((arm) => ({
    arm,
    answers: readAnswers(place.root, arm.name, seeds),
    rollouts_S: seeds.map((seed) => rolloutsOf(spentBy(place.root, resolve(arm, seed)))),
  }))
  const effects = effectsOf(finished)
  const scores = finished.flatMap(({ arm, answers }) =>
    checkpoints.flatMap((stage) =>
      parts.map(({ name, has }) => ({ arm: arm.name, stage, part: name, ...scoreOn(answers, stage, has) })),
    ),
  )
  putAtomic(join(place.root, 'ablation.json'), `${formatJson({ seeds, scores, effects }, { pretty: true })}\n`)
  const full = finished.find(({ arm }) => arm.name === 'full')
  return [
    ...(full === undefined ? [] : [`### The ladder of the full recipe\n\n${ladderTable(full)}`]),
    `### Every arm after stage 2\n\n${armTable(finished)}`,
    `### Effects\n\n${effectTable(effects)}`,
  ].join('\n\n')
}

/** Puts the tables between the marks of a Markdown file. */
function putTable(file: string, text: string): void {
  const [open, close] = ['<!-- ablation:start -->', '<!-- ablation:end -->']
  const page = existsSync(file) ? readText(file) : ''
  const [from, to] = [page.indexOf(open), page.indexOf(close)]
  if (from < 0 || to < from) {
    throw new DataError('has no place for the tables', { file, hint: `add the lines ${open} and ${close}` })
  }
  putAtomic(file, `${page.slice(0, from + open.length)}\n${text}\n${page.slice(to)}`)
}

async function main(): Promise<void> {
  if (values.list) {
    for (const { name, title, against } of arms)
      process.stdout.write(`${name.padEnd(20)} ${title}${against === null ? '' : ` (against ${against})`}\n`)
    return
  }
  if (values.one !== undefined) {
    const [name, seed] = values.one.split(':')
    const [arm] = chooseArms([name!]).slice(-1)
    return runArm(place, arm!, resolve(arm!, Number(seed)), silentObserver)
  }
  const seeds = values.seeds.split(',').map(Number)
  const jobs = Number(values.jobs)
  if (seeds.some((seed) => !Number.isInteger(seed)) || !Number.isInteger(jobs) || jobs < 1)
    throw new ConfigError('--seeds and --jobs are whole numbers', { hint: 'for example --seeds 1,2,3 --jobs 2' })
  const names = values.arms?.split(',') ?? arms.map(({ name }) => name).filter((name) => !optional.includes(name))
  const chosen = chooseArms(names)
  if (!values['tables-only']) {
    await runAll(
      seeds.flatMap((seed) => chosen.map((arm) => ({ arm, seed }))),
      jobs,
    )
  }
  const text = report(chosen, seeds)
  process.stdout.write(`${text}\n`)
  if (values.table !== undefined) putTable(values.table, text)
}

main().catch((error: unknown) => {
  if (!(error instanceof FlemingError)) throw error
  process.stderr.write(`${error.message}\n${error.hint ?? ''}\n`)
  process.exitCode = error.exitCode
})
