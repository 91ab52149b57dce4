import { join } from 'node:path'
import { starterSchema } from '../graph/schema.ts'
import { hashTables, readTables } from '../graph/sources/tables.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import type { Config } from './config.ts'
import { decisiveTeacher } from './config-teacher.ts'
import type { Observer } from './observer.ts'
import { openRunDirectory } from './run-directory.ts'
import { runStage, type StageName, sourcesOf } from './stage.ts'
import { makeColdStart } from './stages/cold-start.ts'
import { makeEvaluation } from './stages/evaluation.ts'
import { makeGraph, readGraph } from './stages/graph.ts'
import { makePretrain } from './stages/pretrain.ts'
import { makeQuestions, readQuestions } from './stages/questions.ts'
import { makeRelease } from './stages/release.ts'
import { makeRlOne } from './stages/rl-1.ts'
import { makeRlTwo } from './stages/rl-2.ts'
import { starterRlData } from './stages/rl-starter.ts'
import { decisiveSettings, studentOf } from './student.ts'

/** Held-out compositions of each hop count that are watched while training. */
export const probePerHop = 60

/**
 * The whole recipe: graph → questions → pretrain → cold start → RL stage 1 → RL stage 2 → evaluation → release. Each
 * stage reads what the stages before it sealed, so a run that was killed anywhere goes on from there.
 *
 * @returns the folder of the run
 */
export async function runRecipe(root: string, config: Config, observer: Observer): Promise<string> {
  const run = openRunDirectory(root, config)
  const student = studentOf(run.dir, config, (text) => observer.note(text))
  const dirOf = (stage: StageName): string => join(run.dir, stage)
  const { seed, dataSeed } = config
  try {
    const graphManifest = await runStage(run.dir, observer, {
      name: 'graph',
      code: sourcesOf('graph'),
      inputs: { source: hashTables(config.graph.dir) },
      seed: dataSeed,
      config: config.graph,
      make: async (dir) => {
        const { graph, outputs } = makeGraph(dir, config)
        observer.note(
          `${graph.entities.length} entities, ${graph.triples.length} triples, ${graph.ofType('disease').length} diseases`,
        )
        return outputs
      },
    })
    const graph = readGraph(dirOf('graph'))
    const questionsManifest = await runStage(run.dir, observer, {
      name: 'questions',
      code: sourcesOf('questions'),
      inputs: { graph: graphManifest.hash, source: graphManifest.inputs.source! },
      seed: dataSeed,
      config: config.questions,
      make: async (dir) => {
        const { synthesis, outputs } = makeQuestions(dir, config, graph, readTables(config.graph.dir, starterSchema))
        const bySplit = (split: string): number =>
          synthesis.questions.filter((question) => question.split === split).length
        observer.note(
          `${bySplit('train')} training, ${bySplit('held-out-composition')} held-out composition, ${bySplit('held-out-disease')} held-out disease; each proved to have one right option`,
        )
        return outputs
      },
    })
    const questions = readQuestions(dirOf('questions'))
    const training = questions.filter(({ split }) => split === 'train')
    const { test, probe } = drawHeldOut(questions, { perHop: config.evaluation.perHop, probePerHop, seed: dataSeed })
    const data = { graph, training, test }
    const rlData = starterRlData({ graph, training, probe }, config.evaluation.maxTokens)
    const probed = { maxTokens: config.evaluation.maxTokens, probe: probe.map(({ id }) => id) }
    const dataInputs = { graph: graphManifest.hash, questions: questionsManifest.hash }

    const pretrainManifest = await runStage(run.dir, observer, {
      name: 'pretrain',
      code: sourcesOf('pretrain'),
      inputs: dataInputs,
      seed,
      config: { engine: decisiveSettings(config.engine), ...config.pretrain },
      make: (dir) => makePretrain(dir, config, graph, questions, student, observer),
    })
    const coldStartManifest = await runStage(run.dir, observer, {
      name: 'cold-start',
      code: sourcesOf('cold-start'),
      inputs: { ...dataInputs, pretrain: pretrainManifest.hash },
      seed,
      config: { ...config['cold-start'], dataSeed, ...decisiveTeacher(config) },
      make: (dir) => makeColdStart(dir, config, graph, questions, student, observer),
    })
    const rlOneManifest = await runStage(run.dir, observer, {
      name: 'rl-1',
      code: sourcesOf('rl-1'),
      inputs: { ...dataInputs, 'cold-start': coldStartManifest.hash },
      seed,
      config: { ...config['rl-1'], ...probed },
      make: (dir) => makeRlOne(dir, config, rlData, student, observer),
    })
    const rlTwoManifest = await runStage(run.dir, observer, {
      name: 'rl-2',
      code: sourcesOf('rl-2'),
      inputs: { ...dataInputs, 'rl-1': rlOneManifest.hash },
      seed,
      config: { ...config['rl-2'], ...probed },
      make: (dir) => makeRlTwo(dir, config, rlData, student, observer),
    })
    const checkpoints = {
      pretrain: pretrainManifest.hash,
      'cold-start': coldStartManifest.hash,
      'rl-1': rlOneManifest.hash,
      'rl-2': rlTwoManifest.hash,
    }
    const evaluationManifest = await runStage(run.dir, observer, {
      name: 'evaluation',
      code: sourcesOf('evaluation'),
      inputs: { ...dataInputs, ...checkpoints },
      seed,
      config: config.evaluation,
      make: (dir) => makeEvaluation(dir, config, data, student, observer),
    })
    await runStage(run.dir, observer, {
      name: 'release',
      code: sourcesOf('release'),
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
