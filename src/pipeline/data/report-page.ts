import type { Coverage, Share } from '../../questions/coverage.ts'
import type { Item } from '../../questions/types.ts'
import { decimal, percent, whole } from '../report/format.ts'
import { framePage } from '../report/frame.ts'
import { type Content, html, type Markup, trustedMarkup } from '../report/markup.ts'
import type { DataReport } from './report.ts'

/** The page of a data run. */
export function renderDataPage(report: DataReport): string {
  const { name, notice, dataSeed } = report
  const content = html`<header><h1>Training questions: ${name}</h1>
<p class="subtitle">data seed ${dataSeed}, graph ${report.graph.census.hash}</p>
<p class="notice">${notice}</p>
${summary(report)}
<nav><a href="#graph">graph</a><a href="#coverage">coverage</a><a href="#synthesis">synthesis</a><a href="#refinement">refinement</a><a href="#contamination">contamination</a><a href="#examples">examples</a></nav></header>
${graphSection(report)}
${coverageSection(report)}
${synthesisSection(report)}
${refinementSection(report)}
${contaminationSection(report)}
${examplesSection(report)}`
  return framePage({ title: `Fleming data run ${name}`, notice, content })
}

function summary({ graph, curated, synthesis, refinement }: DataReport): Markup {
  const kept = curated.sets.filter(({ use }) => use === 'train').reduce((sum, set) => sum + set.kept, 0)
  const { screen, assessment, mix } = refinement
  return html`<p class="lead">${whole(graph.census.triples)} triples about ${whole(graph.census.entities)} entities, from ${graph.census.sources.length} sources, gave ${whole(synthesis.kept)} questions, each with its proof; exam sets gave ${whole(kept)}. ${whole(screen.kept)} of ${whole(screen.items)} passed the filters; the mix holds ${whole(mix.size)}.</p>
${[...assessment.skipped, ...(typeof synthesis.writer.skipped === 'string' ? [synthesis.writer.skipped] : [])].map((text) => html`<p class="quiet">Skipped: ${text}.</p>`)}`
}

/** A column of words stands left, head and all; one of figures right. */
function table(caption: string, header: readonly string[], rows: readonly (readonly Content[])[]): Markup | null {
  if (rows.length === 0) return null
  const isWords = header.map((_, column) => rows.some((row) => /[a-z]{3}|[A-Z]{2}/.test(String(row[column] ?? ''))))
  const marked = (column: number): Markup | null => (isWords[column] ? trustedMarkup(' class="words"') : null)
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr>${header.map((text, column) => html`<th scope="col"${marked(column)}>${text}</th>`)}</tr></thead><tbody>${rows.map(
    ([first, ...rest]) =>
      html`<tr><th scope="row">${first ?? ''}</th>${rest.map((cell, index) => html`<td${marked(index + 1)}>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`
}

const counts = (record: Readonly<Record<string, number>>): [string, string][] =>
  Object.entries(record).map(([key, count]) => [key, whole(count)])

function graphSection({ graph: { build, census } }: DataReport): Markup {
  const { resolution } = build
  return html`<section id="graph"><h2>Graph</h2>
${table(
  'sources',
  ['source', 'triples', 'said by it alone', 'rejected', 'revision', 'licence'],
  build.sources.map((source) => {
    const said = census.sources.find(({ name }) => name === source.name)
    const rejected = source.rejected.reduce((sum, { count }) => sum + count, 0)
    const license = source.isPublishable ? source.license : `${source.license}; names may not be published`
    return [source.name, whole(said?.triples ?? 0), whole(said?.alone ?? 0), whole(rejected), source.revision, license]
  }),
)}
${table(
  'relations',
  ['relation', 'triples', 'heads', 'tails', 'said by independent sources'],
  census.relations
    .filter(({ triples }) => triples > 0)
    .map(({ name, triples, heads, tails, agreed }) => [
      name,
      whole(triples),
      whole(heads),
      whole(tails),
      whole(agreed),
    ]),
)}
${table(
  'quality',
  ['', ''],
  [
    ['triples that independent sources agree on', `${percent(census.agreedShare)} %`],
    ['triples that are said and denied', whole(census.contradictions.count)],
    ['several values where one is expected', whole(census.severalValues.count)],
    ['entities in no triple', whole(census.orphans.count)],
    ['triples that only say of what kind a thing is', `${percent(census.taxonomicShare)} %`],
    ['cycles of is_a', whole(census.cycles.count)],
    ['triples per entity, mean', decimal(census.meanDegree, 1)],
    ['triples per entity, smallest, tenths, largest', census.degreeDeciles.join(' ')],
    ['names of several entities of one type', whole(resolution.ambiguousNames.count)],
    ['names of entities of different types, kept apart', whole(resolution.typeClashes.count)],
    ['near-duplicates, reported and not merged', whole(resolution.nearDuplicates.count)],
  ],
)}
${table('rarity of diseases', ['', 'diseases'], counts(census.rarity))}
${table(
  'what became of no row: the commonest reasons',
  ['source', 'rows', 'reason', 'for example'],
  build.sources
    .flatMap((source) => source.rejected.map((rejection) => ({ source: source.name, ...rejection })))
    .sort((a, b) => b.count - a.count)
    .slice(0, 15)
    .map(({ source, reason, count, examples }) => [source, whole(count), reason, examples[0]?.detail ?? '']),
)}</section>`
}

function coverageSection({ synthesis: { coverage }, curated }: DataReport): Markup {
  const { before, after } = coverage
  return html`<section id="coverage"><h2>Coverage</h2>
<p>What the exam sets ask about, before synthesis, and with the questions made from the graph, after. An entity is covered when a stem, a context or a right answer names it; a triple when one question names both of its ends.</p>
${table(
  'exam sets',
  ['set', 'use', 'rows', 'kept', 'dropped', 'revision'],
  curated.sets.map(({ source, use, rows, kept, revision }) => [
    source,
    use,
    whole(rows),
    whole(kept),
    whole(rows - kept),
    revision.slice(0, 19),
  ]),
)}
${coverageTable('entities', before, after, ({ byType }) => byType)}
${coverageTable('diseases by rarity', before, after, ({ diseasesByRarity }) => diseasesByRarity)}
${coverageTable('triples', before, after, ({ byRelation }) => byRelation)}</section>`
}

function coverageTable(
  caption: string,
  before: Coverage,
  after: Coverage,
  part: (coverage: Coverage) => Readonly<Record<string, Share>>,
): Markup | null {
  const shown = ({ all, covered }: Share): string => `${whole(covered)} (${all === 0 ? '–' : percent(covered / all)} %)`
  return table(
    caption,
    ['', 'in the graph', 'before', 'after'],
    Object.entries(part(before)).map(([name, share]) => [
      name,
      whole(share.all),
      shown(share),
      shown(part(after)[name] ?? { all: 0, covered: 0 }),
    ]),
  )
}

function synthesisSection({ synthesis }: DataReport): Markup {
  const byShape = new Map<string, number>()
  for (const [cell, count] of Object.entries(synthesis.keptByCell)) {
    const shape = cell.split('/')[0]!
    byShape.set(shape, (byShape.get(shape) ?? 0) + count)
  }
  const reasons = new Map<string, number>()
  for (const [cell, count] of Object.entries(synthesis.droppedDraws)) {
    const reason = cell.slice(cell.indexOf(': ') + 2)
    reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
  const most = (map: ReadonlyMap<string, number>): [string, string][] =>
    [...map].sort((a, b) => b[1] - a[1]).map(([key, count]) => [key, whole(count)])
  return html`<section id="synthesis"><h2>Synthesis</h2>
<p>${whole(synthesis.kept)} of ${whole(synthesis.wanted)} questions.</p>
<div class="columns">${table('kept, by shape', ['shape', 'questions'], most(byShape))}
${table('draws that became no question', ['reason', 'draws'], most(reasons))}
${table(
  'shortfalls',
  ['shape, form, language', 'wanted', 'kept'],
  synthesis.shortfalls.map(({ cell, wanted, kept }) => [cell, whole(wanted), whole(kept)]),
)}
${writerTable(synthesis.writer)}</div>
${barrenNote(synthesis.barren)}</section>`
}

/** Which kinds of question the graph cannot give: their share went to others, so no shortfall shows them. */
const barrenNote = (barren: readonly string[]): Markup | null =>
  barren.length === 0
    ? null
    : html`<p class="quiet">Not asked, since a pilot gave none (shape/form/language): ${barren.join(', ')}.</p>`

function writerTable(writer: DataReport['synthesis']['writer']): Markup | null {
  if (!('model' in writer)) return null
  const census = writer
  return table(
    'reworded by a language model',
    ['', ''],
    [
      ['model', census.model],
      ['kept', whole(census.kept)],
      ['dropped', whole(census.dropped)],
      ...counts(census.droppedByCause),
    ],
  )
}

function refinementSection({ refinement: { screen, assessment, mix, phiMeasure } }: DataReport): Markup {
  return html`<section id="refinement"><h2>Refinement</h2>
<div class="columns">${table('left out', ['step: reason', 'items'], counts(screen.excludedByReason))}
${table('labels, by the trials of the validator', ['', 'items'], counts(assessment.labels))}
${table('reviewed', ['', 'items'], counts(assessment.reviewed))}
${table('difficulty', ['', 'items'], counts(assessment.difficulty))}
${table('not judged', ['cause', 'items'], counts(assessment.unjudged))}
${table('tier of the judge / of the rule', ['', 'items'], counts(assessment.judgeAgainstRule))}
${table(
  'mix',
  ['group', 'available', 'wanted', 'taken'],
  mix.groups.map(({ group, available, wanted, taken }) => [group, whole(available), whole(wanted), whole(taken)]),
)}</div>
<h3>Protected health information</h3>
<p>Mode “${screen.phi.mode}”: findings in ${whole(screen.phi.items)} curated items. Ruleset ${phiMeasure.ruleset}, on ${whole(phiMeasure.notes)} generated notes of this run: recall ${percent(phiMeasure.recall)} % of ${whole(phiMeasure.gold)} identifiers, at least one missed in ${percent(phiMeasure.documentLeakRate)} % of the notes; clinical text harmed in ${percent(phiMeasure.decoyDamage)} % of ${whole(phiMeasure.decoys)} sentences of eponyms, vital signs and codes. The notes are templates of our own: this shows gaps, and does not say that any text is de-identified.</p>
<div class="columns">${table('found', ['', 'findings'], counts(screen.phi.findingsByType))}
${table(
  'recall by kind',
  ['', 'identifiers', 'recall'],
  Object.entries(phiMeasure.recallByType).map(([type, { gold, recall }]) => [
    type,
    whole(gold),
    `${percent(recall)} %`,
  ]),
)}</div></section>`
}

function contaminationSection({ refinement: { screen } }: DataReport): Markup {
  const { contamination } = screen
  return html`<section id="contamination"><h2>Contamination</h2>
<p>${whole(contamination.checked)} items against the benchmarks; ${whole(contamination.removed)} removed. Each finding stands with its evidence in <code>refinement/contamination.jsonl</code>.</p>
${table(
  'benchmarks',
  ['benchmark', 'items removed', 'of its questions', 'by rule'],
  contamination.benchmarks.map(({ benchmark, items, benchmarkItems, byRule }) => [
    benchmark,
    whole(items),
    whole(benchmarkItems),
    Object.entries(byRule)
      .map(([rule, count]) => `${rule}: ${count}`)
      .join(', '),
  ]),
)}
${table(
  'by source',
  ['source', 'checked', 'removed'],
  contamination.sources
    .filter(({ removed }) => removed > 0)
    .map(({ source, checked, removed }) => [source, whole(checked), whole(removed)]),
)}</section>`
}

function examplesSection({ examples }: DataReport): Markup {
  return html`<section id="examples"><h2>Examples</h2>
<p class="quiet">The first items of the mix, as they are.</p>
<div class="columns">${examples.map(exampleCard)}</div></section>`
}

function exampleCard(item: Item): Markup {
  const { origin } = item
  const where =
    origin.kind === 'graph'
      ? `graph, ${origin.shape}, ${origin.sources.join(', ')}`
      : `${origin.source}, ${origin.file}:${origin.line}`
  const reasons = origin.kind === 'graph' ? origin.refutations : []
  return html`<article><h4>${item.form} <span class="quiet">${where}</span></h4><p><bdi>${item.stem}</bdi></p>
<ul class="steps">${item.options.map((option, index) => {
    const refutation = reasons.find((reason) => reason.option === index)
    return html`<li><abbr title="${item.golds.includes(index) ? 'right' : 'wrong'}">${item.golds.includes(index) ? '✔' : '·'}</abbr><bdi>${option}</bdi>${refutation === undefined ? null : html`<small>${refutation.world} world: ${refutation.reason}</small>`}</li>`
  })}</ul>${item.form === 'open' ? html`<p>✔ ${item.answers.join(' / ')}</p>` : null}</article>`
}
