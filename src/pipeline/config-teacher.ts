import { z } from 'zod'
import { checks } from '../trajectories/checks/registry.ts'
import { teachers } from '../trajectories/teachers/registry.ts'
import { strategyNames } from '../trajectories/types.ts'
import type { Config } from './config.ts'

const share = z.number().min(0).max(1)
const count = z.number().int().positive()

const teaching = {
  teacher: z
    .enum(['graph', 'endpoint', 'engine'])
    .default('graph')
    .describe(
      'who writes the trajectories: `graph` walks the path of the question, `endpoint` is a language model at an address, `engine` one of this process',
    ),
  endpoint: z.string().min(1).nullable().default(null).describe('entry of `endpoints`; `endpoint` only'),
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('model of an `engine` teacher, a folder or hf:owner/name@revision; none: the student as it is'),
  attempts: count.default(4).describe('k: attempts at a question; of the sound ones that of median length is kept'),
  mode: z
    .enum(['blind', 'answer-aware', 'blind-first'])
    .default('blind')
    .describe(
      '`blind`: the teacher never sees the gold; `answer-aware`: always, as in the paper; `blind-first`: once, for what blind attempts did not solve',
    ),
  goldShare: share
    .default(0.5)
    .describe('share of the trajectories whose teacher may have seen the gold; `blind-first` only'),
  strategies: z
    .array(z.enum(strategyNames))
    .default([...strategyNames])
    .describe('how failed chains are revised, in this order; empty: no refinement'),
  depth: z.number().int().min(0).max(5).default(1).describe('how often the list of strategies is gone through'),
  checks: z
    .record(z.string(), z.enum(['drop', 'report', 'off']))
    .default({})
    .describe(`what becomes of chains with a fault, by check (${checks.names.join(', ')}); each has its own default`),
  temperature: z.number().min(0).max(2).default(0.8).describe('of the language model that teaches'),
  replyTokens: count.default(4096).describe('tokens of its reply at most'),
}

const tuning = {
  decay: z
    .enum(['linear', 'cosine'])
    .default('linear')
    .describe('how the learning rate falls from its peak to `finalShare` of it'),
  warmup: count.default(5).describe('steps of linear warm-up'),
  finalShare: share.default(1).describe('learning rate of the last step, as a share of the peak'),
  bucketed: z.boolean().default(false).describe('batches of trajectories of like length, to pad less'),
  holdOut: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('share of the trajectories that is held out to watch the loss on'),
  evaluateEvery: count.default(20).describe('steps between looks at the held-out loss'),
  patience: count
    .nullable()
    .default(null)
    .describe('looks without improvement after which training stops; the best checkpoint is kept. None: no early stop'),
}

/** The section `cold-start` of a run: what was there, the teacher, and how the student is tuned. */
export const coldStartSchema = z
  .strictObject({
    items: count.default(150).describe('questions that the teacher writes trajectories for'),
    maxHops: z.number().int().min(1).max(4).default(3).describe('longest path among them'),
    epochs: z
      .number()
      .int()
      .nonnegative()
      .default(16)
      .describe('passes over the trajectories; 0: no cold start, as the paper does with a base that already reasons'),
    checkpointEvery: count.default(100).describe('steps between checkpoints: what a kill can cost'),
    batch: count.default(16).describe('trajectories of a step'),
    learningRate: z.number().positive().default(1e-3).describe('peak learning rate'),
    backtrackShare: share
      .default(0.5)
      .describe('share of the places with a competing diagnosis where the teacher raises it and rules it out'),
    mistakes: share
      .default(0)
      .describe(
        'share of the hops at which the graph teacher takes a wrong turn on purpose, to measure refinement without a language model; it then answers anew in each attempt and revises what failed',
      ),
    rehearsal: share.default(0.3).describe('weight of fact documents beside the trajectories'),
    ...teaching,
    ...tuning,
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message })
    }
    const { teacher, endpoint, model, holdOut, patience, strategies, mistakes } = config
    if (teacher === 'endpoint' && endpoint === null) refuse('endpoint', 'the endpoint teacher needs the name of one')
    if (teacher !== 'endpoint' && endpoint !== null) refuse('endpoint', `the ${teacher} teacher asks no endpoint`)
    if (teacher !== 'engine' && model !== null) refuse('model', `the ${teacher} teacher has no model of its own`)
    if (teacher !== 'graph' && mistakes > 0) refuse('mistakes', `the ${teacher} teacher makes its own mistakes`)
    if (patience !== null && holdOut === 0) refuse('patience', 'an early stop needs a held-out share: set holdOut')
    if (new Set(strategies).size < strategies.length) refuse('strategies', 'a strategy stands twice')
    for (const name of Object.keys(config.checks)) {
      if (!checks.names.includes(name)) refuse('checks', `no check is named "${name}": ${checks.names.join(', ')}`)
    }
    if (config.checks.answer !== undefined && config.checks.answer !== 'drop') {
      refuse('checks', 'a trajectory with a wrong answer is none: the check `answer` always drops')
    }
    if (!teachers.names.includes(teacher)) refuse('teacher', `known: ${teachers.names.join(', ')}`)
  })

export type ColdStartConfig = z.infer<typeof coldStartSchema>

/**
 * What the trajectories depend on beside the section `cold-start`, for the stage's hash: the model behind the endpoint,
 * not where it stands or how fast it is asked.
 */
export function decisiveTeacher(config: Config): Readonly<Record<string, string>> {
  const { endpoint } = config['cold-start']
  const model = endpoint === null ? undefined : config.endpoints[endpoint]?.model
  return model === undefined ? {} : { teacherModel: model }
}
