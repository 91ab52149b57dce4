import type { ForwardBackwardOutput, WireDatum } from '../wire/messages.ts'

export type ChunkLimits = { readonly maxData: number; readonly maxBytes: number }

const TOKEN_BYTES = 4
const ELEMENT_BYTES = { float32: 4, int64: 8 } as const

/** Size of a datum on the wire, as the official SDK estimates it. */
export function datumBytes({ modelInput, lossInputs }: WireDatum): number {
  const tokens = modelInput.reduce((sum, chunk) => sum + (chunk.type === 'encoded_text' ? chunk.tokens.length : 0), 0)
  return Object.values(lossInputs).reduce(
    (sum, { dtype, data }) => sum + data.length * ELEMENT_BYTES[dtype],
    tokens * TOKEN_BYTES,
  )
}

/** Data in lists that keep within the limits, in order; a datum above the limit goes alone. */
export function chunkData(
  data: readonly WireDatum[],
  { maxData, maxBytes }: ChunkLimits,
): readonly { readonly data: readonly WireDatum[]; readonly bytes: number }[] {
  const chunks: { data: WireDatum[]; bytes: number }[] = []
  for (const datum of data) {
    const bytes = datumBytes(datum)
    const last = chunks.at(-1)
    if (last === undefined || last.data.length >= maxData || last.bytes + bytes > maxBytes) {
      chunks.push({ data: [datum], bytes })
    } else {
      last.data.push(datum)
      last.bytes += bytes
    }
  }
  return chunks
}

type Part = { readonly value: number; readonly weight: number }

function mean(parts: readonly Part[]): number {
  const weight = parts.reduce((sum, part) => sum + part.weight, 0)
  return parts.reduce((sum, part) => sum + part.value * part.weight, 0) / weight
}

const largest = (parts: readonly Part[]): number => Math.max(...parts.map(({ value }) => value))

/** How values of chunks become one, by the word behind the colon of a metric's name. */
const reductions: Readonly<Record<string, (parts: readonly Part[]) => number>> = {
  mean,
  sum: (parts) => parts.reduce((sum, { value }) => sum + value, 0),
  min: (parts) => Math.min(...parts.map(({ value }) => value)),
  max: largest,
  slack: (parts) => largest(parts) - mean(parts),
  // Order must not matter, and the sum of numbers is what every server can compare.
  hash_unordered: (parts) => parts.reduce((sum, { value }) => sum + value, 0),
}

/**
 * The result of a batch, from the results of its chunks in order: outputs one after the other, metrics merged by the word
 * behind their colon and weighted by data. A metric that a chunk lacks, or with an unknown word, is left out.
 */
export function combineOutputs(outputs: readonly ForwardBackwardOutput[]): ForwardBackwardOutput {
  const [first] = outputs
  if (first === undefined) return { outputType: '', outputs: [], metrics: {} }
  if (outputs.length === 1) return first
  const metrics: Record<string, number> = {}
  for (const key of Object.keys(first.metrics)) {
    const parts = outputs.flatMap((output) => {
      const value = output.metrics[key]
      return value === undefined ? [] : [{ value, weight: output.outputs.length }]
    })
    if (parts.length < outputs.length) continue
    const word = key.slice(key.lastIndexOf(':') + 1)
    if (word === 'unique') {
      for (const [index, { value }] of parts.entries()) metrics[index === 0 ? key : `${key}_${index}`] = value
    } else if (reductions[word]) metrics[key] = reductions[word](parts)
  }
  return { outputType: first.outputType, outputs: outputs.flatMap((output) => output.outputs), metrics }
}
