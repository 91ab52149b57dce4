import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { formatJson } from '../../core/json.ts'
import { putAtomic } from '../../core/store.ts'
import { ddxplus } from './ddxplus.ts'
import { readAll } from './fixtures/read-all.ts'

const dir = mkdtempSync(join(tmpdir(), 'ddxplus-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const condition = (name: string, antecedents: readonly string[]) => ({
  'cond-name-eng': name,
  'icd10-id': '',
  symptoms: {},
  antecedents: Object.fromEntries(antecedents.map((id) => [id, {}])),
  severity: 3,
})
const evidence = (id: string) => ({ question_en: 'Yes?', is_antecedent: true, code_question: id })

test('an evidence that is a condition of the release is that condition, and never evidence of itself', async () => {
  const files = ['release_conditions.json', 'release_evidences.json'].map((name) => join(dir, name))
  const conditions = { GERD: condition('GERD', ['E_125', 'E_124']), Chestitis: condition('Chestitis', ['E_125']) }
  putAtomic(files[0]!, formatJson(conditions))
  putAtomic(files[1]!, formatJson({ E_125: evidence('E_125'), E_124: evidence('E_124') }))
  const records = await readAll(ddxplus, { files })
  const said = records.flatMap((record) => {
    if (record.kind === 'entity') return [`${record.key}: ${record.label}`]
    if (record.kind === 'triple') return [`${record.head} ${record.relation} ${record.tail}`]
    return record.kind === 'rejected' ? [`${record.reason}: ${record.detail}`] : []
  })
  expect(said).toEqual([
    'DDXPLUS:E_124: asthma',
    'DDXPLUS:GERD: gastroesophageal reflux disease',
    'condition listed as its own evidence: E_125',
    'DDXPLUS:GERD has_risk_factor DDXPLUS:E_124',
    'DDXPLUS:Chestitis: Chestitis',
    'DDXPLUS:Chestitis has_risk_factor DDXPLUS:GERD',
  ])
})
