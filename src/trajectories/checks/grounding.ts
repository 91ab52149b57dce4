import type { TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'

/**
 * Which steps the graph supports, contradicts or does not know. Only a contradiction is a fault: what the graph does not
 * know may still be true.
 *
 * @paper Fleming-R1 §1: agreement with verifiable signals
 */
export const groundingCheck: TrajectoryCheck = {
  name: 'grounding',
  title: 'no step that the graph contradicts',
  action: 'drop',
  find: ({ thinking, judgeSteps }) => {
    if (judgeSteps === null) return []
    return judgeSteps(thinking).map(({ verdict, text }) => ({
      reason: verdict === 'unknown' ? 'does not know' : verdict,
      evidence: quote(text),
      ...(verdict !== 'contradicts' && { isNote: true as const }),
    }))
  },
}
