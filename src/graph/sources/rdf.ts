import type { Quad, Term } from 'oxigraph'
import { DataError } from '../../core/errors.ts'
import { readTextLines } from '../../core/text-lines.ts'
import type { EntityType, KnowledgeSource, SourceRecord } from '../types.ts'
import { curieOfIri, licenseName, normaliseCurie, typeOfKey } from './curie.ts'
import { branchOf } from './hpo-branches.ts'
import { createRdfGraph, OWL, RDF, type RdfGraph, type RdfNode, type RdfTerm } from './rdf-graph.ts'
import { createFirsts, entityRecord, fileOf, joins, type Place, rejected, tripleRecord } from './source-kit.ts'
import { linkOfProperty } from './typed-links.ts'
import { createXmlGuard } from './xml-guard.ts'

const FILE = 'an ontology as .owl, .rdf, .ttl, .nt or .jsonld'

/**
 * Ontologies as OWL in RDF/XML, Turtle, N-Triples or JSON-LD, and SKOS thesauri. What is said of a term may stand
 * anywhere in the file, so the terms are held in memory; the line of a record is where its statement ends.
 */
export const rdf: KnowledgeSource = {
  name: 'rdf',
  title: 'Ontology in RDF',
  files: [FILE],
  license: 'as the file says; none said',
  isPublishable: true,
  closedRelations: [],
  testedOn: 'written samples',
  read: (input) => readRdf(fileOf(input, 'rdf', FILE)),
}

const RDF_XML = 'application/rdf+xml'
const formats: readonly (readonly [ending: string, format: string])[] = [
  ['.owl', RDF_XML],
  ['.rdf', RDF_XML],
  ['.xml', RDF_XML],
  ['.ttl', 'text/turtle'],
  ['.nt', 'application/n-triples'],
  ['.jsonld', 'application/ld+json'],
]

async function* readRdf(file: string): AsyncGenerator<SourceRecord> {
  const graph = await gatherFile(file)
  const license = graph.license === null ? {} : { license: licenseName(graph.license) }
  if (graph.revision !== null || graph.license !== null) {
    yield { kind: 'about', ...(graph.revision === null ? {} : { revision: graph.revision }), ...license }
  }
  const typeOf = typesOf(graph)
  for (const [iri, node] of graph.nodes) yield* readNode(file, iri, node, graph, typeOf)
}

async function gatherFile(file: string): Promise<RdfGraph> {
  const name = file.toLowerCase().replace(/\.gz$/, '')
  const format = formats.find(([ending]) => name.endsWith(ending))?.[1]
  if (format === undefined) {
    throw new DataError('the ending names no form of RDF', {
      file,
      hint: `expected ${formats.map(([ending]) => ending).join(', ')}, with .gz or without`,
    })
  }
  const { parse } = await import('oxigraph')
  const graph = createRdfGraph()
  const reading = { line: 1 }
  const guard = format === RDF_XML ? createXmlGuard(file) : null
  async function* texts(): AsyncGenerator<string> {
    for await (const { text, line } of readTextLines(file)) {
      guard?.see(text, line)
      reading.line = line
      yield `${text}\n`
    }
    guard?.end()
  }
  try {
    // The declaration misspells Uint8Array, so that its first overload takes every input.
    const statements = parse(texts(), { format, base_iri: 'urn:fleming:file' }) as unknown as AsyncIterator<
      Quad,
      undefined
    >
    for (;;) {
      const step = await statements.next()
      if (step.done === true) break
      const { subject, predicate, object } = step.value
      graph.add({ subject: plain(subject), predicate: plain(predicate), object: plain(object) }, reading.line)
      // What WebAssembly holds for us: left to the collector, reading takes quadratic time.
      for (const handle of [subject, predicate, object, step.value, step]) release(handle)
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    throw new DataError(`not ${format}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      file,
      line: reading.line,
      cause,
      hint: 'check the file, and that its ending tells its form',
    })
  }
  if (graph.nodes.size === 0) {
    throw new DataError(`holds no statements of ${format}`, { file, hint: 'is the file empty, or of another form?' })
  }
  return graph
}

/** A term as values of ours: each look at a handle is a call into WebAssembly. */
function plain(term: Term): RdfTerm {
  const { termType, value } = term
  return termType === 'Literal' ? { termType, value, language: term.language } : { termType, value }
}

/** The package declares no `free`, though every object that it hands out has one. */
function release(handle: object): void {
  if ('free' in handle && typeof handle.free === 'function') handle.free()
}

type TypeOf = (key: string) => EntityType | null

function typesOf({ nodes }: RdfGraph): TypeOf {
  const parentsOf = new Map<string, readonly string[]>()
  for (const [iri, { supers }] of nodes) {
    const key = curieOfIri(iri)
    if (key?.startsWith('HP:') !== true) continue
    parentsOf.set(
      key,
      supers.map(({ node }) => curieOfIri(node)).filter((parent) => parent !== null),
    )
  }
  return (key) => (key.startsWith('HP:') ? branchOf(key, parentsOf) : typeOfKey(key))
}

function* readNode(file: string, iri: string, node: RdfNode, graph: RdfGraph, typeOf: TypeOf): Generator<SourceRecord> {
  const place = { file, line: node.line }
  // Properties and the ontology itself have labels too, and are no terms.
  if (!node.isTerm) return
  if (node.isDeprecated) return yield rejected(place, 'obsolete', iri)
  const key = curieOfIri(iri)
  if (key === null) return yield rejected(place, 'identifier of an unknown authority', iri)
  const type = typeOf(key)
  if (node.label === '') return yield rejected(place, 'no English name', key)
  if (type === null) return yield rejected(place, `kind of term unknown: ${prefixOf(key)}`, `${key} ${node.label}`)
  const { label, labelZh, synonyms } = node
  const xrefs = node.xrefs.map((xref) => curieOfIri(xref) ?? normaliseCurie(xref)).filter((xref) => xref !== null)
  yield entityRecord(place, { key, label, type, synonyms, xrefs, labelZh })
  for (const { scope, name, line } of node.others) yield rejected({ file, line }, `synonym of scope ${scope}`, name)
  const isFirstHere = createFirsts()
  for (const link of linksOf(node, graph)) {
    const record = readLink({ file, line: link.line }, key, type, link, graph, typeOf)
    if (record === null) continue
    if (record.kind !== 'triple' || isFirstHere(`${record.head} ${record.relation} ${record.tail}`)) yield record
  }
}

type FoundLink = { readonly property: string | null; readonly target: string; readonly line: number }

/** Superclasses, restrictions and plain links of a term; of an intersection, what its members say. */
function linksOf(node: RdfNode, { blanks }: RdfGraph): FoundLink[] {
  const links: FoundLink[] = [...node.links]
  for (const { node: first, line } of node.supers) {
    const met = new Set<string>()
    const open = [first]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (met.has(id) || id === `${RDF}nil`) continue
      met.add(id)
      const blank = id.startsWith('_:') ? (blanks.get(id.slice(2)) ?? {}) : null
      if (blank === null) links.push({ property: null, target: id, line })
      else if (blank.property !== undefined && blank.some !== undefined) {
        links.push({ property: blank.property, target: blank.some, line })
      } else open.push(...[blank.rest, blank.first, blank.members].filter((next) => next !== undefined))
    }
  }
  return links
}

function readLink(
  place: Place,
  key: string,
  type: EntityType,
  { property, target }: FoundLink,
  graph: RdfGraph,
  typeOf: TypeOf,
): SourceRecord | null {
  if (target === `${OWL}Thing`) return null
  const tail = curieOfIri(target)
  const tailType = tail === null ? null : typeOf(tail)
  const link = property === null ? { relation: 'is_a' } : linkOf(property, tailType, graph)
  const name = property === null ? 'is_a' : (curieOfIri(property) ?? property.split(/[#/]/).at(-1)!)
  if (link === null) return rejected(place, `relation without counterpart: ${name}`.slice(0, 80), target)
  if (tail === null || tailType === null) return rejected(place, 'kind of target unknown', target)
  if (tail === key) return rejected(place, 'joined to itself', key)
  const isBackward = 'isBackward' in link && link.isBackward === true
  const [from, to] = isBackward ? [tailType, type] : [type, tailType]
  if (!joins(link.relation, from, to)) {
    return rejected(place, `ends do not fit ${link.relation}`, `${from} ${link.relation} ${to}`)
  }
  return isBackward ? tripleRecord(place, tail, link.relation, key) : tripleRecord(place, key, link.relation, tail)
}

/** By the identifier of the property, else by its label in this file, else by the end of its address. */
function linkOf(property: string, tailType: EntityType | null, { nodes }: RdfGraph) {
  const names = [curieOfIri(property), nodes.get(property)?.label, property.split(/[#/]/).at(-1)]
  for (const name of names) {
    const link = name === null || name === undefined ? null : linkOfProperty(name, tailType)
    if (link !== null) return link
  }
  return null
}

function prefixOf(key: string): string {
  return key.slice(0, key.indexOf(':'))
}
