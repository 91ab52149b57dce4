import type { TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'

/** Chosen by us: one script, the question's, for 95 % of the letters. */
const minShare = 0.95
/** A run of so many Latin words in Chinese text is a sentence, not a drug's name or a unit (chosen by us). */
const phraseWords = 4

const latinRun = /[\p{Script=Latin}\p{M}'’-]+(?:[ ,]{1,3}[\p{Script=Latin}\p{M}'’-]+){0,400}/gu
const hanLetters = /\p{Script=Han}/gu
const letters = /\p{L}/gu

/** Thinking in the language of the question, without passages in another. */
export const languageCheck: TrajectoryCheck = {
  name: 'language',
  title: 'one language, that of the question',
  action: 'drop',
  find: ({ task, thinking }) => {
    const han = thinking.match(hanLetters)?.length ?? 0
    if (task.language === 'en') {
      const all = thinking.match(letters)?.length ?? 0
      const own = thinking.match(/[\p{Script=Latin}\p{Script=Greek}]/gu)?.length ?? 0
      return share(own, all) >= minShare
        ? []
        : [{ reason: han * 2 > all ? 'wrong language' : 'mixed scripts', evidence: quote(thinking) }]
    }
    const phrases = (thinking.match(latinRun) ?? []).filter((run) => run.split(/[ ,]+/u).length >= phraseWords)
    const foreign = phrases.reduce((sum, run) => sum + run.length, 0)
    if (share(han, han + foreign) >= minShare) return []
    return [{ reason: foreign > han ? 'wrong language' : 'mixed languages', evidence: quote(phrases[0] ?? thinking) }]
  },
}

/** Of nothing, the whole. */
function share(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole
}
