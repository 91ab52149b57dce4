import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readManifest } from '../../core/store.ts'
import { type ServedRequest, startFaultyServer } from '../../endpoint/fixtures/faulty-server.ts'
import { silentObserver } from '../observer.ts'
import { dataStageNames } from '../stage.ts'
import { type DataConfig, dataConfigSchema } from './config.ts'
import { writeDataReport } from './report.ts'
import { runData } from './run.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-data-faults-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const items = 24
const trials = 3

const configFor = (url: string, name: string): DataConfig =>
  dataConfigSchema.parse({
    name,
    endpoints: { model: { url, model: 'm', timeoutSeconds: 5, concurrency: 8, retrySeconds: 0.01 } },
    graph: { sources: [{ source: 'starter-tables', files: ['data/starter'] }] },
    synthesis: { count: items, writer: 'model', forms: { single: 1, multiple: 0, open: 0 } },
    refinement: { validator: 'model', judge: 'model', trials },
  })

/** One model for three roles: it echoes drafts, calls all items moderate, and always answers "A". */
function answer({ messages }: ServedRequest): string {
  const [system = '', user = ''] = messages.map(({ content }) => content)
  if (system.includes('reword')) {
    const draft: unknown = JSON.parse(user.split('\n')[1] ?? '{}')
    return JSON.stringify({ stem: (draft as { draft: string }).draft })
  }
  if (system.includes('demanding')) return JSON.stringify({ reason: 'two steps', tier: 'moderate' })
  return '<think>The first one.</think><answer>A</answer>'
}

const hashes = (runDir: string): (string | undefined)[] =>
  dataStageNames.map((stage) => readManifest(join(runDir, stage))?.hash)

test('with 40 % faults every planned call is done or quarantined, and the run is that of a server without faults', async () => {
  const faulty = await startFaultyServer({
    seed: 5,
    faultRate: 0.4,
    retryAfterSeconds: 0,
    faults: ['429-bare', '500', '502', '503', 'reset', 'html', 'truncated-json', 'garbage', 'empty'],
    answer,
  })
  const calm = await startFaultyServer({ seed: 5, faultRate: 0, answer })
  try {
    const config = configFor(faulty.url, 'faulty')
    const runDir = await runData(dir, config, silentObserver)
    const { report } = writeDataReport(runDir, config)
    const { writer, validator, judge } = report.calls
    for (const calls of [writer!, validator!, judge!]) {
      expect(calls.planned).toBe(calls.done + calls.quarantined + calls.skipped)
      expect(Object.keys(calls.failures).length).toBeGreaterThan(0)
    }
    expect(writer!.planned).toBe(items)
    expect(validator!.planned % trials).toBe(0)
    expect(Math.max(...faulty.goodReplies.values())).toBe(1)
    const { labels } = report.refinement.assessment
    expect(Object.values(labels).reduce((sum, count) => sum + count, 0)).toBe(report.refinement.screen.kept)
    // The model that always says A answers some as labelled, others never: those are open disputes and in no mix.
    expect(labels.disputed).toBeGreaterThan(0)
    expect(report.openDisputes).toBe(labels.disputed)
    expect(report.refinement.mix.size).toBe(report.refinement.screen.kept - labels.disputed!)

    const calmDir = await runData(dir, configFor(calm.url, 'calm'), silentObserver)
    expect(hashes(calmDir)).toEqual(hashes(runDir))
    const questions = (of: string): string => readFileSync(join(of, 'refinement', 'questions.jsonl'), 'utf8')
    expect(questions(calmDir)).toBe(questions(runDir))
    expect(questions(runDir)).toContain('"writer":"llm"')
    expect(questions(runDir)).toContain('"difficulty":"moderate"')

    // Another address and another budget: the stages stand, and no answer is asked for twice.
    const before = calm.requests
    await runData(
      dir,
      { ...config, endpoints: { model: { ...config.endpoints.model!, url: calm.url, maxCalls: 9999 } } },
      silentObserver,
    )
    expect(calm.requests).toBe(before)
  } finally {
    await faulty.close()
    await calm.close()
  }
}, 120_000)
