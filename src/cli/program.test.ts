import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseJson } from '../core/json.ts'
import { removeDir } from '../core/store.ts'
import { writeScriptedRun } from '../pipeline/fixtures/scripted-run.ts'
import { checkpointNames } from '../pipeline/load-run.ts'
import { stageChoices } from './eval.ts'
import { recordingShell } from './fixtures/recording-shell.ts'
import { runCli } from './program.ts'

const root = mkdtempSync(join(tmpdir(), 'fleming-cli-'))
const run = join(root, 'miniature')
beforeAll(async () => {
  await writeScriptedRun(run)
}, 60_000)

async function cli(...args: string[]) {
  const shell = recordingShell()
  const code = await runCli(args, shell)
  return { code, out: shell.stdout.join('\n'), err: shell.stderr.join('') }
}

const json = (text: string): unknown => parseJson(text, { file: 'stdout' })

describe('help', () => {
  test.each([[[]], [['run']], [['eval']], [['ask']], [['doctor']], [['verify']]])(
    'of %j teaches: what it does, examples, exit codes, on stdout with code 0',
    async (command) => {
      const { code, out, err } = await cli(...command, '--help')
      expect(code).toBe(0)
      expect(out).toContain('Examples:\n  $ fleming ')
      expect(out).toContain('Exit codes:\n  0    ')
      expect(err).toBe('')
    },
  )

  test('without a command is shown on stderr, as wrong usage', async () => {
    const { code, out, err } = await cli()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Commands:')
  })

  test('offers the checkpoints that the pipeline knows', () => {
    expect(stageChoices).toEqual(checkpointNames)
  })
})

describe('wrong usage ends with code 2', () => {
  test.each([
    [['rn'], "unknown command 'rn'", 'did you mean run?'],
    [['run', '--sede', '2'], "unknown option '--sede'", 'did you mean --seed?'],
    [['run', '--seed', '1.5'], 'It must be a whole number', '--help'],
    [['eval'], "missing required argument 'run'", '--help'],
    [['eval', 'runs/x', '--stage', 'rl-3'], 'Allowed choices are base, cold-start, rl-1, rl-2', '--help'],
    [['run', '--config', '/nowhere/fleming.yaml'], 'there is no configuration', '--config FILE'],
    [['ask', '--run', '/nowhere', 'What?'], 'there is no run here', 'fleming run'],
    [['ask'], 'there is no question', '--examples'],
    [['verify', '/nowhere'], 'no such folder', 'a release'],
  ])('%j', async (args, message, hint) => {
    const { code, out, err } = await cli(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^error\[E_(CONFIG|DATA)\]: /)
    expect(err).toContain(message)
    expect(err.split('hint: ')[1]).toContain(hint)
  })

  test('an unknown key is named with its file and line, and the nearest known one', async () => {
    const config = join(root, 'typo.yaml')
    writeFileSync(config, 'name: typo\nrl-2:\n  steps: 4\n  resweepEvry: 3\n')
    const { code, err } = await cli('run', '--config', config)
    expect(code).toBe(2)
    expect(err).toContain(`error[E_CONFIG]: ${config}:4: unknown key "rl-2.resweepEvry"`)
    expect(err).toContain('hint: did you mean "resweepEvery"?')
  })

  test('a value that does not fit is named with the assignment that set it', async () => {
    const config = join(root, 'good.yaml')
    writeFileSync(config, 'name: good\n')
    const { code, err } = await cli('run', '--config', config, '--set', 'rl-1.groupSize=1')
    expect(code).toBe(2)
    expect(err).toContain('--set rl-1.groupSize=1: rl-1.groupSize: ')
  })
})

describe('fleming verify', () => {
  test('says what it read and ends with 0', async () => {
    const { code, out, err } = await cli('verify', run)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain(`✔ ${join(run, 'graph')}  2 files`)
    expect(out).toContain('not finished: release')
  })

  test('names a changed file with what was expected and found, and ends with 3; stdout stays JSON', async () => {
    const broken = join(root, 'broken')
    cpSync(run, broken, { recursive: true })
    const file = join(broken, 'graph', 'triples.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace('measles', 'weasels').replace('first_line', 'last_line_'))
    const { code, out, err } = await cli('verify', broken, '--json')
    expect(code).toBe(3)
    expect(json(out)).toMatchObject({ ok: false, problems: [{ file }] })
    expect(err).toMatch(/^error\[E_INTEGRITY\]: .*triples\.jsonl: expected \d+ bytes, sha256 [0-9a-f]{64}, found /)
  })
})

describe('fleming doctor', () => {
  test('ends with 0 when nothing is in the way and with 1 when something is', async () => {
    const fine = await cli('doctor', '--root', join(root, 'runs'), '--json')
    expect([fine.code, fine.err]).toEqual([0, ''])
    expect(json(fine.out)).toMatchObject({ schemaVersion: 1, ok: true })
    const config = join(root, 'no-graph.yaml')
    writeFileSync(config, 'graph: { dir: /nowhere }\n')
    const ill = await cli('doctor', '--root', join(root, 'runs'), '--config', config)
    expect(ill.code).toBe(1)
    expect(ill.out).toContain(' ✖ graph')
    expect(ill.out).toContain('fix: ')
    expect(ill.out).toContain('1 in the way of a run')
  })
})

describe('fleming ask', () => {
  test('shows examples, as lines and as JSON', async () => {
    const lines = await cli('ask', '--examples', '--run', run)
    expect(lines.code).toBe(0)
    expect(lines.out.split('\n')).toHaveLength(9)
    const { examples } = json((await cli('ask', '--examples', '--run', run, '--json')).out) as { examples: unknown[] }
    expect(examples[0]).toMatchObject({ hop: 2, stem: lines.out.split('\n')[0]?.slice('2 hops  '.length) })
  })
})

describe('the program in a process of its own', () => {
  const start = (...args: string[]) => spawnSync(process.execPath, ['bin/fleming.js', ...args], { encoding: 'utf8' })

  test('starts from its TypeScript sources, tells its version and passes exit codes on', () => {
    expect(start('--version')).toMatchObject({ status: 0, stdout: '0.3.0\n' })
    const refused = start('run', '--set', 'nonsense')
    expect([refused.status, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('error[E_CONFIG]: --set nonsense: expected key=value')
  })

  test('that is stopped by Ctrl-C dies of the signal, which shells report as 130, and says how to go on', () => {
    const config = join(root, 'stopped.yaml')
    writeFileSync(config, 'name: stopped\ngraph: { diseases: 16 }\n')
    const command = `${process.execPath} bin/fleming.js run --config ${config} --root ${root} & pid=$!
      until [ -e ${root}/stopped/graph/manifest.json ]; do sleep 0.1; done
      kill -INT $pid; wait $pid; echo "shell sees $?"`
    // Job control, so that the program in the background may be interrupted.
    const { stdout, stderr } = spawnSync('bash', ['-mc', command], { encoding: 'utf8', timeout: 50_000 })
    expect(stdout).toBe('shell sees 130\n')
    expect(stderr).toContain('stopped; the same command goes on from the last checkpoint')
    removeDir(join(root, 'stopped'))
  })
})
