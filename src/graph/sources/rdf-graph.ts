/** What the statements of an ontology say of each of its subjects, gathered as they come. */

export const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'
const RDFS = 'http://www.w3.org/2000/01/rdf-schema#'
export const OWL = 'http://www.w3.org/2002/07/owl#'
const SKOS = 'http://www.w3.org/2004/02/skos/core#'
const OBO_IN_OWL = 'http://www.geneontology.org/formats/oboInOwl#'

export type RdfTerm = {
  readonly termType: string
  readonly value: string
  readonly language?: string
}
type RdfStatement = { readonly subject: RdfTerm; readonly predicate: RdfTerm; readonly object: RdfTerm }

type Target = { readonly node: string; readonly line: number }
export type RdfNode = {
  line: number
  label: string
  labelZh: string
  readonly synonyms: string[]
  /** Synonyms of another scope, which are no names: only counted. */
  readonly others: { readonly scope: string; readonly name: string; readonly line: number }[]
  readonly xrefs: string[]
  /** Named or blank superclasses and equivalents. */
  readonly supers: Target[]
  readonly links: { readonly property: string; readonly target: string; readonly line: number }[]
  isTerm: boolean
  isDeprecated: boolean
}
/** A blank node: a restriction, an intersection, or a cell of a list. */
type BlankNode = { property?: string; some?: string; members?: string; first?: string; rest?: string }
export type RdfGraph = {
  readonly nodes: ReadonlyMap<string, RdfNode>
  readonly blanks: ReadonlyMap<string, BlankNode>
  readonly revision: string | null
  readonly license: string | null
}

const blankFields: Readonly<Record<string, keyof BlankNode>> = {
  [`${OWL}onProperty`]: 'property',
  [`${OWL}someValuesFrom`]: 'some',
  [`${OWL}intersectionOf`]: 'members',
  [`${RDF}first`]: 'first',
  [`${RDF}rest`]: 'rest',
}
const otherScopes: Readonly<Record<string, string>> = {
  [`${OBO_IN_OWL}hasRelatedSynonym`]: 'RELATED',
  [`${OBO_IN_OWL}hasBroadSynonym`]: 'BROAD',
  [`${OBO_IN_OWL}hasNarrowSynonym`]: 'NARROW',
  [`${SKOS}hiddenLabel`]: 'hidden',
}
const names = new Set([`${RDFS}label`, `${SKOS}prefLabel`])
const exactSynonyms = new Set([`${OBO_IN_OWL}hasExactSynonym`, `${SKOS}altLabel`])
const references = new Set([`${OBO_IN_OWL}hasDbXref`, `${OBO_IN_OWL}hasAlternativeId`, `${SKOS}exactMatch`])
const supers = new Set([`${RDFS}subClassOf`, `${OWL}equivalentClass`, `${SKOS}broader`])
const termClasses = new Set([`${OWL}Class`, `${SKOS}Concept`, `${RDFS}Class`])
const licenses = new Set(['http://purl.org/dc/terms/license', 'http://purl.org/dc/elements/1.1/rights'])

/** Gathers statements; `line` is where the parser stood when it gave one. */
export function createRdfGraph(): RdfGraph & { add(statement: RdfStatement, line: number): void } {
  const nodes = new Map<string, RdfNode>()
  const blanks = new Map<string, BlankNode>()
  const about = { revision: null as string | null, license: null as string | null }
  const addBlank = (subject: string, predicate: string, object: string): void => {
    const field = blankFields[predicate]
    if (field === undefined) return
    const blank = blanks.get(subject) ?? {}
    blank[field] = object
    blanks.set(subject, blank)
  }
  const addNamed = (subject: string, predicate: string, object: RdfTerm, line: number): void => {
    if (predicate === `${OWL}versionInfo` || predicate === `${OWL}versionIRI`) about.revision ??= object.value
    else if (licenses.has(predicate)) about.license ??= object.value
    else gather(nodeOf(nodes, subject, line), predicate, object, line)
  }
  return {
    nodes,
    blanks,
    get revision() {
      return about.revision
    },
    get license() {
      return about.license
    },
    add: ({ subject, predicate, object }, line) => {
      if (subject.termType === 'BlankNode') addBlank(subject.value, predicate.value, idOf(object))
      else if (subject.termType === 'NamedNode') addNamed(subject.value, predicate.value, object, line)
    },
  }
}

function gather(node: RdfNode, predicate: string, object: RdfTerm, line: number): void {
  const isLiteral = object.termType === 'Literal'
  const language = object.language ?? ''
  const isEnglish = language === '' || language.toLowerCase().startsWith('en')
  if (names.has(predicate) && isLiteral) {
    if (language.toLowerCase().startsWith('zh')) node.labelZh ||= object.value
    // A label in plain English goes before one without a language.
    else if (isEnglish && (node.label === '' || language !== '')) node.label = object.value
  } else if (exactSynonyms.has(predicate)) {
    if (isLiteral && isEnglish) node.synonyms.push(object.value)
  } else if (otherScopes[predicate] !== undefined) {
    node.others.push({ scope: otherScopes[predicate], name: object.value, line })
  } else if (references.has(predicate)) node.xrefs.push(object.value)
  else if (supers.has(predicate)) node.supers.push({ node: idOf(object), line })
  else if (predicate === `${RDF}type`) {
    if (termClasses.has(object.value)) {
      node.isTerm = true
      node.line = line
    }
  } else if (predicate === `${OWL}deprecated`) node.isDeprecated = object.value === 'true' || object.value === '1'
  else if (object.termType === 'NamedNode') node.links.push({ property: predicate, target: object.value, line })
}

function nodeOf(nodes: Map<string, RdfNode>, iri: string, line: number): RdfNode {
  const known = nodes.get(iri)
  if (known !== undefined) return known
  const node: RdfNode = {
    line,
    label: '',
    labelZh: '',
    synonyms: [],
    others: [],
    xrefs: [],
    supers: [],
    links: [],
    isTerm: false,
    isDeprecated: false,
  }
  nodes.set(iri, node)
  return node
}

/** Blank nodes and IRIs in one space of names: no IRI starts with "_:". */
export function idOf(term: RdfTerm): string {
  return term.termType === 'BlankNode' ? `_:${term.value}` : term.value
}
