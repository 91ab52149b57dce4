/**
 * Whether the bundled starter graph is good enough, and how far reference sources agree with it:
 * `npx tsx scripts/check-starter.ts [--graph DIR] [--sources DIR] [--sample N --seed S]`.
 * Exit code 2 when it cannot be loaded or misses a bar.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError, DataError, FlemingError } from '../src/core/errors.ts'
import { createRng } from '../src/core/rng.ts'
import { listedTriples, measureAgreement, type NamedPair, unresolvedEntities } from '../src/graph/agreement.ts'
import type { Graph } from '../src/graph/graph.ts'
import {
  countRelations,
  countTypes,
  discriminatingTriples,
  missedBars,
  starterBars,
  taxonomicShare,
} from '../src/graph/quality.ts'
import { starterSchema } from '../src/graph/schema.ts'
import { readTables } from '../src/graph/sources/tables.ts'
import type { Triple } from '../src/graph/types.ts'

/** Diseases that the Disease Ontology must know, of all (chosen by us). */
const minResolvedShare = 0.9

type Comparison = {
  readonly title: string
  readonly relations: readonly string[]
  readonly reference: readonly NamedPair[]
}

function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

function printCounts(title: string, counts: ReadonlyMap<string, number>): void {
  print(title)
  for (const [name, count] of counts) print(`  ${String(count).padStart(5)}  ${name}`)
}

function printGraph(graph: Graph): void {
  printCounts(`entities  ${graph.entities.length}`, countTypes(graph))
  printCounts(`triples  ${graph.triples.length}`, countRelations(graph))
  const diseases = graph.ofType('disease')
  for (const rarity of ['common', 'uncommon', 'rare']) {
    print(`${rarity} diseases  ${diseases.filter((disease) => disease.rarity === rarity).length} of ${diseases.length}`)
  }
  const discriminating = [...discriminatingTriples(graph).values()].map((triples) => triples.length)
  print(`discriminating triples of a disease  ${Math.min(...discriminating)} to ${Math.max(...discriminating)}`)
  print(`taxonomic share  ${taxonomicShare(graph).toFixed(3)}`)
  print(`graph hash  ${graph.hash}`)
}

/** The rows of a table as records by column name; quotes around a field are dropped. */
function readTable(file: string): Record<string, string>[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new DataError('cannot be read', {
      file,
      cause,
      hint: 'point --sources at the folder that holds disease-ontology/',
    })
  }
  const [header = [], ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map((field) => field.replace(/^"(.*)"$/, '$1')))
  return rows.map((fields) => Object.fromEntries(header.map((name, column) => [name, fields[column] ?? ''])))
}

function pairsOf(rows: readonly Record<string, string>[], head: string, tail: string): NamedPair[] {
  return rows.map((row) => ({ head: row[head] ?? '', tail: row[tail] ?? '' }))
}

/** What the ontology says of diseases in one relation: `'has symptom' some (fever or rash)` gives fever and rash. */
function ontologyPairs(axioms: readonly Record<string, string>[], relation: string): NamedPair[] {
  const start = `'${relation}' some `
  return axioms.flatMap((row) => {
    const values = (row['SubClass Of [ANON]'] ?? '').split('|').filter((axiom) => axiom.startsWith(start))
    const names = values.flatMap((axiom) =>
      axiom
        .slice(start.length)
        .replace(/^\((.*)\)$/, '$1')
        .split(' or '),
    )
    return names.map((name) => ({ head: row.LABEL ?? '', tail: name.replace(/^'(.*)'$/, '$1') }))
  })
}

function comparisons(dir: string, indications: readonly Record<string, string>[]): Comparison[] {
  const axioms = readTable(join(dir, 'disease-ontology/DO-subClassOf-anonymous.tsv'))
  const basis = ontologyPairs(axioms, 'has material basis in')
  const isInheritance = ({ tail }: NamedPair): boolean => tail.endsWith(' inheritance')
  const inheritance = basis.filter(isInheritance).map(({ head, tail }) => ({ head, tail: tail.slice(0, -12) }))
  const together = readTable(join(dir, 'medline-cooccurrence/disease-disease-cooccurrence.tsv'))
  const enriched = together.filter((row) => Number(row.enrichment) > 1)
  const symptoms = readTable(join(dir, 'disease-ontology/disease-symptom.tsv'))
  return [
    {
      title: 'first_line and treated_by are listed as treatments (PharmacotherapyDB, DM or SYM)',
      relations: ['first_line', 'treated_by'],
      reference: pairsOf(
        indications.filter((row) => row.category !== 'NOT'),
        'disease',
        'drug',
      ),
    },
    {
      title: 'has_finding and has_hallmark are symptoms (Disease Ontology)',
      relations: ['has_finding', 'has_hallmark'],
      reference: pairsOf(symptoms, 'disease_label', 'symptom_label'),
    },
    {
      title: 'caused_by_organism is the material basis (Disease Ontology)',
      relations: ['caused_by_organism'],
      reference: basis.filter((pair) => !isInheritance(pair)),
    },
    {
      title: 'inherited_as is the inheritance (Disease Ontology)',
      relations: ['inherited_as'],
      reference: inheritance,
    },
    {
      title: 'affects is the location (Disease Ontology)',
      relations: ['affects'],
      reference: ontologyPairs(axioms, 'disease has location'),
    },
    {
      title: 'mimicked_by pairs are written of together more than by chance (MEDLINE, enrichment > 1)',
      relations: ['mimicked_by'],
      reference: pairsOf(enriched, 'doid_name_0', 'doid_name_1'),
    },
  ]
}

function describe(graph: Graph, triple: Triple): string {
  return `${graph.entity(triple.head).label} | ${triple.relation} | ${graph.entity(triple.tail).label}`
}

/** Prints how far the sources agree; returns the bars missed. */
function compareWithSources(graph: Graph, dir: string): string[] {
  const diseases = graph.ofType('disease')
  const ontology = readTable(join(dir, 'disease-ontology/HumanDO.tsv')).map((row) => row.label ?? '')
  const unresolved = unresolvedEntities(diseases, ontology)
  print(`diseases in the Disease Ontology  ${diseases.length - unresolved.length} of ${diseases.length}`)
  for (const disease of unresolved) print(`  not found: ${disease.label}`)
  const orphans = readTable(join(dir, 'disease-ontology/OrphanetinDO.tsv')).map((row) => row.label ?? '')
  for (const rarity of ['rare', 'uncommon', 'common']) {
    const group = diseases.filter((disease) => disease.rarity === rarity && !unresolved.includes(disease))
    print(
      `${rarity} diseases with an Orphanet reference  ${group.length - unresolvedEntities(group, orphans).length} of ${group.length} resolved`,
    )
  }
  const indications = readTable(join(dir, 'pharmacotherapydb/indications.tsv'))
  for (const { title, relations, reference } of comparisons(dir, indications)) {
    const { agreed, comparable } = measureAgreement(graph, relations, reference)
    print(`${title}  ${agreed.length} of ${comparable.length} comparable`)
  }
  const wrong = indications.filter((row) => row.category === 'NOT')
  const refuted = listedTriples(graph, ['first_line', 'treated_by'], pairsOf(wrong, 'disease', 'drug'))
  print(`treatments listed as non-indications (PharmacotherapyDB, NOT)  ${refuted.length}`)
  const resolvedShare = 1 - unresolved.length / diseases.length
  const tooFew = `resolved diseases: ${resolvedShare.toFixed(3)} of the Disease Ontology, at least ${minResolvedShare} are needed`
  return [
    ...(resolvedShare < minResolvedShare ? [tooFew] : []),
    ...refuted.map((triple) => `treatment: "${describe(graph, triple)}" is listed as a non-indication`),
  ]
}

function printSample(graph: Graph, count: number, seed: number): void {
  const drawn = createRng(seed, 'check-starter').shuffle(graph.triples).slice(0, count)
  print(`sample of ${drawn.length} triples, seed ${seed}`)
  for (const triple of drawn) print(`  ${triple.origin.file}:${triple.origin.line}  ${describe(graph, triple)}`)
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new ConfigError(`--${name} must be a whole number, found "${text}"`)
  return Number(text)
}

function readArguments(): { graph: string; sources?: string; sample?: string; seed: string } {
  const options = {
    graph: { type: 'string', default: 'data/starter' },
    sources: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '0' },
  } as const
  try {
    return { ...parseArgs({ options }).values }
  } catch (cause) {
    const hint = `known: ${Object.keys(options)
      .map((name) => `--${name}`)
      .join(', ')}`
    throw new ConfigError(cause instanceof Error ? cause.message : 'arguments cannot be read', { cause, hint })
  }
}

function main(): number {
  const values = readArguments()
  const graph = readTables(values.graph, starterSchema)
  printGraph(graph)
  const missed = [...missedBars(graph, starterBars)]
  if (values.sources !== undefined) missed.push(...compareWithSources(graph, values.sources))
  if (values.sample !== undefined) {
    printSample(graph, wholeNumber('sample', values.sample), wholeNumber('seed', values.seed))
  }
  for (const bar of missed) process.stderr.write(`missed: ${bar}\n`)
  print(missed.length === 0 ? 'every bar is met' : `${missed.length} bars are missed`)
  return missed.length === 0 ? 0 : 2
}

try {
  process.exitCode = main()
} catch (error) {
  if (!(error instanceof FlemingError)) throw error
  process.stderr.write(`${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`)
  process.exitCode = error.exitCode
}
