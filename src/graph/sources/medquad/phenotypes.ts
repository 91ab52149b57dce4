/** The tables of the Human Phenotype Ontology that GARD pages quote, run together in one line. */

const caption = 'Signs and Symptoms Approximate number of patients (when available) '
const footnote = ' The Human Phenotype Ontology (HPO) has collected'
const introduction = 'The Human Phenotype Ontology provides the following list of signs and symptoms for '

/** A row of a table: the finding, how often it is seen, and the words of the answer that say it. */
type PhenotypeRow = {
  readonly name: string
  /** As the table has it, "90%" or "25/29"; undefined where it names none. */
  readonly frequency?: string
  readonly quote: string
}

/** A table: what can be told apart in it, and the rest. */
type PhenotypeTable = {
  readonly rows: readonly PhenotypeRow[]
  readonly rejected: readonly { readonly reason: string; readonly detail: string }[]
}

/** Rows about a disease as a whole: course, onset, transmission. Inheritance is read apart. */
const courseNames: ReadonlySet<string> = new Set([
  'heterogeneous',
  'sporadic',
  'variable expressivity',
  'phenotypic variability',
  'incomplete penetrance',
  'progressive',
  'nonprogressive',
  'slow progression',
  'rapidly progressive',
  'onset',
  'somatic mutation',
  'somatic mosaicism',
  'genetic anticipation',
  'contiguous gene syndrome',
  'autosomal dominant contiguous gene syndrome',
  'genetic heterogeneity',
  'clinical heterogeneity',
  'intrafamilial variability',
  'interfamilial variability',
])

/** The place of the table in an answer: where its introduction, rows and footnote begin; null without one. */
export function findTable(
  answer: string,
): { readonly start: number; readonly rows: number; readonly end: number } | null {
  const at = answer.indexOf(caption)
  if (at === -1) return null
  const rows = at + caption.length
  const end = answer.indexOf(footnote, rows - 1)
  const start = answer.lastIndexOf(introduction, at)
  return { start: start === -1 ? at : start, rows, end: end === -1 ? answer.length : end }
}

/**
 * The rows of the table in an answer: names divided by percentages, fractions or a dash. Rows about onset and course,
 * rows with the marks of an editor and a rest without divider are rejected.
 */
export function readTable(answer: string): PhenotypeTable {
  const place = findTable(answer)
  if (place === null) return { rows: [], rejected: [] }
  const rows: PhenotypeRow[] = []
  const rejected: { reason: string; detail: string }[] = []
  let start = place.rows
  for (const token of tokensOf(answer, place.rows, place.end)) {
    if (!isDivider(token.text)) continue
    const name = answer.slice(start, token.start).trim()
    const reason = rejection(name)
    if (reason === null) {
      const quote = answer.slice(start, token.text === '-' ? token.start : token.end).trim()
      rows.push({ name, quote, ...(token.text === '-' ? {} : { frequency: token.text }) })
    } else {
      rejected.push({ reason, detail: name })
    }
    start = token.end
  }
  const rest = answer.slice(start, place.end).trim()
  if (rest !== '') rejected.push({ reason: 'table row without end', detail: rest.slice(0, 200) })
  return { rows, rejected }
}

function* tokensOf(text: string, from: number, to: number): Generator<{ text: string; start: number; end: number }> {
  let start = from
  while (start < to) {
    let end = text.indexOf(' ', start)
    if (end === -1 || end > to) end = to
    if (end > start) yield { text: text.slice(start, end), start, end }
    start = end + 1
  }
}

function isDivider(token: string): boolean {
  return token === '-' || /^\d{1,3}(?:\.\d{1,2})?%$/.test(token) || /^\d{1,4}\/\d{1,4}$/.test(token)
}

function rejection(name: string): string | null {
  if (name === '') return 'table row without name'
  if (/[{}"=]/.test(name) || name.length > 160) return 'unreadable table row'
  const lower = name.toLowerCase()
  return courseNames.has(lower) || lower.endsWith(' onset') ? 'table row is no finding' : null
}
