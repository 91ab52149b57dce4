/** Why a completion is not exactly `<think>…</think> <answer>…</answer>`, in the order in which they are reported. */
export const defectNames = [
  'truncated',
  'tooLong',
  'empty',
  'noThink',
  'unclosedThink',
  'noAnswer',
  'unclosedAnswer',
  'repeatedTag',
  'nestedTag',
  'strayTag',
  'wrongOrder',
  'answerInThink',
  'textOutside',
  'emptyThink',
  'emptyAnswer',
] as const

export type Defect = (typeof defectNames)[number]

/** What stands in a completion. A reward needs `defects` to be empty; an evaluation needs `answer` to be set. */
export type Reading = {
  /** Text of the one closed think block, trimmed; null when there is none or more than one. */
  readonly thinking: string | null
  /** Text of the one well-formed answer block outside the thinking, trimmed; null when there is none or more than one. */
  readonly answer: string | null
  readonly defects: readonly Defect[]
}

/** Why an answer is no answer. None of these ever earns anything; they are counted apart. */
export type NoValueKind =
  | 'none'
  | 'several'
  | 'conflict'
  | 'outOfRange'
  | 'noMatch'
  | 'negated'
  | 'tooGeneral'
  | 'duplicate'
  | NoNumberKind

/**
 * Why a number is not the one number asked for. `ambiguous`: 1,500 where nothing says which mark is the decimal one;
 * `comparator`: a bound such as >5; `unitMismatch`: a unit of another dimension, or of mass for amount of an analyte that
 * is not declared; `missingUnit`: none, and the question does not fix one.
 */
export type NoNumberKind = 'ambiguous' | 'comparator' | 'notFinite' | 'unknownUnit' | 'unitMismatch' | 'missingUnit'

export type AnswerValue =
  | { readonly kind: 'letter'; readonly letter: string; readonly index: number }
  /** One or more options, ascending, each once. */
  | { readonly kind: 'letters'; readonly letters: readonly string[]; readonly indices: readonly number[] }
  /** In the unit of the spec. */
  | { readonly kind: 'number'; readonly value: number }
  /** Both ends in the unit of the spec, low ≤ high. */
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  | { readonly kind: 'entity'; readonly id: string }
  /** One of the accepted wordings. */
  | { readonly kind: 'name'; readonly index: number }
  | { readonly kind: NoValueKind }

/** What a lexicon is built from; `graph/types.ts` entities fit. */
export type LexiconEntity = {
  readonly id: string
  readonly label: string
  readonly synonyms: readonly string[]
  readonly type: string
}

/** Names of entities, ready for look-up; made by `buildLexicon`, read by `matchEntity`. */
export type Lexicon = {
  /** Name key to the ids that carry the name. */
  readonly exact: ReadonlyMap<string, readonly string[]>
  /** The same with articles and plurals folded away: asked only when the exact key is unknown. */
  readonly folded: ReadonlyMap<string, readonly string[]>
  /** Folded keys that end a longer name, such as `malaria` in `falciparum malaria`. */
  readonly heads: ReadonlySet<string>
  /** Id to semantic type. */
  readonly types: ReadonlyMap<string, string>
}

/** One letter or the text of one option. */
export type ChoiceSpec = { readonly kind: 'choice'; readonly options: readonly string[] }

/** A list of letters, of options' texts, or of both. */
export type ChoicesSpec = { readonly kind: 'choices'; readonly options: readonly string[] }

/** One number, or the two ends of a range, with its unit. */
export type NumberSpec = {
  readonly kind: 'number'
  readonly form: 'number' | 'range'
  /** Unit in which the value is given back; null for a count, a score or a ratio. */
  readonly unit: string | null
  /** The question names the unit, so that an answer may leave it out. */
  readonly isUnitFixed: boolean
  /** Substance by whose molar mass and charge g, mol and Eq are converted: `glucose`. */
  readonly analyte?: string
  /** Mark before the decimals; where absent, a number that the marks read differently is `ambiguous`. */
  readonly decimalMark?: DecimalMark
}

export type DecimalMark = '.' | ','

export type OpenSpec = {
  readonly kind: 'open'
  readonly lexicon: Lexicon
  /** Semantic type that the question asks for; decides between the senses of an ambiguous name. */
  readonly type?: string
}

/** Accepted wordings of one answer, without a lexicon of other answers. */
export type NamesSpec = { readonly kind: 'names'; readonly names: readonly string[] }

/** How the answer to a question is to be read. */
export type AnswerSpec = ChoiceSpec | ChoicesSpec | NumberSpec | OpenSpec | NamesSpec

/** A token matched as a whole before any merge. */
export type AddedToken = { readonly id: number; readonly content: string; readonly special: boolean }

export interface Tokenizer {
  /** One more than the highest id: the number of rows that an embedding needs. */
  readonly vocabSize: number
  /** Control tokens, tags and names, by ascending id. */
  readonly addedTokens: readonly AddedToken[]
  /**
   * The ids of a text, added tokens recognised anywhere in it, nothing put before or after.
   *
   * @throws {DataError} when the text holds a lone surrogate, which no UTF-8 can carry back
   */
  encode(text: string): number[]
  /**
   * The text of the ids; bytes that are not UTF-8 become U+FFFD.
   *
   * @param options `skipSpecial` leaves out the tokens flagged special (never the think and answer tags); `unknown` stands
   *   for an id that the vocabulary lacks
   * @throws {DataError} when an id is not in the vocabulary and nothing stands for it
   */
  decode(ids: readonly number[], options?: { readonly skipSpecial?: boolean; readonly unknown?: string }): string
  /** The id of an added token's content or of a BPE token in the byte alphabet, undefined when there is none. */
  idOf(token: string): number | undefined
}

export type ChatRole = 'system' | 'user' | 'assistant'
export type ChatMessage = { readonly role: ChatRole; readonly content: string }
