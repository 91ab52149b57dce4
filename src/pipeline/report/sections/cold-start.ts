import { checks as knownChecks } from '../../../trajectories/checks/registry.ts'
import { shareBar } from '../charts/interval-bar.ts'
import { percent, whole } from '../format.ts'
import { type Content, html, type Markup } from '../markup.ts'
import type { Report } from '../schema.ts'
import type { ReportColdStart, ReportTeaching } from '../schema-training.ts'
import { countList, table } from './table.ts'

/** Who taught, from what the kept trajectories were written, what rescued the failed ones, and what the checks found. */
export function coldStartSection({ coldStart }: Report): Markup {
  const { teaching } = coldStart
  return html`<section id="cold-start"><h2>Cold start</h2>
<p class="lead">${summary(coldStart)}</p>
${originTable(coldStart)}
${teaching === null ? absent : html`${roundsTable(coldStart, teaching)}${passText(teaching)}<div class="pair">${unsolvedTable(teaching)}</div>${checksTable(teaching)}${exampleList(coldStart, teaching)}`}
</section>`
}

const absent = html`<p>This run holds no <code>teaching.json</code>: attempts, revisions and what the checks found are not known. The cold start was off, or an older version made the run.</p>`

const teacherWords: Readonly<Record<string, string>> = {
  graph: 'a program that walks the path each question was made from',
  endpoint: 'a language model at an endpoint',
  engine: 'a language model in the same process',
}

function summary({ teacher, titles, kept, sawGold, teaching }: ReportColdStart): Content {
  if (kept === 0) return 'No trajectory was kept: the student was not taught a form.'
  const names = titles.length === 0 ? '' : html` (<bdi>${titles.join(', ')}</bdi>)`
  const of = teaching === null ? '' : ` of ${whole(teaching.questions)} questions`
  const asked = teaching === null ? 0 : teaching.rounds.reduce((sum, round) => sum + round.asked, 0)
  const attempts = teaching === null ? '' : `, from ${whole(asked)} attempts`
  const gold =
    sawGold === null
      ? ' Whether the teacher saw the gold is not recorded.'
      : sawGold === 0
        ? ' No kept trajectory is by a teacher that saw the gold.'
        : ` ${sawGold === kept ? 'All' : `${whole(sawGold)} (${percent(sawGold / kept)} %)`} of them are by a teacher that saw the gold or the path to it.`
  return html`The teacher was ${teacherWords[teacher] ?? teacher}${names}. <b>${whole(kept)} trajectories</b>${of} were kept${attempts}.${gold}`
}

const originTitles: Readonly<Record<string, readonly [title: string, meaning: string]>> = {
  blind: ['Blind', 'written from the question alone'],
  refined: ['Refined', 'an earlier chain that failed, revised'],
  'gold-conditioned': ['Gold-conditioned', 'the gold, or the path to it, was given'],
}

function originTable({ origins, strategies, kept }: ReportColdStart): Content {
  if (origins === null) return html`<p>From what each trajectory was written is not recorded in this run.</p>`
  if (kept === 0) return null
  const byStrategy = Object.keys(strategies ?? {}).length === 0 ? '' : `: ${countList(strategies ?? {})}`
  return table({
    caption: html`<b>Kept trajectories by origin</b>`,
    head: ['Origin', 'Trajectories', 'Share', '', 'Written from'],
    words: [4],
    rows: Object.entries(origins).map(([origin, count]) => ({
      head: originTitles[origin]?.[0] ?? origin,
      cells: [
        whole(count),
        `${percent(count / kept)} %`,
        shareBar(count / kept),
        `${originTitles[origin]?.[1] ?? ''}${origin === 'refined' ? byStrategy : ''}`,
      ],
    })),
  })
}

type Round = ReportTeaching['rounds'][number]

const strategyTitles: Readonly<Record<string, string>> = {
  backtracking: 'Backtracking',
  'path-exploration': 'Path exploration',
  'self-correction': 'Self-correction',
}

function roundTitle({ strategy, mode, depth }: Round, isGraph: boolean): Content {
  if (strategy !== null) return html`${strategyTitles[strategy] ?? strategy}<small>revision, depth ${depth}</small>`
  if (isGraph) return 'First attempts'
  return html`First attempts<small>${mode === 'blind' ? 'blind' : 'the gold was given'}</small>`
}

function roundsTable({ teacher }: ReportColdStart, { rounds, questions, cut }: ReportTeaching): Content {
  const revised = rounds.filter(({ strategy }) => strategy !== null)
  const rescued = revised.reduce((sum, { solved }) => sum + solved, 0)
  const first = rounds.length - revised.length
  const found =
    revised.length === 0
      ? 'No question was revised.'
      : `Revisions rescued ${whole(rescued)} of the ${whole(revised[0]?.questions ?? 0)} questions that the first ${first === 1 ? 'round' : 'rounds'} left unsolved with a chain to revise.`
  const left = cut === 0 ? '' : ` ${whole(cut)} trajectories were left out again, to bound the share that saw the gold.`
  return html`${table({
    caption: html`<b>Rounds of asking</b> <span class="quiet">of ${whole(questions)} questions, in order; a revised question comes back until it is solved</span>`,
    head: ['Round', 'Questions', 'Attempts', 'Right', 'No reply', 'Not asked', 'Solved', 'Of its questions', ''],
    rows: rounds.map((round) => {
      const share = round.questions === 0 ? 0 : round.solved / round.questions
      return {
        head: roundTitle(round, teacher === 'graph'),
        cells: [
          whole(round.questions),
          whole(round.asked),
          whole(round.right),
          whole(round.failed),
          whole(round.skipped),
          html`<b>${whole(round.solved)}</b>`,
          `${percent(share)} %`,
          shareBar(share),
        ],
      }
    }),
  })}<p>${found}${left}</p>`
}

function passText({ passes }: ReportTeaching): Content {
  const entries = Object.entries(passes)
  // One attempt a question says nothing that the table does not say.
  if (!entries.some(([right]) => Number(right) > 1)) return null
  return html`<p class="quiet">Questions by right answers among their first attempts: ${entries.map(([right, count]) => `${right} right: ${whole(count)}`).join(' · ')}.</p>`
}

function unsolvedTable({ unsolved, questions }: ReportTeaching): Content {
  const rows = Object.entries(unsolved).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (rows.length === 0) return html`<p class="quiet">Every question has its trajectory.</p>`
  return table({
    caption: html`<b>Questions without a trajectory</b> <span class="quiet">by the first reason of their last attempt</span>`,
    head: ['Why', 'Questions', 'Of all'],
    rows: rows.map(([reason, count]) => ({
      head: html`<bdi>${reason}</bdi>`,
      cells: [whole(count), `${percent(count / Math.max(1, questions))} %`],
    })),
  })
}

const titleOfCheck = (name: string): string =>
  name === 'form' ? 'one reasoning, one answer' : (knownChecks.all.find((check) => check.name === name)?.title ?? '')

function checksTable({ checks }: ReportTeaching): Content {
  return table({
    caption: html`<b>Checks of the attempts</b> <span class="quiet">“drop” removes a chain with a finding, “report” counts it; the reasons count notes, too</span>`,
    head: ['Check', 'Asks for', 'Then', 'Checked', 'Found in', 'Share', 'Reasons'],
    words: [1, 2, 6],
    rows: Object.entries(checks).map(([name, { action, checked, found, reasons }]) => ({
      head: name,
      cells: [
        titleOfCheck(name),
        action,
        whole(checked),
        whole(found),
        checked === 0 ? '–' : `${percent(found / checked)} %`,
        html`<bdi>${countList(reasons)}</bdi>`,
      ],
    })),
  })
}

/** Examples of a check that the page shows; report.json has all that the run kept. */
const shownExamples = 2
/** Characters of an example's evidence at most. */
const longestEvidence = 240

function exampleList({ stems }: ReportColdStart, { checks }: ReportTeaching): Content {
  const found = Object.entries(checks).filter(([, { examples }]) => examples.length > 0)
  if (found.length === 0) return html`<p class="quiet">No check found anything, so that there are no examples.</p>`
  const shorten = (text: string): string =>
    text.length > longestEvidence ? `${text.slice(0, longestEvidence)} …` : text
  return html`<details><summary>Examples of what the checks found</summary>${table({
    caption: html`The first chains with a finding, up to ${shownExamples} a check`,
    head: ['Check', 'Finding', 'In the chain', 'Question'],
    words: [1, 2, 3],
    rows: found.flatMap(([name, { examples }]) =>
      examples.slice(0, shownExamples).map(({ questionId, reason, evidence }) => ({
        head: name,
        cells: [
          reason,
          evidence === '' ? '–' : html`<bdi>${shorten(evidence)}</bdi>`,
          html`<bdi>${shorten(stems[questionId] ?? questionId)}</bdi>`,
        ],
      })),
    ),
  })}</details>`
}
