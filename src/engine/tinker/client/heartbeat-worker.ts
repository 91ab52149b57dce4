/**
 * Entry of the thread that tells the server that a session lives. A thread of its own, because rewards and graders may keep
 * the main one busy for minutes, and a server unloads the models of a silent session.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { formatJson } from '../../../core/json.ts'

const data = z
  .object({
    url: z.string(),
    sessionId: z.string(),
    key: z.string(),
    intervalMs: z.number(),
    timeoutMs: z.number(),
  })
  .parse(workerData)
let key = data.key

parentPort?.on('message', (message: unknown) => {
  if (typeof message === 'string') key = message
})

async function beat(): Promise<void> {
  try {
    const response = await fetch(data.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
      body: formatJson({ type: 'session_heartbeat', session_id: data.sessionId }),
      redirect: 'manual',
      signal: AbortSignal.timeout(data.timeoutMs),
    })
    await response.arrayBuffer()
    parentPort?.postMessage(response.ok ? { kind: 'alive' } : { kind: 'missed', why: `status ${response.status}` })
  } catch (error) {
    const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error
    parentPort?.postMessage({ kind: 'missed', why: inner instanceof Error ? inner.message : String(inner) })
  }
}

// Not setInterval: a slow server must not be asked again before it has answered.
async function beatForever(): Promise<void> {
  for (;;) {
    await beat()
    await new Promise((resolve) => setTimeout(resolve, data.intervalMs))
  }
}
void beatForever()
