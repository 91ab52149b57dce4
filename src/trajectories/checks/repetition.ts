import { gzipSync } from 'node:zlib'
import type { Finding, TrajectoryCheck } from './check.ts'
import { quote, sentencesOf, wordsOf } from './check.ts'

/** Chosen by us. */
const maxRepeatShare = 0.2
const minGzipRatio = 0.25
const maxSentenceRepeats = 3
/** Shorter texts say nothing: a header of gzip or one repeated phrase would decide (chosen by us). */
const minGrams = 50
const minGzipBytes = 600
/** Chinese characters repeat with every term, words do not: eight of them stand for four words (chosen by us). */
const hanGram = 8
const wordGram = 4

/** Text that goes round in circles: repeated n-grams, text that packs too well, a sentence three times. */
export const repetitionCheck: TrajectoryCheck = {
  name: 'repetition',
  title: 'no going round in circles',
  action: 'drop',
  find: ({ thinking }) => {
    const findings: Finding[] = []
    const share = repeatShare(wordsOf(thinking))
    if (share > maxRepeatShare) findings.push({ reason: 'repeated phrases', evidence: `share ${share.toFixed(2)}` })
    const bytes = Buffer.byteLength(thinking)
    if (bytes >= minGzipBytes) {
      const ratio = gzipSync(thinking).length / bytes
      if (ratio < minGzipRatio) findings.push({ reason: 'packs too well', evidence: `gzip ratio ${ratio.toFixed(2)}` })
    }
    const repeated = repeatedSentence(thinking)
    if (repeated !== null) findings.push({ reason: 'repeated sentence', evidence: quote(repeated) })
    return findings
  },
}

/** Share of the n-grams that stood before, in [0, 1]; 0 for a text too short to tell. */
export function repeatShare(words: readonly string[]): number {
  const han = words.filter((word) => /^\p{Script=Han}$/u.test(word)).length
  const size = han * 2 > words.length ? hanGram : wordGram
  const count = words.length - size + 1
  if (count < minGrams) return 0
  const seen = new Set<string>()
  for (let at = 0; at < count; at++) seen.add(words.slice(at, at + size).join(' '))
  return 1 - seen.size / count
}

function repeatedSentence(thinking: string): string | null {
  const counts = new Map<string, number>()
  for (const { text } of sentencesOf(thinking)) {
    const key = text.toLowerCase()
    const count = (counts.get(key) ?? 0) + 1
    if (count >= maxSentenceRepeats && wordsOf(text).length > 2) return text
    counts.set(key, count)
  }
  return null
}
