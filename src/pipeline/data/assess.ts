import type { JsonlWriter } from '../../core/store.ts'
import { difficultyOf } from '../../questions/difficulty.ts'
import { type DisputeCase, type DisputeState, disputeOf, reviewItem } from '../../questions/refine/disputes.ts'
import { compareTiers, judgeDifficulty, type TierAgreement, tierOfPassRate } from '../../questions/refine/judge.ts'
import { validateLabels } from '../../questions/refine/labels.ts'
import { sourceNameOf } from '../../questions/refine/ledger.ts'
import type { Difficulty, Item } from '../../questions/types.ts'
import type { DataConfig } from './config.ts'
import { callOptions, type Endpoint, Tally } from './shared.ts'

/** What language models and reviewers made of the items that passed the filters. */
export type AssessCensus = {
  /** Steps that were left out because no endpoint is named for them, one sentence each. */
  readonly skipped: readonly string[]
  /** Items by what the trials say of their label; empty where no validator is named. */
  readonly labels: Readonly<Record<string, number>>
  /** Items by what reviewers decided: kept aside, corrected, removed. */
  readonly reviewed: Readonly<Record<string, number>>
  /** Items by tier, and `none` for those nobody has judged. */
  readonly difficulty: Readonly<Record<string, number>>
  /** Why items were not judged → items; they have no tier of the judge, and none is made up for them. */
  readonly unjudged: Readonly<Record<string, number>>
  /** Where the policy's measured pass rates and the judge, or else the rule, both speak: "tier/measured tier" → items. */
  readonly tierAgainstPassRate: TierAgreement | null
  /** Where the judge and the rule for synthetic items both speak: "judge/rule" → items. */
  readonly judgeAgainstRule: Readonly<Record<string, number>>
}

type AssessOptions = {
  readonly runDir: string
  readonly config: DataConfig
  readonly validator: Endpoint | null
  readonly judge: Endpoint | null
  readonly known: DisputeState
  /** Item → share of rollouts that solved it, as a policy measured it; null where there is none. */
  readonly passRates: ReadonlyMap<string, number> | null
  readonly excluded: JsonlWriter
  readonly dispute: (raised: DisputeCase) => void
}

/**
 * Label validation, what reviewers decided, and difficulty, over a stream of items. A step without an endpoint is skipped
 * and said to be skipped, never imitated.
 *
 * @paper Fleming-R1 §3.1: five trials of a strong model, manual review of what it misses, tiers by a model
 * @deviation where no judge is named, a synthetic item has the tier of the rule by hops and rarity, and a curated one none
 */
export async function assess(
  items: Iterable<Item>,
  options: AssessOptions,
  write: (item: Item) => void,
): Promise<AssessCensus> {
  const labels = new Tally()
  const reviewed = new Tally()
  const difficulty = new Tally()
  const judgeAgainstRule = new Tally()
  const unjudged = new Tally()
  const measured: { judged: Difficulty; measured: Difficulty }[] = []
  const labelled = options.validator === null ? items : validated(items, options, options.validator, labels)
  const settled = settle(labelled, options, reviewed)
  for await (const item of tiered(settled, options, judgeAgainstRule, unjudged)) {
    const passRate = options.passRates?.get(item.id)
    if (passRate !== undefined && item.difficulty !== undefined) {
      measured.push({ judged: item.difficulty, measured: tierOfPassRate(passRate) })
    }
    difficulty.add(item.difficulty ?? 'none')
    write(item)
  }
  return {
    skipped: [
      ...(options.validator === null ? ['labels: not validated, no endpoint is named in refinement.validator'] : []),
      ...(options.judge === null
        ? ['difficulty: by rule for synthetic items, none for curated ones; no endpoint is named in refinement.judge']
        : []),
    ],
    labels: labels.toRecord(),
    reviewed: reviewed.toRecord(),
    difficulty: difficulty.toRecord(),
    unjudged: unjudged.toRecord(),
    tierAgainstPassRate: options.passRates === null ? null : compareTiers(measured),
    judgeAgainstRule: judgeAgainstRule.toRecord(),
  }
}

/** Passes every item on; those whose label no trial gives are raised as disputes first. */
async function* validated(
  items: Iterable<Item>,
  { runDir, config, dispute }: AssessOptions,
  validator: Endpoint,
  labels: Tally,
): AsyncGenerator<{ readonly item: Item; readonly raised: DisputeCase | null }> {
  const { trials, failWhen } = config.refinement
  const verdicts = validateLabels(
    items,
    { seed: config.dataSeed, trials, failWhen },
    callOptions(runDir, 'validator', validator),
  )
  for await (const verdict of verdicts) {
    labels.add(verdict.verdict)
    const raised = verdict.verdict === 'disputed' ? disputeOf(verdict) : null
    if (raised !== null) dispute(raised)
    yield { item: verdict.item, raised }
  }
}

type Labelled = AsyncIterable<{ readonly item: Item; readonly raised: DisputeCase | null }>

/** Applies what reviewers decided; a dispute that nobody has decided keeps its item out of the mix. */
async function* settle(
  items: Labelled | Iterable<Item>,
  { known, excluded }: AssessOptions,
  reviewed: Tally,
): AsyncGenerator<Item> {
  for await (const entry of items) {
    const { item, raised } = 'item' in entry ? entry : { item: entry, raised: null }
    const outcome = reviewItem(item, known)
    const isFresh = raised !== null && known.get(item.id)?.case.content !== raised.content
    if (outcome.kind === 'out' || isFresh) {
      const reason = outcome.kind === 'out' ? outcome.why : 'undecided'
      reviewed.add(reason)
      excluded.write({
        ...{ item: item.id, source: sourceNameOf(item), step: 'labels', reason },
        detail: raised?.reason ?? known.get(item.id)?.case.reason ?? '',
      })
      continue
    }
    if (outcome.kind === 'corrected') reviewed.add('corrected')
    yield outcome.item
  }
}

async function* tiered(
  items: AsyncIterable<Item>,
  { runDir, config, judge }: AssessOptions,
  judgeAgainstRule: Tally,
  unjudged: Tally,
): AsyncGenerator<Item> {
  if (judge === null) {
    for await (const item of items) yield withTier(item, ruleTier(item))
    return
  }
  for await (const judged of judgeDifficulty(items, { seed: config.dataSeed }, callOptions(runDir, 'judge', judge))) {
    const rule = ruleTier(judged.item)
    if (judged.kind === 'judged' && rule !== undefined) judgeAgainstRule.add(`${judged.tier}/${rule}`)
    if (judged.kind === 'unjudged') unjudged.add(judged.cause)
    yield judged.kind === 'judged' ? withTier(judged.item, judged.tier) : judged.item
  }
}

const ruleTier = ({ origin }: Item): Item['difficulty'] =>
  origin.kind === 'graph' ? difficultyOf(origin.hop, origin.rarity) : undefined

const withTier = (item: Item, difficulty: Item['difficulty']): Item =>
  difficulty === undefined ? item : { ...item, difficulty }

/** The dispute of a curated item whose question stands elsewhere with another answer. */
export function duplicateCase(item: Item, reason: string): DisputeCase {
  const none = {
    verdict: 'disputed',
    trials: 0,
    valid: 0,
    matches: 0,
    answers: [],
    evidence: null,
    causes: [],
  } as const
  return disputeOf({ item, ...none }, reason)
}
