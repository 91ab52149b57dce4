import { join } from 'node:path'
import { z } from 'zod'
import { formatJson, parseJson } from '../../core/json.ts'
import { formatJsonl, readJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { putAtomic } from '../../core/store.ts'
import type { Graph } from '../../graph/graph.ts'
import type { EntityId } from '../../graph/types.ts'
import { type Synthesis, synthesise } from '../../questions/synthesis.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'

const questionsFile = 'questions.jsonl'

/** Synthesises the questions of a graph and writes them with the count of what was dropped and why. */
export function makeQuestions(
  dir: string,
  config: Config,
  graph: Graph,
  knowledge: Graph,
): { readonly synthesis: Synthesis; readonly outputs: string[] } {
  const synthesis = synthesise(graph, config.questions, config.dataSeed, knowledge)
  putAtomic(join(dir, questionsFile), formatJsonl(synthesis.questions))
  const { dropped, heldOutDiseases } = synthesis
  putAtomic(
    join(dir, 'census.json'),
    `${formatJson({ kept: synthesis.questions.length, dropped, heldOutDiseases }, { pretty: true })}\n`,
  )
  return { synthesis, outputs: [questionsFile, 'census.json'] }
}

const record = z.looseObject({ id: z.string(), stem: z.string(), hop: z.number() })

/** The questions that `makeQuestions` wrote. */
export function readQuestions(dir: string): Question[] {
  return readJsonl(join(dir, questionsFile), (value) => record.parse(value) as unknown as Question)
}

const census = z.looseObject({ heldOutDiseases: z.array(z.string()) })

/** The diseases that no training question touches. */
export function readHeldOutDiseases(dir: string): ReadonlySet<EntityId> {
  const file = join(dir, 'census.json')
  return new Set(census.parse(parseJson(readText(file), { file })).heldOutDiseases as EntityId[])
}
