import type { Finding, TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'

const patterns: readonly (readonly [reason: string, pattern: RegExp])[] = [
  [
    'speaks of itself',
    /\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|作为(?:一个)?(?:人工智能|AI|语言模型)/iu,
  ],
  [
    'refuses',
    /\bI (?:cannot|can't|am unable to|am not able to|won't) (?:provide|give|answer|help|assist|offer)\b|我(?:无法|不能)(?:提供|回答|给出)/iu,
  ],
]

const consult =
  /\b(?:consult|see|seek|speak to|talk to|contact) (?:with )?(?:a|an|your|the|medical) (?:doctor|physician|healthcare|health care|professional|specialist|advice|attention)|请(?:咨询|联系)(?:专业)?(?:医生|医师)/iu

/** Part at the end in which advice to see a doctor is the conclusion itself (chosen by us). */
const endShare = 0.2

/** Text that a model writes about itself or to be rid of a question, which no reasoning holds. */
export const hedgeCheck: TrajectoryCheck = {
  name: 'hedge',
  title: 'no talk about itself, no refusal, no boiler-plate as conclusion',
  action: 'drop',
  find: ({ thinking }) => {
    const findings: Finding[] = []
    for (const [reason, pattern] of patterns) {
      const match = pattern.exec(thinking)
      if (match !== null) findings.push({ reason, evidence: quote(thinking, match.index, match.index + 120) })
    }
    const from = Math.floor(thinking.length * (1 - endShare))
    const match = consult.exec(thinking.slice(from))
    if (match !== null) findings.push({ reason: 'sends to a doctor', evidence: quote(thinking, from + match.index) })
    return findings
  },
}
