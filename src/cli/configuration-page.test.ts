import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderConfigurationPage, renderDataConfigurationPage } from '../../scripts/configuration-page.ts'
import { loadConfig, parseConfig } from '../pipeline/config-file.ts'
import { loadDataConfig } from '../pipeline/data/config.ts'
import { knowledgeSources } from '../pipeline/data/registries.ts'

test('docs/configuration.md is what the schema says now', () => {
  const written = readFileSync('docs/configuration.md', 'utf8')
  // Remake it with: npx tsx scripts/write-configuration.ts
  expect(written).toBe(renderConfigurationPage())
})

test('docs/data-configuration.md is what the schema of data runs says now', () => {
  expect(readFileSync('docs/data-configuration.md', 'utf8')).toBe(renderDataConfigurationPage())
})

test.each(['configs/data-starter.yaml', 'configs/data-open.yaml'])('%s is a configuration of a data run', (file) => {
  const config = loadDataConfig(file)
  expect(config.graph.sources.map(({ source }) => knowledgeSources.get(source).name)).toHaveLength(
    config.graph.sources.length,
  )
})

test('every section and key of the configuration is on the page', () => {
  const page = renderConfigurationPage()
  const config = loadConfig('fleming.yaml')
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'object') expect(page).toContain(`| \`${name}\` |`)
    else {
      const section = page.split(`## ${name}\n`)[1]?.split('\n## ')[0]
      for (const key of Object.keys(value)) expect(section).toMatch(new RegExp(`\\| \`${key}[.\`]`))
    }
  }
})

test('fleming.yaml is the default run: it sets nothing that differs from the defaults', () => {
  expect(loadConfig('fleming.yaml')).toEqual(parseConfig('', 'empty.yaml'))
})
