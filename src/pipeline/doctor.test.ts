import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkMemory, checkNode, checkThreads, examine } from './doctor.ts'

const dir = mkdtempSync(join(tmpdir(), 'fleming-doctor-'))
const statusOf = async (options: { root: string; configFile: string }) =>
  Object.fromEntries((await examine(options)).map(({ name, status }) => [name, status]))

describe('the examination', () => {
  test('of this computer finds the native library working and leaves nothing behind', async () => {
    const root = join(dir, 'runs')
    expect(await statusOf({ root, configFile: 'fleming.yaml' })).toMatchObject({
      node: 'ok',
      onnxruntime: 'ok',
      writing: 'ok',
      config: 'ok',
      graph: 'ok',
      endpoints: 'ok',
    })
    expect(existsSync(root)).toBe(false)
  })

  test('names a fix for a folder that cannot be written', async () => {
    const file = join(dir, 'occupied')
    writeFileSync(file, 'a file where a folder should be')
    const checks = await examine({ root: join(file, 'runs'), configFile: 'fleming.yaml' })
    expect(checks.find(({ name }) => name === 'writing')).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('--root DIR'),
    })
  })

  test('goes on with the defaults when the configuration is broken or absent, and says so', async () => {
    const configFile = join(dir, 'broken.yaml')
    writeFileSync(configFile, 'seed: -1\n')
    expect(await statusOf({ root: dir, configFile })).toMatchObject({ config: 'failed', graph: 'ok' })
    expect(await statusOf({ root: dir, configFile: join(dir, 'absent.yaml') })).toMatchObject({ config: 'warning' })
  })

  test('fails a graph folder that is not there, with the remedy of the reader', async () => {
    const configFile = join(dir, 'elsewhere.yaml')
    writeFileSync(configFile, `graph: { dir: ${join(dir, 'no-graph')} }\n`)
    const checks = await examine({ root: dir, configFile })
    expect(checks.find(({ name }) => name === 'graph')).toMatchObject({ status: 'failed' })
  })
})

describe('single checks', () => {
  test('Node.js before 20.19 is in the way, later ones are not', () => {
    expect(['18.20.0', '20.18.3', '20.19.0', '22.0.0'].map((version) => checkNode(version).status)).toEqual([
      ...['failed', 'failed', 'ok', 'ok'],
    ])
  })

  test('more threads than processors are a warning', () => {
    expect(checkThreads(2, 2).status).toBe('ok')
    expect(checkThreads(8, 2)).toMatchObject({ status: 'warning', fix: expect.stringContaining('engine.threads to 2') })
  })

  test('memory below a gibibyte fails, below two it warns', () => {
    const gib = 2 ** 30
    expect([0.5, 1.5, 4].map((size) => checkMemory(size * gib).status)).toEqual(['failed', 'warning', 'ok'])
  })
})
