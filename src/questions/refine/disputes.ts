/**
 * The dispute queue: items whose label a strong model never gives, and what a person decided about each. Nothing is ever
 * overwritten; the state is what the log says from its first line to its last.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { clock } from '../../core/clock.ts'
import { DataError } from '../../core/errors.ts'
import { contentId } from '../../core/hash.ts'
import { ensureDir, openLog, readLog } from '../../core/store.ts'
import type { Item } from '../types.ts'
import type { LabelVerdict } from './labels.ts'

const shown = z.strictObject({
  form: z.enum(['single', 'multiple', 'open']),
  language: z.enum(['en', 'zh']),
  stem: z.string(),
  context: z.string().nullable(),
  options: z.array(z.string()),
  golds: z.array(z.int()),
  answers: z.array(z.string()),
  /** Data set and row, or the graph. */
  source: z.string(),
  /** Made from a graph: its label rests on triples, so it can be kept or removed, not relabelled. */
  isProven: z.boolean(),
})
const decision = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('accept') }),
  z.strictObject({ kind: z.literal('correct'), golds: z.array(z.int()), answers: z.array(z.string()) }),
  z.strictObject({ kind: z.literal('remove') }),
])
const act = { id: z.string(), who: z.string(), when: z.string() }
const record = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('case'),
    id: z.string(),
    /** Hash of what was disputed: an item that has changed since is another case. */
    content: z.string(),
    reason: z.string(),
    given: z.array(z.strictObject({ text: z.string(), count: z.int(), isAsLabelled: z.boolean() })),
    evidence: z.string().nullable(),
    shown,
    /** The item that asks the same and is labelled otherwise, as far as a reviewer must know it. */
    rival: z.strictObject({ id: z.string(), answers: z.array(z.string()), source: z.string() }).optional(),
  }),
  z.strictObject({ kind: z.literal('decision'), ...act, content: z.string(), why: z.string(), decision }),
  z.strictObject({ kind: z.literal('undo'), ...act, content: z.string() }),
])

export type DisputeRecord = z.infer<typeof record>
export type DisputeCase = Extract<DisputeRecord, { kind: 'case' }>
export type Decision = z.infer<typeof decision>
/** A decision with who took it, when (ISO 8601) and why. */
export type DecisionRecord = Extract<DisputeRecord, { kind: 'decision' }>

export type Dispute = { readonly case: DisputeCase; readonly decision: DecisionRecord | null }

/** Disputes in the order in which they were raised, by item id. */
export type DisputeState = ReadonlyMap<string, Dispute>

export type DisputeQueue = {
  readonly state: DisputeState
  /** Raises cases; one that stands already, with the same content, is left as it is. @returns how many were new */
  add(cases: readonly DisputeCase[]): number
  /** @throws {DataError} when there is no such case, the decision does not fit it, or who or why is empty */
  decide(id: string, decision: Decision, by: { readonly who: string; readonly why: string }): void
  /** Takes a decision back; the case is open again. @throws {DataError} when there is none */
  undo(id: string, who: string): void
  close(): void
}

/** The hash of what a label is about: wording, options and label. */
export function contentOf(item: Item): string {
  const { form, stem, context, options, golds, answers } = item
  return contentId('label', { form, stem, context, options, golds, answers })
}

/**
 * The case of a disputed label, as the queue keeps it. Where trials were made they say why; where the same question
 * stands elsewhere with another answer, the reason and the other item do.
 *
 * A pair of rivals is decided by deciding each: to accept or correct one says nothing of the other, which stays in the
 * mix, or out of it, by its own case. Accept both, and both are in the mix with their two answers.
 *
 * @param reason why the label is disputed; needed only where no trials were made
 * @param rival the item that asks the same and is labelled otherwise
 */
export function disputeOf(verdict: LabelVerdict, reason?: string, rival?: Item): DisputeCase {
  const { item, answers, evidence } = verdict
  const { form, language, stem, context, options, golds, origin } = item
  return {
    kind: 'case',
    id: item.id,
    content: contentOf(item),
    reason: verdict.trials === 0 ? (reason ?? 'disputed') : trialsInWords(verdict),
    given: answers.map(({ text, count, isAsLabelled }) => ({ text, count, isAsLabelled })),
    evidence,
    shown: {
      form,
      language,
      stem,
      context,
      options: [...options],
      golds: [...golds],
      answers: [...item.answers],
      source: sourceOf(item),
      isProven: origin.kind === 'graph',
    },
    ...(rival && { rival: { id: rival.id, answers: [...rival.answers], source: sourceOf(rival) } }),
  }
}

function trialsInWords({ matches, valid, trials }: LabelVerdict): string {
  const lost = trials - valid
  const unanswered = lost === 0 ? '' : `; ${lost} of ${trials} trials gave no answer`
  if (matches === 0) return `never answered as labelled (0 of ${valid} answers${unanswered})`
  return `not always answered as labelled (${matches} of ${valid} answers${unanswered})`
}

function sourceOf({ origin }: Item): string {
  return origin.kind === 'graph'
    ? `graph ${origin.shape}`
    : `${origin.source} ${origin.split} ${origin.row ?? origin.line}`
}

/**
 * The queue in a file, ready for cases and decisions; empty when there is no file. Hold the lock of its directory.
 *
 * @throws {DataError} when a line is none of a dispute log
 * @throws {StorageError} as `openLog`
 */
export function openDisputes(file: string, now: () => Date = clock.now): DisputeQueue {
  ensureDir(dirname(file))
  const state = new Map(readDisputes(file))
  const log = openLog(file)
  const write = (records: readonly DisputeRecord[]): void => {
    log.append(records)
    for (const entry of records) addToState(state, entry)
  }
  const caseOf = (id: string): Dispute => {
    const dispute = state.get(id)
    if (dispute === undefined) throw new DataError(`no dispute about item ${id}`, { file })
    return dispute
  }
  return {
    state,
    add: (cases) => {
      const fresh = cases.filter(({ id, content }) => state.get(id)?.case.content !== content)
      const unique = [...new Map(fresh.map((entry) => [entry.id, entry])).values()]
      write(unique)
      return unique.length
    },
    decide: (id, chosen, by) => {
      const { case: raised } = caseOf(id)
      checkDecision(chosen, raised)
      const who = nonEmpty('who', by.who)
      const why = nonEmpty('why', by.why)
      const { content } = raised
      write([{ kind: 'decision', id, content, who, when: now().toISOString(), why, decision: chosen }])
    },
    undo: (id, who) => {
      const { case: raised, decision: taken } = caseOf(id)
      if (taken === null) throw new DataError(`item ${id} has no decision to take back`, { file })
      write([{ kind: 'undo', id, content: raised.content, who: nonEmpty('who', who), when: now().toISOString() }])
    },
    close: () => log.close(),
  }
}

/** The disputes of a log as they stand; none when there is no file. @throws {DataError} naming file and field */
export function readDisputes(file: string): DisputeState {
  const state = new Map<string, Dispute>()
  if (!existsSync(file)) return state
  for (const entry of readLog(file, (value) => parseRecord(value, file)).records) addToState(state, entry)
  return state
}

function parseRecord(value: unknown, file: string): DisputeRecord {
  const parsed = record.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new DataError(`not a record of a dispute log: ${issue?.message ?? 'unknown'}`, {
    file,
    field: issue?.path.join('.'),
    hint: 'the file belongs to something else, or to another version',
  })
}

function addToState(state: Map<string, Dispute>, entry: DisputeRecord): void {
  if (entry.kind === 'case') {
    state.set(entry.id, { case: entry, decision: null })
    return
  }
  const known = state.get(entry.id)
  // A decision about another wording or label decides nothing here.
  if (known === undefined || known.case.content !== entry.content) return
  state.set(entry.id, { ...known, decision: entry.kind === 'decision' ? entry : null })
}

/** @throws {DataError} naming what is wrong with a decision about a case */
export function checkDecision(chosen: Decision, { id, shown: item }: DisputeCase): void {
  if (chosen.kind !== 'correct') return
  const refuse = (what: string): never => {
    throw new DataError(`item ${id}: ${what}`, { hint: 'accept it, correct it otherwise, or remove it' })
  }
  if (item.isProven) refuse('its label follows from a graph and cannot be corrected here')
  const { golds, answers } = chosen
  if (item.form === 'open') {
    if (golds.length > 0) refuse('an open item has no options to choose')
    if (answers.length === 0 || answers.some((answer) => answer.trim() === '')) refuse('an answer must not be empty')
    return
  }
  const isAscending = golds.every((gold, index) => index === 0 || gold > golds[index - 1]!)
  if (golds.length === 0 || !isAscending) refuse(`right options must be ascending and at least one, found [${golds}]`)
  const outside = golds.find((gold) => gold < 0 || gold >= item.options.length)
  if (outside !== undefined) refuse(`option ${outside} is not one of its ${item.options.length}`)
  if (item.form === 'single' && golds.length !== 1) refuse(`exactly one option can be right, found ${golds.length}`)
  if (answers.length > 0) refuse('the answers of an item with options are its options')
}

function nonEmpty(field: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new DataError(`a decision needs ${field}`, { field })
  return trimmed
}

/** What becomes of an item: in the mix as it was or corrected, or out of it for a reason. */
export type Reviewed =
  | { readonly kind: 'kept'; readonly item: Item }
  | { readonly kind: 'corrected'; readonly item: Item; readonly before: Item; readonly by: DecisionRecord }
  | { readonly kind: 'out'; readonly item: Item; readonly why: 'removed' | 'undecided' }

/**
 * What the disputes make of an item. A disputed item without a decision stays out of the mix. An item whose wording or
 * label has changed since is another item, which nothing has been said about.
 */
export function reviewItem(item: Item, state: DisputeState): Reviewed {
  const dispute = state.get(item.id)
  if (dispute === undefined || dispute.case.content !== contentOf(item)) return { kind: 'kept', item }
  const { decision: by } = dispute
  if (by === null) return { kind: 'out', item, why: 'undecided' }
  if (by.decision.kind === 'remove') return { kind: 'out', item, why: 'removed' }
  if (by.decision.kind === 'accept') return { kind: 'kept', item }
  const { golds, answers } = by.decision
  const corrected: Item =
    item.form === 'open' ? { ...item, answers } : { ...item, golds, answers: golds.map((gold) => item.options[gold]!) }
  return { kind: 'corrected', item: withoutExplanation(corrected), before: item, by }
}

/** The data set's explanation argues for the label that was wrong. */
function withoutExplanation({ explanation: _, ...item }: Item): Item {
  return item
}
