import { z } from 'zod'

const count = z.number().int().positive()

const endpoint = z.strictObject({
  url: z
    .string()
    .regex(
      /^https?:\/\/[^@?#\s]+$/,
      'an http or https address without user, password or query: a key comes from keyFrom',
    )
    .describe('address of an OpenAI-compatible server, up to and with /v1'),
  model: z.string().min(1).describe('name of the model at the server'),
  keyFrom: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'the name of an environment variable')
    .nullable()
    .default(null)
    .describe('environment variable that holds the key; the key itself is never written down'),
  stream: z.boolean().default(false).describe('ask for the answer in pieces, so that a slow one shows signs of life'),
  structuredOutput: z.boolean().default(true).describe('the server takes JSON schemas; false: the prompt says it all'),
  acceptModel: z.boolean().default(false).describe('take answers of whatever model the server says it is'),
  concurrency: count.default(8).describe('calls of a role under way at most'),
  timeoutSeconds: z.number().positive().default(300).describe('how long one call may take'),
  maxAttempts: count
    .default(4)
    .describe('replies of a call that are refused before it is quarantined; failures on the way, three times as many'),
  retrySeconds: z
    .number()
    .positive()
    .default(1)
    .describe('pause after the first failure; doubled from one to the next'),
  maxCalls: count.nullable().default(null).describe('calls of each role at most; what is left is skipped and counted'),
  maxTokens: count.nullable().default(null).describe('tokens of each role at most, prompts and completions together'),
  maxMoney: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('money of each role at most, in the unit of the prices'),
  promptPrice: z.number().nonnegative().default(0).describe('price of a million prompt tokens'),
  completionPrice: z.number().nonnegative().default(0).describe('price of a million completion tokens'),
})

/** Language models behind OpenAI-compatible addresses, by a name of one's own: the section of data runs and of runs. */
export const endpointsSchema = z
  .record(z.string(), endpoint)
  .default({})
  .describe('language models, by a name of your own')

export type EndpointConfig = z.infer<typeof endpoint>
