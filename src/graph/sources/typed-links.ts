/** Typed links of ontologies (OBO relationships, OWL restrictions) as relations of the clinical schema. */

type Link = {
  readonly relation: string
  /** The ontology's subject is our tail: "X realized in response to Y". */
  readonly isBackward?: true
}

const rows: readonly (readonly [names: readonly string[], link: Link])[] = [
  [['has_symptom', 'has symptom', 'RO:0002452'], { relation: 'has_finding' }],
  [['has_phenotype', 'has phenotype', 'RO:0002200'], { relation: 'has_finding' }],
  [['disease_has_feature', 'disease has feature', 'RO:0004029'], { relation: 'has_finding' }],
  [['disease_has_major_feature', 'disease has major feature'], { relation: 'has_finding' }],
  [['disease_has_location', 'disease has location', 'RO:0004026'], { relation: 'affects' }],
  [['disease_has_infectious_agent', 'disease has infectious agent'], { relation: 'caused_by_organism' }],
  [
    ['has_material_basis_in_germline_mutation_in', 'has material basis in germline mutation in', 'RO:0004003'],
    { relation: 'caused_by_gene' },
  ],
  [
    ['has_material_basis_in_somatic_mutation_in', 'has material basis in somatic mutation in', 'RO:0004004'],
    { relation: 'caused_by_gene' },
  ],
  [['derives_from', 'derives from', 'RO:0001000'], { relation: 'derives_from' }],
  [['transmitted_by', 'transmitted by', 'RO:0002451'], { relation: 'transmitted_by' }],
  [['has_allergic_trigger', 'has allergic trigger', 'RO:0001022'], { relation: 'triggered_by' }],
  [['disease_triggers', 'disease triggers'], { relation: 'complicated_by' }],
  [['disease_causes_feature', 'disease causes feature'], { relation: 'has_finding' }],
  [['has_modifier_inheritance', 'has inheritance'], { relation: 'inherited_as' }],
  [['part_of', 'part of', 'BFO:0000050'], { relation: 'part_of' }],
  [['phenotype_of', 'phenotype of', 'RO:0002201'], { relation: 'has_finding', isBackward: true }],
]

/** "has material basis in" and "realized in response to" join many kinds of things: the kind of the tail decides. */
const byTail: Readonly<Record<string, string>> = {
  organism: 'caused_by_organism',
  gene: 'caused_by_gene',
  inheritance: 'inherited_as',
  exposure: 'caused_by_factor',
  drug: 'caused_by_factor',
}
const basisNames: ReadonlySet<string> = new Set([
  'has_material_basis_in',
  'has material basis in',
  'RO:0004024',
  'realized_in_response_to_stimulus',
  'realized in response to stimulus',
  'RO:0004028',
])
const linkOf: ReadonlyMap<string, Link> = new Map(rows.flatMap(([names, link]) => names.map((name) => [name, link])))

/**
 * The relation of a typed link, or null when there is none.
 *
 * @param name identifier or label of the property, whichever the file gives
 * @param tailType what the object of the link is, null when unknown
 */
export function linkOfProperty(name: string, tailType: string | null): Link | null {
  if (basisNames.has(name)) {
    const relation = tailType === null ? undefined : byTail[tailType]
    return relation === undefined ? null : { relation }
  }
  return linkOf.get(name) ?? null
}
