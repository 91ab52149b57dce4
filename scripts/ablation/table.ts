import type { Arm } from './arms.ts'
import { type ArmAnswers, checkpoints, type Effect, effectOn, parts, reasoningOf, scoreOn } from './score.ts'

/** A finished arm: what it is, its answers, what it spent. */
export type Finished = { readonly arm: Arm; readonly answers: ArmAnswers; readonly rollouts_S: readonly number[] }

const percent = (share: number | null): string => (share === null ? '–' : (100 * share).toFixed(1))
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`
const within = ([low, high]: readonly [number, number], word: (share: number) => string): string =>
  `[${word(low)}, ${word(high)}]`
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n')

/** Markdown: accuracy of every checkpoint of one arm, in both splits and by hop count. */
export function ladderTable({ arm, answers }: Finished): string {
  const shown = parts.filter(({ name }) => name !== 'common' && name !== 'uncommon' && name !== 'rare')
  const rows = checkpoints.map((stage) => {
    const cells = shown.map(({ has }) => {
      const { accuracy, interval } = scoreOn(answers, stage, has)
      return `${percent(accuracy)} ${within(interval, percent)}`
    })
    const { grounded, wrongReason } = reasoningOf(answers, stage)
    const seeds = scoreOn(answers, stage, () => true)
      .bySeed.map(percent)
      .join(' / ')
    return [stage, ...cells, seeds, percent(grounded), percent(wrongReason)]
  })
  const head = [arm.name, ...shown.map(({ name }) => name), 'by seed', 'steps grounded', 'right for the wrong reason']
  return table(head, rows)
}

/** Markdown: the final accuracy of every arm, with what it spent. */
export function armTable(finished: readonly Finished[]): string {
  const rows = finished.map(({ arm, answers, rollouts_S }) => {
    const final = (has: (typeof parts)[number]['has']): string => percent(scoreOn(answers, 'rl-2', has).accuracy)
    const mean = rollouts_S.reduce((sum, count) => sum + count, 0) / rollouts_S.length
    return [arm.name, arm.title, ...parts.map(({ has }) => final(has)), Math.round(mean).toLocaleString('en')]
  })
  return table(['arm', 'what differs', ...parts.map(({ name }) => name), 'rollouts'], rows)
}

/** An effect as it is kept: arm against arm, on one part of the questions. */
export type EffectRow = Effect & { readonly arm: string; readonly against: string; readonly part: string }

/** What each arm gains or loses against the one that it is tested against, on every part of the questions. */
export function effectsOf(finished: readonly Finished[]): EffectRow[] {
  const byName = new Map(finished.map((done) => [done.arm.name, done]))
  return finished.flatMap(({ arm, answers }) => {
    if (arm.against === null) return []
    const before = { answers: byName.get(arm.against)!.answers, stage: 'rl-2' }
    return parts.map(({ name, has }) => ({
      ...{ arm: arm.name, against: arm.against!, part: name },
      ...effectOn(before, { answers, stage: 'rl-2' }, has),
    }))
  })
}

/** Effects this unlikely by chance are marked: about 90 are looked at, so one in twenty would be too many. */
const marked = 0.01

/**
 * Markdown: one row per arm, positive where it is better than the one that it is tested against; `*` marks p < 0.01. The
 * last columns tell the effect under each seed.
 */
export function effectTable(effects: readonly EffectRow[]): string {
  const shown = ['all', '2 hops', '3 hops', '4 hops', 'common', 'uncommon', 'rare']
  const names = [...new Set(effects.map(({ arm }) => arm))]
  const rows = names.map((name) => {
    const of = (part: string): EffectRow => effects.find((effect) => effect.arm === name && effect.part === part)!
    const cell = ({ difference, interval, p }: EffectRow): string =>
      `${signed(difference)} ${within(interval, signed)}${p < marked ? ' *' : ''}`
    const seeds = (part: string): string => of(part).bySeed.map(signed).join(' / ')
    return [`${name} − ${of('all').against}`, ...shown.map((part) => cell(of(part))), seeds('all'), seeds('4 hops')]
  })
  return table(['points [95 %]', ...shown, 'by seed, all', 'by seed, 4 hops'], rows)
}
