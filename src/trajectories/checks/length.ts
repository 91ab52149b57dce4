import type { Finding, TrajectoryCheck } from './check.ts'
import { quote, sentencesOf, wordsOf } from './check.ts'

/** Fewest words of a chain: about 60 tokens, at four tokens to three words. */
export const minWords = 45
/** Most words (chosen by us: about 4,000 tokens, beyond which m1 saw no gain). */
export const maxWords = 3_000
/** Most words of a sentence: a step should say one thing (chosen by us). */
export const maxSentenceWords = 120

/**
 * Chains that are too short to show anything, too long to be essential, or whose steps are not local.
 *
 * @paper Fleming-R1 §1: filters on brevity and locality
 * @deviation the paper states no bounds; ours are above. Lengths against the tier's own distribution are in the report
 */
export const lengthCheck: TrajectoryCheck = {
  name: 'length',
  title: 'neither a stub nor a ramble, one thing a sentence',
  action: 'drop',
  find: ({ thinking }) => {
    const count = wordsOf(thinking).length
    const findings: Finding[] = []
    if (count < minWords) findings.push({ reason: 'too short', evidence: `${count} words: ${quote(thinking)}` })
    if (count > maxWords) findings.push({ reason: 'too long', evidence: `${count} words` })
    const long = sentencesOf(thinking).find(({ text }) => wordsOf(text).length > maxSentenceWords)
    if (long !== undefined) findings.push({ reason: 'sentence too long', evidence: quote(long.text) })
    return findings
  },
}
