/** Modes of inheritance: the whole vocabulary, with the identifiers of the Human Phenotype Ontology. */
type InheritanceMode = { readonly label: string; readonly xref: string; readonly pattern: RegExp }

/** Longer names first: "X-linked recessive" is not "X-linked". */
export const inheritanceModes: readonly InheritanceMode[] = [
  { label: 'autosomal recessive', xref: 'HP:0000007', pattern: /\bautosomal[ -]recessive\b/i },
  { label: 'autosomal dominant', xref: 'HP:0000006', pattern: /\bautosomal[ -]dominant\b/i },
  { label: 'X-linked recessive', xref: 'HP:0001419', pattern: /\bX-linked[ -]recessive\b/i },
  { label: 'X-linked dominant', xref: 'HP:0001423', pattern: /\bX-linked[ -]dominant\b/i },
  { label: 'X-linked', xref: 'HP:0001417', pattern: /\bX-linked\b(?![ -](?:recessive|dominant))/i },
  { label: 'Y-linked', xref: 'HP:0001450', pattern: /\bY-linked\b/i },
  { label: 'mitochondrial', xref: 'HP:0001427', pattern: /\bmitochondrial\b/i },
  { label: 'multifactorial', xref: 'HP:0001426', pattern: /\bmultifactorial\b/i },
]

/** The mode that a row of a phenotype table names, "Autosomal recessive inheritance". */
export function inheritanceRow(name: string): InheritanceMode | 'unknown' | null {
  if (!/ inheritance$/i.test(name)) return null
  return inheritanceModes.find((mode) => `${mode.label} inheritance`.toLowerCase() === name.toLowerCase()) ?? 'unknown'
}
