import { z } from 'zod'
import { readText } from '../../core/read.ts'
import { defaultItemsConfig, itemsConfigSchema } from '../../questions/items/config.ts'
import { endpointsSchema } from '../config-endpoints.ts'
import { parseWith } from '../config-file.ts'

/**
 * The configuration of a data run: from knowledge sources and exam sets to the questions that training reads. Where the
 * paper states a value it is the default; the rest is ours.
 */

const share = z.number().min(0).max(1)
const count = z.number().int().positive()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits')

/** The name of an entry of `endpoints`, or null: then the step is skipped, and the report says so. */
const role = z.string().min(1).nullable().default(null)

const source = z.strictObject({
  source: z.string().min(1).describe('reader, by name: `fleming graph sources` lists them'),
  files: z.array(z.string().min(1)).min(1).describe('its files, in the order that the reader names'),
  name: z.string().min(1).nullable().default(null).describe('name in origins; the name of the reader unless told'),
  revision: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('version or commit; read from the file where it says one'),
  license: z.string().min(1).nullable().default(null).describe('licence of this copy; that of the reader unless told'),
  sha256: z
    .record(z.string(), sha256)
    .default({})
    .describe('file → hash that it must have: a changed file is an error'),
  mapping: z.string().nullable().default(null).describe('mapping of a `columns` source, a YAML file'),
})

const graph = z.strictObject({
  sources: z.array(source).min(1).describe('knowledge sources; where labels differ the first one names the entity'),
  extraction: role.describe('endpoint that reads the text of MedQuAD too; none: its patterns alone'),
})

const questionSet = z.strictObject({
  source: z.string().min(1).describe('reader, by name: `fleming questions sources` lists them'),
  from: z.string().min(1).describe('file, or hf:owner/name@revision:path'),
  split: z
    .enum(['train', 'dev', 'test'])
    .nullable()
    .default(null)
    .describe('split of the file; read from its name unless told. Only `train` reaches training'),
  sha256: sha256.nullable().default(null).describe('hash that the file must have'),
  answerBase: z
    .union([z.literal(0), z.literal(1)])
    .nullable()
    .default(null)
    .describe('number of the first option, where the rows do not show it; detected unless told'),
})

const curated = z.strictObject({
  sets: z
    .array(
      questionSet.extend({
        use: z
          .enum(['train', 'coverage'])
          .default('train')
          .describe('`coverage`: only shows what the set asks about, and never reaches training'),
      }),
    )
    .default([])
    .describe('exam sets to train on, or to measure coverage with'),
  benchmarks: z.array(questionSet).default([]).describe('what no training item may contain'),
})

const { shape: items } = itemsConfigSchema
const usual = defaultItemsConfig(10_000)

const synthesis = z.strictObject({
  count: items.count.default(usual.count).describe('questions to make from the graph'),
  shapes: items.shapes
    .default(usual.shapes)
    .describe('shape, or group of shapes (one-hop, path, common, case, comparison) → share'),
  forms: items.forms
    .default(usual.forms)
    .describe('share of single best answers, several right options, answers in words'),
  options: items.options.default(usual.options).describe('how many options, 3 to 21, and how often'),
  noneOfTheAbove: items.noneOfTheAbove
    .default(usual.noneOfTheAbove)
    .describe('share of questions whose last option is "none of the above"'),
  noneIsGold: items.noneIsGold.default(usual.noneIsGold).describe('share of these where it is right'),
  languages: items.languages.default(usual.languages).describe('share of each language; Chinese needs Chinese names'),
  allowsEnglishNames: items.allowsEnglishNames
    .default(usual.allowsEnglishNames)
    .describe('Chinese sentences around English names where an entity has no Chinese one'),
  maskRate: items.maskRate.default(usual.maskRate).describe('share of the features of a case that the stem withholds'),
  maxDepth: items.maxDepth.default(usual.maxDepth).describe('longest path that is walked'),
  maxAccepted: items.maxAccepted.default(usual.maxAccepted).describe('right answers of an open question at most'),
  maxFocus: items.maxFocus.default(usual.maxFocus).describe('entities at one hidden place of a path at most'),
  maxAttempts: items.maxAttempts.default(usual.maxAttempts).describe('draws for one question before it is given up'),
  gapWeight: z
    .number()
    .nonnegative()
    .default(1)
    .describe('how strongly entities are favoured that the exam sets do not mention; 0: not at all'),
  shardSize: count.default(20_000).describe('questions of a shard; a kill costs at most one'),
  writer: role.describe('endpoint that rewords the templates; none: templates'),
})

const refinement = z.strictObject({
  nearDuplicates: share.default(0.8).describe('Jaccard similarity from which two items are one'),
  contaminationCoverage: share
    .default(0.5)
    .describe("share of a benchmark question's 8-grams from which a training item contains it"),
  phi: z
    .enum(['block', 'warn', 'off'])
    .default('warn')
    .describe('what is done with findings of protected health information: `block` drops the item, `warn` lists it'),
  validator: role.describe(
    'endpoint that answers each item `trials` times; what it never answers as labelled is disputed',
  ),
  trials: count.default(5).describe("trials of the validator; the paper's five"),
  failWhen: z
    .enum(['all', 'any'])
    .default('all')
    .describe('when an item is disputed: all trials miss the label, or any'),
  passRates: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('JSONL of {id, passRate} that a policy was measured with, to compare the tiers with'),
  judge: role.describe('endpoint that says how difficult an item is; none: a rule, for synthetic items alone'),
})

const mix = z.strictObject({
  size: count.nullable().default(null).describe('items of the mix; as many as the shares allow unless told'),
  shares: z
    .record(z.string(), z.number().positive())
    .default({})
    .describe('group → weight; groups are names of curated sets, and `synthetic`. Empty: everything'),
})

export const dataConfigSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/i, 'letters, digits, dot, dash and underscore')
    .default('data')
    .describe('name of the run and of its folder; the same name resumes'),
  dataSeed: z.number().int().nonnegative().default(1).describe('seed of everything that is drawn'),
  endpoints: endpointsSchema,
  graph,
  curated: curated.prefault({}),
  synthesis: synthesis.prefault({}),
  refinement: refinement.prefault({}),
  mix: mix.prefault({}),
})

export type DataConfig = z.infer<typeof dataConfigSchema>

/**
 * The configuration of a data run from a YAML file, with `--set a.b=c` assignments on top.
 *
 * @throws {ConfigError} naming file:line (or the assignment), the offending key or value and a remedy
 */
export function loadDataConfig(file: string, assignments: readonly string[] = []): DataConfig {
  return parseWith(dataConfigSchema, 'docs/data-configuration.md', readText(file), file, assignments)
}
