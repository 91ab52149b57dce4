import type { Datum } from '../engine/types.ts'
import type { Sentence } from '../questions/facts.ts'
import type { Codec } from '../text/codec.ts'
import { weightedDatum } from './datum.ts'

/** Loss weight of what an answer restates from its question; chosen by us. */
const echoWeight = 0.25

/**
 * One training document of verbalised facts. The object of each sentence carries weight 1, what surrounds it only
 * `contextWeight`: which fact comes next is noise, what its object is is knowledge.
 *
 * @deviation the paper starts from a pretrained model; the small student learns its facts here
 */
export function factDocument(codec: Codec, sentences: readonly Sentence[], contextWeight: number): Datum {
  const weightOf = { context: contextWeight, echo: echoWeight, object: 1 } as const
  const tokens = [...codec.startTokens]
  const weights = tokens.map(() => 0)
  for (const { text, role } of sentences.flat()) {
    for (const token of codec.encode(text)) {
      tokens.push(token)
      weights.push(tokens.length === 1 ? 0 : weightOf[role])
    }
  }
  return weightedDatum(tokens, weights)
}
