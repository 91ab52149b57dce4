import { readTextLines } from '../../core/text-lines.ts'
import type { EntityType } from '../types.ts'
import { normaliseCurie } from './curie.ts'
import { plainValue, readOboLine } from './obo-line.ts'

const ROOT = 'HP:0000001'

/** Roots of the branches of the HPO that hold no phenotypes. */
const branches: ReadonlyMap<string, EntityType | null> = new Map([
  ['HP:0000005', 'inheritance'],
  ['HP:0012823', null],
  ['HP:0040279', null],
  ['HP:0031797', null],
  ['HP:0032443', null],
  ['HP:0032223', null],
])

/** Modes of inheritance that annotations name, for readers that have no hp.obo at hand. */
export const inheritanceTerms: ReadonlyMap<string, string> = new Map([
  ['HP:0000006', 'autosomal dominant inheritance'],
  ['HP:0000007', 'autosomal recessive inheritance'],
  ['HP:0001417', 'X-linked inheritance'],
  ['HP:0001419', 'X-linked recessive inheritance'],
  ['HP:0001423', 'X-linked dominant inheritance'],
  ['HP:0001427', 'mitochondrial inheritance'],
  ['HP:0001450', 'Y-linked inheritance'],
  ['HP:0001426', 'multifactorial inheritance'],
  ['HP:0003745', 'sporadic occurrence'],
  ['HP:0010982', 'polygenic inheritance'],
  ['HP:0010984', 'digenic inheritance'],
  ['HP:0032113', 'semidominant inheritance'],
])

/**
 * What each term of the HPO in a file is: a finding, a mode of inheritance, or null for modifiers, onsets and
 * frequencies. One pass over the file; other ontologies cost nothing but the reading.
 */
export async function readHpoBranches(file: string): Promise<(key: string) => EntityType | null> {
  const parentsOf = new Map<string, string[]>()
  let key: string | null = null
  for await (const { text } of readTextLines(file)) {
    // A cheap look first: only lines of HPO terms matter.
    if (!text.startsWith('id:') && !text.startsWith('is_a:') && !text.startsWith('[')) continue
    const line = readOboLine(text)
    if (line.kind === 'stanza') key = null
    if (line.kind !== 'tag') continue
    const target = normaliseCurie(plainValue(line.value).text)
    if (line.tag === 'id') key = target?.startsWith('HP:') === true ? target : null
    else if (key !== null && target !== null) parentsOf.set(key, [...(parentsOf.get(key) ?? []), target])
  }
  return (asked) => branchOf(asked, parentsOf)
}

/** The branch of an HPO term, walking up its parents: a finding, a mode of inheritance, or null for a modifier. */
export function branchOf(asked: string, parentsOf: ReadonlyMap<string, readonly string[]>): EntityType | null {
  if (asked === ROOT) return null
  // Upwards until a branch is met, without recursion and without going round in a loop of bad data.
  const met = new Set<string>()
  const open = [asked]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const branch = branches.get(key)
    if (branch !== undefined) return branch
    if (met.has(key)) continue
    met.add(key)
    open.push(...(parentsOf.get(key) ?? []))
  }
  return inheritanceTerms.has(asked) ? 'inheritance' : 'finding'
}
