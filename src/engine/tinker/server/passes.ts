import type { TrainingClient } from '../../types.ts'
import type { ForwardBackwardOutput } from '../wire/messages.ts'
import type { PassRequest } from './data.ts'
import { countTokens, type Ledger } from './ledger.ts'

/** Makes a pass and counts its tokens. @returns the result as the wire has it, its metrics by `name:reduction` */
export async function runPass(
  client: TrainingClient,
  { data, loss, config }: PassRequest,
  options: { readonly forwardOnly: boolean; readonly runId: string; readonly ledger: Ledger },
): Promise<ForwardBackwardOutput> {
  const { forwardOnly, runId, ledger } = options
  const tokens = countTokens(data.map(({ inputTokens }) => inputTokens))
  if (forwardOnly) {
    const { lossSum, logprobs_DT } = await client.forward(data, loss, config)
    ledger.add(runId, { scored: tokens })
    return outputOf(lossSum, logprobs_DT)
  }
  const complete = await scoreSkipped(client, { data, loss, config })
  const { lossSum, logprobs_DT } = await client.forwardBackward(data, loss, config)
  ledger.add(runId, { trained: tokens, scored: complete.tokens })
  return outputOf(
    lossSum,
    logprobs_DT.map((logprobs, index) => complete.logprobs.get(index) ?? logprobs),
  )
}

/**
 * Log-probabilities of data with sampled tokens that do not train.
 *
 * The engine leaves positions of advantage 0 out of a backward pass and reports 0 there. Clients of this protocol compare
 * all sampled tokens with their sampler, those of a group without a signal too, so such data get a forward pass of their own.
 */
async function scoreSkipped(
  client: TrainingClient,
  { data, loss, config }: PassRequest,
): Promise<{ readonly logprobs: ReadonlyMap<number, readonly number[]>; readonly tokens: number }> {
  const indices = [...data.keys()].filter((index) => {
    const { logprobs = [], advantages = [] } = data[index]!
    return logprobs.some((logprob, position) => logprob !== 0 && advantages[position] === 0)
  })
  if (indices.length === 0) return { logprobs: new Map(), tokens: 0 }
  const skipped = indices.map((index) => data[index]!)
  const { logprobs_DT } = await client.forward(skipped, loss, config)
  return {
    logprobs: new Map(indices.map((index, at) => [index, logprobs_DT[at]!])),
    tokens: countTokens(skipped.map(({ inputTokens }) => inputTokens)),
  }
}

function outputOf(lossSum: number, logprobs_DT: readonly (readonly number[])[]): ForwardBackwardOutput {
  return {
    outputType: 'ArrayRecord',
    outputs: logprobs_DT.map((data) => ({ logprobs: { dtype: 'float32', shape: [data.length], data } })),
    metrics: { 'loss:sum': lossSum },
  }
}
