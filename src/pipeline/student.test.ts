import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { huggingFaceConfig } from '../engine/local/hf/config.ts'
import { parseConfig } from './config-file.ts'
import { wireName } from './model-text.ts'
import { decisiveSettings, decoderConfig, tinkerConfig } from './student.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-student-'))
afterAll(() => rmSync(dir, { recursive: true }))
const configOf = (...settings: string[]) => parseConfig('', 'none', settings)
writeFileSync(join(dir, 'config.json'), JSON.stringify(huggingFaceConfig(decoderConfig(configOf(), 300), 'float32')))

const remote = ['engine.kind=tinker', `engine.model=${dir}`]

describe('a Tinker configuration', () => {
  test('takes base, context and adapter from the engine section, and the key from nowhere', async () => {
    const config = await tinkerConfig(configOf(...remote, 'engine.lora={rank: 8}', 'engine.tinker.url=http://h:1'), 300)
    expect(config).toMatchObject({
      baseUrl: 'http://h:1',
      baseModel: dir,
      vocabSize: 300,
      contextLength: 96,
      lora: { rank: 8, trainAttn: true, trainMlp: true, trainUnembed: false },
    })
    expect(JSON.stringify(config).toLowerCase()).not.toContain('key')
  })

  test('trains every weight without an adapter', async () => {
    expect((await tinkerConfig(configOf(...remote), 300)).lora).toBeUndefined()
  })

  test('refuses a part of the layers that the wire names together', async () => {
    const config = configOf(...remote, 'engine.lora={targets: [q_proj, v_proj]}')
    await expect(tinkerConfig(config, 300)).rejects.toThrow('all of q_proj, k_proj, v_proj, o_proj')
  })

  test('refuses a server without a model to read the tokenizer from', async () => {
    await expect(tinkerConfig(configOf('engine.kind=tinker'), 300)).rejects.toThrow('needs engine.model')
  })
})

test('where and how fast a run learns does not decide what it learns', () => {
  const of = (...settings: string[]) => decisiveSettings(configOf(...settings).engine)
  expect(of('engine.threads=1', 'engine.tinker.url=http://other:1')).toEqual(of())
  expect(of('engine.lora={}')).not.toEqual(of())
  expect(of(...remote, 'engine.tinker.url=http://other:1')).toEqual(of(...remote))
  expect(of(...remote, 'engine.tinker.baseModel=b')).not.toEqual(of(...remote))
})

test.each([
  ['hf:Qwen/Qwen2.5-7B@main', 'Qwen/Qwen2.5-7B'],
  ['hf:Qwen/Qwen3-32B', 'Qwen/Qwen3-32B'],
  ['/models/at@home/base', '/models/at@home/base'],
])('server and client call %s by one name', (model, name) => {
  expect(wireName(model)).toBe(name)
})
