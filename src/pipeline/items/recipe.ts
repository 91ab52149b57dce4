import { runLoop } from '../../policy/loop.ts'
import { disputeOfItem } from '../../policy/quarantine-item.ts'
import { fromItem } from '../../policy/training-question.ts'
import { contentOf } from '../../questions/refine/disputes.ts'
import type { Config } from '../config.ts'
import type { ItemsConfig } from '../config-items.ts'
import { copyTextFiles, findModel, findTextModel } from '../model-text.ts'
import type { Observer } from '../observer.ts'
import type { Recipe } from '../recipe.ts'
import { type StageName, sourcesOf } from '../stage.ts'
import { coldStart } from '../stages/cold-start.ts'
import type { RlData } from '../stages/rl.ts'
import { finalStateFiles } from '../stages/shared.ts'
import type { StudentSource } from '../student.ts'
import { makeItemGraph, openDataRun } from './data-run.ts'
import { makeItemEvaluation, probeItems } from './evaluation.ts'
import { type ItemMaterial, lessonsOf, readMaterial } from './material.ts'
import { longestCompletion, makeItemQuestions } from './questions.ts'

/**
 * A run on the items of a data run: its graph is kept to judge reasoning, its mix is split and trained on, and the student
 * is a given model.
 *
 * @throws {DataError} when the data run is not there or not finished
 * @throws {AuditError} when a file of it was changed
 */
export function itemRecipe(
  runDir: string,
  config: Config,
  settings: ItemsConfig,
  student: StudentSource,
  observer: Observer,
): Recipe {
  const dataRun = openDataRun(settings.from)
  const { from: _, ...decisive } = settings
  const model = config.engine.model!
  return {
    code: (stage) => [...sourcesOf(stage), ...(itemSources[stage] ?? [])],
    graph: {
      source: dataRun.manifests.graph.hash,
      // Where the data run lies on this computer makes no other model.
      config: { stages: Object.values(dataRun.manifests).map(({ hash }) => hash) },
      make: async (dir) => {
        observer.note(`items of the data run ${settings.from}`)
        return makeItemGraph(dir, dataRun)
      },
    },
    questions: {
      source: dataRun.manifests.refinement.hash,
      config: { ...decisive, model, longestCompletion: longestCompletion(config) },
      make: (dir) => makeItemQuestions(dir, config, settings, model, observer),
    },
    load: () => {
      const material = readMaterial(runDir, config)
      const { items: count, maxHops, epochs } = config['cold-start']
      const lessons = lessonsOf(material, { count: epochs === 0 ? 0 : count, maxHops, seed: config.dataSeed })
      return {
        pretrain: (dir) => makeItemBase(dir, config, model, student, observer),
        coldStart: (dir) => coldStart(dir, config, { ...lessons, rehearse: () => [] }, student, observer),
        rl: itemRlData(material, config),
        probeIds: material.probe.map(({ id }) => id),
        evaluation: (dir) => makeItemEvaluation(dir, config, material, student, observer),
      }
    },
  }
}

const itemFiles = ['pipeline/items/recipe.ts', 'pipeline/items/material.ts']

/** Code that decides what a stage makes of items, beside that of a run on the starter graph. */
const itemSources: { readonly [Name in StageName]?: readonly string[] } = {
  graph: ['pipeline/items/data-run.ts'],
  questions: ['policy', 'rewards', 'pipeline/items/questions.ts'],
  pretrain: ['pipeline/items/recipe.ts'],
  'cold-start': ['rewards', ...itemFiles],
  'rl-1': ['trajectories', ...itemFiles],
  'rl-2': ['trajectories', ...itemFiles],
  evaluation: ['policy', 'rewards', 'trajectories', 'pipeline/items/material.ts', 'pipeline/items/evaluation.ts'],
  release: ['pipeline/items/material.ts'],
}

/** What the RL stages are made from. */
function itemRlData(material: ItemMaterial, config: Config): RlData {
  const byId = new Map<string, ItemMaterial['training'][number]>(
    material.training.map((item) => [item.original.id, item]),
  )
  return {
    training: material.training.map(({ shown }) => fromItem(shown)),
    probe: (student) => probeItems(student, config.evaluation.maxTokens, material),
    probeSize: material.probe.length,
    disputeOf: (suspect) => {
      const { original, shown } = byId.get(suspect.questionId)!
      return disputeOfItem(suspect, original, shown)
    },
    labelContent: (id) => contentOf(byId.get(id)!.original),
  }
}

/** The stage `pretrain` of a run on items: the given model as it is, with what turns text into its tokens. */
async function makeItemBase(
  dir: string,
  config: Config,
  model: string,
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const find = config.engine.kind === 'local' ? findModel : findTextModel
  const textFiles = copyTextFiles(await find(model, (text) => observer.note(text)), dir)
  const { client } = await source.get()
  await runLoop({
    ...{ dir, client, steps: 0, checkpointEvery: 1, logs: [] },
    snapshot: () => null,
    restore: () => {},
    step: async () => ({ metrics: {} }),
  })
  observer.note(`the base is ${model}, as it is: a run on items has no facts to learn by heart`)
  return [...textFiles, 'metrics.jsonl', ...finalStateFiles(dir)]
}
