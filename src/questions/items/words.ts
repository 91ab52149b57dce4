/**
 * Words that many names of medicine have and that tell nobody which one is meant. A question may share them with its
 * answer. Chosen by us from the commonest words of the Disease Ontology and of drug and test names.
 */
const genericWords = new Set(
  (
    'disease disorder syndrome infection infectious condition illness deficiency abnormality lesion tumor cancer neoplasm ' +
    'carcinoma acute chronic primary secondary congenital hereditary familial acquired idiopathic severe mild moderate ' +
    'recurrent persistent generalized systemic local type stage grade form related associated induced with without from ' +
    'and the for due other unspecified nos body left right bilateral upper lower early late onset juvenile adult infantile ' +
    'childhood neonatal human virus viral bacterial bacterium fungal parasitic agent test testing level measurement ' +
    'increased decreased elevated reduced high low abnormal normal positive negative presence absence change loss sign ' +
    'symptom finding drug therapy treatment acid sodium potassium hydrochloride inhibitor antagonist agonist blocker ' +
    'receptor protein gene factor enzyme mutation inheritance transmission benign malignant complication effect function ' +
    'failure system tissue cell exposure history risk patient not non concentration circulating recent'
  ).split(' '),
)

/** Names of whole classes of findings, as ontologies have them for their upper levels. */
const vagueBeginnings: readonly string[] = [
  'abnormality of',
  'abnormal ',
  'disease of',
  'disorder of',
  'neoplasm of',
  'symptom',
  'general ',
  'clinical ',
  'increased susceptibility',
]

/** Faculties, which texts name where they mean trouble with them: "problems with memory". */
const faculties: readonly string[] = ['memory', 'vision', 'hearing', 'speech', 'balance', 'sleep', 'appetite', 'gait']

/** True for "abnormality of the adrenal glands" and its like: true of much, and said of little. */
export function isVague(label: string): boolean {
  const name = label.toLowerCase()
  return (
    faculties.includes(name) ||
    vagueBeginnings.some((beginning) => name.startsWith(beginning)) ||
    / (?:symptom|abnormality|finding)s?$/.test(name)
  )
}

const MIN_WORD = 3
const MIN_STEM = 4
/** Endings that make another word of the same root, longest first. */
const endings = 'ations ation ative ities ive ous ial ing ion ies ity ias ics ia ic al is es ed us um ae a e s y'.split(
  ' ',
)

/**
 * The words of a name that say which one it is, each cut to its root: ["hepati"] for "acute hepatitis".
 *
 * @param key the folded key of the name, `foldedNameKey` of src/text/entity-name.ts
 */
export function tellingStems(key: string): string[] {
  const words = key.split(/[^\p{L}\p{N}]+/u)
  const telling = words.filter((word) => word.length >= MIN_WORD && !genericWords.has(word) && !/^\d+$/.test(word))
  return [...new Set(telling.map(rootOf))]
}

/** The roots of all words of a name, without the care for spelling that {@link tellingStems} takes: for counting. */
export function roughStems(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(({ length }) => length >= MIN_WORD)
    .map(rootOf)
}

/** "Hemorrhage" and "hemorrhagic", "diabetes" and "diabetic", "paralysis" and "paralytic" have one root. */
function rootOf(word: string): string {
  const ending = endings.find((one) => word.endsWith(one) && word.length - one.length >= MIN_STEM)
  const root = ending === undefined ? word : word.slice(0, -ending.length)
  return root.length > MIN_STEM && /[st]$/.test(root) ? root.slice(0, -1) : root
}

/** True when two lists of stems have one in common. */
export function shareStem(a: readonly string[], b: ReadonlySet<string>): boolean {
  return a.some((stem) => b.has(stem))
}

const MIN_BEGINNING = 5

/** True when a stem of one list begins one of the other: "lymph" and "lymphadenitis". */
export function soundAlike(a: readonly string[], b: ReadonlySet<string>): boolean {
  if (shareStem(a, b)) return true
  const begins = (start: string, word: string): boolean => start.length >= MIN_BEGINNING && word.startsWith(start)
  return a.some((one) => [...b].some((other) => begins(one, other) || begins(other, one)))
}

/** True when all stems of one list stand in the other: "autosomal inheritance" in "autosomal recessive inheritance". */
export function isPartOf(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  return short.length > 0 && short.every((stem) => long.includes(stem))
}
