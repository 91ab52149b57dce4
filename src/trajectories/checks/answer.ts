import type { TrajectoryCheck } from './check.ts'
import { quote } from './check.ts'

/**
 * The answer reads back and equals the gold. Chains of broken form never reach a check: they are counted as `form`.
 *
 * @paper Fleming-R1 §1: selection with filters on verifiable signals
 */
export const answerCheck: TrajectoryCheck = {
  name: 'answer',
  title: 'the answer reads back and is right',
  action: 'drop',
  find: ({ task, answer }) => {
    const verdict = task.judge(answer)
    return verdict === 'right' ? [] : [{ reason: verdict, evidence: quote(answer) }]
  },
}
