import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportSchema } from './schema.ts'

const page = readFileSync(fileURLToPath(new URL('../../../docs/formats.md', import.meta.url)), 'utf8')
const section = page.slice(page.indexOf('## report.json'))

/** Names of all fields of a JSON schema, at every depth. */
function fieldsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value as object) : []),
    ...fieldsOf(value),
  ])
}

test('docs/formats.md names every field of report.json', () => {
  const fields = [...new Set(fieldsOf(z.toJSONSchema(reportSchema, { io: 'input' })))]
  expect(fields.length).toBeGreaterThan(80)
  expect(fields.filter((field) => !section.includes(`\`${field}\``))).toEqual([])
})

test('docs/formats.md names every value that a field may choose from', () => {
  const valuesOf = (schema: unknown): unknown[] =>
    typeof schema !== 'object' || schema === null
      ? []
      : Object.entries(schema).flatMap(([key, value]) => (key === 'enum' ? (value as unknown[]) : valuesOf(value)))
  const values = [...new Set(valuesOf(z.toJSONSchema(reportSchema, { io: 'input' })))]
  expect(values).toContain('ruled-out')
  expect(values.filter((value) => !page.includes(`\`${value}\``))).toEqual([])
})
