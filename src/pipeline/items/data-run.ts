import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AuditError, DataError } from '../../core/errors.ts'
import { formatJson } from '../../core/json.ts'
import { type Manifest, putAtomic, readManifest, verifyManifest } from '../../core/store.ts'
import { graphFile, readPacked, writePacked } from '../../graph/packed-file.ts'
import type { PackedGraph } from '../../graph/types.ts'
import { type DataStageName, dataStageNames } from '../stage.ts'

/** A finished data run: its folder and the manifests of its stages. */
export type DataRun = { readonly dir: string; readonly manifests: Readonly<Record<DataStageName, Manifest>> }

/** The record of where the items of a run come from: the manifests of the data run, hashes of its sources in them. */
export const DATA_RUN_FILE = 'data-run.json'

/**
 * A data run, every file of it read back and compared with its manifest, and each stage with those it was made from.
 *
 * @throws {DataError} when there is no data run, or it is not finished
 * @throws {AuditError} when a file was changed afterwards, or a stage was made from another than stands beside it
 */
export function openDataRun(dir: string): DataRun {
  const manifestOf = (stage: DataStageName): Manifest => {
    const manifest = readManifest(join(dir, stage))
    if (manifest === null) {
      throw new DataError(`the data run has no finished stage "${stage}"`, {
        file: dir,
        hint: 'questions.items.from is the folder of a finished "fleming data", such as runs/data',
      })
    }
    verifyManifest(join(dir, stage))
    return manifest
  }
  const manifests = {
    graph: manifestOf('graph'),
    curated: manifestOf('curated'),
    synthesis: manifestOf('synthesis'),
    refinement: manifestOf('refinement'),
  }
  for (const stage of dataStageNames) {
    for (const other of dataStageNames) {
      const expected = manifests[stage].inputs[other]
      if (expected === undefined || expected === manifests[other].hash) continue
      throw new AuditError(`${dir}: ${stage} was made from another ${other} than stands beside it`, {
        ...{ expected, found: manifests[other].hash },
        hint: 'run the same "fleming data" again: it makes anew what has to be',
      })
    }
  }
  return { dir, manifests }
}

/**
 * Writes the stage `graph` of a run on items: the graph of the data run, and the record of where it comes from. The tables
 * of the starter graph are there and empty.
 *
 * @returns the files written, relative to `dir`
 */
export function makeItemGraph(dir: string, run: DataRun): string[] {
  const stages = dataStageNames.map((stage) => {
    const { inputs, codeHash, configHash, seed, hash } = run.manifests[stage]
    return { stage, hash, seed, codeHash: codeHash ?? null, configHash: configHash ?? null, inputs }
  })
  const graph = existsSync(join(run.dir, 'graph', graphFile)) ? readPacked(join(run.dir, 'graph')) : null
  const graphFiles = graph === null ? [] : writePacked(dir, graph)
  const facts = {
    entities: graph?.entityCount ?? 0,
    triples: graph?.tripleCount ?? 0,
    sources: (graph?.sources ?? []).map(({ name, revision, license }) => ({ name, revision, license })),
  }
  putAtomic(join(dir, DATA_RUN_FILE), `${formatJson({ schemaVersion: 1, ...facts, stages }, { pretty: true })}\n`)
  for (const file of starterTables) putAtomic(join(dir, file), '')
  return [DATA_RUN_FILE, ...graphFiles, ...starterTables]
}

const starterTables = ['entities.jsonl', 'triples.jsonl'] as const

/** The graph that a run on items keeps, or null where its data run had none. */
export const readItemGraph = (dir: string): PackedGraph | null =>
  existsSync(join(dir, graphFile)) ? readPacked(dir) : null
