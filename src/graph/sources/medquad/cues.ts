import type { EntityType } from '../../types.ts'

/**
 * Words that say which relation the names around them stand in. A `subject` or `of` group must name the disease of the
 * page; items stand after the cue, or in its `items` group.
 */
export type Cue = {
  readonly name: string
  readonly pattern: RegExp
  /** Relations by the type of the name found, the first that fits. */
  readonly relations: readonly (readonly [relation: string, types: readonly EntityType[]])[]
  /** Questions whose answers it may be read in; others are about something else. */
  readonly qtypes: ReadonlySet<string>
  /** Where neither group took part the cue may still hold: the question names the disease. */
  readonly allowsNoSubject: boolean
  /** Sentences it is not read in. */
  readonly unless?: RegExp
  readonly allowsPurpose?: true
  /** Without subject it must open its clause: what stands before it may have a subject of its own. */
  readonly opensClause?: true
}

const maybe =
  '(?: (?:may|might|can|could|will|must|often|usually|typically|commonly|generally|also|most|frequently|sometimes|mainly|primarily|vary|widely|but|and|initially|then|all|first))*'
const of = (words: string): string => `(?<of> (?:${words}) [^.,;:()]{1,80}?)?(?: \\([^()]{1,40}\\))?`
const subject = '^(?<subject>[^.;:]{2,110}?)'
const adverb = '(?: (?:\\w+ly|also|often|sometimes|most often|now))?'
/** Words between a verb and its noun, without another clause. */
const gap = (length: number): string => `(?:(?! that | which | who | by | for )[^.;:]){0,${length}}?`
const kind = '(?:disorder|disease|condition|syndrome|infection|illness|cancer|tumor|form)s?'

const symptoms = new Set(['symptoms', 'information'])
const treatment = new Set(['treatment', 'information'])
const tests = new Set(['exams and tests', 'information'])
const causes = new Set(['causes', 'information', 'inheritance'])
const unproven =
  /\b(?:trials?|experimental|stud(?:y|ies|ied)|research\w*|investigat\w+|under development|not recommended|should not|avoid|no (?:cure|treatment|specific|standard|known|effective)|side effects?|prevent\w*|tried|in theory|ineffective|effectiveness|no longer)\b/i
const otherDiagnosis =
  /\b(?:rule out|ruled? out|exclude|excluded|distinguish|differentiate|misdiagnos\w+|mistaken|not)\b/i
const unknownCause =
  /\b(?:unknown|unclear|suspect\w*|believe[ds]?|thought|theor\w+|hypothes\w+|research\w*|stud(?:y|ies)|possib\w+|suggest\w*|not)\b/i

const finding = ['finding', 'result'] as const
const treated = [['treated_by', ['drug', 'drug-class', 'procedure']]] as const
const tested = [['diagnosed_by', ['test', 'procedure']]] as const
const complicated = [['complicated_by', ['disease', 'complication', 'finding']]] as const
const risked = [['has_risk_factor', ['disease', 'factor', 'exposure', 'finding', 'condition']]] as const
const caused = [
  ['caused_by_organism', ['organism']],
  ['caused_by_factor', ['exposure', 'drug', 'factor', 'disease']],
] as const
const found = [['has_finding', finding]] as const
const prevented = [['prevented_by', ['drug', 'procedure', 'factor']]] as const

/** All cues, the narrower before the wider. */
export const cues: readonly Cue[] = [
  {
    name: 'symptoms include',
    opensClause: true,
    pattern: new RegExp(
      `(?<!withdrawal |carrier |have no |no |without )\\b(?:signs?|symptoms?|features|manifestations|characteristics)(?:,? (?:and|or) (?:signs?|symptoms?|features|findings))?${of('of|for|in|seen in|associated with')}${maybe},? (?:includes?|including|are|is|be|such as|consist of)\\b(?: the following)?(?<colon>:)?`,
      'gi',
    ),
    relations: found,
    qtypes: symptoms,
    allowsNoSubject: true,
  },
  {
    name: 'is characterized by',
    pattern: new RegExp(`${subject} (?:is|are)(?: ${gap(140)})? ?\\bcharacterized${adverb} by(?<colon>:)?`, 'gi'),
    relations: found,
    qtypes: symptoms,
    allowsNoSubject: false,
  },
  {
    name: 'is a disorder that causes',
    pattern: new RegExp(`${subject} (?:is|are) an? ${gap(110)}\\b${kind} (?:that|which)(?: can| may)? causes?`, 'gi'),
    relations: found,
    qtypes: symptoms,
    allowsNoSubject: false,
  },
  {
    name: 'people with it have',
    pattern: new RegExp(
      `\\b(?:people|persons?|individuals|patients|children|infants|adults)(?: (?:with|who have|affected by))(?<of> [^.,;:]{2,80}?)${maybe} (?:have|has|experience|develop|exhibit)(?: symptoms such as| symptoms including)?`,
      'gi',
    ),
    relations: found,
    qtypes: symptoms,
    allowsNoSubject: false,
    unless: /\b(?:more likely|risk|not|without|unlike|inherit\w*|parents?)\b/i,
  },
  {
    name: 'is treated with',
    pattern: new RegExp(
      `${subject} (?:is|are|may be|can be|can also be|must be|should be)${adverb} (?:treated|managed)${adverb} (?:with|by|using)(?<colon>:)?`,
      'gi',
    ),
    relations: treated,
    qtypes: treatment,
    allowsNoSubject: false,
    unless: unproven,
    allowsPurpose: true,
  },
  {
    name: 'treatment includes',
    opensClause: true,
    pattern: new RegExp(
      `\\b(?:treatments?|therapy|therapies)(?: options?| methods?)?${of('of|for')}${maybe} (?:includes?|consists? of|involves?|is|are|be)\\b(?: with)?(?<colon>:)?`,
      'gi',
    ),
    relations: treated,
    qtypes: treatment,
    allowsNoSubject: true,
    unless: unproven,
    allowsPurpose: true,
  },
  {
    name: 'is used to treat',
    pattern: new RegExp(
      `^(?<items>[^.;:]{3,200}?) (?:is|are|may be|can be|is also|are also)${adverb} (?:used|given|prescribed|recommended) (?:to treat|in the treatment of|for the treatment of|as treatment for)(?<of> [^.,;:()]{2,80})(?=[.,;]|$)`,
      'gi',
    ),
    relations: treated,
    qtypes: treatment,
    allowsNoSubject: false,
    unless: unproven,
    allowsPurpose: true,
  },
  {
    name: 'is diagnosed with',
    pattern: new RegExp(
      `${subject} (?:is|are|may be|can be|can also be)${adverb} (?:diagnosed|confirmed|detected)${adverb} (?:with|by|using|through|based on|on the basis of)(?<colon>:)?`,
      'gi',
    ),
    relations: tested,
    qtypes: tests,
    allowsNoSubject: false,
    unless: otherDiagnosis,
    allowsPurpose: true,
  },
  {
    name: 'the diagnosis is made by',
    pattern: new RegExp(
      `\\bdiagnosis${of('of')}${maybe} (?:is|be|are)\\b${adverb} (?:made|confirmed|based|established)${adverb} (?:by|with|on|upon|through|using|based on)(?<colon>:)?`,
      'gi',
    ),
    relations: tested,
    qtypes: tests,
    allowsNoSubject: true,
    unless: otherDiagnosis,
    allowsPurpose: true,
  },
  {
    name: 'tests to diagnose it include',
    pattern: new RegExp(
      `\\btests?(?: (?:used|done|performed|ordered|available|needed))?(?: to (?:help )?(?:diagnose|confirm|detect|check for)(?<of> [^.,;:()]{1,80}?))${maybe} (?:includes?|are|is|such as|including)\\b(?<colon>:)?`,
      'gi',
    ),
    relations: tested,
    qtypes: tests,
    allowsNoSubject: false,
    unless: otherDiagnosis,
    allowsPurpose: true,
  },
  {
    name: 'doctors use tests to diagnose it',
    pattern:
      /\b(?:use|uses|order|orders|perform|performs)(?<items> [^.;:]{3,150}?) to (?:help )?(?:diagnose|confirm (?:a|the) diagnosis of)(?<of> [^.,;:()]{2,80})(?=[.,;]|$)/gi,
    relations: tested,
    qtypes: tests,
    allowsNoSubject: false,
    unless: otherDiagnosis,
    allowsPurpose: true,
  },
  {
    name: 'complications include',
    opensClause: true,
    pattern: new RegExp(
      `\\bcomplications${of('of|from')}${maybe},? (?:includes?|including|are|be|such as)\\b(?<colon>:)?`,
      'gi',
    ),
    relations: complicated,
    qtypes: new Set(['complications', 'symptoms', 'information', 'outlook']),
    allowsNoSubject: true,
    unless: /\b(?:surgery|treatment|procedure|transplant\w*|pregnancy|prevent\w*|not)\b/i,
  },
  {
    name: 'it can lead to',
    pattern: new RegExp(`${subject}${maybe} (?:leads? to|result in|results in|progress to|progresses to)`, 'gi'),
    relations: complicated,
    qtypes: new Set(['complications', 'symptoms', 'information', 'outlook']),
    allowsNoSubject: false,
    unless: /\b(?:prevent\w*|not|treatment|unless)\b/i,
  },
  {
    name: 'risk factors include',
    pattern: new RegExp(
      `\\brisk factors?${of('for|of')}${maybe},? (?:includes?|including|are|is|such as)\\b(?: the following)?(?<colon>:)?`,
      'gi',
    ),
    relations: risked,
    qtypes: new Set(['susceptibility', 'information', 'causes', 'prevention']),
    allowsNoSubject: true,
    unless: unknownCause,
  },
  {
    name: 'raises the risk of it',
    pattern: new RegExp(
      `^(?<items>[^.;:]{3,160}?)${maybe} (?:increases?|raises?)${adverb}(?: the| your| a person's| a woman's)? (?:risk|chances?)(?: of| for)(?: getting| developing| having)?(?<of> [^.,;:()]{2,80})(?=[.,;]|$)`,
      'gi',
    ),
    relations: risked,
    qtypes: new Set(['susceptibility', 'information', 'causes', 'prevention']),
    allowsNoSubject: false,
    unless: unknownCause,
  },
  {
    name: 'is caused by',
    pattern: new RegExp(
      `${subject} (?:is|are|may be|can be)(?: an? ${gap(90)})?${adverb} caused${adverb} by(?: (?:infection with|exposure to|an?|the|several|types of|different|kind of|type of|bacterium|bacteria|virus|parasites?|parasitic|fungus|germ|organism|worm|roundworm|single-celled|microscopic|contagious|common|tiny|spiral-shaped|rare|\\(or [a-z]+\\)|called|named|known as))*`,
      'gi',
    ),
    relations: caused,
    qtypes: causes,
    allowsNoSubject: false,
    unless: unknownCause,
  },
  {
    name: 'causes include',
    opensClause: true,
    pattern: new RegExp(`\\bcauses${of('of|for')}${maybe},? (?:includes?|including|are|such as)\\b(?<colon>:)?`, 'gi'),
    relations: caused,
    qtypes: causes,
    allowsNoSubject: true,
    unless: unknownCause,
  },
  {
    name: 'can be prevented by',
    pattern: new RegExp(
      `${subject} (?:can|may|could)${adverb} be${adverb} prevented${adverb} (?:by|with|through)(?<colon>:)?`,
      'gi',
    ),
    relations: prevented,
    qtypes: new Set(['prevention', 'information']),
    allowsNoSubject: false,
    unless: /\b(?:not|no|cannot)\b/i,
    allowsPurpose: true,
  },
  {
    name: 'prevents it',
    pattern:
      /^(?<items>[^.;:]{3,120}?)(?: can| may)?(?: also)?(?: help)?(?: to)? (?:prevents?|protects? against)(?: getting)?(?<of> [^.,;:()]{2,80})(?=[.,;]|$)/gi,
    relations: prevented,
    qtypes: new Set(['prevention', 'information']),
    allowsNoSubject: false,
    unless: /\b(?:not|no|cannot)\b/i,
  },
  {
    name: 'is spread by',
    pattern: new RegExp(
      `${subject} (?:is|are|may be|can be)(?: an? ${gap(90)})?${adverb} (?:spread|transmitted|carried)${adverb}(?: to (?:humans|people))? (?:by|through|via)(?: (?:the|an?|bites?|of|infected|from|eating|drinking|certain|types|some|several|species|tiny|biting|sucking))*`,
      'gi',
    ),
    relations: [['transmitted_by', ['organism', 'route']]],
    qtypes: new Set(['causes', 'information', 'susceptibility', 'prevention']),
    allowsNoSubject: false,
    unless: /\bnot\b/i,
  },
  {
    name: 'is a disease that affects',
    pattern: new RegExp(
      `${subject} (?:is|are) an? ${gap(110)}\\b${kind} (?:(?:that|which)${adverb} affects?|affecting)(?: the| your)?`,
      'gi',
    ),
    relations: [['affects', ['anatomy', 'system']]],
    qtypes: new Set(['information', 'symptoms']),
    allowsNoSubject: false,
  },
]
