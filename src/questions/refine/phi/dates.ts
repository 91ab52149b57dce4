import { after, before, type PhiRule, patternRule } from './rule-kit.ts'

const month =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
const day = '(?:0?[1-9]|[12]\\d|3[01])(?:st|nd|rd|th)?'

/** Units and words after which two numbers with a slash are a measurement: 120/80, 7/10, 11/15. */
const measured =
  /^\s*(?:mm\s?hg|mmhg|scale|pain|out of|points?|on (?:the )?(?:glasgow|gcs|apgar)|tablets?|mg|ml|cells|hpf|lpf|bpm)/
const measuring =
  /(?:bp|blood pressure|pressure|gcs|coma scale|pain|apgar|ratio|score|strength|power|reflex(?:es)?|vision|acuity|grade|visual|rated|of)[\s:=(]*(?:was|is|of|at)?[\s:=(]*$/

const numeric = patternRule(
  'date-numeric',
  'date',
  /(?<![\d./-])(?:(?:0?[1-9]|1[0-2])([/.-])(?:0?[1-9]|[12]\d|3[01])\1(?:\d{4}|\d{2})|(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|1[0-2])\2(?:\d{4}|\d{2})|(?:19|20)\d{2}([/.-])(?:0?[1-9]|1[0-2])\3(?:0?[1-9]|[12]\d|3[01]))(?![\d/-])/g,
)

/** Month and day alone, such as 3/14: a date only behind a word that says so, because 7/10 is mostly a score. */
const partial = patternRule(
  'date-partial',
  'date',
  /\b(?:on|since|dated?|until|from|through|seen|admitted|discharged|dob|visit|follow-?up|born|d\.o\.b\.?)[\s:]{1,3}(?<span>(?:0?[1-9]|1[0-2])\/(?:0?[1-9]|[12]\d|3[01]))(?![\d/])/gi,
  (match, text) =>
    !measured.test(after(text, match.index + match[0].length)) && !measuring.test(before(text, match.index)),
)

const textual = patternRule(
  'date-text',
  'date',
  new RegExp(
    `\\b(?:${month}\\.?,? ${day}(?:,? (?:19|20)\\d{2})?|${day} (?:of )?${month}\\.?(?:,? (?:19|20)\\d{2})?|(?:mon|tues|wednes|thurs|fri|satur|sun)day,? ${month}\\.? ${day}(?:,? (?:19|20)\\d{2})?)(?![\\w%])`,
    'gi',
  ),
  (match, text) =>
    !(/^may \d/i.test(match[0]) && /\b(?:it|this|which|that|they|he|she)\s$/.test(before(text, match.index))),
)

const monthYear = patternRule('date-month-year', 'date', new RegExp(`\\b${month}\\.?,? (?:19|20)\\d{2}\\b`, 'gi'))

const holiday = patternRule(
  'date-holiday',
  'date',
  /\b(?:christmas(?: eve| day)?|new year'?s(?: eve| day)?|thanksgiving(?: day)?|easter(?: sunday)?|independence day|memorial day|labor day|halloween)\b(?:,? (?:19|20)\d{2})?/gi,
  (match, text) => !/^\s*(?:disease|tree|factor)/.test(after(text, match.index + match[0].length)),
)

/** 90 and above: rarer than a postal code, so no age of theirs may stand. */
const age = patternRule(
  'age-over-89',
  'age',
  /(?<![\d.])(?:9\d|1[01]\d)(?=[ -]?(?:years?[ -]old|y\/?o\b|yo\b|year[ -]old|-years?-old| years? of age|岁))/gi,
)

const ageCue = patternRule('age-cue', 'age', /\b(?:aged?|age:)[\s:]{1,2}(?<span>9\d|1[01]\d)(?![\d.%/])/gi)

/** Moments, down to the month, and ages above 89. A year alone may stand. */
export const dateRules: readonly PhiRule[] = [numeric, partial, textual, monthYear, holiday, age, ageCue]
