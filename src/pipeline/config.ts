import { z } from 'zod'
import { defaultLora, loraTargets } from '../engine/lora.ts'
import { endpointsSchema } from './config-endpoints.ts'
import { checkGrpo, grpoShape } from './config-grpo.ts'
import { itemsSchema } from './config-items.ts'
import { miningOptions, switchOptions } from './config-mining.ts'
import { coldStartSchema } from './config-teacher.ts'

/**
 * The whole configuration of a run. Defaults are those of the default run: the starter graph and a from-scratch student
 * that two CPU cores train in minutes. Where the paper states a value it is the default; the rest is ours.
 */

const share = z.number().min(0).max(1)
const count = z.number().int().positive()
const perHop = z.record(z.string().regex(/^[1-4]$/, 'hop counts are 1 to 4'), z.number().int().nonnegative())

const lora = z.strictObject({
  rank: count.default(defaultLora.rank).describe('rank of the adapter'),
  alpha: z
    .number()
    .positive()
    .default(defaultLora.alpha)
    .describe('the adapter counts alpha / rank; a Tinker server has its own, 32'),
  targets: z
    .array(z.enum(loraTargets))
    .min(1)
    .default([...defaultLora.targets])
    .describe('layers that carry one; `lm_head` is possible but few servers take it'),
})

const tinker = z.strictObject({
  url: z
    .string()
    .regex(/^https?:\/\//, 'an http or https address')
    .default('http://127.0.0.1:8000')
    .describe('address of the server; the key comes from TINKER_API_KEY and is never written down'),
  baseModel: z.string().nullable().default(null).describe('name of the base at the server; `engine.model` unless told'),
  parameters: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('weights of the base, for the estimates of `--dry-run` only'),
  server: z
    .enum(['auto', 'tinker', 'skyrl-jax', 'skyrl-train', 'fleming'])
    .default('auto')
    .describe('whose habits it has (loss scaling, snapshots); `auto` finds out'),
  encoding: z
    .enum(['protobuf', 'json'])
    .default('protobuf')
    .describe('how training requests are sent; `json` for servers of the time before SDK 0.25, such as SkyRL 0.3'),
  concurrency: count.default(64).describe('sampling requests under way at most'),
  deadlineMinutes: z.number().positive().default(60).describe('how long one operation may take before it is given up'),
})

const engine = z.strictObject({
  kind: z
    .enum(['local', 'tinker'])
    .default('local')
    .describe('which engine trains and samples: `local`, embedded on this CPU, or a `tinker` server on GPUs'),
  model: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'model to start from, a Hugging Face folder or hf:owner/name@revision; none: a student from scratch of the shape below. For `tinker` the tokenizer is read from it',
    ),
  lora: lora.nullable().default(null).describe('train a low-rank adapter; none: every weight'),
  tinker: tinker.prefault({}),
  threads: count.default(2).describe('threads of the matrix products'),
  maxTokensPerMicroBatch: count
    .default(8192)
    .describe(
      'padded tokens of one forward and backward pass; bounds the memory, never changes a result by more than rounding',
    ),
  hiddenSize: count.default(128).describe('width of the student from scratch'),
  layers: count.default(3).describe('its blocks'),
  heads: count.default(4).describe('its attention heads'),
  keyValueHeads: count.default(2).describe('its key and value heads; divides `heads`'),
  headDim: count.default(32).describe('width of a head'),
  intermediateSize: count.default(352).describe('width of the feed-forward part'),
  contextLength: count.default(96).describe('tokens of prompt and completion together; a given model has its own'),
  // RoPE base 100 instead of 10,000: at 96 positions a large base leaves most frequencies unused.
  ropeTheta: z
    .number()
    .positive()
    .default(100)
    .describe('base of the rotary positions; small because the context is short'),
})

const graph = z.strictObject({
  dir: z.string().default('data/starter').describe('folder with entities/, triples/ and source.yaml'),
  diseases: z
    .union([count, z.literal('all')])
    .default(64)
    .describe('how many diseases to keep, or "all"'),
})

const questions = z.strictObject({
  maxHops: z.number().int().min(1).max(4).default(4).describe('longest path that is asked'),
  perHop: perHop.default({ '1': 600, '2': 1300, '3': 1500, '4': 1500 }).describe('forward questions kept at most'),
  comparativePerHop: perHop.default({ '2': 150, '3': 150 }).describe('comparative questions kept at most'),
  maxAccepted: count.default(3).describe('a path that reaches more entities is not asked'),
  options: z.number().int().min(2).max(21).default(4).describe('options of the multiple-choice form'),
  heldOutJunctions: share.default(0.25).describe('share of junctions (two triples side by side) kept out of training'),
  heldOutDiseases: share.default(0.15).describe('share of diseases kept out of training'),
  rarityWeights: z
    .boolean()
    .default(true)
    .describe(
      'training questions prefer rare diseases and entities that the graph says little about; false: every path alike. The held-out questions are the same either way',
    ),
  prompt: z
    .enum(['stem', 'options'])
    .default('stem')
    .describe('`options`: the question lists its options in words, and the answer names one of them'),
  distractors: z
    .enum(['graph', 'random'])
    .default('graph')
    .describe(
      'wrong options of the training questions: of competing diagnoses in the `graph`, or drawn at `random`; held-out questions always have those of the graph',
    ),
  wrongLabels: share
    .default(0)
    .describe('share of the training questions that get a wrong label on purpose: for experiments on label noise only'),
  items: itemsSchema
    .nullable()
    .default(null)
    .describe('train on the items of a data run; null: on questions of the starter graph, as the keys above say'),
})

const pretrain = z.strictObject({
  steps: z.number().int().nonnegative().default(320).describe('optimiser steps; 0 keeps the base model as it is'),
  documentsPerStep: count.default(48).describe('documents of a step'),
  sentencesPerDocument: count.default(8).describe('facts in a document'),
  learningRate: z.number().positive().default(3e-3).describe('peak learning rate'),
  warmup: count.default(50).describe('steps of linear warm-up'),
  finalShare: share.default(0.1).describe('learning rate of the last step, as a share of the peak'),
  contextWeight: z.number().min(0).max(1).default(0.02).describe('loss weight of tokens that are not the object'),
  checkpointEvery: count.default(100).describe('steps between checkpoints: what a kill can cost'),
  bpeMerges: z
    .number()
    .int()
    .nonnegative()
    .default(300)
    .describe('merges of the tokenizer for the words between the names'),
})

const rl = z.strictObject({
  steps: count,
  promptsPerStep: count.default(32).describe('questions of a step, one group each'),
  groupSize: z.number().int().min(2),
  learningRate: z.number().positive().default(3e-4).describe('peak learning rate'),
  warmup: count.default(5).describe('steps of linear warm-up'),
  finalShare: share.default(1).describe('learning rate of the last step, as a share of the peak'),
  ...grpoShape,
  gradClipNorm: z.number().nonnegative().default(1).describe('largest norm of the gradient; 0 switches clipping off'),
  rewardRule: z
    .enum(['gated', 'additive', 'penalised'])
    .default('gated')
    .describe(
      '`gated`: 1 if format and answer are right, else 0; `additive`: right + 0.1 for the format; `penalised`: gated, and -0.1 for a bad format',
    ),
  reward: z
    .enum(['verifiable', 'random'])
    .default('verifiable')
    .describe('`random`: the control, rewards drawn by chance'),
  temperature: z
    .literal(1, 'RL samples at temperature 1: the gradient is that of the distribution sampled from')
    .default(1)
    .describe('fixed: the gradient is that of the distribution sampled from'),
  maxTokens: count.default(40).describe('tokens of a completion at most; longer ones are cut off and wrong'),
  checkpointEvery: count.default(20).describe('steps between checkpoints: what a kill can cost'),
  probeEvery: count.default(20).describe('steps between greedy probes on held-out questions that no test uses'),
})

const rlOne = rl.extend({
  steps: count.default(80).describe('optimiser steps at most; a plateau ends the stage earlier'),
  groupSize: z.number().int().min(2).default(8).describe('rollouts of a question'),
  curriculum: z
    .enum(['blended', 'uniform'])
    .default('blended')
    .describe('`blended`: hard and simple questions by `hardShare`; `uniform`: the whole training set'),
  hardShare: share.default(0.5).describe("share of moderate questions in a step; the paper's hard : simple is 1 : 1"),
  plateau: z
    .strictObject({
      window: count.default(20).describe('steps of a window; two adjacent ones are compared'),
      minGain: z.number().default(0.01).describe('gain of mean reward per window that is worth waiting for'),
      checkEvery: count.default(5).describe('steps between checks'),
      checks: count.default(3).describe('checks in a row that must agree'),
      minSteps: count.default(40).describe('no plateau before this step'),
      ...switchOptions,
    })
    .prefault({}),
})

const rlTwo = rl.extend({
  steps: z.number().int().nonnegative().default(120).describe('optimiser steps; 0: no stage 2'),
  groupSize: z.number().int().min(2).default(16).describe('rollouts of a question; more than in stage 1'),
  finalShare: share.default(0.3).describe('learning rate of the last step, as a share of the peak'),
  mining: z.boolean().default(true).describe('false: plain continuation, uniform over the training set'),
  sweepSize: z
    .number()
    .int()
    .min(2, 'a group needs at least two rollouts')
    .default(2)
    .describe('rollouts of a question in a sweep of the training set; few, for they train nothing'),
  resweepEvery: count.default(40).describe('steps between sweeps'),
  resweepShare: share
    .default(0.25)
    .describe('share of the training set that a later sweep tries again, the stalest first'),
  halfLife: z.number().positive().default(40).describe('steps after which an observation counts half'),
  rightShare: share
    .default(1 / 3)
    .describe("share of questions that the policy gets right; the paper's right : wrong is 1 : 2"),
  focus: z
    .number()
    .nonnegative()
    .default(3)
    .describe('exponent of the chance of a mixed group in the priority of a failure; 0 draws failures uniformly'),
  ...miningOptions,
})

const evaluation = z.strictObject({
  perHop: count.default(200).describe('held-out questions per split and hop at most'),
  maxTokens: count.default(48).describe('tokens of a completion at most'),
  examples: count.default(8).describe('held-out answers that the report shows'),
})

export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/i, 'letters, digits, dot, dash and underscore')
    .default('default')
    .describe('name of the run and of its folder; the same name resumes'),
  seed: z.number().int().nonnegative().default(1).describe('training seed: initial weights, sampling, batches'),
  dataSeed: z.number().int().nonnegative().default(1).describe('seed of graph subset, questions and splits'),
  engine: engine.prefault({}),
  graph: graph.prefault({}),
  questions: questions.prefault({}),
  pretrain: pretrain.prefault({}),
  endpoints: endpointsSchema,
  'cold-start': coldStartSchema.prefault({}),
  'rl-1': rlOne.superRefine(checkGrpo).prefault({}),
  'rl-2': rlTwo.superRefine(checkGrpo).prefault({}),
  evaluation: evaluation.prefault({}),
  release: z
    .strictObject({
      stage: z.enum(['cold-start', 'rl-1', 'rl-2']).default('rl-2').describe('the checkpoint that is released'),
    })
    .prefault({}),
})

export type Config = z.infer<typeof configSchema>
export type EngineConfig = Config['engine']
export type RlConfig = z.infer<typeof rl>
