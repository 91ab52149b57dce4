import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { conformanceChecks } from '../../conformance.ts'
import { type Fake, startFake } from './fixtures/fake-server.ts'
import { tinkerEngine } from './index.ts'

const fast = { backoffMs: 5, maxBackoffMs: 50, pollGapMs: 1, deadlineMs: 20_000, submitMs: 10_000, heartbeatMs: 1000 }

/** Hosted Tinker, and SkyRL's JAX backend as far as its source says: means for sums, samplers that follow training, JSON. */
const servers = [
  ['hosted', {}, {}],
  [
    'SkyRL with JAX',
    { isJson: true, isSkyrl: true, dropsFirst: true, scaling: 'sequence-mean', front: '{"name":"Tinker API Mock"}' },
    { encoding: 'json' },
  ],
] as const

describe.each(servers)('over a server of exact models, %s, the client conforms:', (_, options, config) => {
  let fake: Fake
  beforeAll(async () => {
    fake = await startFake(options)
  })
  afterAll(() => fake.close())

  // Of two calls in a step SkyRL's mean would be weighed wrongly, so the second is refused: scaling.test.ts.
  const checks = conformanceChecks.filter(({ name }) => !('scaling' in options) || !/several calls add up/.test(name))

  test.each(checks)('$name', async ({ run }) => {
    await run({
      create: () => tinkerEngine.create({ baseUrl: fake.url, baseModel: 'toy', seed: 7, timing: fast, ...config }),
      dir: mkdtempSync(join(tmpdir(), 'fleming-tinker-')),
    })
  })
})
