import type { Command } from 'commander'
import { formatJson } from '../core/json.ts'
import type { Origin } from '../graph/types.ts'
import type { EntityView, RelationView, Shown, TripleView } from '../pipeline/data/show.ts'
import { printable } from './graph-printable.ts'
import { parseCount } from './options.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

type ShowOptions = { readonly limit?: number; readonly json?: true }

/** `fleming graph show`: what a built graph says of one thing, and where that was said. */
export function addGraphShow(graph: Command, shell: Shell): void {
  graph
    .command('show')
    .summary('an entity of a built graph: names, keys, triples, and where each was said')
    .description(
      'Shows every entity of a built graph that has the name as label, synonym or key, spelling and letter case aside: its type, names and keys, and its triples by relation, each with the places where it was said: source and revision, file and line, quote and address where there are any. Questions cite entities and triples by id; ids are names here too.',
    )
    .argument('<dir>', 'folder of a data run, or of its graph')
    .argument('<name>', 'label, synonym, key, or id of an entity or a triple')
    .option('--limit <n>', 'triples of each relation and direction; 20 unless told', parseCount)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming graph show runs/data malaria
  $ fleming graph show runs/data DOID:12365 --limit 100
  $ fleming graph show runs/data triple_0123456789abcdef01234567     the proof of a question
${formatExitCodes([0, 2, 3, 74])}`,
    )
    .action((dir: string, name: string, options: ShowOptions) => showCommand(dir, name, options, shell))
}

async function showCommand(dir: string, name: string, options: ShowOptions, shell: Shell): Promise<void> {
  const { openDataGraph, showNamed } = await import('../pipeline/data/show.ts')
  const { limit } = options
  const shown = showNamed(openDataGraph(dir), name, limit === undefined ? {} : { limit })
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, name, ...shown }, { pretty: true })
      : renderShown(shown, shell.outColors),
  )
}

function renderShown({ entities, triple }: Shown, colors: Colors): string {
  const triples = triple === null ? entities.flatMap(({ relations }) => relations.flatMap((r) => r.triples)) : [triple]
  const blocks = [
    ...(entities.length > 1 ? [`${entities.length} entities have this name`] : []),
    ...entities.map((entity) => renderEntity(entity, colors)),
    ...(triple === null ? [] : [renderOwnTriple(triple, colors)]),
    ...renderSources(
      triples.flatMap(({ origins }) => origins),
      colors,
    ),
  ]
  return blocks.join('\n\n')
}

function renderEntity(entity: EntityView, colors: Colors): string {
  const { id, label, labelZh, type, rarity, synonyms, keys, triples, relations } = entity
  const list = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`  ${name.padEnd(8)} ${values.map(printable).join('; ')}`]
  return [
    `${colors.bold(printable(label))}  ${type}${rarity === null ? '' : `, ${rarity}`}`,
    ...list('chinese', labelZh === null ? [] : [labelZh]),
    ...list('also', synonyms),
    ...list('keys', keys),
    ...list('id', [id]),
    `  ${'triples'.padEnd(8)} ${triples}`,
    ...relations.map((relation) => `\n${renderRelation(relation, colors)}`),
  ].join('\n')
}

/** Triples that it begins stand after an arrow to the right, those that end at it after one to the left. */
function renderRelation({ relation, direction, total, triples }: RelationView, colors: Colors): string {
  const isForward = direction === 'forward'
  return [
    `  ${colors.cyan(`${isForward ? '→' : '←'} ${relation}`)} (${total})`,
    ...triples.flatMap((triple) => {
      const other = isForward ? triple.tail : triple.head
      return [`    ${printable(other.label)}  ${colors.dim(other.type)}`, ...renderEvidence(triple, colors)]
    }),
    ...(triples.length < total ? [colors.dim(`    and ${total - triples.length} more: --limit ${total}`)] : []),
  ].join('\n')
}

function renderOwnTriple(triple: TripleView, colors: Colors): string {
  const { id, head, relation, tail, sentence } = triple
  return [
    colors.bold(printable(sentence)),
    `  head     ${printable(head.label)}  ${head.type}  ${colors.dim(head.id)}`,
    `  relation ${relation}`,
    `  tail     ${printable(tail.label)}  ${tail.type}  ${colors.dim(tail.id)}`,
    `  id       ${id}`,
    ...renderEvidence(triple, colors),
  ].join('\n')
}

function renderEvidence({ qualifiers, origins }: TripleView, colors: Colors): string[] {
  const said = Object.entries(qualifiers).map(([name, value]) => `${printable(name)}: ${printable(value)}`)
  return [
    ...(said.length === 0 ? [] : [`      ${said.join('; ')}`]),
    ...origins.flatMap(({ source, file, line, quote, url }) => [
      `      ${printable(source)}  ${colors.dim(`${printable(file)}:${line}`)}`,
      ...(quote === undefined ? [] : [`        “${printable(quote)}”`]),
      ...(url === undefined ? [] : [`        ${colors.dim(printable(url))}`]),
    ]),
  ]
}

/** Revision and licence of each source that is named above: they are long, and every triple of a source has the same. */
function renderSources(origins: readonly Origin[], colors: Colors): string[] {
  const sources = new Map(origins.map((origin) => [origin.source, origin]))
  if (sources.size === 0) return []
  const lines = [...sources.values()]
    .sort((a, b) => (a.source < b.source ? -1 : 1))
    .map(
      ({ source, revision, license }) =>
        `  ${printable(source)}  revision ${printable(revision)}, licence ${printable(license)}`,
    )
  return [[colors.bold('sources'), ...lines].join('\n')]
}
