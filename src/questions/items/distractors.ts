import type { Rng } from '../../core/rng.ts'
import type { Answers } from './answers.ts'
import { candidatesFor } from './candidates.ts'
import { isDoubtful, isOddWording } from './doubts.ts'
import type { Draft } from './draft.ts'
import { tripleOf } from './query.ts'
import type { GraphReader, Hop } from './reader.ts'
import { type Refuted, refutePair, strongerOf, weakerOf } from './refutation.ts'
import { isPartOf, soundAlike } from './words.ts'

/** A wrong option with its refutation and where it came from. */
export type Distractor = {
  readonly entity: number
  readonly refuted: Refuted
  /** The claim that is refuted: this head, by this step's relation, this tail. */
  readonly claim: { readonly from: number; readonly hop: Hop; readonly to: number }
  /** Entities that the option was reached through, for the reader of the certificate. */
  readonly why: string
}

/** Candidates looked at for one item; each costs some microseconds. Chosen by us. */
const MAX_CONSIDERED = 160

/**
 * Wrong options by relation-preserving perturbation, as in the introduction of Fleming-R1: of the type of the gold,
 * reached by the same step from elsewhere, explicit negatives first, then what competing diagnoses and siblings reach.
 * None is a right answer or a kind of one, and each is refuted by the graph.
 *
 * @param isShowable false for entities that cannot be options: no name in the language, or named by the stem
 * @returns up to `wanted`; fewer when the graph cannot refute enough
 */
export function findDistractors(
  reader: GraphReader,
  draft: Draft,
  answers: Answers,
  { wanted, isShowable, rng }: { wanted: number; isShowable: (entity: number) => boolean; rng: Rng },
): Distractor[] {
  const guard = createGuard(reader, draft, answers)
  const chosen: Distractor[] = []
  let considered = 0
  for (const { entity, why } of candidatesFor(reader, draft, answers, rng)) {
    if (chosen.length === wanted || considered === MAX_CONSIDERED) break
    considered += 1
    if (!guard.mayStand(entity) || !isShowable(entity)) continue
    const refutation = refuteOption(reader, draft, answers, entity)
    if (refutation === null) continue
    if (refutation.refuted.world === 'open' && (guard.soundsRight(entity) || guard.replacesRight(entity))) continue
    guard.take(entity)
    chosen.push({ entity, why, ...refutation })
  }
  return chosen
}

/** Keeps right answers, their kin and their namesakes away from the wrong options. */
function createGuard(reader: GraphReader, draft: Draft, answers: Answers) {
  const { graph } = reader
  const type = graph.typeOf(draft.gold)
  const barred = new Set([...answers.right, ...draft.hidden, ...draft.given.map(({ entity }) => entity)])
  barred.add(draft.gold)
  for (const entity of draft.pair ?? []) barred.add(entity)
  const right = new Set([draft.gold, ...answers.right])
  const above = new Set<number>()
  const keys = new Set<string>()
  const stems = new Set([...barred].flatMap((entity) => reader.stems(entity)))
  const rightByStem = new Map<string, (readonly string[])[]>()
  for (const entity of right) {
    for (const ancestor of reader.ancestors(entity)) above.add(ancestor)
    keys.add(reader.nameKey(entity))
    const own = reader.stems(entity)
    for (const stem of own) {
      const names = rightByStem.get(stem)
      if (names === undefined) rightByStem.set(stem, [own])
      else names.push(own)
    }
  }
  const taken: number[] = []
  let treated: ReadonlySet<number> | null = null
  let fields: ReadonlySet<number> | null = null
  const resemblesRight = (own: readonly string[]): boolean =>
    own.some((stem) => rightByStem.get(stem)?.some((one) => isPartOf(one, own)) === true)
  const standsApart = (entity: number): boolean =>
    taken.every((other) => !reader.isKin(other, entity) && !isPartOf(reader.stems(other), reader.stems(entity)))
  return {
    mayStand: (entity: number): boolean =>
      !barred.has(entity) &&
      graph.typeOf(entity) === type &&
      !above.has(entity) &&
      !keys.has(reader.nameKey(entity)) &&
      !reader.ancestors(entity).some((ancestor) => right.has(ancestor)) &&
      reader.isSpecific(entity) &&
      // "Autosomal inheritance" where "autosomal recessive inheritance" is right: broader, if no taxonomy says so.
      !resemblesRight(reader.stems(entity)) &&
      standsApart(entity),
    /**
     * "Abdominal pain" where "pain" is right, "lymphadenitis" in "lymph node tuberculosis": true, as far as an open world can
     * tell.
     */
    soundsRight: (entity: number): boolean => soundAlike(reader.stems(entity), stems),
    /**
     * A drug that is given for something that a right one is given for as well: where one helps, the other may. So with
     * two diseases that one drug is given for. And lists of uses are short: a drug of the same field may be given too.
     */
    replacesRight: (entity: number): boolean => {
      const { relation, backward } = draft.last
      if (!treatments.includes(relation) || answers.demand === 'all') return false
      treated ??= treatmentPartners(reader, right, !backward)
      const partners = treatmentPartners(reader, [entity], !backward)
      if ([...partners].some((partner) => treated?.has(partner))) return true
      fields ??= fieldsOf(reader, backward ? right : answers.sources.map((source) => source.entity))
      return [...fieldsOf(reader, backward ? [entity] : partners)].some((field) => fields?.has(field))
    },
    take: (entity: number): void => {
      barred.add(entity)
      taken.push(entity)
      keys.add(reader.nameKey(entity))
    },
  }
}

const treatments: readonly string[] = ['treated_by', 'first_line', 'palliated_by', 'managed_with']

/** All that the drugs are given for, or all drugs that the diseases are treated with. */
function treatmentPartners(
  { graph, relationNumber }: GraphReader,
  entities: Iterable<number>,
  areDrugs: boolean,
): Set<number> {
  const found = new Set<number>()
  for (const entity of entities) {
    for (const name of treatments) {
      const relation = relationNumber(name)
      if (relation >= 0) for (const partner of graph.neighbours(entity, relation, areDrugs)) found.add(partner)
    }
  }
  return found
}

/** The kinds of these diseases below the two upper levels of their taxonomy: cancers, diseases of the nervous system. */
function fieldsOf(reader: GraphReader, diseases: Iterable<number>): Set<number> {
  const fields = new Set<number>()
  for (const disease of diseases) {
    for (const kind of [disease, ...reader.ancestors(disease)]) {
      const parents = reader.parents(kind)
      if (parents.some((parent) => reader.parents(parent).length > 0)) fields.add(kind)
    }
  }
  return fields
}

/** Why an option is wrong, or null where the graph cannot be trusted to say so. */
export function refuteOption(
  reader: GraphReader,
  draft: Draft,
  answers: Answers,
  option: number,
): Pick<Distractor, 'refuted' | 'claim'> | null {
  if (draft.shape.kind === 'contrast' && draft.pair !== null) {
    const [, other] = draft.pair
    const triple = tripleOf(reader, other, draft.last, option)
    if (triple >= 0) {
      const refuted: Refuted = { world: 'explicit', triples: [triple], source: null }
      return { refuted, claim: { from: other, hop: draft.last, to: option } }
    }
  }
  return answers.demand === 'any' ? refuteEach(reader, answers, option) : refuteSome(reader, answers, option)
}

/** The option is wrong when no source leads to it: the chain is as strong as its weakest refutation. */
function refuteEach(
  reader: GraphReader,
  { sources }: Answers,
  option: number,
): Pick<Distractor, 'refuted' | 'claim'> | null {
  let weakest: Pick<Distractor, 'refuted' | 'claim'> | null = null
  const triples: number[] = []
  for (const { entity, hop } of sources) {
    const refuted = refutePair(reader, entity, hop, option)
    if (refuted === null) return null
    if (
      refuted.world === 'open' &&
      (isOddWording(reader, entity, hop, option) || isDoubtful(reader, entity, hop, option))
    ) {
      return null
    }
    triples.push(...refuted.triples)
    if (weakest === null || weakerOf(weakest.refuted, refuted) === refuted) {
      weakest = { refuted, claim: { from: entity, hop, to: option } }
    }
  }
  return weakest === null ? null : { ...weakest, refuted: { ...weakest.refuted, triples } }
}

/**
 * The option is wrong when it lacks one of the things asked together. Where nothing but silence says so, one is not
 * enough: it must lack two, and half of all.
 */
function refuteSome(
  reader: GraphReader,
  { sources }: Answers,
  option: number,
): Pick<Distractor, 'refuted' | 'claim'> | null {
  let best: Pick<Distractor, 'refuted' | 'claim'> | null = null
  let lacking = 0
  for (const { entity, hop } of sources) {
    const back = reader.reverse(hop)
    const refuted = refutePair(reader, option, back, entity)
    if (refuted === null) continue
    lacking += 1
    if (best === null || strongerOf(best.refuted, refuted) === refuted) {
      best = { refuted, claim: { from: option, hop: back, to: entity } }
    }
  }
  if (best === null || best.refuted.world !== 'open') return best
  return lacking >= leastLacking(sources.length) ? best : null
}

/** How many of the things asked together an option must lack when only silence refutes it. */
export function leastLacking(asked: number): number {
  return Math.max(2, Math.ceil(asked / 2))
}
