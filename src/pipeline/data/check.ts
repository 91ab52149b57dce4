import { existsSync } from 'node:fs'
import { ConfigError, DataError } from '../../core/errors.ts'
import { formatHint } from '../../core/registry.ts'
import { unknownGroups } from '../../questions/refine/mix.ts'
import { questionSources } from '../../questions/registry.ts'
import type { DataConfig } from './config.ts'
import { sourcePlans } from './graph.ts'
import { openEndpoint } from './shared.ts'

/**
 * Looks at everything a data run will need by name, before its first stage: readers, files, endpoints and their keys, groups
 * of the mix. Hours of work should not end at a misspelt name.
 *
 * @throws {ConfigError} for an unknown reader, endpoint or group, or a key that is not in the environment
 * @throws {DataError} for a file that is not there
 */
export async function checkDataConfig(config: DataConfig): Promise<void> {
  for (const { input } of sourcePlans(config)) {
    for (const file of [...input.files, ...(input.mapping === undefined ? [] : [input.mapping])]) assertFile(file)
  }
  for (const { source, from } of [...config.curated.sets, ...config.curated.benchmarks]) {
    questionSources.get(source)
    if (!from.startsWith('hf:')) assertFile(from)
  }
  if (config.refinement.passRates !== null) assertFile(config.refinement.passRates)
  await openEndpoint(config, config.graph.extraction, 'graph.extraction')
  await openEndpoint(config, config.synthesis.writer, 'synthesis.writer')
  await openEndpoint(config, config.refinement.validator, 'refinement.validator')
  await openEndpoint(config, config.refinement.judge, 'refinement.judge')
  const names = ['synthetic', ...config.curated.sets.filter(({ use }) => use === 'train').map(({ source }) => source)]
  const [unknown] = unknownGroups(config.mix.shares, names)
  if (unknown !== undefined) {
    throw new ConfigError(`mix.shares: no set of this configuration is called "${unknown}"`, {
      hint: formatHint(unknown, names),
    })
  }
}

function assertFile(file: string): void {
  if (existsSync(file)) return
  throw new DataError('no such file', { file, hint: 'check the path in the configuration; it is read from here' })
}
