import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clock } from '../src/core/clock.ts'
import { createRng } from '../src/core/rng.ts'
import { readManifest } from '../src/core/store.ts'
import { stageNames } from '../src/pipeline/stage.ts'

const project = fileURLToPath(new URL('..', import.meta.url))

export type KillReport = {
  readonly wallMs: number
  readonly kills: { readonly atMs: number; readonly differing: string[] }[]
}

/** The recipe that is killed: a configuration and what is set beside it. */
export type KilledRecipe = { readonly config: string; readonly set: readonly string[] }

/** The whole recipe in seconds. */
export const shortRecipe: KilledRecipe = { config: join(project, 'test/short.yaml'), set: [] }

/** Name of the run in each root folder. */
const runName = 'killed'

/**
 * Runs a recipe once undisturbed, then `count` times with a `kill -9` at a random moment of its life, resumed
 * until it is done, and compares the manifest hashes of every stage.
 *
 * @returns for each kill the stages whose hash differs from the undisturbed run: none, if the promise holds
 */
export async function killAndResume(
  count: number,
  seed: number,
  recipe: KilledRecipe = shortRecipe,
  onKill: (line: string) => void = () => {},
): Promise<KillReport> {
  const dir = mkdtempSync(join(tmpdir(), 'fleming-kill-'))
  try {
    const started = clock.monotonicMs()
    await runKilled(recipe, join(dir, 'undisturbed'))
    const wallMs = clock.monotonicMs() - started
    const expected = hashes(join(dir, 'undisturbed', runName))
    const kills: KillReport['kills'] = []
    for (let index = 0; index < count; index++) {
      const atMs = createRng(seed, 'kill', index).uniform() * wallMs
      const name = `killed-${index}`
      await runKilled(recipe, join(dir, name), atMs)
      await runKilled(recipe, join(dir, name))
      const found = hashes(join(dir, name, runName))
      const differing = stageNames.filter((stage) => found[stage] !== expected[stage])
      kills.push({ atMs, differing })
      onKill(
        `kill ${index + 1} of ${count} at ${(atMs / 1000).toFixed(1)} s of ${(wallMs / 1000).toFixed(1)} s: ${differing.length === 0 ? 'same hashes' : `DIFFERENT: ${differing.join(', ')}`}`,
      )
      rmSync(join(dir, name), { recursive: true })
    }
    return { wallMs, kills }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function hashes(runDir: string): Record<string, string> {
  return Object.fromEntries(stageNames.map((stage) => [stage, readManifest(join(runDir, stage))?.hash ?? 'none']))
}

/** Runs the command with its own root folder in its own process group; with `killAfterMs` the whole group gets SIGKILL then. */
function runKilled({ config, set }: KilledRecipe, root: string, killAfterMs?: number): Promise<void> {
  const command = ['--import', 'tsx', join(project, 'src/cli/main.ts'), 'run', '--quiet']
  const settings = set.flatMap((assignment) => ['--set', assignment])
  const args = [...command, '--config', config, '--name', runName, '--root', root, ...settings]
  const child = spawn(process.execPath, args, { cwd: project, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const timer =
    killAfterMs === undefined ? undefined : setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), killAfterMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 || signal === 'SIGKILL') resolve()
      else reject(new Error(`the run ended with code ${code}: ${stderr}`))
    })
  })
}
