import { contentId } from '../../core/hash.ts'
import { createRng, type Rng } from '../../core/rng.ts'
import type { PackedGraph, Rarity } from '../../graph/types.ts'
import type { Item, ItemForm, Language, OptionRefutation, QuestionId } from '../types.ts'
import { type Answers, findAnswers, type Query } from './answers.ts'
import type { ItemsConfig } from './config.ts'
import { type Distractor, findDistractors } from './distractors.ts'
import type { Draft } from './draft.ts'
import { distinctNames, type Names, namesIn, noneOfTheAbove, stemNames } from './names.ts'
import { proofOf, queryOf } from './query.ts'
import type { GraphReader } from './reader.ts'
import { reasonOf } from './reasons.ts'
import type { StemRequest } from './wording.ts'
import { writeEnglish } from './wording-en.ts'
import { writeChinese } from './wording-zh.ts'
import { shareStem } from './words.ts'

/** Why a draft became no item, in words short enough to count by. */
export type DropReason =
  | 'too many entities fit the stem'
  | 'the gold does not follow from the stem'
  | 'the answer is no specific thing'
  | 'too many right answers for an open question'
  | 'fewer than two right answers to show'
  | 'too few refuted distractors'
  | 'the stem names an answer or what it hides'
  | 'the stem contains a word of the answer'
  | 'an entity has no name in the language'
  | 'too little is shown to name one disease'

const TOO_MANY_RIGHT: DropReason = 'too many right answers for an open question'
const TOO_FEW_RIGHT: DropReason = 'fewer than two right answers to show'

export type Assembled =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'dropped'; readonly reason: DropReason }

/** An option before its text: right, wrong with a refutation, or "none of the above". */
type Choice =
  | { readonly kind: 'right'; readonly entity: number }
  | { readonly kind: 'wrong'; readonly entity: number; readonly distractor: Distractor }
  | { readonly kind: 'none'; readonly isGold: boolean }

/** What the options and answers of an item are made of. */
type Plan = {
  readonly choices: readonly Choice[]
  /** Right options, or all accepted answers; where "none of the above" is right, the one it keeps back. */
  readonly asked: readonly number[]
  readonly proof: readonly number[]
}

/** What all drafts of one kind are assembled with. */
export type Assembly = {
  readonly reader: GraphReader
  readonly config: ItemsConfig
  readonly seed: number
  readonly form: ItemForm
  readonly language: Language
  readonly names: Names
}

/** The assembly of items of one form and language. */
export function assemblyOf(
  reader: GraphReader,
  config: ItemsConfig,
  seed: number,
  { form, language }: { readonly form: ItemForm; readonly language: Language },
): Assembly {
  return { reader, config, seed, form, language, names: namesIn(reader.graph, language, config.allowsEnglishNames) }
}

/** Features a case must show to be asked in words: three findings may be those of a disease nobody listed. Chosen by us. */
const LEAST_TOLD = 4
/** Right answers that are searched before a stem is held to say too little; chosen by us. */
const MAX_RIGHT = 400

/**
 * A draft made into an item, with text, options and certificate, or dropped for the first reason found.
 */
export function assembleItem(assembly: Assembly, draft: Draft, rng: Rng): Assembled {
  const { reader, config, names } = assembly
  const drop = (reason: DropReason): Assembled => ({ kind: 'dropped', reason })
  if (!reader.isSpecific(draft.gold)) return drop('the answer is no specific thing')
  if (sharesWord(reader, draft)) return drop('the stem contains a word of the answer')
  const isCase = draft.shape.kind === 'case'
  if (assembly.form === 'open' && isCase && draft.given.length < LEAST_TOLD) {
    return drop('too little is shown to name one disease')
  }
  const query = queryOf(reader, draft)
  // An open question with more answers than are accepted need not be searched to the end.
  const isOpen = assembly.form === 'open'
  const maxRight = isOpen ? config.maxAccepted : MAX_RIGHT
  const search = findAnswers(reader, query, { maxFocus: config.maxFocus, maxRight })
  if (search.kind === 'too-many') return drop(isOpen ? TOO_MANY_RIGHT : 'too many entities fit the stem')
  const { answers } = search
  if (!answers.right.includes(draft.gold)) return drop('the gold does not follow from the stem')
  if (assembly.form === 'multiple' && answers.right.length < 2) return drop(TOO_FEW_RIGHT)
  const request = requestOf(assembly, draft, answers)
  if (request === null || names.inText(draft.gold) === null) return drop('an entity has no name in the language')
  const stem = (assembly.language === 'en' ? writeEnglish : writeChinese)(request, rng)
  const plan = planOptions(assembly, draft, query, answers, stem, rng)
  if (typeof plan === 'string') return drop(plan)
  const hidden = hiddenOf(reader.graph, draft, plan)
  const secret = [...plan.asked, ...hidden]
  if (secret.some((entity) => stemNames(stem, names.all(entity))))
    return drop('the stem names an answer or what it hides')
  return { kind: 'item', item: finish(assembly, draft, stem, plan, hidden) }
}

/** True when a telling word of the gold stands in the name of something given. */
function sharesWord(reader: GraphReader, { given, pair, gold }: Draft): boolean {
  const named = [...given.map(({ entity }) => entity), ...(pair ?? [])]
  return shareStem(reader.stems(gold), new Set(named.flatMap((entity) => reader.stems(entity))))
}

function requestOf({ reader, names, form }: Assembly, draft: Draft, answers: Answers): StemRequest | null {
  const { graph } = reader
  const nameOf = (entity: number) => {
    const name = names.inText(entity)
    return name === null ? null : { name, type: graph.typeOf(entity) }
  }
  const given = draft.given.map(({ entity, hop }) => {
    const named = nameOf(entity)
    return named === null ? null : { ...named, step: hop.name }
  })
  const pair = draft.pair?.map(nameOf) ?? []
  const [first, second] = pair
  if (given.includes(null) || pair.includes(null)) return null
  return {
    shape: draft.shape,
    form,
    given: given.filter((one) => one !== null),
    pair: first && second ? [first, second] : null,
    pathTypes: draft.path.map((entity) => graph.typeOf(entity)),
    answerType: graph.typeOf(draft.gold),
    rightCount: answers.right.length,
  }
}

function planOptions(
  assembly: Assembly,
  draft: Draft,
  query: Query,
  answers: Answers,
  stem: string,
  rng: Rng,
): Plan | DropReason {
  if (assembly.form === 'open') return planOpen(assembly, draft, answers)
  const { config } = assembly
  const count = config.options[rng.weightedIndex(config.options.map(({ share }) => share))]!.count
  const golds = assembly.form === 'multiple' ? chooseRight(assembly, draft, answers, stem, count, rng) : [draft.gold]
  if (golds === null) return TOO_FEW_RIGHT
  const hasNone = assembly.form === 'single' && rng.uniform() < config.noneOfTheAbove
  const noneIsGold = hasNone && rng.uniform() < config.noneIsGold
  const shown = noneIsGold ? [] : golds
  const wanted = count - shown.length - (hasNone ? 1 : 0)
  const wrong = findDistractors(assembly.reader, draft, answers, {
    wanted,
    rng,
    isShowable: (entity) => isShowable(assembly, stem, entity),
  })
  if (wrong.length < wanted) return 'too few refuted distractors'
  const proofs = golds.map((gold) =>
    gold === draft.gold ? draft.proof : (proofOf(assembly.reader, query, gold) ?? []),
  )
  return {
    choices: [
      ...shown.map((entity): Choice => ({ kind: 'right', entity })),
      ...wrong.map((distractor): Choice => ({ kind: 'wrong', entity: distractor.entity, distractor })),
      ...(hasNone ? [{ kind: 'none', isGold: noneIsGold } as const] : []),
    ],
    asked: golds,
    proof: [...new Set(proofs.flat())],
  }
}

/** An option has a name in the language and is not named by the stem. */
function isShowable({ names }: Assembly, stem: string, entity: number): boolean {
  const name = names.inText(entity)
  return name !== null && !stemNames(stem, [name])
}

/** Most right options of an item with several. */
const MAX_GOLDS = 4

/** Two or more right answers of one type, none a kind of another, no two of one name; null when there are not. */
function chooseRight(
  assembly: Assembly,
  draft: Draft,
  { right }: Answers,
  stem: string,
  count: number,
  rng: Rng,
): number[] | null {
  const { reader } = assembly
  const wanted = 2 + rng.int(Math.max(1, Math.min(MAX_GOLDS, count - 1) - 1))
  const golds = [draft.gold]
  for (const entity of rng.shuffle(right)) {
    if (golds.length === wanted) break
    const isNew = golds.every(
      (other) => !reader.isKin(other, entity) && reader.nameKey(other) !== reader.nameKey(entity),
    )
    const isOfType = reader.graph.typeOf(entity) === reader.graph.typeOf(draft.gold)
    if (!isNew || !isOfType || !reader.isSpecific(entity) || !isShowable(assembly, stem, entity)) continue
    if (sharesWord(reader, { ...draft, gold: entity })) continue
    golds.push(entity)
  }
  return golds.length < 2 ? null : golds
}

/** All right answers and their kinds are accepted, where they are few enough to mean something. */
function planOpen({ reader, config }: Assembly, draft: Draft, { right }: Answers): Plan | DropReason {
  const accepted = new Set([draft.gold, ...right])
  for (const entity of accepted) {
    if (accepted.size > config.maxAccepted) return TOO_MANY_RIGHT
    for (const kind of reader.kinds(entity)) accepted.add(kind)
  }
  return { choices: [], asked: [...accepted], proof: draft.proof }
}

function finish(assembly: Assembly, draft: Draft, stem: string, plan: Plan, hidden: readonly number[]): Item {
  const { form, language, names, seed, reader } = assembly
  const textOf = (choice: Choice): string =>
    choice.kind === 'none' ? noneOfTheAbove[language] : (names.asOption(choice.entity) ?? '')
  const texts = plan.choices.map(textOf)
  const isRight = (choice: Choice): boolean => choice.kind === 'right' || (choice.kind === 'none' && choice.isGold)
  const answers =
    form === 'open'
      ? distinctNames(plan.asked.flatMap((entity) => names.all(entity)))
      : plan.choices.filter(isRight).map(textOf)
  const content = { form, language, stem, options: [...texts].sort(), answers: [...answers].sort() }
  const id = contentId('item', content) as QuestionId
  const shuffled = createRng(seed, 'item-options', id).shuffle(plan.choices.filter(({ kind }) => kind !== 'none'))
  // "None of the above" can stand nowhere but below.
  const choices = [...shuffled, ...plan.choices.filter(({ kind }) => kind === 'none')]
  const golds = choices.flatMap((choice, index) => (isRight(choice) ? [index] : []))
  return {
    id,
    form,
    language,
    stem,
    context: null,
    options: choices.map(textOf),
    golds,
    answers: form === 'open' ? answers : golds.map((index) => textOf(choices[index]!)),
    origin: {
      kind: 'graph',
      graph: reader.graph.hash,
      shape: draft.shape.name,
      hop: draft.shape.hop,
      triples: [...new Set([...draft.triples, ...plan.proof])].map(reader.tripleId),
      given: givenOf(draft).map(reader.graph.entityIdOf),
      hidden: hidden.map(reader.graph.entityIdOf),
      asked: plan.asked.map(reader.graph.entityIdOf),
      optionEntities: choices.map((choice) => (choice.kind === 'none' ? null : reader.graph.entityIdOf(choice.entity))),
      proof: plan.proof.map(reader.tripleId),
      refutations: refutationsOf(assembly, choices, plan.proof),
      rarity: rarityOf(reader.graph, [draft.gold, ...draft.path, ...draft.given.map(({ entity }) => entity)]),
      writer: 'template',
      sources: sourcesOf(reader.graph, choices, [...draft.triples, ...plan.proof]),
    },
  }
}

/** What the stem withholds: what the draft hides, and what the proofs of further right options walk through. */
function hiddenOf(graph: PackedGraph, draft: Draft, { asked, proof }: Plan): number[] {
  const hidden = new Set(draft.hidden)
  const shown = new Set([...givenOf(draft), ...asked])
  for (const triple of proof) {
    for (const entity of [graph.headOf(triple), graph.tailOf(triple)]) if (!shown.has(entity)) hidden.add(entity)
  }
  return [...hidden]
}

/** What the stem names, in the order that certificates are read by: two diseases first, then what tells them apart. */
function givenOf({ given, pair }: Draft): number[] {
  const entities = given.map(({ entity }) => entity)
  return pair === null ? entities : [...pair, ...entities.reverse()]
}

function refutationsOf({ reader }: Assembly, choices: readonly Choice[], proof: readonly number[]): OptionRefutation[] {
  return choices.flatMap((choice, option): OptionRefutation[] => {
    if (choice.kind === 'wrong') {
      const { refuted } = choice.distractor
      const reason = reasonOf(reader, choice.distractor)
      return [{ option, world: refuted.world, reason, triples: refuted.triples.map(reader.tripleId) }]
    }
    if (choice.kind === 'right' || choice.isGold) return []
    const reason = 'one of the options above is right'
    return [{ option, world: 'explicit', reason, triples: proof.map(reader.tripleId) }]
  })
}

const rarities: readonly Rarity[] = ['rare', 'uncommon', 'common']

/** The rarest of the entities; none where none has a rarity. */
function rarityOf(graph: PackedGraph, entities: readonly number[]): Rarity | 'none' {
  const found = new Set(entities.map((entity) => graph.rarityOf(entity)))
  return rarities.find((rarity) => found.has(rarity)) ?? 'none'
}

function sourcesOf(graph: PackedGraph, choices: readonly Choice[], triples: readonly number[]): string[] {
  const names = new Set<string>()
  const refuting = choices.flatMap((choice) => (choice.kind === 'wrong' ? choice.distractor.refuted.triples : []))
  for (const triple of [...triples, ...refuting]) for (const { source } of graph.originsOf(triple)) names.add(source)
  for (const choice of choices) {
    if (choice.kind === 'wrong' && choice.distractor.refuted.source !== null)
      names.add(choice.distractor.refuted.source)
  }
  return [...names].sort()
}
