/** What the properties and fillers of Disease Ontology axioms are in the clinical schema. */

import type { EntityType } from '../types.ts'

type AxiomMeaning =
  | { readonly relation: string; readonly type: EntityType; readonly label: string }
  | { readonly reason: string }

/** Fillers so wide that a triple with them would say nothing. */
const wide: ReadonlySet<string> = new Set([
  'Ascomycota',
  'Bacteria',
  'Eukaryota',
  'Fungi',
  'Microsporidia',
  'Viruses',
  'biological driver',
  'chemical driver',
  'chemical entity',
  'chromosome',
  'deletion',
  'drug',
  'duplication',
  'gain_of_function_variant',
  'gene',
  'gene_fusion',
  'hyperploid',
  'loss_of_function_variant',
  'maternal_uniparental_disomy',
  'paternal_variant',
  'structural_variant',
  'symptom',
  'translocation',
  'trinucleotide_repeat_expansion',
])
const cells: ReadonlySet<string> = new Set(['T cell', 'erythrocyte', 'lymphocyte', 'lymphocyte of B lineage'])
/** Routes that are not called "… transmission". */
const organismPattern = /^\[?[A-Z][a-z]/
const chemicals: ReadonlySet<string> = new Set(['ammonia', 'asbestos', 'alcohol', 'benzene', 'formaldehyde'])

/** The relation and the tail that a restriction stands for, or why it stands for none. */
export function meaningOf(property: string, filler: string): AxiomMeaning {
  if (wide.has(filler)) return { reason: `filler is too wide: ${property}` }
  const label = plainName(filler)
  switch (property) {
    case 'has symptom':
    case 'has phenotype':
    case 'disease has feature':
      return { relation: 'has_finding', type: 'finding', label }
    case 'disease has location':
    case 'located in':
      return { relation: 'affects', type: 'anatomy', label }
    case 'derives from':
      return { relation: 'derives_from', type: 'anatomy', label }
    case 'has allergic trigger':
      return { relation: 'triggered_by', type: 'exposure', label }
    case 'has disease driver':
      return { relation: 'caused_by_factor', type: 'exposure', label }
    case 'transmitted by':
      return { relation: 'transmitted_by', type: label.endsWith('transmission') ? 'route' : 'organism', label }
    case 'has material basis in':
      return basis(filler, label)
    case 'has major susceptibility factor':
      // "susceptibility to celiac disease 1": the name of the disease again, and no factor.
      return { reason: 'susceptibility is named after the disease' }
    default:
      return { reason: `property without counterpart: ${property}` }
  }
}

function basis(filler: string, label: string): AxiomMeaning {
  if (filler.endsWith(' inheritance')) return { relation: 'inherited_as', type: 'inheritance', label }
  if (cells.has(filler)) return { reason: 'a kind of cell as material basis' }
  if (filler === 'Scarring' || filler.startsWith('Abnormal')) return { reason: 'a phenotype as material basis' }
  if (organismPattern.test(filler)) return { relation: 'caused_by_organism', type: 'organism', label }
  if (chemicals.has(filler)) return { relation: 'caused_by_factor', type: 'exposure', label }
  return { reason: 'material basis of an unknown kind' }
}

/** `Aspergillus <genus>` and `[Haemophilus] ducreyi` without the marks of the taxonomy. */
function plainName(filler: string): string {
  return filler
    .replace(/ <[a-z]+>$/, '')
    .replace(/[[\]]/g, '')
    .replaceAll('_', ' ')
}
