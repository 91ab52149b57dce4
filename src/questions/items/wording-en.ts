import type { Rng } from '../../core/rng.ts'
import type { EntityType } from '../../graph/types.ts'
import { type EnglishClause, englishClauses, englishNouns } from './clauses-en.ts'
import { capitalize, fill, inflect, joinList, withArticle } from './lexical.ts'
import { readStep, type StepName } from './shapes.ts'
import type { Named, StemRequest } from './wording.ts'

/**
 * The stem in English, in the style of an examination. Names come in the letter case of running text.
 */
export function writeEnglish(request: StemRequest, rng: Rng): string {
  const { shape } = request
  if (shape.kind === 'walk') return writeWalk(request, shape.steps, rng)
  if (shape.kind === 'common') return writeCommon(request, shape.given, shape.onward, rng)
  if (shape.kind === 'case') return writeCase(request, shape.onward, rng)
  if (shape.kind === 'comparison') return writeComparison(request, shape.onward, rng)
  return writeContrast(request, rng)
}

/** What a clause is about, in words, and of which type. */
type Subject = { readonly text: string; readonly type: EntityType }

/** The words of a step from a subject to an answer, with those that the types at its ends ask for. */
function clauseOf(step: StepName, from: EntityType, to: EntityType): EnglishClause {
  const { relation, backward } = readStep(step)
  const directions = englishClauses[relation]
  // The table of shapes asks for no relation without clauses.
  if (directions === null) return { clause: 'have to do with %' }
  const direction = backward ? directions.backward : directions.forward
  const clause = direction.given?.[from] ?? direction.clause
  return direction.answer?.[to] ?? { ...direction, clause }
}

/** "the liver", but "fever": sites of the body take the article. */
function phraseOf({ name, type }: Named): string {
  return type === 'anatomy' || type === 'system' ? `the ${name}` : name
}

function subjectOf(named: Named): Subject {
  return { text: phraseOf(named), type: named.type }
}

/** What the last step starts from, each entity between in words: "a disease that presents with fever". */
function followChain(steps: readonly StepName[], types: readonly EntityType[], from: Subject) {
  let subject = from
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const type = types[index]!
    const { clause } = clauseOf(step, subject.type, type)
    subject = { text: `${withArticle(englishNouns[type][0])} that ${fill(inflect(clause, false), subject.text)}`, type }
  }
  return { subject, last: steps.at(-1)! }
}

function writeWalk(request: StemRequest, steps: readonly StepName[], rng: Rng): string {
  const given = request.given[0]!
  if (steps.length === 1) return askOne(request, steps[0]!, subjectOf(given), rng)
  const opening = openings[steps[0]!]
  if (opening !== undefined && rng.int(2) === 0) {
    const type = request.pathTypes[0]!
    const from = { text: `${withArticle(englishNouns[type][0])} ${opening.reference}`, type }
    const { subject, last } = followChain(steps.slice(1), request.pathTypes.slice(1), from)
    return `${capitalize(fill(opening.sentence, phraseOf(given)))} ${ask(request, last, subject, rng)}`
  }
  const { subject, last } = followChain(steps, request.pathTypes, subjectOf(given))
  return ask(request, last, subject, rng)
}

/** A first step told as a sentence of its own, and how the entity behind it is referred to. */
const openings: { readonly [Step in StepName]?: { readonly sentence: string; readonly reference: string } } = {
  '~has_finding': { sentence: 'A patient presents with %.', reference: 'that can present in this way' },
  '~has_hallmark': { sentence: 'On examination, % is found.', reference: 'with this hallmark' },
  '~shows': { sentence: 'Testing shows %.', reference: 'that typically gives this result' },
  '~caused_by_organism': { sentence: '% is identified in a patient.', reference: 'caused by this organism' },
  '~associated_gene': {
    sentence: 'Genetic testing finds a variant of %.',
    reference: 'associated with variants of this gene',
  },
}

/** A question of one step, with the exam phrasings of its relation among the choices. */
function askOne(request: StemRequest, step: StepName, { text, type }: Subject, rng: Rng): string {
  const { asks, open } = clauseOf(step, type, request.answerType)
  if (request.form === 'open' && open !== undefined) return capitalize(fill(open, text))
  if (request.form === 'single' && asks !== undefined && rng.int(2) === 0) return capitalize(fill(rng.pick(asks), text))
  return ask(request, step, { text, type }, rng)
}

/** "Which of the following drugs is used to treat gout?" in one of several frames, by form. */
function ask({ form, answerType, rightCount }: StemRequest, step: StepName, subject: Subject, rng: Rng): string {
  const { clause, noun } = clauseOf(step, subject.type, answerType)
  const [singular, plural] = noun ?? englishNouns[answerType]
  const one = fill(inflect(clause, false), subject.text)
  const many = fill(inflect(clause, true), subject.text)
  if (form === 'multiple') {
    return rng.pick([
      `Which of the following ${plural} ${many}? Select all that apply.`,
      `Select every ${singular} that ${one}.`,
    ])
  }
  if (form === 'open') {
    if (rightCount === 1) return rng.pick([`Which ${singular} ${one}?`, `Name the ${singular} that ${one}.`])
    return rng.pick([`Name ${withArticle(singular)} that ${one}.`, `Which ${singular} ${one}? Name one.`])
  }
  return rng.pick([
    `Which of the following ${plural} ${one}?`,
    `Of the following, which ${singular} ${one}?`,
    `Which ${singular} ${one}?`,
  ])
}

function writeCommon(request: StemRequest, given: StepName, onward: readonly StepName[], rng: Rng): string {
  const names = request.given.map(phraseOf)
  const all = {
    text: names.length === 2 ? `both ${joinList(names)}` : `all of ${joinList(names)}`,
    type: request.given[0]!.type,
  }
  const presents = given === '~has_finding' || given === '~has_hallmark'
  const patient = `A patient presents with ${joinList(names)}.`
  if (onward.length === 0) {
    const isVignette = presents && request.form === 'single' && rng.int(2) === 0
    if (!isVignette) return ask(request, given, all, rng)
    return `${patient} Which of the following ${englishNouns[request.answerType][1]} could explain all of these findings?`
  }
  const type = request.pathTypes[0]!
  if (presents && rng.int(2) === 0) {
    const center = { text: `${withArticle(englishNouns[type][0])} that explains all of these findings`, type }
    const { subject, last } = followChain(onward, request.pathTypes.slice(1), center)
    return `${patient} ${ask(request, last, subject, rng)}`
  }
  const { subject, last } = followChain([given, ...onward], request.pathTypes, all)
  return ask(request, last, subject, rng)
}

/** How a case tells a feature, `%` being the list of all features of that kind. */
const caseSentences: { readonly [Step in StepName]?: readonly [one: string, ...more: string[]] } = {
  '~has_finding': ['A patient presents with %.', 'A patient comes to the clinic with %.', 'A patient is seen for %.'],
  '~has_hallmark': ['Examination reveals %.'],
  '~shows': ['Testing shows %.', 'Investigations show %.'],
  '~has_risk_factor': ['{A known risk factor is|Known risk factors are} %.', 'The background includes %.'],
  '~affects': ['The disease involves %.'],
  '~associated_gene': ['Genetic testing finds {a variant|variants} of %.'],
  '~caused_by_gene': ['Genetic testing finds {a pathogenic mutation|pathogenic mutations} of %.'],
  '~inherited_as': ['The {mode|modes} of inheritance {is|are} %.'],
  '~arises_from': ['The underlying {process is|processes are} %.'],
  '~derives_from': ['The disease derives from %.'],
  '~caused_by_organism': ['The causative {organism is|organisms are} %.'],
  '~transmitted_by': ['Spread is by %.'],
  '~diagnosed_by': ['The diagnosis is made with the help of %.'],
  '~confirmed_by': ['The diagnosis is confirmed by %.'],
}

/** Features told before the complaint read oddly: the patient comes in first. */
const toldFirst: readonly StepName[] = ['~has_finding']

/** The sentences of what is given, one for each step, complaints first. */
function tellFeatures(given: StemRequest['given'], rng: Rng): string {
  const steps = [...new Set(given.map(({ step }) => step))]
  const ordered = [
    ...steps.filter((step) => toldFirst.includes(step)),
    ...steps.filter((step) => !toldFirst.includes(step)),
  ]
  const sentences = ordered.map((step) => {
    const names = given.filter((one) => one.step === step).map(phraseOf)
    return capitalize(
      fill(inflect(rng.pick(caseSentences[step] ?? ['There is %.']), names.length > 1), joinList(names)),
    )
  })
  if (!toldFirst.includes(ordered[0]!)) sentences.unshift('A patient is being evaluated.')
  return sentences.join(' ')
}

function writeCase(request: StemRequest, onward: readonly StepName[], rng: Rng): string {
  const story = tellFeatures(request.given, rng)
  if (onward.length === 0) {
    if (request.form === 'open') return `${story} What is the most likely diagnosis?`
    const asks = ['Which of the following is the most likely diagnosis?', 'Which diagnosis fits best?']
    return `${story} ${rng.pick(asks)}`
  }
  const center: Subject = { text: 'the most likely underlying disease', type: 'disease' }
  const { subject, last } = followChain(onward, request.pathTypes.slice(1), center)
  return `${story} ${ask(request, last, subject, rng)}`
}

/** The feature that decides, told after the two diseases are named. */
const decidingSentences: { readonly [Step in StepName]?: string } = {
  '~has_finding': 'The patient also has %.',
  '~has_hallmark': 'Examination also reveals %.',
  '~shows': 'Testing shows %.',
  '~has_risk_factor': 'A known risk factor is %.',
  '~affects': 'The disease is found to involve %.',
}

function writeComparison(request: StemRequest, onward: readonly StepName[], rng: Rng): string {
  const [shared, telling] = [request.given[0]!, request.given[1]!]
  const pair = request.pair!.map(phraseOf)
  const considered = rng.pick([
    `The differential diagnosis is between ${joinList(pair)}.`,
    `${capitalize(joinList(pair))} are both considered.`,
  ])
  const deciding = capitalize(fill(decidingSentences[telling.step] ?? 'There is %.', phraseOf(telling)))
  const center: Subject = { text: 'the more likely of the two', type: 'disease' }
  const { subject, last } = followChain(onward, request.pathTypes.slice(1), center)
  return `A patient presents with ${phraseOf(shared)}. ${considered} ${deciding} ${ask(request, last, subject, rng)}`
}

function writeContrast(request: StemRequest, rng: Rng): string {
  const [favoured, other] = request.pair!.map(phraseOf)
  return rng.pick([
    `Which of the following findings favors ${favoured} over ${other}?`,
    `Which finding points to ${favoured} rather than ${other}?`,
    `A patient may have ${favoured} or ${other}. Which of the following findings would suggest ${favoured}?`,
  ])
}
