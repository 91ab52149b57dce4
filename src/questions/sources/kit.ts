import { DataError } from '../../core/errors.ts'
import type { CuratedOrigin, Language, QuestionInput, QuestionSource, ReadRow } from '../types.ts'
import { type Draft, makeItem, type Refusal } from './row-rules.ts'
import { type Row, type RowOptions, readRows } from './rows.ts'
import { splitOfInput } from './split.ts'

/** The cells of a row by the names of their columns. */
export type Cells = Readonly<Record<string, unknown>>

/** A row of a file: its cells, and the id that an object of rows gives it. */
export type CellRow = { readonly cells: Cells; readonly key: string | null }

/** How a source reads the rows of one file: null for a row that is not of its form. */
export type RowReader = (row: CellRow) => Draft | Refusal | null

/** The first of these columns that a row has. */
export function cell(cells: Cells, ...names: readonly string[]): unknown {
  const name = names.find((candidate) => Object.hasOwn(cells, candidate))
  return name === undefined ? undefined : cells[name]
}

/** Whether a row has all of these columns. */
export function hasColumns(cells: Cells, ...names: readonly string[]): boolean {
  return names.every((name) => Object.hasOwn(cells, name))
}

/** The language of a text: Chinese when it holds a Chinese character. */
export function languageOf(text: unknown): Language {
  return typeof text === 'string' && /\p{Script=Han}/u.test(text) ? 'zh' : 'en'
}

/** What a data set is, and how its rows are read. */
export type SourceForm = Omit<QuestionSource, 'read'> & {
  readonly rowOptions?: RowOptions
  /** Columns of the forms that are read, for messages: `question, options, answer_idx`. */
  readonly columns: string
  /** Rows that ask what an earlier one asked are dropped, whatever their options. */
  readonly distinctStems?: boolean
  /** Looks at the file as a whole, such as for the base of its answers. */
  open(input: QuestionInput, rows: () => AsyncIterable<Row>): RowReader | Promise<RowReader>
}

/** Rows that may be of another form before a first one is of this; chosen by us. */
const MAX_STRAY_ROWS = 1000

/**
 * A source of questions: every row of a file becomes an item, or is dropped for one reason.
 *
 * @see SourceForm
 */
export function defineQuestionSource(form: SourceForm): QuestionSource {
  const { rowOptions, columns: _columns, distinctStems: _stems, open: _open, ...source } = form
  return { ...source, read: (input) => readForm(form, input, () => readRows(input.file, rowOptions)) }
}

async function* readForm(
  form: SourceForm,
  input: QuestionInput,
  rows: () => AsyncIterable<Row>,
): AsyncGenerator<ReadRow> {
  const split = splitOfInput(input, form)
  const reader = await form.open(input, rows)
  const file = input.place ?? input.file
  const seen = new Map<string, number>()
  // Kept back until a row shows that the file is of this form at all.
  let strays: ReadRow[] | null = []
  for await (const row of rows()) {
    const origin: CuratedOrigin = {
      ...{ kind: 'curated', source: form.name, revision: input.revision, license: form.license },
      ...{ split, file, line: row.line, row: null },
    }
    const made = readRow(form, reader, row, origin)
    const read =
      'reason' in made ? made : (testRefusal(input, made) ?? repeatRefusal(form, seen, made, row.line) ?? made)
    const outcome: ReadRow =
      'reason' in read ? { kind: 'dropped', row: { ...read, file, line: row.line } } : { kind: 'item', item: read }
    const isStray = 'reason' in read && (read.reason === 'unknown form' || read.reason === 'broken row')
    if (strays === null) yield outcome
    else if (isStray) {
      strays.push(outcome)
      if (strays.length > MAX_STRAY_ROWS) throw strangeFile(form, file, strays)
    } else {
      yield* strays
      strays = null
      yield outcome
    }
  }
  if (strays !== null) throw strangeFile(form, file, strays)
}

type Made = ReturnType<typeof makeItem>
type MadeItem = Exclude<Made, Refusal>

function readRow(form: SourceForm, reader: RowReader, row: Row, origin: CuratedOrigin): Made {
  if (row.fault !== undefined) return { reason: 'broken row', detail: row.fault }
  const { value, key } = row
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: 'unknown form', detail: 'not an object with columns' }
  const draft = reader({ cells: Object.fromEntries(Object.entries(value)), key })
  if (draft === null)
    return { reason: 'unknown form', detail: `columns ${Object.keys(value).slice(0, 12).join(', ') || 'none'}` }
  return 'reason' in draft ? draft : makeItem(draft, form, origin)
}

/** A file declared as training data may hold rows of the official test: they never come out as anything else. */
function testRefusal(input: QuestionInput, { origin }: MadeItem): Refusal | null {
  if (input.split !== 'train' || origin.kind !== 'curated' || origin.split === 'train') return null
  return { reason: 'official test row', detail: `row ${origin.row ?? origin.line} is of the split ${origin.split}` }
}

function repeatRefusal(form: SourceForm, seen: Map<string, number>, item: MadeItem, line: number): Refusal | null {
  const key = form.distinctStems === true ? item.stem : item.id
  const earlier = seen.get(key)
  if (earlier !== undefined) return { reason: 'repeated row', detail: `asks what line ${earlier} asks` }
  seen.set(key, line)
  return null
}

function strangeFile(form: SourceForm, file: string, strays: readonly ReadRow[]): DataError {
  const first = strays[0]
  const found = first?.kind === 'dropped' ? `${first.row.reason}, ${first.row.detail}` : 'no rows'
  return new DataError(`not a file of ${form.title}: ${found}`, {
    file,
    ...(first?.kind === 'dropped' ? { line: first.row.line } : {}),
    hint: `rows with the columns ${form.columns} are expected`,
  })
}
