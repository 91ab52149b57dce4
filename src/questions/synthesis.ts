import { ConfigError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import { entitiesOf, enumeratePaths, type RelationPath, rarityOf, samplePaths, walksOf } from '../graph/paths.ts'
import type { EntityId, Triple } from '../graph/types.ts'
import { comparisons } from './comparisons.ts'
import { difficultyOf } from './difficulty.ts'
import { findDistractors } from './distractors.ts'
import { proveQuestion } from './proof.ts'
import { createSplitRule, type Junction, junction, type SplitRule } from './splits.ts'
import type { Candidate, Comparison, Question, QuestionId } from './types.ts'
import { holdsName, wordComparison, wordStem } from './wording.ts'

export type SynthesisConfig = {
  readonly maxHops: number
  /** Forward and comparative questions to keep at most, by hop count. */
  readonly perHop: Readonly<Record<number, number>>
  readonly comparativePerHop: Readonly<Record<number, number>>
  readonly maxAccepted: number
  readonly options: number
  readonly heldOutJunctions: number
  readonly heldOutDiseases: number
}

export type Synthesis = {
  readonly questions: readonly Question[]
  readonly heldOutDiseases: readonly EntityId[]
  /** How many candidates were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>
}

/**
 * Questions of one to `maxHops` hops from a graph: sampled, masked, worded, given distractors, proved and split.
 *
 * @paper Fleming-R1 §3.1: subgraph sampling, masking, distractors; (Fig. 3) what is asked and what is withheld
 * @deviation the paper masks at random; here the end of the path is asked and everything between is withheld
 * @param knowledge everything known, of which `graph` may be a part: what it adds must not make another option right
 * @throws {ConfigError} when `perHop` asks for a hop count up to `maxHops` of which the graph has no path
 */
export function synthesise(graph: Graph, config: SynthesisConfig, seed: number, knowledge: Graph = graph): Synthesis {
  const census = enumeratePaths(graph, { minHops: 1, maxHops: config.maxHops, maxBranch: config.maxAccepted })
  const dropped: Record<string, number> = { ...census.dropped }
  const drop = (reason: string): void => {
    dropped[reason] = (dropped[reason] ?? 0) + 1
  }
  const asked = census.paths.filter((path) => path.steps.length === 1 || rarityOf(graph, entitiesOf(path)) !== 'none')
  const noDisease = census.paths.length - asked.length
  if (noDisease > 0) dropped['meets no disease'] = noDisease
  assertLengthsExist(asked, config)
  const candidates: Candidate[] = [
    ...samplePaths(graph, asked, { seed, perHop: config.perHop }).map((path) => ({ path })),
    ...comparisons(graph, asked, { seed, perHop: within(config.comparativePerHop, config.maxHops) }),
  ]
  const rule = createSplitRule(graph, seed, config)
  const stems = new Set<string>()
  const questions: Question[] = []
  for (const candidate of candidates) {
    const question = compose(graph, candidate, rule, config.options, seed)
    if (typeof question === 'string') drop(question)
    else if (stems.has(question.stem)) drop('same stem twice')
    else if (holdsName(question.stem, namesOf(graph, question.acceptedEntityIds))) drop('the stem names the answer')
    else {
      const proof = proveQuestion(graph, question)
      const atLarge = proof.holds ? proveQuestion(knowledge, question) : proof
      if (!proof.holds) drop(`not proved: ${proof.reason}`)
      else if (!atLarge.holds) drop(`not proved in the whole graph: ${atLarge.reason}`)
      else {
        stems.add(question.stem)
        questions.push(question)
      }
    }
  }
  return { questions, heldOutDiseases: [...rule.heldOutDiseases], dropped }
}

/** Why a candidate cannot become a question. */
type Refusal = 'too few distractors' | 'some walks held out, others not'

/** The counts of hop counts up to `maxHops`. */
const within = (perHop: Readonly<Record<number, number>>, maxHops: number): Record<string, number> =>
  Object.fromEntries(Object.entries(perHop).filter(([hop]) => Number(hop) <= maxHops))

/** A hop count without questions would leave a gap in every table; whoever means it says so with a 0. */
function assertLengthsExist(paths: readonly RelationPath[], config: SynthesisConfig): void {
  const lengths = new Set(paths.map((path) => path.steps.length))
  for (const [hop, count] of Object.entries(config.perHop)) {
    if (count === 0 || Number(hop) > config.maxHops || lengths.has(Number(hop))) continue
    const found = [...lengths].sort().join(', ')
    throw new ConfigError(
      `questions.perHop asks for ${count} of ${hop} hops, but the graph has no path of ${hop} hops that can be asked`,
      {
        hint: `it has ${found === '' ? 'none at all' : `those of ${found}`}: set questions.perHop.${hop}=0, or use a graph whose triples form longer chains`,
      },
    )
  }
}

function compose(
  graph: Graph,
  candidate: Candidate,
  rule: SplitRule,
  optionCount: number,
  seed: number,
): Question | Refusal {
  const { path, comparison } = candidate
  const stepNames = path.steps.map((step) => step.name)
  const id = contentId('question', {
    start: path.start,
    steps: stepNames,
    comparison: comparison ?? null,
  }) as QuestionId
  const rng = createRng(seed, 'question', id)
  const touched = [...entitiesOf(path), ...(comparison === undefined ? [] : [comparison.rejected])]
  const split = rule.splitOf(junctionsOf(graph, path, comparison), touched)
  if (split === null) return 'some walks held out, others not'
  const accepted = path.frontiers.at(-1)!
  // The masked entity is drawn, not the first: of several right answers none should be the only one ever taught.
  const goldIndex = rng.int(accepted.length)
  const gold = accepted[goldIndex]!
  const walk = path.walks[goldIndex]!
  const heads = path.steps.length === 1 ? [path.start] : path.frontiers.at(-2)!
  const stated = comparison === undefined ? [path.start] : [comparison.chosen, comparison.rejected, comparison.feature]
  // What the path passes is no option either: it would give a step of the reasoning away.
  const named = [...stated, ...path.frontiers.slice(0, -1).flat()]
  const refutations = findDistractors(
    graph,
    { heads, step: path.steps.at(-1)!, accepted, named, key: id },
    optionCount - 1,
  )
  if (refutations.length < optionCount - 1) return 'too few distractors'
  const label = (entity: EntityId): string => graph.entity(entity).label
  const options = rng
    .shuffle([gold, ...refutations.map(({ entityId }) => entityId)])
    .map((entityId) => ({ entityId, label: label(entityId) }))
  const hop = path.steps.length + (comparison === undefined ? 0 : 1)
  const rarity = rarityOf(graph, touched)
  return {
    id,
    kind: comparison === undefined ? 'forward' : 'comparative',
    split,
    hop,
    difficulty: difficultyOf(hop, rarity),
    rarity,
    stem: wordStem(path.steps, subjectOf(graph, path, comparison, rng.int(2) === 0), id),
    answerType: graph.entity(gold).type,
    acceptedEntityIds: accepted,
    options,
    gold: options.findIndex(({ entityId }) => entityId === gold),
    path: {
      start: path.start,
      steps: stepNames,
      triples: [...comparisonTriple(graph, comparison), ...walk].map((triple) => triple.id),
      hidden: hiddenOf(path, comparison, walk),
      maskedEntity: gold,
      ...(comparison === undefined ? {} : { comparison }),
    },
    refutations,
  }
}

const namesOf = (graph: Graph, ids: readonly EntityId[]): string[] =>
  ids.flatMap((id) => [graph.entity(id).label, ...graph.entity(id).synonyms])

function subjectOf(graph: Graph, path: RelationPath, comparison: Comparison | undefined, swap: boolean): string {
  if (comparison === undefined) return ` ${graph.entity(path.start).label}`
  const pair = [graph.entity(comparison.chosen).label, graph.entity(comparison.rejected).label] as const
  const step = graph.schema.step(comparison.step)
  return wordComparison(swap ? [pair[1], pair[0]] : pair, step, graph.entity(comparison.feature).label)
}

/** The junctions of each walk; to choose a disease by its feature is to walk from the feature. */
function junctionsOf(graph: Graph, path: RelationPath, comparison: Comparison | undefined): Junction[][] {
  const before = comparisonTriple(graph, comparison)
  return walksOf(graph, path).map((walk) => {
    const triples = [...before, ...walk]
    return triples.slice(1).map((triple, index) => junction(triples[index]!.id, triple.id))
  })
}

function comparisonTriple(graph: Graph, comparison: Comparison | undefined): Triple[] {
  if (comparison === undefined) return []
  const arrivals = graph.follow(comparison.chosen, graph.schema.step(comparison.step))
  return arrivals.filter(({ entity }) => entity === comparison.feature).map(({ triple }) => triple)
}

function hiddenOf(path: RelationPath, comparison: Comparison | undefined, walk: readonly Triple[]): EntityId[] {
  const ends = walk.flatMap(({ head, tail }) => [head, tail])
  const shown = new Set<EntityId>(comparison === undefined ? [path.start] : [])
  const inner = path.frontiers.slice(0, -1).flat()
  return [...new Set(ends.filter((id) => inner.includes(id) && !shown.has(id)))]
}
