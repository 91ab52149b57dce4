import { decimal, hopTitle, splitTitles, stageTitles } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { GroupExample, HeldOutExample, Report } from '../schema.ts'
import { completionBlock, stepLegend } from './completion.ts'

const whyTitles: Readonly<Record<GroupExample['why'], string>> = {
  early: 'Early: the first group with a signal',
  late: 'Late: the last group with a signal',
  best: 'Best: most hops, every rollout right',
  worst: 'Worst: fewest hops, every rollout wrong',
}

/** Held-out questions up the ladder, then groups of rollouts with what each earned. */
export function examplesSection(report: Report): Markup {
  const { heldOut, groups } = report.examples
  return html`<section id="examples"><h2>Examples</h2>${stepLegend()}
<h3>Held-out questions, checkpoint by checkpoint</h3>
<p class="quiet">Drawn by chance from the test, greedy answers. The marks after each question: base, cold start, RL stage 1, RL stage 2.</p>
${heldOut.slice(0, mostQuestions).map((example, index) => heldOutBlock(example, index === 0))}
<h3>Groups of rollouts</h3>
<p class="quiet">All rollouts of one prompt at temperature 1. Advantage: reward minus the mean of the group; 0 teaches nothing.</p>
${groups.map((group, index) => groupBlock(group, index === 0))}
</section>`
}

const openIf = (isOpen: boolean): Markup | null => (isOpen ? html` open` : null)

function heldOutBlock(example: HeldOutExample, isOpen: boolean): Content {
  const facts = `${splitTitles[example.split]} · ${hopTitle(example.hop)} · ${example.difficulty} · rarity ${example.rarity}`
  return html`<details class="example"${openIf(isOpen)}><summary><bdi>${example.stem}</bdi> <span class="marks">${example.answers.map(({ correct }) => (correct ? '✓' : '✗'))}</span></summary>
<p class="quiet">${facts} · accepted: <bdi>${example.accepted.join(' / ')}</bdi></p>
<div class="columns four">${example.answers.map((answer) => html`<article><h4>${stageTitles[answer.stage]}: ${verdictOf(answer)}</h4>${completionBlock(answer)}</article>`)}</div></details>`
}

function verdictOf({ correct, rightForWrongReason }: HeldOutExample['answers'][number]): string {
  if (!correct) return 'wrong'
  return rightForWrongReason ? 'right, for the wrong reason' : 'right'
}

function groupBlock(group: GroupExample, isOpen: boolean): Content {
  const blocks = alike(group.rollouts)
  const hidden = group.rollouts.length - blocks.reduce((sum, { times }) => sum + times, 0)
  const rest = hidden === 0 ? null : html`<p class="quiet">${hidden} rarer rollouts in report.json</p>`
  const rights = group.rollouts.filter(({ reward }) => reward.correct === 1).length
  const where = `${stageTitles[group.stage].replace('+ ', '')}, step ${group.step}`
  const facts = `drawn as ${group.reason} · ${hopTitle(group.hop)} · ${group.difficulty}`
  return html`<details class="example"${openIf(isOpen)}><summary>${where}. ${whyTitles[group.why]} <span class="marks">${rights} of ${group.rollouts.length} right</span></summary>
<p><bdi>${group.stem}</bdi></p>
<p class="quiet">${facts} · accepted: <bdi>${group.accepted.join(' / ')}</bdi></p>
<div class="columns">${blocks.map(({ rollout, times }) => rolloutBlock(rollout, times))}</div>${rest}</details>`
}

type Rollout = GroupExample['rollouts'][number]

/** More different rollouts of a group, or more held-out questions, are left to report.json: the page stays small. */
const mostRollouts = 10
const mostQuestions = 12

/** Rollouts with the same words count together; the most frequent of them, the best earning first. */
function alike(rollouts: readonly Rollout[]): { readonly rollout: Rollout; readonly times: number }[] {
  const found = new Map<string, { rollout: Rollout; times: number }>()
  for (const rollout of rollouts) {
    const key = `${rollout.reward.total} ${rollout.defects.join()} ${rollout.completion}`
    const entry = found.get(key) ?? { rollout, times: 0 }
    entry.times += 1
    found.set(key, entry)
  }
  const frequent = [...found.values()].sort((a, b) => b.times - a.times).slice(0, mostRollouts)
  return frequent.sort((a, b) => b.rollout.reward.total - a.rollout.reward.total || b.times - a.times)
}

function rolloutBlock(rollout: Rollout, times: number): Content {
  const { correct, format, total } = rollout.reward
  const advantage = decimal(rollout.advantage, 2)
  const signed = rollout.advantage > 0 ? `+${advantage}` : advantage
  return html`<article class="${total > 0.5 ? 'earned' : 'lost'}"><h4>${times > 1 ? `${times} × ` : ''}reward ${decimal(total, total % 1 === 0 ? 0 : 2)} <span class="quiet">correct ${correct} · format ${format} · advantage ${signed}</span></h4>${completionBlock(rollout)}</article>`
}
