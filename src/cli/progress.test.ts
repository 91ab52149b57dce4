import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { recordingShell } from './fixtures/recording-shell.ts'
import { createProgress, duration } from './progress.ts'

/** A clock that moves by hand. */
function handClock() {
  let ms = 0
  const pass = (seconds: number): void => {
    ms += 1000 * seconds
  }
  return { now: () => ms, pass }
}

function plain() {
  const shell = recordingShell()
  const clock = handClock()
  return { ...clock, progress: createProgress(shell, clock.now), lines: () => shell.stderr.join('').split('\n') }
}

describe('into a pipe', () => {
  test('a stage is told at its start, about every tenth of it, and at its end', () => {
    const { progress, pass, lines } = plain()
    progress.stageStarted('rl-1')
    for (let step = 1; step <= 40; step++) {
      pass(2)
      progress.progress('rl-1', step, 40, { 'rollout/reward_mean': step / 100, 'group/mixed_share': 0.25 })
    }
    progress.note('40 steps, all steps used')
    progress.stageDone('rl-1', 80)
    expect(lines()).toEqual([
      'rl-1: started',
      'rl-1: step 4/40  reward 0.040  mixed 25 %  ETA 1 min 12 s',
      'rl-1: step 8/40  reward 0.080  mixed 25 %  ETA 1 min 4 s',
      'rl-1: step 12/40  reward 0.120  mixed 25 %  ETA 56 s',
      'rl-1: step 16/40  reward 0.160  mixed 25 %  ETA 48 s',
      'rl-1: step 20/40  reward 0.200  mixed 25 %  ETA 40 s',
      'rl-1: step 24/40  reward 0.240  mixed 25 %  ETA 32 s',
      'rl-1: step 28/40  reward 0.280  mixed 25 %  ETA 24 s',
      'rl-1: step 32/40  reward 0.320  mixed 25 %  ETA 16 s',
      'rl-1: step 36/40  reward 0.360  mixed 25 %  ETA 8.0 s',
      '  40 steps, all steps used',
      'rl-1: done in 1 min 20 s  40 steps  reward 0.010 → 0.400  ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██',
      '',
    ])
  })

  test('a resumed stage judges its pace by the steps it sees, not by those done before', () => {
    const { progress, pass, lines } = plain()
    progress.stageStarted('pretrain')
    for (let step = 81; step <= 90; step++) {
      pass(3)
      progress.progress('pretrain', step, 100, { 'train/loss': 1 })
    }
    expect(lines().slice(1, 3)).toEqual([
      'pretrain: step 81/100  loss 1.000',
      'pretrain: step 90/100  loss 1.000  ETA 30 s',
    ])
  })

  test('the last probe stays on display, and holds no control characters', () => {
    const { progress, pass, lines } = plain()
    progress.stageStarted('rl-2')
    progress.progress('rl-2', 1, 10, { 'rollout/reward_mean': 0.5, 'probe/accuracy': 0.31 })
    pass(1)
    progress.progress('rl-2', 2, 10, { 'rollout/reward_mean': 0.5 })
    expect(lines()[2]).toBe('rl-2: step 2/10  reward 0.500  probe 31 %  ETA 8.0 s')
    expect(lines().join('')).toBe(stripVTControlCharacters(lines().join('')))
  })

  test('a stage that did not change says so', () => {
    const { progress, lines } = plain()
    progress.stageSkipped('graph')
    expect(lines()[0]).toBe('graph: unchanged, not made again')
  })
})

const escapeCode = '\u001b'
const tokens = new RegExp(`${escapeCode}\\[\\d*[A-Z]|[\\s\\S]`, 'g')

/** What a terminal shows after these characters; knows the few codes that the live view uses. */
function screenOf(text: string): string[] {
  const rows: string[] = ['']
  let row = 0
  let column = 0
  for (const [token] of text.matchAll(tokens)) {
    if (token === '\r') column = 0
    else if (token === '\n') {
      row += 1
      rows[row] ??= ''
      column = 0
    } else if (token === `${escapeCode}[J`) rows.splice(row, rows.length, (rows[row] ?? '').slice(0, column))
    else if (token.startsWith(escapeCode)) row -= Number(token.slice(2, -1))
    else {
      rows[row] = `${(rows[row] ?? '').slice(0, column).padEnd(column)}${token}`
      column += 1
    }
  }
  return rows
}

describe('on a terminal', () => {
  test('each stage leaves one line with its notes below, whatever was drawn in between', () => {
    const shell = recordingShell({ isLive: true })
    const clock = handClock()
    const progress = createProgress(shell, clock.now)
    progress.stageSkipped('graph')
    progress.stageStarted('cold-start')
    progress.note('140 trajectories kept')
    for (let step = 1; step <= 4; step++) {
      clock.pass(5)
      progress.progress('cold-start', step, 4, { 'train/loss': 4 / step })
    }
    progress.stageDone('cold-start', 20)
    progress.close()
    expect(screenOf(shell.stderr.join(''))).toEqual([
      '· graph      unchanged',
      '✔ cold-start  4 steps  loss 4.000 → 1.000  █▃▂▁  20 s',
      '    140 trajectories kept',
      '',
    ])
  })

  test('the stage at work has a bar, its figures, its curve and the time that is left', () => {
    const shell = recordingShell({ isLive: true, columns: 100 })
    const clock = handClock()
    const progress = createProgress(shell, clock.now)
    progress.stageStarted('rl-1')
    for (const [index, reward] of [0, 0.25, 0.5].entries()) {
      clock.pass(4)
      progress.progress('rl-1', index + 1, 10, { 'rollout/reward_mean': reward })
    }
    expect(screenOf(shell.stderr.join('')).at(-1)).toBe(
      '❯ rl-1        ██████░░░░░░░░░░░░░░  3/10  reward 0.500  ▁▅█  ETA 28 s',
    )
    progress.close()
  })

  test('no line is longer than the terminal is wide: it could not be redrawn in place', () => {
    const shell = recordingShell({ isLive: true, columns: 30 })
    const progress = createProgress(shell, handClock().now)
    progress.stageStarted('rl-1')
    progress.progress('rl-1', 1, 10, { 'rollout/reward_mean': 0.5 })
    progress.note('a note that is a good deal longer than thirty columns')
    progress.close()
    expect(Math.max(...screenOf(shell.stderr.join('')).map((line) => line.length))).toBeLessThan(30)
  })

  test('a note between two stages gets a line of its own', () => {
    const shell = recordingShell({ isLive: true })
    const progress = createProgress(shell, handClock().now)
    progress.note('rl-1: code changed; made anew')
    progress.close()
    expect(screenOf(shell.stderr.join(''))).toEqual(['! rl-1: code changed; made anew', ''])
  })
})

test('durations read naturally at every size', () => {
  expect([0.04, 8.44, 9.96, 59.4, 61, 3599, 3660].map(duration)).toEqual([
    ...['0.0 s', '8.4 s', '10 s', '59 s', '1 min 1 s', '59 min 59 s', '1 h 1 min'],
  ])
})
