import { join } from 'node:path'
import { contentId, hashFile, sha256Hex } from '../../core/hash.ts'
import { ensureDir, openJsonlWriter } from '../../core/store.ts'
import { type CallOutcome, runCalls } from '../../endpoint/calls.ts'
import type { PlannedCall, Spending } from '../../endpoint/types.ts'
import { type ExtractedTriple, type Extraction, extractionRequest, readExtraction } from '../../graph/extract.ts'
import { passageText } from '../../graph/extract-passage.ts'
import type { Schema } from '../../graph/schema.ts'
import { type MedquadPassage, medquadPassages } from '../../graph/sources/medquad/passages.ts'
import { medquad } from '../../graph/sources/medquad.ts'
import type { LexiconEntry } from '../../graph/types.ts'
import { createNameReader, type NamedEnd, type NamedTriple } from './extraction-names.ts'
import { aboutExtraction, type ExtractionRecord, extractionFile } from './extraction-records.ts'
import { callOptions, type Endpoint, Tally } from './shared.ts'

export type ExtractionOptions = {
  readonly endpoint: Endpoint
  /** The run, whose folder keeps the replies: a stage made anew does not pay for them twice. */
  readonly runDir: string
  /** Where the records go. */
  readonly dir: string
  readonly schema: Schema
  /** Names of the other sources, the most trusted first; see {@link createNameReader}. */
  readonly lexicon?: Iterable<LexiconEntry>
  readonly note: (text: string) => void
  readonly retryDelayMs?: number
}

/** What became of the passages; `read` + `failed` + `skipped` are all of them. Faults of a network change none of it. */
export type ExtractionCensus = {
  readonly model: string
  readonly passages: number
  /** Passages about the same disease in the same words as one before: read once. */
  readonly repeated: number
  readonly read: number
  readonly failed: number
  readonly failedByCause: Readonly<Record<string, number>>
  /** Beyond the budget. */
  readonly skipped: number
  readonly entities: number
  readonly triples: number
  readonly triplesByRelation: Readonly<Record<string, number>>
  /** What the model said and its passage does not bear out. */
  readonly rejected: Readonly<Record<string, number>>
}

/** Passages between two notes. */
const NOTE_EVERY = 100
/** Characters of a rejected triple that are kept; as many as `readExtraction` keeps. */
const MAX_DETAIL = 200

/**
 * Reads the passages of MedQuAD with a language model, one call each, and writes what they state as records that
 * {@link extractedPassages} reads back: triples whose quote stands in the passage and whose types fit their relation,
 * everything else rejected and counted. The replies stand in the ledger of the run, so whatever stops it, the same call
 * goes on from there and writes the same bytes.
 *
 * @param files MedQuAD documents, as {@link medquadPassages} reads them
 * @throws {EngineError} when the endpoint is down, as `runCalls`
 * @throws {DataError} when a file is not MedQuAD
 */
export async function extractPassages(
  files: readonly string[],
  options: ExtractionOptions,
): Promise<{ readonly recordsFile: string; readonly census: ExtractionCensus; readonly spending: Spending }> {
  const { endpoint, runDir, dir, schema, lexicon = [], note, retryDelayMs } = options
  const model = endpoint.config.model
  const recordsFile = join(dir, extractionFile)
  const pending: MedquadPassage[] = []
  const counts = { repeated: 0 }
  ensureDir(dir)
  const writer = openJsonlWriter(recordsFile)
  try {
    const sink = createSink(files, model, createNameReader(lexicon, schema), (record) => writer.write(record))
    writer.write(aboutExtraction(revisionOf(files, model), medquad.license))
    const plan = planCalls(files, schema, pending, counts)
    const outcomes = runCalls(plan, { ...callOptions(runDir, 'extraction', endpoint), retryDelayMs })
    for (let asked = 1; ; asked += 1) {
      const next = await outcomes.next()
      if (next.done === true) {
        writer.finish()
        const census = { model, ...counts, ...sink.census() }
        note(`${model}: ${census.triples} triples in ${census.read} passages, ${census.failed} passages not read`)
        return { recordsFile, census, spending: next.value.spending }
      }
      sink.take(pending.shift()!, next.value)
      if (asked % NOTE_EVERY === 0) note(`${model}: ${asked} passages asked`)
    }
  } finally {
    writer.close()
  }
}

/** One call for each passage that no earlier one repeats; the passages go to `pending` in the order of the calls. */
async function* planCalls(
  files: readonly string[],
  schema: Schema,
  pending: MedquadPassage[],
  counts: { repeated: number },
): AsyncGenerator<PlannedCall<Extraction>> {
  const keys = new Set<string>()
  for await (const passage of medquadPassages(files)) {
    const { focus: title, passage: text } = passage
    const key = contentId('passage', { title, text })
    if (keys.has(key)) {
      counts.repeated += 1
      continue
    }
    keys.add(key)
    pending.push(passage)
    const request = extractionRequest(text, { schema, title })
    yield {
      key,
      // A reply that could not be read would come again for the same request.
      request: (attempt) => (attempt === 1 ? request : { ...request, temperature: 0.3, seed: attempt }),
      read: (reply) => {
        const extraction = readExtraction(reply, text, schema, { title })
        return extraction.fault === null
          ? { kind: 'value', value: extraction }
          : { kind: 'refused', reason: extraction.fault }
      },
    }
  }
}

/** Writes what each passage gave, and counts it. */
function createSink(
  files: readonly string[],
  model: string,
  nameEnds: (triple: ExtractedTriple) => NamedTriple,
  write: (record: ExtractionRecord) => void,
) {
  const known = new Set<string>()
  const relations = new Tally()
  const rejections = new Tally()
  const causes = new Tally()
  const counts = { passages: 0, read: 0, failed: 0, skipped: 0 }
  const introduce = (end: NamedEnd, place: FilePlace): void => {
    if (known.has(end.key)) return
    known.add(end.key)
    write({ kind: 'entity', ...place, ...end })
  }
  const reject = (place: FilePlace, reason: string, detail: string): void => {
    rejections.add(reason)
    write({ kind: 'rejected', ...place, reason, detail })
  }
  const takeTriples = (triples: readonly ExtractedTriple[], place: FilePlace, url: string): void => {
    const said = new Set<string>()
    for (const triple of triples) {
      const { relation, quote } = triple
      const ends = nameEnds(triple)
      const detail = passageText(`${triple.head} ${relation} ${triple.tail}: ${quote}`, MAX_DETAIL)
      const statement = ends.kind === 'named' ? `${ends.head.key}|${relation}|${ends.tail.key}` : ''
      if (ends.kind === 'rejected') reject(place, ends.reason, detail)
      else if (said.has(statement)) reject(place, 'said twice in the passage', detail)
      else {
        said.add(statement)
        introduce(ends.head, place)
        introduce(ends.tail, place)
        const keys = { head: ends.head.key, relation, tail: ends.tail.key }
        write({ kind: 'triple', ...place, ...keys, quote, url, readBy: model })
        relations.add(relation)
      }
    }
  }
  return {
    take: ({ file, line, url }: MedquadPassage, outcome: CallOutcome<Extraction>): void => {
      const place = { file: files.indexOf(file), line }
      counts.passages += 1
      if (outcome.kind === 'skipped') {
        counts.skipped += 1
      } else if (outcome.kind === 'quarantined') {
        counts.failed += 1
        causes.add(outcome.cause)
        reject(place, 'passage not read', outcome.cause)
      } else {
        counts.read += 1
        takeTriples(outcome.value.triples, place, url)
        for (const { reason, detail } of outcome.value.rejected) reject(place, reason, detail)
      }
    },
    census: () => ({
      ...counts,
      failedByCause: causes.toRecord(),
      entities: known.size,
      triples: relations.total,
      triplesByRelation: relations.toRecord(),
      rejected: rejections.toRecord(),
    }),
  }
}

type FilePlace = { readonly file: number; readonly line: number }

/** The model and the bytes that it read. */
function revisionOf(files: readonly string[], model: string): string {
  return `${model} on sha256:${sha256Hex(files.map((file) => hashFile(file).sha256).join('\n')).slice(0, 12)}`
}
