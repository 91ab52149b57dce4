import { dirname, join } from 'node:path'
import { DataError } from '../../core/errors.ts'
import { formatJson } from '../../core/json.ts'
import { formatJsonl } from '../../core/jsonl.ts'
import { createRng } from '../../core/rng.ts'
import { putAtomic } from '../../core/store.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import type { EntityId } from '../../graph/types.ts'
import { supervisedDatum } from '../../policy/datum.ts'
import { factDocument } from '../../policy/documents.ts'
import { runLoop } from '../../policy/loop.ts'
import { scaleWeights, supervisedStep } from '../../policy/sft.ts'
import { drawSentences, factsOf } from '../../questions/facts.ts'
import type { Question } from '../../questions/types.ts'
import { buildLexicon } from '../../text/lexicon.ts'
import { teachFromGraph } from '../../trajectories/graph-teacher.ts'
import { checkDraft, chooseForColdStart } from '../../trajectories/select.ts'
import type { Trajectory } from '../../trajectories/types.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { StudentSource } from '../student.ts'
import { readHeldOutDiseases } from './questions.ts'
import { finalStateFiles, startFrom } from './shared.ts'

/** Fact documents of a step that keep the facts alive while the form is learnt. */
export const rehearsalDocuments = 8

/**
 * Writes and checks trajectories, then fine-tunes the student on them, loss on the completion only.
 *
 * @paper Fleming-R1 §3.2
 */
export async function makeColdStart(
  dir: string,
  config: Config,
  graph: Graph,
  questions: readonly Question[],
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  const { batch, epochs, learningRate, rehearsal } = config['cold-start']
  const { kept, dropped } =
    epochs === 0
      ? { kept: [], dropped: {} }
      : writeTrajectories(config, graph, questions, readHeldOutDiseases(join(dirname(dir), 'questions')))
  putAtomic(join(dir, 'trajectories.jsonl'), formatJsonl(kept))
  putAtomic(join(dir, 'dropped.json'), `${formatJson(dropped, { pretty: true })}\n`)
  const backtracking = kept.filter(({ backtracks }) => backtracks).length
  if (epochs === 0) observer.note('no cold start: the base goes straight to reinforcement learning')
  else
    observer.note(
      `${kept.length} trajectories kept, ${backtracking} with a diagnosis ruled out, ${Object.values(dropped).reduce((a, b) => a + b, 0)} dropped`,
    )
  if (kept.length === 0 && epochs > 0) {
    throw new DataError('no trajectory passed the checks', {
      file: join(dir, 'dropped.json'),
      hint: 'the file counts the reasons',
    })
  }
  const student = await source.get()
  await startFrom(student, dirname(dir), 'pretrain')
  const stemOf = new Map(questions.map(({ id, stem }) => [id, stem]))
  const data = kept.map(({ questionId, completion }) =>
    supervisedDatum(student.codec.prompt(stemOf.get(questionId)!), student.codec.completion(completion), 1),
  )
  const facts = factsOf(graph)
  const batches = Math.ceil(data.length / batch)
  const steps = batches * epochs
  await runLoop({
    dir,
    client: student.client,
    steps,
    checkpointEvery: config['cold-start'].checkpointEvery,
    logs: [],
    snapshot: () => null,
    restore: () => {},
    step: (step) => {
      const order = createRng(config.seed, 'cold-start-order', Math.floor(step / batches)).shuffle(data)
      const chosen = order.slice((step % batches) * batch, (step % batches) * batch + batch)
      const documents = Array.from({ length: rehearsalDocuments }, (_, index) => {
        const position = (step * rehearsalDocuments + index) * config.pretrain.sentencesPerDocument
        const sentences = drawSentences(graph, facts, {
          seed: `${config.seed} rehearsal`,
          position,
          count: config.pretrain.sentencesPerDocument,
        })
        return factDocument(student.codec, sentences, config.pretrain.contextWeight)
      })
      const mixed = [...scaleWeights(chosen), ...(rehearsal > 0 ? scaleWeights(documents, rehearsal) : [])]
      return supervisedStep(student.client, mixed, step, { steps, learningRate, warmup: 5, finalShare: 1 })
    },
    onStep: (step, { metrics }) => observer.progress('cold-start', step, steps, metrics),
  })
  return ['trajectories.jsonl', 'dropped.json', 'metrics.jsonl', ...finalStateFiles(dir)]
}

export function writeTrajectories(
  config: Config,
  graph: Graph,
  questions: readonly Question[],
  avoid: ReadonlySet<EntityId>,
): { readonly kept: Trajectory[]; readonly dropped: Record<string, number> } {
  const { items, maxHops, backtrackShare } = config['cold-start']
  const context = {
    teacher: 'graph-teacher',
    sawGold: true,
    lexicon: buildLexicon(graph.entities),
    grounder: createGrounder(graph),
  }
  const kept: Trajectory[] = []
  const dropped: Record<string, number> = {}
  for (const question of chooseForColdStart(questions, { count: items, maxHops, seed: config.dataSeed })) {
    const check = checkDraft(
      question,
      teachFromGraph(graph, question, { seed: config.dataSeed, backtrackShare, avoid }),
      context,
    )
    if (check.kind === 'kept') kept.push(check.trajectory)
    else dropped[check.reason] = (dropped[check.reason] ?? 0) + 1
  }
  return { kept, dropped }
}
