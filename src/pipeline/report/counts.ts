import { join } from 'node:path'
import { z } from 'zod'
import { readJsonl } from '../../core/jsonl.ts'
import { type LadderStage, ladderStages } from '../../evaluation/ladder.ts'
import type { AnswerRecord } from '../../evaluation/types.ts'
import type { Graph } from '../../graph/graph.ts'
import type { Question } from '../../questions/types.ts'
import { checked, readJsonAs, type StageAnswers } from './read-run.ts'
import type { ReportCounts, ReportOutcome } from './schema.ts'
import { tally } from './tally.ts'

const splits = ['train', 'held-out-composition', 'held-out-disease'] as const
const rarities = ['common', 'uncommon', 'rare', 'none']

const counts = z.record(z.string(), z.int().nonnegative())
const censusSchema = z.object({ dropped: counts, heldOutDiseases: z.array(z.string()) })
const trajectorySchema = z.object({ backtracks: z.boolean(), checkableSteps: z.number() })

/** How much there was at each station of the pipeline, and what was dropped on the way, by reason. */
export function countPipeline(
  runDir: string,
  graph: Graph,
  questions: readonly Question[],
  rollouts: ReportCounts['rollouts'],
): ReportCounts {
  const census = readJsonAs(join(runDir, 'questions', 'census.json'), censusSchema)
  const trajectories = readJsonl(join(runDir, 'cold-start', 'trajectories.jsonl'), checked(trajectorySchema))
  const byHop = (part: readonly Question[]): Record<string, number> => tally(part.map(({ hop }) => String(hop)))
  return {
    graph: {
      entities: graph.entities.length,
      triples: graph.triples.length,
      byType: tally(graph.entities.map(({ type }) => type)),
      byRelation: tally(
        graph.triples.map(({ relation }) => relation),
        graph.schema.relations.map(({ name }) => name),
      ),
      diseasesByRarity: tally(
        graph.ofType('disease').map(({ rarity }) => rarity ?? 'none'),
        rarities,
      ),
    },
    questions: {
      kept: questions.length,
      bySplit: tally(
        questions.map(({ split }) => split),
        splits,
      ),
      byHop: byHop(questions),
      byDifficulty: tally(
        questions.map(({ difficulty }) => difficulty),
        ['easy', 'moderate', 'difficult'],
      ),
      byKind: tally(
        questions.map(({ kind }) => kind),
        ['forward', 'comparative'],
      ),
      byRarity: tally(
        questions.map(({ rarity }) => rarity),
        rarities,
      ),
      bySplitAndHop: Object.fromEntries(
        splits.map((split) => [split, byHop(questions.filter((question) => question.split === split))]),
      ),
      heldOutDiseases: census.heldOutDiseases.length,
      dropped: census.dropped,
    },
    trajectories: {
      kept: trajectories.length,
      backtracking: trajectories.filter(({ backtracks }) => backtracks).length,
      steps: trajectories.reduce((sum, { checkableSteps }) => sum + checkableSteps, 0),
      dropped: readJsonAs(join(runDir, 'cold-start', 'dropped.json'), counts),
    },
    rollouts,
  }
}

/** Right, wrong and unread answers of every checkpoint, the unread ones by how they could not be read. */
export function countOutcomes(answers: StageAnswers): ReportOutcome[] {
  const of = (stage: LadderStage, split: (typeof splits)[number]): ReportOutcome[] => {
    const part: AnswerRecord[] = answers[stage].filter((record) => record.split === split)
    const unread = part.filter(({ unparsed }) => unparsed)
    const right = part.filter(({ correct }) => correct).length
    const wrong = part.length - right - unread.length
    if (part.length === 0) return []
    return [{ stage, split, n: part.length, right, wrong, unread: tally(unread.map(({ answered }) => answered)) }]
  }
  return splits.flatMap((split) => ladderStages.flatMap((stage) => of(stage, split)))
}
