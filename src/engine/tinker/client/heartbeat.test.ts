import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'
import { startHeartbeat } from './heartbeat.ts'
import { createHttp } from './http.ts'

/** A server in a thread of its own, which counts beats in shared memory: the main thread may be busy and still see them. */
const serverCode = `
  const { createServer } = require('node:http')
  const { parentPort, workerData } = require('node:worker_threads')
  const beats = new Int32Array(workerData)
  createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const isBeat = request.url === '/api/v1/session_heartbeat' && request.headers['x-api-key'] === 'tml-no-key'
      if (isBeat) Atomics.add(beats, 0, 1)
      response.writeHead(Atomics.load(beats, 1) || 200).end('{}')
    })
  }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port) })
`

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 15_000
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(holds()).toBe(true)
}

test('the heart beats while the main thread computes, and its troubles are told', async () => {
  const shared = new SharedArrayBuffer(8)
  const beats = new Int32Array(shared)
  const server = new Worker(serverCode, { eval: true, workerData: shared })
  const [port] = await once(server, 'message')
  const heartbeat = startHeartbeat(createHttp(`http://127.0.0.1:${port}`, readCredentials()), 'session_1', 50)
  await until(() => Atomics.load(beats, 0) > 0)
  const before = Atomics.load(beats, 0)
  const end = Date.now() + 1000
  while (Date.now() < end);
  // Read without letting go of the thread in between.
  expect(Atomics.load(beats, 0) - before).toBeGreaterThan(2)
  await until(() => heartbeat.trouble() === undefined)
  Atomics.store(beats, 1, 503)
  await until(() => heartbeat.trouble() !== undefined)
  expect(heartbeat.trouble()).toMatch(/^no heartbeat for \d+ s: status 503$/)
  await heartbeat.stop()
  await server.terminate()
})
