import type { Config } from './config.ts'
import { itemsOf } from './config-items.ts'
import { decisiveTeacher } from './config-teacher.ts'
import { itemRecipe } from './items/recipe.ts'
import type { Observer } from './observer.ts'
import type { Recipe } from './recipe.ts'
import { openRunDirectory } from './run-directory.ts'
import { runStage } from './stage.ts'
import { makeRelease } from './stages/release.ts'
import { makeRlOne } from './stages/rl-1.ts'
import { makeRlTwo, readDecisions } from './stages/rl-2.ts'
import { starterRecipe } from './starter-recipe.ts'
import { decisiveSettings, type StudentSource, studentOf } from './student.ts'

/** Where the model of a run comes from. */
export type OpenStudent = (runDir: string, config: Config, note: (text: string) => void) => StudentSource

/**
 * The whole recipe: graph → questions → pretrain → cold start → RL stage 1 → RL stage 2 → evaluation → release. Each
 * stage reads what the stages before it sealed, so a run that was killed anywhere goes on from there. What the stages read
 * differs with what is trained on: `starter-recipe.ts` for the starter graph, `items/recipe.ts` for the items of a data run.
 *
 * @param openStudent for tests: another source of the model
 * @returns the folder of the run
 * @throws {ConfigError} when the configuration cannot train on the items that it names
 */
export async function runRecipe(
  root: string,
  config: Config,
  observer: Observer,
  openStudent: OpenStudent = studentOf,
): Promise<string> {
  const items = itemsOf(config)
  const run = openRunDirectory(root, config)
  const student = openStudent(run.dir, config, (text) => observer.note(text))
  const { seed, dataSeed } = config
  try {
    const recipe: Recipe =
      items === null
        ? starterRecipe(run.dir, config, student, observer)
        : itemRecipe(run.dir, config, items, student, observer)
    const graphManifest = await runStage(run.dir, observer, {
      name: 'graph',
      code: recipe.code('graph'),
      inputs: { source: recipe.graph.source },
      seed: dataSeed,
      config: recipe.graph.config,
      make: recipe.graph.make,
    })
    const questionsManifest = await runStage(run.dir, observer, {
      name: 'questions',
      code: recipe.code('questions'),
      inputs: { graph: graphManifest.hash, source: recipe.questions.source },
      seed: dataSeed,
      config: recipe.questions.config,
      make: recipe.questions.make,
    })
    const work = recipe.load()
    const probed = { maxTokens: config.evaluation.maxTokens, probe: work.probeIds }
    const dataInputs = { graph: graphManifest.hash, questions: questionsManifest.hash }

    const pretrainManifest = await runStage(run.dir, observer, {
      name: 'pretrain',
      code: recipe.code('pretrain'),
      inputs: dataInputs,
      seed,
      config: { engine: decisiveSettings(config.engine), ...config.pretrain },
      make: work.pretrain,
    })
    const coldStartManifest = await runStage(run.dir, observer, {
      name: 'cold-start',
      code: recipe.code('cold-start'),
      inputs: { ...dataInputs, pretrain: pretrainManifest.hash },
      seed,
      config: { ...config['cold-start'], dataSeed, ...decisiveTeacher(config) },
      make: work.coldStart,
    })
    const rlOneManifest = await runStage(run.dir, observer, {
      name: 'rl-1',
      code: recipe.code('rl-1'),
      inputs: { ...dataInputs, 'cold-start': coldStartManifest.hash },
      seed,
      config: { ...config['rl-1'], ...probed },
      make: (dir) => makeRlOne(dir, config, work.rl, student, observer),
    })
    const { decisions, input } = readDecisions(run.dir, work.rl)
    const rlTwoManifest = await runStage(run.dir, observer, {
      name: 'rl-2',
      code: recipe.code('rl-2'),
      inputs: { ...dataInputs, 'rl-1': rlOneManifest.hash, ...input },
      seed,
      config: { ...config['rl-2'], ...probed },
      make: (dir) => makeRlTwo(dir, config, work.rl, student, observer, decisions),
    })
    const checkpoints = {
      pretrain: pretrainManifest.hash,
      'cold-start': coldStartManifest.hash,
      'rl-1': rlOneManifest.hash,
      'rl-2': rlTwoManifest.hash,
    }
    const evaluationManifest = await runStage(run.dir, observer, {
      name: 'evaluation',
      code: recipe.code('evaluation'),
      inputs: { ...dataInputs, ...checkpoints },
      seed,
      config: config.evaluation,
      make: work.evaluation,
    })
    await runStage(run.dir, observer, {
      name: 'release',
      code: recipe.code('release'),
      inputs: { ...checkpoints, evaluation: evaluationManifest.hash },
      seed,
      config: config.release,
      make: (dir) => makeRelease(dir, config, student),
    })
    return run.dir
  } finally {
    try {
      await student.close()
    } finally {
      run.release()
    }
  }
}
