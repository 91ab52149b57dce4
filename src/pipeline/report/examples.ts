import { createRng } from '../../core/rng.ts'
import { type LadderStage, ladderStages } from '../../evaluation/ladder.ts'
import type { AnswerRecord } from '../../evaluation/types.ts'
import type { Graph } from '../../graph/graph.ts'
import { createGrounder } from '../../graph/grounding.ts'
import type { Question } from '../../questions/types.ts'
import { readCompletion } from '../../text/answer.ts'
import type { StageAnswers } from './read-run.ts'
import { type GroupLine, isRight } from './rollouts.ts'
import type { GroupExample, HeldOutExample, ReportStep } from './schema.ts'

/** Turns ids and completions into what a reader can read. */
export type Describer = {
  question(id: string): Pick<GroupExample, 'questionId' | 'stem' | 'hop' | 'difficulty' | 'accepted'>
  /** The label of an answered entity, or how the answer could not be read. */
  answer(answered: string): { readonly label: string | null; readonly unread: string | null }
  /** Each reasoning step of a completion as the graph judges it, and the defects of its form. */
  reasoning(completion: string, truncated: boolean): { readonly steps: ReportStep[]; readonly defects: string[] }
}

/** A describer over a run's graph and questions. */
export function createDescriber(graph: Graph, questionById: ReadonlyMap<string, Question>): Describer {
  const labels = new Map<string, string>(graph.entities.map(({ id, label }) => [id, label]))
  const ground = createGrounder(graph)
  return {
    question: (id) => {
      const question = questionById.get(id)
      if (question === undefined) return { questionId: id, stem: '', hop: 0, difficulty: 'unknown', accepted: [] }
      const { stem, hop, difficulty, acceptedEntityIds } = question
      return {
        questionId: id,
        stem,
        hop,
        difficulty,
        accepted: acceptedEntityIds.map((entity) => labels.get(entity) ?? entity),
      }
    },
    answer: (answered) => {
      const label = labels.get(answered)
      return label === undefined ? { label: null, unread: answered } : { label, unread: null }
    },
    reasoning: (completion, truncated) => {
      const reading = readCompletion(completion, { thinkPrefilled: true, truncated })
      const steps = ground(reading.thinking ?? '').steps.map((step): ReportStep => {
        const origin = step.kind === 'supported' ? `${step.triple.origin.file}:${step.triple.origin.line}` : null
        return { kind: step.kind, text: wellFormed(step.text), origin }
      })
      return { steps, defects: [...reading.defects] }
    },
  }
}

/** A lone surrogate has no UTF-8: it becomes U+FFFD, as it would on the way to the disk. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')

export type GroupPicker = { add(group: GroupLine): void; finish(): GroupExample[] }

/**
 * Picks four groups of an RL stage while its log goes by: the first and the last with a signal, the best (of the most
 * hops, all rollouts right) and the worst (of the fewest hops, all wrong), of equals the latest.
 */
export function createGroupPicker(stage: 'rl-1' | 'rl-2', describer: Describer): GroupPicker {
  const picked: Partial<Record<GroupExample['why'], { readonly group: GroupLine; readonly hop: number }>> = {}
  return {
    add: (group) => {
      const { hop } = describer.question(group.questionId)
      const right = group.rollouts.filter(isRight).length
      const here = { group, hop }
      if (right === group.rollouts.length) {
        if (hop >= (picked.best?.hop ?? 0)) picked.best = here
      } else if (right === 0) {
        if (hop <= (picked.worst?.hop ?? Number.POSITIVE_INFINITY)) picked.worst = here
      } else {
        picked.early ??= here
        picked.late = here
      }
    },
    finish: () =>
      (['early', 'late', 'best', 'worst'] as const).flatMap((why) => {
        const found = picked[why]
        return found === undefined ? [] : [groupExample(stage, why, found.group, describer)]
      }),
  }
}

function groupExample(
  stage: 'rl-1' | 'rl-2',
  why: GroupExample['why'],
  group: GroupLine,
  describer: Describer,
): GroupExample {
  const { step, reason } = group
  return {
    stage,
    why,
    step,
    reason,
    ...describer.question(group.questionId),
    rollouts: group.rollouts.map(({ completion, stopReason, reward, advantage, defects, answered }) => {
      const { label, unread } = describer.answer(answered)
      const { steps } = describer.reasoning(completion, stopReason === 'length')
      return {
        completion: wellFormed(completion),
        defects,
        answered: label,
        unread,
        steps,
        stopReason,
        reward,
        advantage,
      }
    }),
  }
}

/**
 * `count` held-out questions with the greedy answer of every checkpoint, drawn by chance: nothing is picked for its looks.
 */
export function drawHeldOutExamples(
  answers: StageAnswers,
  describer: Describer,
  options: { readonly count: number; readonly seed: number },
): HeldOutExample[] {
  const byStage = new Map(
    ladderStages.map((stage) => [stage, new Map(answers[stage].map((item) => [item.questionId, item]))]),
  )
  const drawn = createRng(options.seed, 'report-examples').shuffle(answers['rl-2']).slice(0, options.count)
  return drawn.map(({ questionId, split, rarity }) => ({
    ...describer.question(questionId),
    split,
    rarity,
    answers: ladderStages.flatMap((stage) => {
      const record = byStage.get(stage)?.get(questionId)
      return record === undefined ? [] : [heldOutAnswer(stage, record, describer)]
    }),
  }))
}

function heldOutAnswer(
  stage: LadderStage,
  record: AnswerRecord,
  describer: Describer,
): HeldOutExample['answers'][number] {
  const { label, unread } = describer.answer(record.answered)
  const { steps, defects } = describer.reasoning(record.completion, false)
  const { correct, rightForWrongReason } = record
  return {
    stage,
    completion: wellFormed(record.completion),
    defects,
    answered: label,
    unread,
    steps,
    correct,
    rightForWrongReason,
  }
}
