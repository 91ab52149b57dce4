import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic } from '../../core/store.ts'
import { type FactRecall, factRecall } from '../../evaluation/fact-recall.ts'
import type { Graph } from '../../graph/graph.ts'
import { reasoningWords } from '../../graph/schema.ts'
import { factDocument } from '../../policy/documents.ts'
import { runLoop } from '../../policy/loop.ts'
import { scaleWeights, supervisedStep } from '../../policy/sft.ts'
import { drawSentences, factsOf } from '../../questions/facts.ts'
import type { Question } from '../../questions/types.ts'
import { stemFrames } from '../../questions/wording.ts'
import { trainTokenizer } from '../../text/tokenizer-trainer.ts'
import type { Config } from '../config.ts'
import type { Observer } from '../observer.ts'
import type { Student, StudentSource } from '../student.ts'
import { stateFiles } from './shared.ts'

/**
 * Trains the tokenizer, then the "base" model: a student that knows the graph's facts by heart and nothing of questions.
 *
 * @deviation the paper starts from Qwen2.5-7B or Qwen3-32B; the default run's student is made from scratch
 */
export async function makePretrain(
  dir: string,
  config: Config,
  graph: Graph,
  questions: readonly Question[],
  source: StudentSource,
  observer: Observer,
): Promise<string[]> {
  writeTokenizer(dir, config, graph, questions)
  const student = await source.get()
  const facts = factsOf(graph)
  const { steps, documentsPerStep, sentencesPerDocument, contextWeight } = config.pretrain
  await runLoop({
    dir,
    client: student.client,
    steps,
    checkpointEvery: config.pretrain.checkpointEvery,
    logs: [],
    snapshot: () => null,
    restore: () => {},
    step: (step) => {
      const documents = Array.from({ length: documentsPerStep }, (_, index) => {
        const position = (step * documentsPerStep + index) * sentencesPerDocument
        const sentences = drawSentences(graph, facts, { seed: config.seed, position, count: sentencesPerDocument })
        return factDocument(student.codec, sentences, contextWeight)
      })
      return supervisedStep(student.client, scaleWeights(documents), step, config.pretrain)
    },
    onStep: (step, { metrics }) => observer.progress('pretrain', step, steps, metrics),
  })
  const recall = await measureRecall(student, graph)
  observer.note(`${facts.length} facts, recall ${(100 * recall.rate).toFixed(1)} %`)
  putAtomic(join(dir, 'fact-recall.json'), `${formatJson(recall, { pretty: true })}\n`)
  return ['tokenizer.json', 'metrics.jsonl', 'fact-recall.json', ...stateFiles('final')]
}

/** Fact recall of the student as it is now. */
export const measureRecall = (student: Student, graph: Graph): Promise<FactRecall> =>
  factRecall(student.client, student.codec, graph, factsOf(graph))

/** Entities, statements and phrases are single tokens; the words between them are byte pairs learnt from the stems. */
function writeTokenizer(dir: string, config: Config, graph: Graph, questions: readonly Question[]): void {
  const names = graph.entities.map(({ label }) => ` ${label}`)
  const words = graph.schema.steps.flatMap(({ statement, phrase }) => [statement, phrase])
  const { json } = trainTokenizer({
    corpus: questions.filter(({ split }) => split === 'train').map(({ stem }) => stem),
    merges: config.pretrain.bpeMerges,
    frames: [...stemFrames, 'The% is so.'],
    addedTokens: [...new Set([...names, ...words, ...Object.values(reasoningWords)])],
  })
  putAtomic(join(dir, 'tokenizer.json'), formatJson(json))
}
