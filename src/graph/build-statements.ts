import { type Column, createColumn, createRows, rowOf } from './packed/columns.ts'
import type { StatementColumns } from './packed/parts.ts'
import type { TextPool } from './packed/texts.ts'
import type { TripleRecord } from './types.ts'

/** Triple records as columns, in reading order: ends and relation as the numbers of their texts. */
export type StatementsBuilder = {
  readonly length: number
  push(record: TripleRecord, source: number, file: number): void
  at(index: number): Statement
  /** The statements that were kept, with what their ends and relations are. */
  finish(kept: Iterable<Kept>): StatementColumns
}

/** A triple record in numbers: texts of the pool, index of its source, index of its file. */
export type Statement = {
  readonly head: number
  readonly relation: number
  readonly tail: number
  readonly source: number
  readonly file: number
  readonly line: number
  readonly quote: number
  readonly url: number
}

/** A statement by its place in the builder, and what it says in numbers of the graph. */
export type Kept = Pick<Statement, 'head' | 'relation' | 'tail'> & { readonly index: number }

/** No statements yet; their texts go to `pool`. */
export function createStatements(pool: TextPool): StatementsBuilder {
  const columns = createStatementTable()
  const qualifiers = createRows()
  return {
    get length() {
      return columns.length
    },
    at: columns.at,
    push: (record, source, file) => {
      columns.push({
        head: pool.number(record.head),
        relation: pool.number(record.relation),
        tail: pool.number(record.tail),
        source,
        file,
        line: record.line,
        quote: pool.number(record.quote ?? ''),
        url: pool.number(record.url ?? ''),
      })
      qualifiers.push(record.qualifiers === undefined ? [] : Object.entries(record.qualifiers).flat().map(pool.number))
    },
    finish: (kept) => {
      const rows = qualifiers.finish()
      const chosen = createStatementTable()
      const chosenQualifiers = createRows()
      for (const { index, ...said } of kept) {
        chosen.push({ ...columns.at(index), ...said })
        chosenQualifiers.push(Array.from(rowOf(rows, index)))
      }
      return { ...chosen.finish(), qualifiers: chosenQualifiers.finish() }
    },
  }
}

function createStatementTable() {
  const wide = (): Column<Uint32Array> => createColumn(Uint32Array)
  const [heads, relations, tails, files, lines, quotes, urls] = [wide(), wide(), wide(), wide(), wide(), wide(), wide()]
  const sources = createColumn(Uint16Array)
  return {
    get length() {
      return heads.length
    },
    push: (statement: Statement): void => {
      heads.push(statement.head)
      relations.push(statement.relation)
      tails.push(statement.tail)
      sources.push(statement.source)
      files.push(statement.file)
      lines.push(statement.line)
      quotes.push(statement.quote)
      urls.push(statement.url)
    },
    at: (index: number): Statement => ({
      head: heads.at(index),
      relation: relations.at(index),
      tail: tails.at(index),
      source: sources.at(index),
      file: files.at(index),
      line: lines.at(index),
      quote: quotes.at(index),
      url: urls.at(index),
    }),
    finish: (): Omit<StatementColumns, 'qualifiers'> => ({
      heads: Int32Array.from(heads.finish()),
      relations: Uint16Array.from(relations.finish()),
      tails: Int32Array.from(tails.finish()),
      sources: sources.finish(),
      files: files.finish(),
      lines: lines.finish(),
      quotes: quotes.finish(),
      urls: urls.finish(),
    }),
  }
}
