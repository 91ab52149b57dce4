/** Keys under which names of entities are compared: two spellings of one name have one key. */

import { cleanBody, peel } from './answer-body.ts'

const hyphens = /[\u2010-\u2015\u2212-]/g
const apostrophes = /[\u02bc\u2018\u2019\u2032\u00b4]/g
const accents = /([\p{Script=Latin}\p{Script=Greek}])[\u0300-\u036f]+/gu
const ligatures: ReadonlyMap<string, string> = new Map([
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['ß', 'ss'],
  ['ł', 'l'],
])
const greekNames: ReadonlyMap<string, string> = new Map([
  ['α', 'alpha'],
  ['β', 'beta'],
  ['γ', 'gamma'],
  ['δ', 'delta'],
  ['ε', 'epsilon'],
  ['ζ', 'zeta'],
  ['η', 'eta'],
  ['θ', 'theta'],
  ['ι', 'iota'],
  ['κ', 'kappa'],
  ['λ', 'lambda'],
  ['μ', 'mu'],
  ['ν', 'nu'],
  ['ξ', 'xi'],
  ['π', 'pi'],
  ['ρ', 'rho'],
  ['σ', 'sigma'],
  ['ς', 'sigma'],
  ['τ', 'tau'],
  ['υ', 'upsilon'],
  ['φ', 'phi'],
  ['χ', 'chi'],
  ['ψ', 'psi'],
  ['ω', 'omega'],
])
/** British fragments and their American spelling; applied to both sides, so "aerobic" stays equal to itself. */
const spellings: readonly (readonly [RegExp, string])[] = [
  [/oe/g, 'e'],
  [/ae/g, 'e'],
  [/tumour/g, 'tumor'],
  [/colour/g, 'color'],
  [/odour/g, 'odor'],
  [/behaviour/g, 'behavior'],
  [/sulph/g, 'sulf'],
  [/fibre/g, 'fiber'],
  [/centre/g, 'center'],
  [/titre/g, 'titer'],
  [/(?<=i)s(?=(?:ation|ed|ing)\b)/g, 'z'],
]
const romanNumbers = ['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x']
const greekBeforeDigit = /\b(alpha|beta|gamma|delta|epsilon|kappa|lambda|omega)(?=\d)/g
const romanAfterKind = /\b(type|stage|grade) (x|ix|iv|v?i{1,3}|v)\b/g

/**
 * The key of a name: NFKC, lower case, accents and markdown off; Greek letters by name; hyphens as spaces; possessives,
 * British spelling and "type II" made one with "Crohn", "edema" and "type 2".
 */
export function exactNameKey(name: string): string {
  let key = peel(cleanBody(name)).toLowerCase().normalize('NFD').replace(accents, '$1').normalize('NFC')
  key = Array.from(key, (character) => ligatures.get(character) ?? greekName(character)).join('')
  key = key.replace(apostrophes, "'").replace(/(?<=\p{L})'s\b|(?<=s)'(?!\p{L})/gu, '')
  key = key
    .replace(hyphens, ' ')
    .replace(/\//g, ' ')
    .replace(/\.(?!\d)/g, '')
  for (const [british, american] of spellings) key = key.replace(british, american)
  key = key.replace(greekBeforeDigit, '$1 ').replace(/\s+/gu, ' ').trim()
  return key.replace(romanAfterKind, (_, kind: string, roman: string) => `${kind} ${romanNumbers.indexOf(roman) + 1}`)
}

/** The exact key without articles and with plurals made singular, word by word: coarser, so asked second. */
export function foldedNameKey(name: string): string {
  const words = exactNameKey(name)
    .replace(/^an? (?=.)/u, '')
    .split(' ')
  return words
    .filter((word) => word !== 'the')
    .map((word) => singular(word))
    .join(' ')
}

function greekName(character: string): string {
  const name = greekNames.get(character)
  return name === undefined ? character : name
}

function singular(word: string): string {
  // Short words are often abbreviations: AIDS is not more than one AID.
  if (word.length < 5 || !word.endsWith('s') || /(?:ss|us|is)$/.test(word)) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /(?:ss|sh|ch|x|[^a]us)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1)
}
