import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { type Fake, type FakeOptions, startFake } from './fixtures/fake-server.ts'
import { tinkerEngine } from './index.ts'
import { unpackTar } from './tar.ts'

type Entry = {
  readonly name: string
  readonly content?: string
  readonly kind?: string
  readonly isBase256?: boolean
  /** The size in the header, if not the content's. */
  readonly told?: number
}

/** A ustar archive, written here so that it can lie. */
function tar(entries: readonly Entry[], end = true): Uint8Array {
  const blocks = entries.flatMap(({ name, content = '', kind = '0', isBase256 = false, told }) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('0000644\0', 100)
    const size = told ?? Buffer.byteLength(content)
    if (isBase256) header.write(`80${BigInt(size).toString(16).padStart(22, '0')}`, 124, 'hex')
    else header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        ', 148)
    header.write(kind, 156)
    header.write('ustar\x0000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
    body.write(content)
    return [header, body]
  })
  return Buffer.concat([...blocks, Buffer.alloc(end ? 1024 : 0)])
}

/** A gzip with one bit of its checksum turned over. */
function spoilt(gzip: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(gzip)
  copy[copy.length - 6]! ^= 1
  return copy
}

/** The files of an archive that comes in blocks of odd sizes. */
async function unpacked(bytes: Uint8Array, blockBytes = 700): Promise<[string, string][]> {
  async function* blocks() {
    for (let at = 0; at < bytes.length; at += blockBytes) yield bytes.subarray(at, at + blockBytes)
  }
  const files: [string, string][] = []
  await unpackTar(blocks(), {
    begin: (name) => files.push([name, '']),
    write: (block) => {
      files.at(-1)![1] += Buffer.from(block).toString()
    },
    end: () => undefined,
  })
  return files
}

describe('an archive', () => {
  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['gzipped', (bytes: Uint8Array) => gzipSync(bytes)],
  ])('%s gives its files by name', async (_, pack) => {
    const entries = [
      { name: './', kind: '5' },
      { name: './a.txt', content: 'A' },
      { name: 'dir/b', content: 'B'.repeat(600) },
    ]
    const expected = [
      ['a.txt', 'A'],
      ['dir/b', 'B'.repeat(600)],
    ]
    for (const blockBytes of [1, 511, 1e6]) expect(await unpacked(pack(tar(entries)), blockBytes)).toEqual(expected)
  })

  test('may name folders as it likes, since they are made as files need them: SkyRL begins with "/"', async () => {
    const entries = [
      { name: '/', kind: '5' },
      { name: '../up', kind: '5' },
      { name: 'adapter_config.json', content: '{}' },
    ]
    expect(await unpacked(tar(entries))).toEqual([['adapter_config.json', '{}']])
  })

  test('may have names longer than a header', async () => {
    const long = `${'d'.repeat(120)}/weights`
    const pax = ` path=${long}\n`
    const record = `${pax.length + 3}${pax}`
    const files = await unpacked(
      tar([
        { name: 'x', kind: 'x', content: record },
        { name: 'short', content: '1' },
        { name: 'L', kind: 'L', content: `${long}2\0` },
        { name: 'short', content: '2' },
      ]),
    )
    expect(files.map(([name]) => name)).toEqual([long, `${long}2`])
  })

  test('may say sizes in base 256 or in an extended header, as files beyond 8 GiB have them', async () => {
    const base256 = tar([{ name: 'a', content: 'A'.repeat(600), isBase256: true }])
    expect(base256[124]! & 0x80).toBe(0x80)
    const extended = tar([
      { name: 'x', kind: 'x', content: '12 size=600\n' },
      { name: 'b', content: 'B'.repeat(600), told: 0 },
    ])
    expect(await unpacked(base256)).toEqual([['a', 'A'.repeat(600)]])
    expect(await unpacked(extended)).toEqual([['b', 'B'.repeat(600)]])
  })

  test.each([
    ['a path upwards', tar([{ name: '../evil' }]), 'leads out of its folder'],
    ['a path upwards inside', tar([{ name: 'a/../../evil' }]), 'leads out of its folder'],
    ['an absolute path', tar([{ name: '/etc/passwd' }]), 'leads out of its folder'],
    ['a path of Windows', tar([{ name: 'C:\\evil' }]), 'leads out of its folder'],
    ['a link', tar([{ name: 'link', kind: '2' }]), 'neither file nor folder'],
    ['a name twice', tar([{ name: 'a' }, { name: './a' }]), '"a" twice'],
    ['a cut', tar([{ name: 'a', content: 'x'.repeat(600) }]).subarray(0, 900), 'in the middle of a file'],
    ['no end', tar([{ name: 'a' }], false), 'without its last block'],
    ['no archive', Buffer.alloc(2000, 65), 'not a tar archive'],
    ['nothing', new Uint8Array(0), 'not a tar archive'],
    ['a bomb', gzipSync(Buffer.alloc(2e6)), 'goes on behind its end'],
    ['a size beyond all measure', tar([{ name: 'a', told: 2 ** 70, isBase256: true }]), 'beyond all measure'],
    ['a gzip whose checksum is wrong', spoilt(gzipSync(tar([{ name: 'a' }]))), 'cannot be unpacked'],
    ['half a gzip', gzipSync(tar([{ name: 'a' }])).subarray(0, 30), 'cannot be unpacked'],
  ])('with %s is refused', async (_, bytes, message) => {
    await expect(unpacked(bytes)).rejects.toThrow(message)
    await expect(unpacked(bytes)).rejects.toThrow(DataError)
  })
})

const fakes: Fake[] = []
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close()
})

/** The head of a safetensors file, names alone; short, so that its length is one byte in every encoding. */
function weights(names: readonly string[]): string {
  const header = JSON.stringify(Object.fromEntries(names.map((name) => [name, {}])))
  return `${String.fromCharCode(header.length)}${'\0'.repeat(7)}${header}`
}

async function download(options: FakeOptions, server: 'tinker' | 'skyrl-jax' = 'tinker') {
  const fake = await startFake(options)
  fakes.push(fake)
  const timing = { backoffMs: 2, maxBackoffMs: 20, pollGapMs: 1, deadlineMs: 20_000, submitMs: 10_000 }
  const client = await tinkerEngine.create({ baseUrl: fake.url, baseModel: 'toy', seed: 1, timing, server })
  const dir = join(mkdtempSync(join(tmpdir(), 'fleming-')), 'weights')
  const outcome = await client.saveWeights(dir).catch((error: Error) => error)
  await client.close()
  return { dir, outcome, fake }
}

const adapter = [
  { name: 'adapter_config.json', content: '{"r":4,"lora_alpha":32}' },
  {
    name: 'adapter_model.safetensors',
    content: weights(['a.self_attn.q_proj.lora_A.weight', 'a.mlp.up_proj.lora_B.weight']),
  },
  { name: 'checkpoint_complete' },
]

describe('weights of a server', () => {
  test('come into a folder; layers that its adapter leaves out are named, the key does not follow the redirect', async () => {
    const { dir, outcome, fake } = await download({ archive: gzipSync(tar(adapter)) })
    expect(outcome).toBeUndefined()
    expect(readdirSync(dirname(dir))).toEqual(['weights'])
    expect(fake.calls.some(({ endpoint }) => /sampler_weights\/weights_[0-9a-f]{24}$/.test(endpoint))).toBe(true)
    expect(readdirSync(dir).sort()).toEqual(adapter.map(({ name }) => name).sort())
    expect(JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8'))).toEqual({
      r: 4,
      lora_alpha: 32,
      target_modules: ['q_proj', 'up_proj'],
    })
    const asked = fake.calls.filter(({ endpoint }) => endpoint.endsWith('/archive') || endpoint === '/download')
    expect(asked[0]!.endpoint).toMatch(
      /^training_runs\/model_1\/checkpoints\/sampler_weights\/weights_[0-9a-f]{24}\/archive$/,
    )
    expect(asked.map(({ headers }) => headers['x-api-key'])).toEqual(['tml-no-key', undefined])
  })

  test('are asked for by name alone at SkyRL, and waited for while they are packed', async () => {
    const busy = { kind: 'answer', status: 503 } as const
    const options: FakeOptions = {
      archive: tar(adapter),
      fault: (call) => (call.endpoint.endsWith('/archive') && call.index < 3 ? busy : undefined),
    }
    const { outcome, fake } = await download(options, 'skyrl-jax')
    expect(outcome).toBeUndefined()
    expect(fake.calls.some(({ endpoint }) => /checkpoints\/weights_[0-9a-f]{24}\/archive$/.test(endpoint))).toBe(true)
  })

  test.each([
    ['without weights', tar([{ name: 'notes.txt' }]), 'holds no weights: notes.txt'],
    ['that lead out of the folder', tar([...adapter, { name: '../evil' }]), 'leads out of its folder'],
    ['that are cut off', tar(adapter).subarray(0, 800), 'in the middle of a file'],
    [
      'that no disk can hold',
      tar([{ name: 'model.safetensors', told: 2 ** 52, isBase256: true }]),
      'no space to unpack',
    ],
  ])('%s leave no folder', async (_, archive, message) => {
    const { dir, outcome } = await download({ archive })
    expect(String(outcome)).toContain(message)
    expect(readdirSync(dirname(dir))).toEqual([])
  })
})
