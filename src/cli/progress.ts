import { stripVTControlCharacters } from 'node:util'
import { clock } from '../core/clock.ts'
import type { Observer } from '../pipeline/observer.ts'
import { printableLine } from './printable.ts'
import type { Colors, Shell } from './shell.ts'
import { createTracker, type StageTrack } from './stage-track.ts'

export type Progress = Observer & { close(): void }

/** Pause between two drawings of the live line when nothing happens, milliseconds. */
const tickMs = 1000
/** Shortest time between two drawings: quick steps should not flood a slow terminal, milliseconds. */
const restMs = 80
const barWidth = 20
const nameWidth = 10

/** An observer that tells of a run on stderr: a live line per stage on a terminal, plain lines into a pipe. */
export function createProgress(
  shell: Pick<Shell, 'err' | 'errColors' | 'isLive' | 'columns'>,
  now: () => number = clock.monotonicMs,
): Progress {
  return shell.isLive ? liveProgress(shell, now) : plainProgress(shell, now)
}

/** A line when a stage starts, about every tenth of it, and when it ends. */
function plainProgress(shell: Pick<Shell, 'err'>, now: () => number): Progress {
  const tracker = createTracker(now)
  const line = (text: string): void => shell.err(`${text}\n`)
  let toldTenths = 0
  return {
    stageStarted: (stage) => {
      tracker.start(stage)
      toldTenths = 0
      line(`${stage}: started`)
    },
    stageSkipped: (stage) => line(`${stage}: unchanged, not made again`),
    stageDone: (stage, wallSeconds) => {
      const summary = tracker.finish()
      line(`${stage}: done in ${duration(wallSeconds)}${summary === '' ? '' : `  ${summary}`}`)
    },
    note: (text) => line(`  ${printableLine(text)}`),
    progress: (stage, step, total, metrics) => {
      const track = tracker.advance(stage, step, total, metrics)
      const tenths = Math.floor((10 * step) / total)
      // The last step is told by the line that ends the stage.
      if (tenths <= toldTenths || step === total) return
      toldTenths = tenths
      line([`${stage}: step ${step}/${total}`, track.figures, etaText(track)].filter((part) => part !== '').join('  '))
    },
    close: () => {},
  }
}

/** One block per stage, redrawn in place: the stage's line, and below it what the stage noted. */
function liveProgress(
  { err, errColors: colors, columns }: Pick<Shell, 'err' | 'errColors' | 'columns'>,
  now: () => number,
): Progress {
  const tracker = createTracker(now)
  let notes: string[] = []
  let drawnLines = 0
  let drawnAtMs = Number.NEGATIVE_INFINITY
  const draw = (first: string): void => {
    const width = columns() - 1
    const lines = [first, ...notes.map((note) => colors.dim(`    ${note}`))].map((text) => cut(text, width))
    err(`${drawnLines > 1 ? `\u001b[${drawnLines - 1}A` : ''}\r\u001b[J${lines.join('\n')}`)
    drawnLines = lines.length
    drawnAtMs = now()
  }
  const redraw = (): void => {
    if (tracker.current !== null) draw(liveLine(tracker.current, colors))
  }
  const settle = (first: string): void => {
    draw(first)
    err('\n')
    drawnLines = 0
    notes = []
  }
  const timer = setInterval(redraw, tickMs)
  timer.unref()
  return {
    stageStarted: (stage) => {
      tracker.start(stage)
      redraw()
    },
    stageSkipped: (stage) => settle(`${colors.dim('·')} ${stage.padEnd(nameWidth)} ${colors.dim('unchanged')}`),
    stageDone: (stage, wallSeconds) => {
      const summary = tracker.finish()
      const parts = [`${colors.green('✔')} ${stage.padEnd(nameWidth)}`, summary, colors.dim(duration(wallSeconds))]
      settle(parts.filter((part) => part !== '').join('  '))
    },
    note: (text) => {
      notes.push(printableLine(text))
      if (tracker.current === null) settle(`${colors.yellow('!')} ${notes.pop()}`)
      else redraw()
    },
    progress: (stage, step, total, metrics) => {
      tracker.advance(stage, step, total, metrics)
      if (now() - drawnAtMs >= restMs) redraw()
    },
    close: () => {
      clearInterval(timer)
      if (drawnLines > 0) err('\n')
      drawnLines = 0
    },
  }
}

function liveLine(track: StageTrack, colors: Colors): string {
  const name = `${colors.cyan('❯')} ${track.stage.padEnd(nameWidth)}`
  if (track.total === 0) return `${name}  ${colors.dim(duration(track.elapsedSeconds))}`
  const filled = Math.round((barWidth * track.step) / track.total)
  const bar = `${colors.cyan('█'.repeat(filled))}${colors.dim('░'.repeat(barWidth - filled))}`
  const parts = [name, bar, `${track.step}/${track.total}`, track.figures, track.curve, etaText(track)]
  return parts.filter((part) => part !== '').join('  ')
}

const etaText = ({ etaSeconds }: StageTrack): string => (etaSeconds === null ? '' : `ETA ${duration(etaSeconds)}`)

/** "8.4 s", "48 s", "3 min 12 s". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const rounded = Math.round(seconds)
  if (rounded < 60) return `${rounded} s`
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`
  return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`
}

/** A line that would wrap cannot be redrawn in place: cut it, without colour rather than inside a colour code. */
function cut(text: string, width: number): string {
  const plain = stripVTControlCharacters(text)
  return plain.length <= width ? text : `${plain.slice(0, Math.max(0, width - 1))}…`
}
