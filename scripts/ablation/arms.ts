import { ConfigError } from '../../src/core/errors.ts'

/** What an arm has spent: those that get its budget make the same number of rollouts. */
export type Spent = {
  readonly stageOneSteps: number
  readonly stageTwoSteps: number
  readonly sweepRollouts: number
  /** Rollouts of a step in each stage. */
  readonly stageOneBatch: number
  readonly stageTwoBatch: number
}

/** One recipe of the comparison. */
export type Arm = {
  readonly name: string
  /** What differs, for the table. */
  readonly title: string
  /** The arm that it is tested against, pair by pair; null for those that only others are tested against. */
  readonly against: string | null
  /** The arm whose number of rollouts it may spend; null: it spends what the configuration says. */
  readonly budget: string | null
  /** The arm whose sealed stages it takes over, and which; null: it begins from nothing. */
  readonly forks: { readonly from: string; readonly stages: readonly string[] } | null
  readonly set: (spent: Spent | null) => readonly string[]
}

const data = ['graph', 'questions', 'pretrain']
const untilColdStart = [...data, 'cold-start']
const untilStageOne = [...untilColdStart, 'rl-1']

/** Rollouts of both stages, sweeps included. */
export const rolloutsOf = ({
  stageOneSteps,
  stageTwoSteps,
  sweepRollouts,
  stageOneBatch,
  stageTwoBatch,
}: Spent): number => stageOneSteps * stageOneBatch + stageTwoSteps * stageTwoBatch + sweepRollouts

const known = (spent: Spent | null): Spent => {
  if (spent === null) throw new ConfigError('this arm needs to know what another one spent')
  return spent
}

/** Stage 1 with the steps of the other arm, whether or not the curve would have ended it earlier. */
const sameStageOne = (spent: Spent): string[] => [`rl-1.steps=${spent.stageOneSteps}`, neverEnds]
const neverEnds = 'rl-1.plateau.checks=1000000'

/** Stage 2 without mining: what the sweeps cost is spent on further steps. */
const unmined = (spent: Spent): string[] => [
  'rl-2.mining=false',
  `rl-2.steps=${spent.stageTwoSteps + Math.round(spent.sweepRollouts / spent.stageTwoBatch)}`,
]

const fallible = ['cold-start.mistakes=0.5', 'cold-start.attempts=1']
const wrongLabels = ['questions.wrongLabels=0.1']
const withOptions = ['questions.prompt=options']

/** Every arm; each stands after those that it needs. */
export const arms: readonly Arm[] = [
  { name: 'full', title: 'the whole recipe: mined stage 2', against: null, budget: null, forks: null, set: () => [] },
  {
    name: 'no-mining',
    title: 'stage 2 without mining: plain continuation of stage 1 on the whole training set',
    against: 'full',
    budget: 'full',
    forks: { from: 'full', stages: untilStageOne },
    set: (spent) => unmined(known(spent)),
  },
  {
    name: 'stage-1-only',
    title: 'stage 1 only',
    against: 'full',
    budget: 'full',
    forks: { from: 'full', stages: untilColdStart },
    set: (spent) => [
      `rl-1.steps=${Math.round(rolloutsOf(known(spent)) / known(spent).stageOneBatch)}`,
      ...[neverEnds, 'rl-2.steps=0', 'rl-2.mining=false'],
    ],
  },
  {
    name: 'uniform',
    title: 'one uniform stage: the whole training set from the start',
    against: 'full',
    budget: 'full',
    forks: { from: 'full', stages: untilColdStart },
    set: (spent) => [...sameStageOne(known(spent)), 'rl-1.curriculum=uniform', ...unmined(known(spent))],
  },
  {
    name: 'no-cold-start',
    title: 'no cold start',
    against: 'full',
    budget: 'full',
    forks: { from: 'full', stages: data },
    set: (spent) => ['cold-start.epochs=0', ...sameStageOne(known(spent))],
  },
  {
    name: 'no-rarity-weights',
    title: 'training questions drawn without regard to rarity',
    against: 'full',
    budget: 'full',
    forks: null,
    set: (spent) => ['questions.rarityWeights=false', ...sameStageOne(known(spent))],
  },
  {
    name: 'fallible',
    title: 'a teacher that takes a wrong turn at half of the hops, refined',
    against: null,
    budget: 'full',
    forks: { from: 'full', stages: data },
    set: (spent) => [...fallible, ...sameStageOne(known(spent))],
  },
  {
    name: 'no-refinement',
    title: 'the same teacher, what fails is dropped',
    against: 'fallible',
    budget: 'full',
    forks: { from: 'full', stages: data },
    set: (spent) => [...fallible, 'cold-start.strategies=[]', ...sameStageOne(known(spent))],
  },
  {
    name: 'wrong-labels',
    title: '10 % wrong labels, mining without quarantine',
    against: 'full',
    budget: 'full',
    forks: null,
    set: (spent) => [...wrongLabels, 'rl-2.quarantine.mode=report', ...sameStageOne(known(spent))],
  },
  {
    name: 'quarantine',
    title: '10 % wrong labels, mining, suspects isolated',
    against: 'wrong-labels',
    budget: 'full',
    forks: { from: 'wrong-labels', stages: untilStageOne },
    set: (spent) => [...wrongLabels, 'rl-2.quarantine.mode=isolate', ...sameStageOne(known(spent))],
  },
  {
    name: 'graph-distractors',
    title: 'four options in the prompt, distractors from the graph',
    against: null,
    budget: 'full',
    forks: null,
    set: (spent) => [...withOptions, 'questions.distractors=graph', ...sameStageOne(known(spent))],
  },
  {
    name: 'random-distractors',
    title: 'four options in the prompt, random distractors in training',
    against: 'graph-distractors',
    budget: 'full',
    forks: null,
    set: (spent) => [...withOptions, 'questions.distractors=random', ...sameStageOne(known(spent))],
  },
  {
    name: 'random-reward',
    title: 'the control: rewards drawn by chance',
    against: 'full',
    budget: 'full',
    forks: { from: 'full', stages: untilColdStart },
    set: (spent) => [...sameStageOne(known(spent)), 'rl-1.reward=random', 'rl-2.reward=random'],
  },
]

/** @returns the arms of these names in the order of the table, with those that they need */
export function chooseArms(names: readonly string[]): Arm[] {
  const wanted = new Set<string>()
  const want = (name: string): void => {
    const arm = arms.find((candidate) => candidate.name === name)
    if (arm === undefined) {
      throw new ConfigError(`unknown arm "${name}"`, { hint: `known: ${arms.map((known) => known.name).join(', ')}` })
    }
    if (wanted.has(name)) return
    wanted.add(name)
    for (const other of [arm.against, arm.budget, arm.forks?.from ?? null]) if (other !== null) want(other)
  }
  for (const name of names) want(name)
  return arms.filter(({ name }) => wanted.has(name))
}
