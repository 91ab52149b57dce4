import { join } from 'node:path'
import { formatJson } from '../../core/json.ts'
import { putAtomic } from '../../core/store.ts'
import { type FactRecall, factRecall } from '../../evaluation/fact-recall.ts'
import type { Graph } from '../../graph/graph.ts'
import { factDocument } from '../../policy/documents.ts'
import { runLoop } from '../../policy/loop.ts'
import { scaleWeights, supervisedStep } from '../../policy/sft.ts'
import { drawSentences, factsOf } from '../../questions/facts.ts'
import type { Question } from '../../questions/types.ts'
import type { Config } from '../config.ts'
import { copyTextFiles, findModel, findTextModel, starterTokenizer, TOKENIZER_FILE } from '../model-text.ts'
import type { Observer } from '../observer.ts'
import type { Student, StudentSource } from '../student.ts'
import { finalStateFiles, writeEvents } from './shared.ts'

/**
 * Makes the base model of the run: from scratch, with a tokenizer of its own, or from `engine.model`. It then learns the
 * graph's facts by heart and nothing of questions, unless `pretrain.steps` is 0, as in the paper.
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
  const find = config.engine.kind === 'local' ? findModel : findTextModel
  const textFiles =
    config.engine.model === null
      ? writeTokenizer(dir, config, graph, questions)
      : copyTextFiles(await find(config.engine.model, (text) => observer.note(text)), dir)
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
  writeEvents(dir)
  return [...textFiles, 'metrics.jsonl', 'fact-recall.json', ...finalStateFiles(dir)]
}

/** Fact recall of the student as it is now. */
export const measureRecall = (student: Student, graph: Graph): Promise<FactRecall> =>
  factRecall(student.client, student.codec, graph, factsOf(graph))

function writeTokenizer(dir: string, config: Config, graph: Graph, questions: readonly Question[]): string[] {
  putAtomic(join(dir, TOKENIZER_FILE), starterTokenizer(config, graph, questions))
  return [TOKENIZER_FILE]
}
