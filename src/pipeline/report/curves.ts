import type { MetricLine } from './read-run.ts'
import type { Curves } from './schema.ts'

const supervised = ['train/loss', 'optim/grad_norm', 'optim/learning_rate']
const reinforced = [
  'rollout/reward_mean',
  'rollout/correct_mean',
  'rollout/format_mean',
  'rollout/tokens_mean',
  'rollout/tokens_right_mean',
  'rollout/tokens_wrong_mean',
  'rollout/truncated_share',
  'rollout/duplicate_share',
  'group/mixed_share',
  'group/all_right_share',
  'group/all_wrong_share',
  'policy/entropy_nats',
  'engine/logprob_gap_max',
  'optim/grad_norm',
  'optim/learning_rate',
]
const lengths = ['rollout/tokens_right_mean', 'rollout/tokens_wrong_mean']
const prefixes = ['probe/', 'sweep/']

/** The metrics that a report draws or repeats, of each training stage: metric → [step, value] pairs. */
export function selectCurves(lines: Readonly<Record<string, readonly MetricLine[]>>): Curves {
  return Object.fromEntries(
    Object.entries(lines).map(([stage, ofStage]) => {
      const names = [...new Set(ofStage.flatMap((line) => Object.keys(line)))]
      const wanted = [
        ...new Set([...supervised, ...reinforced].filter((name) => names.includes(name))),
        ...names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix))).sort(),
      ]
      return [stage, Object.fromEntries(wanted.map((name) => [name, pointsOf(ofStage, name)]))]
    }),
  )
}

function pointsOf(lines: readonly MetricLine[], name: string): [step: number, value: number][] {
  return lines.flatMap((line): [number, number][] => {
    const { step, [name]: value } = line
    if (step === undefined || value === undefined) return []
    // A step without right (or wrong) rollouts logs their mean length as 0, which no rollout has.
    return value === 0 && lengths.includes(name) ? [] : [[step, value]]
  })
}
