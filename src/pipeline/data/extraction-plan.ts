import type { SourcePlan } from '../../graph/build.ts'
import type { Schema } from '../../graph/schema.ts'
import { medquad } from '../../graph/sources/medquad.ts'
import type { LexiconEntry } from '../../graph/types.ts'
import { type ExtractionCensus, extractPassages } from './extraction.ts'
import { extractedPassages, extractionFile } from './extraction-records.ts'
import type { Endpoint } from './shared.ts'

/** What a language model adds to the sources of a graph. */
export type ExtractionPart = {
  /** To build with, after all other sources: they name entities better. Empty when nothing was read. */
  readonly plans: readonly SourcePlan[]
  /** Families of sources for `censusOf`: two readings of one text are no two witnesses. */
  readonly families: Readonly<Record<string, string>>
  /** Files that were made, relative to `dir`. */
  readonly files: readonly string[]
  readonly census: ExtractionCensus | { readonly skipped: string }
}

/**
 * The source that a language model makes of the MedQuAD files among the sources of a graph, all of them together. Without
 * an endpoint, or without MedQuAD, there is none, and `census.skipped` says why.
 *
 * @param plans the sources of the graph, those that read text with their lexicon
 * @throws {EngineError} when the endpoint is down, as `runCalls`
 */
export async function planExtraction(
  plans: readonly SourcePlan[],
  options: {
    readonly endpoint: Endpoint | null
    readonly runDir: string
    /** The folder of the stage. */
    readonly dir: string
    readonly schema: Schema
    readonly note: (text: string) => void
  },
): Promise<ExtractionPart> {
  const { endpoint, ...rest } = options
  const texts = plans.filter(({ source }) => source === medquad)
  const [first] = texts
  if (endpoint === null)
    return nothing('no endpoint is named in graph.extraction: MedQuAD is read by its patterns alone')
  if (first === undefined) return nothing('graph.extraction has nothing to read: no source is MedQuAD')
  const files = [...new Set(texts.flatMap(({ input }) => input.files))]
  const lexicon = await lexiconOf(texts)
  const { recordsFile, census } = await extractPassages(files, { endpoint, lexicon, ...rest })
  const { name } = extractedPassages
  return {
    plans: [
      {
        source: extractedPassages,
        name,
        revision: null,
        license: first.license,
        input: { files: [recordsFile, ...files] },
      },
    ],
    families: { [name]: first.name },
    files: [extractionFile],
    census,
  }
}

const nothing = (skipped: string): ExtractionPart => ({ plans: [], families: {}, files: [], census: { skipped } })

/** The names that the texts are read with, then those of the texts themselves. */
async function lexiconOf(texts: readonly SourcePlan[]): Promise<readonly LexiconEntry[]> {
  const lexicon: LexiconEntry[] = []
  for (const { input } of texts) for (const entry of input.lexicon ?? []) lexicon.push(entry)
  for (const { source, input } of texts) {
    for await (const record of source.read(input)) {
      if (record.kind !== 'entity') continue
      const { key, type } = record
      const { isPublishable } = source
      for (const name of [record.label, ...record.synonyms]) lexicon.push({ name, key, type, isPublishable })
    }
  }
  return lexicon
}
