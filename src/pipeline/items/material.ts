import { join } from 'node:path'
import { createRng } from '../../core/rng.ts'
import type { AskedItem, ItemContext } from '../../evaluation/items.ts'
import { fromItem } from '../../policy/training-question.ts'
import type { TrainingQuestion } from '../../policy/types.ts'
import type { Item } from '../../questions/types.ts'
import { arrangeItem } from '../../rewards/arrange-item.ts'
import { isRight } from '../../rewards/correctness.ts'
import { judgeWithPackedGraph } from '../../trajectories/judge-steps.ts'
import { taskOfItem } from '../../trajectories/task.ts'
import type { StepJudge } from '../../trajectories/types.ts'
import type { Config } from '../config.ts'
import type { Lessons } from '../teacher.ts'
import { readItemGraph } from './data-run.ts'
import { iterateStoredItems } from './stored-items.ts'

/** An item as its data run holds it, and as it is shown: its options in the order of the seed. */
export type ShownItem = { readonly original: Item; readonly shown: Item }

/** What the stages of a run on items are made from, once graph and questions are sealed. */
export type ItemMaterial = {
  readonly training: readonly ShownItem[]
  readonly probe: readonly AskedItem[]
  readonly test: readonly AskedItem[]
  readonly judgeSteps: StepJudge
  readonly ground: ItemContext['ground']
}

/** Reads what the stages `graph` and `questions` of a run on items sealed. */
export function readMaterial(runDir: string, { dataSeed }: Pick<Config, 'dataSeed'>): ItemMaterial {
  const bySplit = { train: [] as ShownItem[], probe: [] as ShownItem[], test: [] as ShownItem[] }
  for (const { split, item } of iterateStoredItems(join(runDir, 'questions')))
    bySplit[split].push({ original: item, shown: arrangeItem(item, dataSeed) })
  const graph = readItemGraph(join(runDir, 'graph'))
  const judgeSteps = graph === null ? () => [] : judgeWithPackedGraph(graph)
  const asked = (items: readonly ShownItem[]): AskedItem[] => items.map(({ shown }) => askedItem(shown))
  return {
    training: bySplit.train,
    probe: asked(bySplit.probe),
    test: asked(bySplit.test),
    judgeSteps,
    ground: (thinking) => {
      const steps = judgeSteps(thinking)
      return { checkable: steps.length, grounded: steps.filter(({ verdict }) => verdict === 'supports').length }
    },
  }
}

function askedItem(item: Item): AskedItem {
  const { id, prompt, difficulty, task }: TrainingQuestion = fromItem(item)
  return {
    ...{ id, prompt, difficulty, spec: task.spec },
    isRight: (value) => isRight(value, task.gold),
    ...{ form: item.form, language: item.language },
    source: item.origin.kind === 'graph' ? 'synthetic' : item.origin.source,
    chance: chanceOf(item),
  }
}

/** Share right of one who guesses: one option, or any set of options but none. */
function chanceOf({ form, options }: Item): number {
  if (form === 'open') return 0
  return form === 'single' ? 1 / options.length : 1 / (2 ** options.length - 1)
}

/**
 * What the teacher of a cold start is asked: `count` training items drawn by chance; of the synthetic ones none of more
 * than `maxHops`.
 */
export function lessonsOf(
  { training, judgeSteps }: Pick<ItemMaterial, 'training' | 'judgeSteps'>,
  options: { readonly count: number; readonly maxHops: number; readonly seed: number },
): Lessons {
  const pool = training.filter(({ shown: { origin } }) => origin.kind === 'curated' || origin.hop <= options.maxHops)
  const chosen = createRng(options.seed, 'cold-start-items').shuffle(pool).slice(0, options.count)
  const prompts = new Map<string, string>(chosen.map(({ shown }) => [shown.id, fromItem(shown).prompt]))
  return {
    tasks: chosen.map(({ shown }) => taskOfItem(shown)),
    promptOf: (id) => prompts.get(id)!,
    judgeSteps,
    walked: null,
  }
}
