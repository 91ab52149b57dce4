import { join } from 'node:path'
import { starterSchema } from '../graph/schema.ts'
import { hashTables, readTables } from '../graph/sources/tables.ts'
import { drawHeldOut } from '../questions/hold-out.ts'
import type { Config } from './config.ts'
import type { Observer } from './observer.ts'
import type { Recipe } from './recipe.ts'
import { sourcesOf } from './stage.ts'
import { makeColdStart } from './stages/cold-start.ts'
import { makeEvaluation } from './stages/evaluation.ts'
import { makeGraph, readGraph } from './stages/graph.ts'
import { makePretrain } from './stages/pretrain.ts'
import { makeQuestions, readQuestions } from './stages/questions.ts'
import { starterRlData } from './stages/rl-starter.ts'
import type { StudentSource } from './student.ts'

/** Held-out compositions of each hop count that are watched while training. */
export const probePerHop = 60

/** A run on the starter graph: questions are synthesised from it, the student may learn its facts by heart. */
export function starterRecipe(runDir: string, config: Config, student: StudentSource, observer: Observer): Recipe {
  const dirOf = (stage: string): string => join(runDir, stage)
  const { dataSeed, evaluation } = config
  const source = hashTables(config.graph.dir)
  return {
    code: sourcesOf,
    graph: {
      source,
      config: config.graph,
      make: async (dir) => {
        const { graph, outputs } = makeGraph(dir, config)
        observer.note(
          `${graph.entities.length} entities, ${graph.triples.length} triples, ${graph.ofType('disease').length} diseases`,
        )
        return outputs
      },
    },
    questions: {
      source,
      config: config.questions,
      make: async (dir) => {
        const knowledge = readTables(config.graph.dir, starterSchema)
        const { synthesis, planted, outputs } = makeQuestions(dir, config, readGraph(dirOf('graph')), knowledge)
        const bySplit = (split: string): number =>
          synthesis.questions.filter((question) => question.split === split).length
        observer.note(
          `${bySplit('train')} training, ${bySplit('held-out-composition')} held-out composition, ${bySplit('held-out-disease')} held-out disease; each proved to have one right option`,
        )
        if (planted.length > 0)
          observer.note(`${planted.length} training labels were then made wrong on purpose (questions.wrongLabels)`)
        return outputs
      },
    },
    load: () => {
      const graph = readGraph(dirOf('graph'))
      const questions = readQuestions(dirOf('questions'))
      const training = questions.filter(({ split }) => split === 'train')
      const { test, probe } = drawHeldOut(questions, { perHop: evaluation.perHop, probePerHop, seed: dataSeed })
      return {
        pretrain: (dir) => makePretrain(dir, config, graph, questions, student, observer),
        coldStart: (dir) => makeColdStart(dir, config, graph, questions, student, observer),
        rl: starterRlData({ graph, training, probe }, evaluation.maxTokens),
        probeIds: probe.map(({ id }) => id),
        evaluation: (dir) => makeEvaluation(dir, config, { graph, training, test }, student, observer),
      }
    },
  }
}
