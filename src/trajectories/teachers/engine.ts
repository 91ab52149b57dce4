import { ConfigError, DataError, EngineError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { splitThinking } from '../../endpoint/thinking.ts'
import type { ChatModel, ChatReply, ChatRequest } from '../../endpoint/types.ts'
import type { SampledSequence, SampleRequest, SamplingClient } from '../../engine/types.ts'
import type { Codec } from '../../text/codec.ts'
import { chatTeacher } from './chat.ts'
import type { TeacherKind } from './parts.ts'

/** A model of an engine of ours: sampled in this process, kept in the same ledger as a remote one. */
export const engineTeacher: TeacherKind = {
  name: 'engine',
  title: 'a model of an engine of this run',
  create: ({ engine }) => {
    if (engine === undefined) {
      throw new ConfigError('the engine teacher needs a model', { hint: 'name a folder in cold-start.model' })
    }
    const model = engineChatModel(engine.client, engine.codec, { name: engine.model, hash: engine.hash })
    return chatTeacher('engine', engine.model, { ...engine.calls, model }, engine.ask)
  },
}

type Waiting = {
  readonly request: ChatRequest
  readonly promptTokens: readonly number[]
  readonly resolve: (reply: ChatReply) => void
  readonly reject: (cause: unknown) => void
}

/**
 * A sampling client as a chat model: system and user text make one user turn, whatever waits is sampled together.
 *
 * The draw of a request is named by its hash, so equal requests get equal replies as far as rounding allows; with others
 * in the batch a token may differ where rounding decides.
 *
 * @param identity `hash` is that of the weights: another model must not be taken for this one in a ledger
 */
export function engineChatModel(
  client: SamplingClient,
  codec: Codec,
  identity: { readonly name: string; readonly hash: string },
): ChatModel {
  let waiting: Waiting[] = []
  let isBusy = false
  const drain = async (): Promise<void> => {
    if (isBusy) return
    isBusy = true
    while (waiting.length > 0) {
      const { maxTokens, temperature, topP } = waiting[0]!.request
      const fits = ({ request }: Waiting): boolean =>
        request.maxTokens === maxTokens && request.temperature === temperature && request.topP === topP
      const batch = waiting.filter(fits)
      waiting = waiting.filter((one) => !fits(one))
      const requests = batch.map(({ request, promptTokens }): SampleRequest => {
        return { promptTokens, numSamples: 1, key: contentId('ask', request) }
      })
      const params = { maxTokens, temperature, stopTokens: codec.stopTokens, ...(topP !== undefined && { topP }) }
      const answer = async (from: number, to: number): Promise<void> => {
        const samples = await client.sample(requests.slice(from, to), params)
        for (const [index, one] of batch.slice(from, to).entries()) {
          one.resolve(replyOf(samples[index]?.[0], one, codec, identity.name))
        }
      }
      try {
        await answer(0, batch.length)
      } catch {
        // One request that the engine refuses must not take the others with it: each is asked alone.
        for (const [index, one] of batch.entries()) await answer(index, index + 1).catch(one.reject)
      }
    }
    isBusy = false
  }
  return {
    name: identity.name,
    hash: contentId('engine-model', identity),
    complete: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ request, promptTokens: promptOf(request, codec), resolve, reject })
        // One turn later, so that calls which start together are sampled together.
        setImmediate(() => void drain())
      }),
  }
}

/** @throws {EngineError} when the question holds a control token: this call alone is given up */
function promptOf({ messages }: ChatRequest, codec: Codec): number[] {
  try {
    return codec.prompt(messages.map(({ content }) => content).join('\n\n'))
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause
    throw new EngineError(`the prompt cannot be encoded: ${cause.message}`, { cause })
  }
}

function replyOf(
  sample: SampledSequence | undefined,
  { promptTokens }: Waiting,
  codec: Codec,
  name: string,
): ChatReply {
  if (sample === undefined) throw new EngineError(`${name}: the engine returned no sample`)
  const { text, thinking } = splitThinking(codec.completionText(sample.tokens))
  return {
    text,
    reasoning: thinking === '' ? null : thinking,
    finishReason: sample.stopReason,
    model: name,
    usage: { promptTokens: promptTokens.length, completionTokens: sample.tokens.length },
  }
}
