import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { questionSources } from './registry.ts'
import { readAll } from './sources/fixtures/read-all.ts'
import { samples } from './sources/fixtures/samples.ts'
import type { Item, QuestionSource } from './types.ts'

const root = mkdtempSync(join(tmpdir(), 'sources-'))
afterAll(() => rmSync(root, { recursive: true }))
const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))

/** Real files, by source: golds of so many rows may not crowd in one place (peers.md T14). */
const realFiles: Readonly<Record<string, string>> = {
  medqa: 'medqa/phrases_no_exclude_test.first400.jsonl',
  medmcqa: 'medmcqa/dev.first500.json',
  cmexam: 'cmexam/cmexam_2000.apollo.json',
  pubmedqa: 'pubmedqa/ori_pqal.json',
  'mmlu-pro': 'mmlu-pro/mmlu-pro_biology.jsonl',
  careqa: 'careqa/CareQA_en.first700-and-nan-rows.jsonl',
  medxpertqa: 'medxpertqa/text.first300-of-1001..2449.jsonl',
}

function written(name: string): readonly string[] {
  return (samples[name] ?? []).map((sample, index) => {
    const file = join(root, `${name}-${index}-${sample.file}`)
    writeFileSync(file, sample.content)
    return file
  })
}

function conform(source: QuestionSource, items: readonly Item[]): void {
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length)
  for (const { stem, options, golds, answers, form, origin } of items) {
    expect(stem.trim()).toBe(stem)
    expect(stem).not.toBe('')
    expect(new Set(options).size).toBe(options.length)
    expect(golds).toEqual([...new Set(golds)].sort((a, b) => a - b))
    if (form === 'open') expect([options, golds, answers.length > 0]).toEqual([[], [], true])
    else expect(golds.map((gold) => options[gold])).toEqual(answers)
    expect(golds.length === 1).toBe(form === 'single')
    if (source.use === 'benchmark') expect(origin).not.toMatchObject({ split: 'train' })
    expect(origin).toMatchObject({ kind: 'curated', source: source.name, license: source.license, revision: 'r1' })
  }
}

test('every source has written samples, and only they', () => {
  expect(Object.keys(samples).sort()).toEqual([...questionSources.names].sort())
})

describe.each(questionSources.names)('%s', (name) => {
  const source = questionSources.get(name)

  test('reads each of its forms: rows are items or dropped for a reason that is counted', async () => {
    const files = written(name)
    expect(files.length).toBeGreaterThan(0)
    for (const [index, file] of files.entries()) {
      const { items, reasons } = await readAll(source, file)
      expect({ file, kept: items.length, reasons }).toEqual({
        file,
        kept: samples[name]?.[index]?.kept,
        reasons: samples[name]?.[index]?.reasons,
      })
      conform(source, items)
    }
  })

  test('reads the same twice', async () => {
    for (const file of written(name)) expect(await readAll(source, file)).toEqual(await readAll(source, file))
  })

  test('refuses files that are something else, and names them', async () => {
    const strange: readonly (readonly [string, string | Uint8Array])[] = [
      ['strange.jsonl', '{"a":1}\n{"b":2}\n'],
      ['strange.csv', 'a,b\n1,2\n'],
      ['empty.json', ''],
      ['none.json', '[]'],
      ['cut.json', '[{"question":"q"'],
      ['numbers.json', '[1,2,3]'],
      ['binary.bin', Uint8Array.from({ length: 200 }, (_, index) => 255 - index)],
      ['parquet.parquet', 'PAR1 and nothing more'],
    ]
    for (const [file, content] of strange) {
      const path = join(root, file)
      writeFileSync(path, content)
      const error = await readAll(source, path).catch((cause: unknown) => cause)
      expect(error, file).toBeInstanceOf(DataError)
      expect(error).toMatchObject({ file: path, hint: expect.any(String) })
    }
    await expect(readAll(source, join(root, 'nothing-there'))).rejects.toThrow(DataError)
  })

  const real = realFiles[name]
  test.skipIf(real === undefined || !existsSync(join(shared, real)))(
    'on real rows: ids unique, golds spread or declared fixed',
    async () => {
      const { items } = await readAll(source, join(shared, real ?? ''))
      conform(source, items)
      const golds = items.filter(({ form }) => form === 'single').map((item) => item.golds[0] ?? -1)
      const places = Math.max(...items.map(({ options }) => options.length))
      const shares = Array.from(
        { length: places },
        (_, place) => golds.filter((gold) => gold === place).length / golds.length,
      )
      if (source.goldPositions === 'fixed') expect(new Set(items.map(({ options }) => options.join('|'))).size).toBe(1)
      else expect(Math.max(...shares)).toBeLessThan(0.45)
    },
  )
})
