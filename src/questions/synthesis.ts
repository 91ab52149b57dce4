import { ConfigError } from '../core/errors.ts'
import { contentId } from '../core/hash.ts'
import { createRng } from '../core/rng.ts'
import type { Graph } from '../graph/graph.ts'
import { entitiesOf, enumeratePaths, type RelationPath, rarityOf, samplePaths, walksOf } from '../graph/paths.ts'
import type { EntityId, Triple } from '../graph/types.ts'
import { comparisons } from './comparisons.ts'
import { difficultyOf } from './difficulty.ts'
import { type Asked, findDistractors } from './distractors.ts'
import { proveQuestion } from './proof.ts'
import { withRandomOptions } from './random-options.ts'
import { showOptions, withoutOptions } from './shown-options.ts'
import { createSplitRule, type Junction, junction, type SplitRule } from './splits.ts'
import type { Candidate, Comparison, Question, QuestionId, Split } from './types.ts'
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
  /** False: training questions are drawn without regard to what they meet. */
  readonly rarityWeights: boolean
  /** Whether the stem lists the options. */
  readonly prompt: 'stem' | 'options'
  /** Where the wrong options of training questions come from. */
  readonly distractors: 'graph' | 'random'
}

export type Synthesis = {
  readonly questions: readonly Question[]
  readonly heldOutDiseases: readonly EntityId[]
  /** How many candidates were left out, by reason; of the draw that the training questions come from. */
  readonly dropped: Readonly<Record<string, number>>
}

/**
 * Questions of one to `maxHops` hops from a graph: sampled, masked, worded, given distractors, proved and split.
 *
 * @paper Fleming-R1 §3.1: subgraph sampling, masking, distractors; (Fig. 3) what is asked and what is withheld
 * @deviation the paper masks at random; here the end of the path is asked and everything between is withheld
 * What `rarityWeights` and `distractors` change are training questions alone: whoever compares two settings tests both on
 * the same questions.
 *
 * @param knowledge everything known, of which `graph` may be a part: what it adds must not make another option right
 * @throws {ConfigError} when `perHop` asks for a hop count up to `maxHops` of which the graph has no path
 */
export function synthesise(graph: Graph, config: SynthesisConfig, seed: number, knowledge: Graph = graph): Synthesis {
  const census = enumeratePaths(graph, { minHops: 1, maxHops: config.maxHops, maxBranch: config.maxAccepted })
  const asked = census.paths.filter((path) => path.steps.length === 1 || rarityOf(graph, entitiesOf(path)) !== 'none')
  const noDisease = census.paths.length - asked.length
  assertLengthsExist(asked, config)
  const rule = createSplitRule(graph, seed, config)
  const works = { graph, knowledge, rule, config, seed }
  const draw = (weighted: boolean): Kept => {
    const perHop = within(config.comparativePerHop, config.maxHops)
    return questionsOf(works, [
      ...samplePaths(graph, asked, { seed, perHop: config.perHop, weighted }).map((path) => ({ path })),
      ...comparisons(graph, asked, { seed, perHop, weighted }),
    ])
  }
  const weighted = draw(true)
  const { questions, dropped } = config.rarityWeights ? weighted : trainOn(draw(false), weighted)
  const left = { ...census.dropped, ...(noDisease > 0 && { 'meets no disease': noDisease }) }
  return { questions, heldOutDiseases: [...rule.heldOutDiseases], dropped: { ...left, ...dropped } }
}

type Kept = { readonly questions: readonly Question[]; readonly dropped: Readonly<Record<string, number>> }

/** What questions are made from and by. */
type Works = {
  readonly graph: Graph
  readonly knowledge: Graph
  readonly rule: SplitRule
  readonly config: SynthesisConfig
  readonly seed: number
}

/** The training questions of one draw with the held-out ones of another. */
function trainOn(training: Kept, tested: Kept): Kept {
  const heldOut = tested.questions.filter(({ split }) => split !== 'train')
  const stems = new Set(heldOut.map(({ stem }) => withoutOptions(stem)))
  const trained = training.questions.filter(({ split, stem }) => split === 'train' && !stems.has(withoutOptions(stem)))
  return { questions: [...trained, ...heldOut], dropped: training.dropped }
}

/** The candidates that can be asked, guarded and proved, with the count of the others. */
function questionsOf(works: Works, candidates: readonly Candidate[]): Kept {
  const { graph, knowledge, config } = works
  const dropped: Record<string, number> = {}
  const drop = (reason: string): void => {
    dropped[reason] = (dropped[reason] ?? 0) + 1
  }
  const stems = new Set<string>()
  const questions: Question[] = []
  for (const candidate of candidates) {
    const question = compose(works, candidate)
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
        const labels = question.options.map(({ label }) => label)
        questions.push(config.prompt === 'stem' ? question : { ...question, stem: showOptions(question.stem, labels) })
      }
    }
  }
  return { questions, dropped }
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

function compose(works: Works, { path, comparison }: Candidate): Question | Refusal {
  const { graph, knowledge, rule, config, seed } = works
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
  const asked = askedBy(works, { path, ...(comparison && { comparison }) }, id, split)
  const refutations = findDistractors(graph, asked, config.options - 1)
  if (refutations.length < config.options - 1) return 'too few distractors'
  const label = (entity: EntityId): string => graph.entity(entity).label
  const options = rng
    .shuffle([gold, ...refutations.map(({ entityId }) => entityId)])
    .map((entityId) => ({ entityId, label: label(entityId) }))
  const hop = path.steps.length + (comparison === undefined ? 0 : 1)
  const rarity = rarityOf(graph, touched)
  const question: Question = {
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
  if (config.distractors === 'graph' || split !== 'train') return question
  return withRandomOptions(graph, knowledge, question, asked) ?? 'too few distractors'
}

/** The last step of a question, for its wrong options. */
function askedBy({ rule, config }: Works, { path, comparison }: Candidate, key: string, split: Split): Asked {
  const heads = path.steps.length === 1 ? [path.start] : path.frontiers.at(-2)!
  const stated = comparison === undefined ? [path.start] : [comparison.chosen, comparison.rejected, comparison.feature]
  // What the path passes is no option either: it would give a step of the reasoning away.
  const passed = path.frontiers.slice(0, -1).flat()
  // A held-out disease that training shows among wrong options alone would be learnt as what is never the answer.
  const unseen = config.prompt === 'options' && split === 'train' ? rule.heldOutDiseases : []
  const accepted = path.frontiers.at(-1)!
  return { heads, step: path.steps.at(-1)!, accepted, named: [...stated, ...passed, ...unseen], key }
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
