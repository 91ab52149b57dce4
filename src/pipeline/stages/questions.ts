import { join } from 'node:path'
import { z } from 'zod'
import { formatJson, parseJson } from '../../core/json.ts'
import { formatJsonl, readJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { putAtomic } from '../../core/store.ts'
import type { Graph } from '../../graph/graph.ts'
import type { EntityId } from '../../graph/types.ts'
import { type PlantedLabel, plantWrongLabels } from '../../questions/planted.ts'
import { type Synthesis, synthesise } from '../../questions/synthesis.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'

const questionsFile = 'questions.jsonl'
const plantedFile = 'planted.jsonl'

/**
 * Synthesises the questions of a graph and writes them with the count of what was dropped and why; with wrong labels
 * planted on purpose, which those are.
 */
export function makeQuestions(
  dir: string,
  config: Config,
  graph: Graph,
  knowledge: Graph,
): { readonly synthesis: Synthesis; readonly planted: readonly PlantedLabel[]; readonly outputs: string[] } {
  const { wrongLabels: share } = config.questions
  const proved = synthesise(graph, config.questions, config.dataSeed, knowledge)
  const { questions, planted } = plantWrongLabels(proved.questions, { share, seed: config.dataSeed })
  const synthesis = { ...proved, questions }
  putAtomic(join(dir, questionsFile), formatJsonl(questions))
  const { dropped, heldOutDiseases } = synthesis
  const census = { kept: questions.length, dropped, heldOutDiseases, ...(share > 0 && { wrongLabels: planted.length }) }
  putAtomic(join(dir, 'census.json'), `${formatJson(census, { pretty: true })}\n`)
  if (share === 0) return { synthesis, planted, outputs: [questionsFile, 'census.json'] }
  putAtomic(join(dir, plantedFile), formatJsonl(planted))
  return { synthesis, planted, outputs: [questionsFile, 'census.json', plantedFile] }
}

const record = z.looseObject({ id: z.string(), stem: z.string(), hop: z.number() })

/** The questions that `makeQuestions` wrote. */
export function readQuestions(dir: string): Question[] {
  return readJsonl(join(dir, questionsFile), (value) => record.parse(value) as unknown as Question)
}

const censusSchema = z.looseObject({ heldOutDiseases: z.array(z.string()) })

/** The diseases that no training question touches. */
export function readHeldOutDiseases(dir: string): ReadonlySet<EntityId> {
  const file = join(dir, 'census.json')
  return new Set(censusSchema.parse(parseJson(readText(file), { file })).heldOutDiseases as EntityId[])
}
