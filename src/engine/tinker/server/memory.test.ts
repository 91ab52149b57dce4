import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { FrozenClient, ModelHost, SampleRequest } from '../../types.ts'
import { startServer } from './fixtures/tiny-server.ts'

/** Samples two tokens at once, whatever it is asked. */
const client = {
  info: async () => ({ vocabSize: 1000, contextLength: 4096, weightsHash: 'h' }),
  sample: async (requests: readonly SampleRequest[]) =>
    requests.map(() => [{ tokens: [1, 2], logprobs: [-1, -1], stopReason: 'stop' as const }]),
  close: async () => {},
} as unknown as FrozenClient
const host = { base: client } as unknown as ModelHost

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

test('of a sampling request with a prompt of 2000 tokens less than 10 kB are kept: its result, and not its prompt', async () => {
  const server = await startServer(host)
  const opened = await server.post('create_sampling_session', {
    session_id: server.sessionId,
    sampling_session_seq_id: 0,
    base_model: 'tiny',
  })
  const { sampling_session_id } = opened.body as { sampling_session_id: string }
  const prompt = { chunks: [{ type: 'encoded_text', tokens: Array.from({ length: 2000 }, (_, i) => i % 1000) }] }
  let next = 0
  const sampleMany = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 10) {
      const batch = Array.from({ length: 10 }, () => {
        const body = { sampling_session_id, seq_id: next++, prompt, sampling_params: { max_tokens: 2 } }
        return server.call('asample', body)
      })
      for (const result of await Promise.all(batch)) expect(result).toHaveProperty('sequences')
      server.log.length = 0
    }
  }
  // Compiled code and buffers of connections come with the first ones.
  await sampleMany(300)
  const before = heapBytes()
  await sampleMany(500)
  expect((heapBytes() - before) / 500).toBeLessThan(10_000)
  await server.server.close()
})
