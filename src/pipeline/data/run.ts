import { join } from 'node:path'
import { sha256Hex } from '../../core/hash.ts'
import { canonicalJson } from '../../core/json.ts'
import type { Observer } from '../observer.ts'
import { openRunDirectory } from '../run-directory.ts'
import { type DataStageName, dataSourcesOf, runStage } from '../stage.ts'
import { checkDataConfig } from './check.ts'
import type { DataConfig } from './config.ts'
import { makeCurated, openSets } from './curated.ts'
import { makeDataGraph, readDataGraph, sourceHash, sourcePlans } from './graph.ts'
import { decisionsHash, makeRefinement } from './refinement.ts'
import { makeSynthesis } from './synthesis.ts'

/**
 * The data recipe: sources → one graph; exam sets → items; graph and what the exam sets leave out → more items; then what is
 * broken, double, contaminated, identifying or disputed is taken out, and the rest is mixed. Each stage reads what the
 * stages before it sealed, so a run that was killed anywhere goes on from there.
 *
 * @paper Fleming-R1 §3.1: reasoning-oriented data strategy
 * @returns the folder of the run
 */
export async function runData(root: string, config: DataConfig, observer: Observer): Promise<string> {
  await checkDataConfig(config)
  const run = openRunDirectory(root, config)
  const dirOf = (stage: DataStageName): string => join(run.dir, stage)
  const note = (text: string): void => observer.note(text)
  const seed = config.dataSeed
  try {
    const graphManifest = await runStage(run.dir, observer, {
      name: 'graph',
      code: dataSourcesOf('graph'),
      inputs: sourceHash(sourcePlans(config)),
      seed,
      config: { ...config.graph, extraction: endpointTerms(config, config.graph.extraction) },
      make: (dir) => makeDataGraph(dir, run.dir, config, note),
    })
    const sets = await openSets(config)
    const curatedManifest = await runStage(run.dir, observer, {
      name: 'curated',
      code: dataSourcesOf('curated'),
      inputs: Object.fromEntries(
        sets.map(({ source, use, sha256 }, index) => [`${index} ${source.name} ${use}`, sha256]),
      ),
      seed,
      // Where a file lies on this computer makes no other data.
      config: sets.map(({ source, file: _file, ...set }) => ({ source: source.name, ...set })),
      make: (dir) => makeCurated(dir, sets, note),
    })
    const synthesisManifest = await runStage(run.dir, observer, {
      name: 'synthesis',
      code: dataSourcesOf('synthesis'),
      inputs: { graph: graphManifest.hash, curated: curatedManifest.hash },
      seed,
      config: { ...config.synthesis, writer: endpointTerms(config, config.synthesis.writer) },
      make: (dir) => makeSynthesis(dir, run.dir, config, readDataGraph(dirOf('graph')), observer),
    })
    await runStage(run.dir, observer, {
      name: 'refinement',
      code: dataSourcesOf('refinement'),
      inputs: {
        curated: curatedManifest.hash,
        synthesis: synthesisManifest.hash,
        decisions: decisionsHash(run.dir),
      },
      seed,
      config: {
        ...config.refinement,
        mix: config.mix,
        validator: endpointTerms(config, config.refinement.validator),
        judge: endpointTerms(config, config.refinement.judge),
      },
      make: (dir) => makeRefinement(dir, run.dir, config, observer),
    })
    return run.dir
  } finally {
    run.release()
  }
}

/** What of an endpoint decides its answers: another port or price makes no other data. */
function endpointTerms(config: DataConfig, name: string | null): string | null {
  if (name === null) return null
  const { model, maxAttempts, maxCalls, maxTokens, maxMoney } = config.endpoints[name] ?? {}
  return sha256Hex(canonicalJson({ model: model ?? null, maxAttempts, maxCalls, maxTokens, maxMoney }))
}
