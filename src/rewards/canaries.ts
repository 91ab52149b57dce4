import { AuditError, DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import { exactNameKey } from '../text/entity-name.ts'
import { matchEntity } from '../text/lexicon.ts'
import { letterOf } from '../text/options.ts'
import type { Lexicon, NumberSpec, OpenSpec } from '../text/types.ts'
import { isLetter } from './option-order.ts'
import type { AnswerTask, Gold, RewardParts } from './types.ts'

/** Two well-formed completions of a task, after a prefilled `<think>`: one that is right and one that is wrong. */
export type Canaries = { readonly right: string; readonly wrong: string }

/** Says neither answer, and is long enough to count as thinking. */
const thinking = ' canary of the verifier'

/**
 * One known-right and one known-wrong completion of a task. The wrong one is as near to right as its kind allows: another
 * option, a set with one more or one less, a number past its tolerance, another entity, a denied wording.
 *
 * @throws {DataError} when nothing could be right (a gold that names no option or entity) or wrong (one option alone)
 */
export function canaries(task: AnswerTask): Canaries {
  const [right, wrong] = bodiesOf(task)
  if (right === null || wrong === null) {
    const which = right === null ? 'right' : 'wrong'
    throw new DataError(`no answer to ${task.id} would be ${which}: it cannot be verified`, {
      hint: 'a question needs a gold among its options, entities or wordings, and something else to answer',
    })
  }
  return { right: completion(right), wrong: completion(wrong) }
}

function completion(body: string): string {
  return `${thinking}</think><answer>${body}</answer>`
}

function bodiesOf({ spec, gold }: AnswerTask): readonly [string | null, string | null] {
  switch (spec.kind) {
    case 'choice':
    case 'choices':
      return optionBodies(gold, spec.options)
    case 'number':
      return numberBodies(gold, spec)
    case 'names':
      return gold.kind === 'names' && spec.names[0] !== undefined
        ? [spec.names[0], `not ${spec.names[0]}`]
        : [null, null]
    case 'open':
      return gold.kind === 'entities' ? entityBodies(gold.ids, spec) : [null, null]
  }
}

function optionBodies(gold: Gold, options: readonly string[]): readonly [string | null, string | null] {
  const count = options.length
  if (gold.kind !== 'options' || gold.indices.length === 0) return [null, null]
  if (gold.indices.some((index) => index < 0 || index >= count)) return [null, null]
  // Where a text is itself a letter, a letter alone may mean two options, and is refused.
  const isPlain = !options.some((option) => isLetter(option))
  const write = (index: number): string => (isPlain ? letterOf(index) : `${letterOf(index)}. ${options[index]}`)
  const list = (indices: readonly number[]): string => indices.map(write).join(', ')
  const other = Array.from({ length: count }, (_, index) => index).find((index) => !gold.indices.includes(index))
  const wrong = gold.indices.length > 1 ? gold.indices.slice(1) : other === undefined ? [] : [other]
  return [list(gold.indices), wrong.length === 0 ? null : list(wrong)]
}

function numberBodies(gold: Gold, { unit, decimalMark }: NumberSpec): readonly [string | null, string | null] {
  if (gold.kind !== 'number' && gold.kind !== 'range') return [null, null]
  const { decimals, tolerance = {} } = gold
  const [low, high] = gold.kind === 'number' ? [gold.value, gold.value] : [gold.low, gold.high]
  const place = 10 ** -(decimals ?? 0)
  const past = 2 * Math.max(place, tolerance.absolute ?? 0, (tolerance.relative ?? 0) * Math.abs(high), Math.abs(high))
  const write = (end: number): string => {
    const suffix = unit === null ? '' : ` ${unit}`
    const [first, last] = [low, end].map((value) => writeNumber(value, decimalMark))
    return `${gold.kind === 'number' ? last : `${first} to ${last}`}${suffix}`
  }
  return [write(high), write(high + past)]
}

/** A number so that no decimal mark is taken for one between thousands: three decimals become four. */
function writeNumber(value: number, mark: NumberSpec['decimalMark']): string {
  const [mantissa = '', exponent] = String(value).split('e')
  const [whole = '', decimals] = mantissa.split('.')
  const fraction = decimals === undefined ? '' : `${mark ?? '.'}${decimals}${decimals.length === 3 ? '0' : ''}`
  return `${whole}${fraction}${exponent === undefined ? '' : `e${exponent}`}`
}

/** Of each lexicon: a name by which each entity is found alone, for the specs that were seen. */
const namesByLexicon = new WeakMap<Lexicon, ReadonlyMap<string, string>>()

function entityBodies(ids: readonly string[], spec: OpenSpec): readonly [string | null, string | null] {
  let names = namesByLexicon.get(spec.lexicon)
  if (names === undefined) {
    names = namesOf(spec)
    namesByLexicon.set(spec.lexicon, names)
  }
  const right = ids.map((id) => names.get(id)).find((name) => name !== undefined) ?? null
  for (const [id, name] of names) if (!ids.includes(id)) return [right, name]
  return [right, null]
}

function namesOf({ lexicon }: OpenSpec): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [key, ids] of lexicon.exact) {
    const [id, ...others] = ids
    if (id === undefined || others.length > 0 || names.has(id)) continue
    // A key is a name made plain; a few read otherwise than they are spelt ("not x"), and another name is taken.
    const value = exactNameKey(key) === key ? matchEntity(key, lexicon) : null
    if (value?.kind === 'entity' && value.id === id) names.set(id, key)
  }
  return names
}

/**
 * Proves on the tasks of a scoring batch that a verifier still tells right from wrong: each known-right completion must
 * have both parts and earn more than the known-wrong one, which must be well formed and not correct.
 *
 * @param judge the verifier in use, given a completion that follows a prefilled `<think>`
 * @throws {AuditError} naming the task and both rewards at the first that is scored wrongly
 * @throws {DataError} when a task has no canaries, as `canaries`
 */
export function checkVerifier(
  judge: (task: AnswerTask, completion: string) => RewardParts,
  tasks: readonly AnswerTask[],
): void {
  for (const task of tasks) {
    const { right, wrong } = canaries(task)
    const [good, bad] = [judge(task, right), judge(task, wrong)]
    const isSound = good.correct === 1 && good.format === 1 && bad.correct === 0 && bad.format === 1
    if (isSound && good.total > bad.total) continue
    throw new AuditError(`the verifier scores the canaries of ${task.id} (${task.spec.kind}) wrongly`, {
      expected: 'right: correct 1, format 1; wrong: correct 0, format 1 and a smaller total',
      found: `right: ${describe(good)}; wrong: ${describe(bad)}`,
      hint: `no reward of this batch can be trusted; the completions were ${formatJson({ right, wrong })}`,
    })
  }
}

/** In words, because a broken verifier may give what JSON cannot hold: NaN, −0. */
function describe({ correct, format, total }: RewardParts): string {
  return `correct ${correct}, format ${format}, total ${total}`
}
