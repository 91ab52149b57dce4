import { z } from 'zod'
import { DataError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { readText } from '../../core/read.ts'
import { exactNameKey } from '../../text/entity-name.ts'
import type { KnowledgeSource, SourceRecord } from '../types.ts'
import { nameKey, normaliseCurie } from './curie.ts'
import { ddxplusEvidence } from './ddxplus-evidence.ts'
import { keyLines } from './json-places.ts'
import { entityRecord, filesOf, type Place, rejected, tripleRecord } from './source-kit.ts'

const FILES = ['release_conditions.json', 'release_evidences.json'] as const

/**
 * DDXPlus: 49 conditions with all the symptoms and antecedents that each can show, so that what it does not list is
 * absent. Of the antecedents it says that they make the condition likelier.
 */
export const ddxplus: KnowledgeSource = {
  name: 'ddxplus',
  title: 'DDXPlus',
  files: FILES,
  license: 'CC-BY-4.0',
  isPublishable: true,
  families: ['ddxplus'],
  closedRelations: ['has_finding', 'has_risk_factor'],
  testedOn: 'real rows',
  read: (input) => readDdxplus(filesOf(input, 'ddxplus', FILES)),
}

const conditionsSchema = z.record(
  z.string(),
  z.looseObject({
    'cond-name-eng': z.string().min(1),
    'icd10-id': z.string(),
    symptoms: z.record(z.string(), z.unknown()),
    antecedents: z.record(z.string(), z.unknown()),
    severity: z.number(),
  }),
)
const evidencesSchema = z.record(
  z.string(),
  z.looseObject({ question_en: z.string(), is_antecedent: z.boolean(), code_question: z.string() }),
)

/** What the release calls a condition, and what it is called elsewhere. */
const conditionNames: ReadonlyMap<string, string> = new Map([
  ['Acute COPD exacerbation / infection', 'acute exacerbation of chronic obstructive pulmonary disease'],
  ['Boerhaave', 'Boerhaave syndrome'],
  ['Bronchospasm / acute asthma exacerbation', 'acute asthma exacerbation'],
  ['Chagas', 'Chagas disease'],
  ['Ebola', 'Ebola virus disease'],
  ['GERD', 'gastroesophageal reflux disease'],
  ['HIV (initial infection)', 'acute HIV infection'],
  ['Larygospasm', 'laryngospasm'],
  ['PSVT', 'paroxysmal supraventricular tachycardia'],
  ['Possible NSTEMI / STEMI', 'acute myocardial infarction'],
  ['SLE', 'systemic lupus erythematosus'],
  ['URTI', 'upper respiratory tract infection'],
])
/** M34 is systemic sclerosis: with it two diseases would become one. */
const wrongCodes: ReadonlySet<string> = new Set(['SLE M34'])
/** The severities 1 to 5 of the release. */
const severities = ['', 'most severe', 'severe', 'moderate', 'mild', 'least severe']

async function* readDdxplus(files: readonly string[]): AsyncGenerator<SourceRecord> {
  const [conditionsFile = '', evidencesFile = ''] = files
  const conditions = readJsonAs(conditionsFile, conditionsSchema)
  const evidences = readJsonAs(evidencesFile, evidencesSchema)
  const keyOf = evidenceKeys(conditions.value)
  yield* readEvidences(evidencesFile, evidences, keyOf)
  for (const [name, condition] of Object.entries(conditions.value)) {
    const place = conditions.placeOf([name])
    const key = nameKey('DDXPLUS', name)
    const given = condition['cond-name-eng']
    const codes: string[] = []
    for (const code of condition['icd10-id'].split(',')) {
      const curie = normaliseCurie(`ICD10CM:${code.trim()}`)
      if (wrongCodes.has(`${name} ${code.trim()}`)) yield rejected(place, 'code of another disease', `${name} ${code}`)
      else if (curie !== null) codes.push(curie)
    }
    const label = labelOf(given)
    yield entityRecord(place, { key, label, type: 'disease', synonyms: [given], xrefs: codes })
    for (const side of ['symptoms', 'antecedents'] as const) {
      for (const id of Object.keys(condition[side])) {
        yield readLink(conditions.placeOf([name, side, id]), key, side, id, condition.severity, evidences.value, keyOf)
      }
    }
  }
}

type Evidences = z.infer<typeof evidencesSchema>
type KeyOf = (id: string) => string

const labelOf = (given: string): string => conditionNames.get(given) ?? given

/** The keys of evidences: one that is itself a condition of the release ("Do you have reflux?") has the key of that. */
function evidenceKeys(conditions: z.infer<typeof conditionsSchema>): KeyOf {
  const conditionKeys = new Map<string, string>()
  for (const [name, { 'cond-name-eng': given }] of Object.entries(conditions)) {
    const label = exactNameKey(labelOf(given))
    if (!conditionKeys.has(label)) conditionKeys.set(label, nameKey('DDXPLUS', name))
  }
  return (id) => {
    const known = ddxplusEvidence.get(id)
    const key = known?.kind === 'disease' ? conditionKeys.get(exactNameKey(known.label)) : undefined
    return key ?? `DDXPLUS:${id}`
  }
}

function* readEvidences(file: string, { value, placeOf }: ReadJson<Evidences>, keyOf: KeyOf): Generator<SourceRecord> {
  for (const [id, { question_en: question }] of Object.entries(value)) {
    const known = ddxplusEvidence.get(id)
    const place = placeOf([id])
    if (known === undefined) yield rejected({ ...place, file }, 'evidence without a name of ours', `${id} ${question}`)
    else if (known.kind === 'detail') yield rejected(place, 'detail of another evidence', `${id} ${known.label}`)
    else if (known.kind === 'healthy') yield rejected(place, 'evidence of being well', `${id} ${known.label}`)
    else if (keyOf(id) === `DDXPLUS:${id}`) {
      yield entityRecord(place, { key: keyOf(id), label: known.label, type: known.kind })
    }
  }
}

function readLink(
  place: Place,
  head: string,
  side: 'symptoms' | 'antecedents',
  id: string,
  severity: number,
  evidences: Evidences,
  keyOf: KeyOf,
): SourceRecord {
  const known = Object.hasOwn(evidences, id) ? ddxplusEvidence.get(id) : undefined
  if (known === undefined) return rejected(place, 'link to an unknown evidence', id)
  if (known.kind === 'detail') return rejected(place, 'link to a detail of another evidence', id)
  if (known.kind === 'healthy') return rejected(place, 'link to an evidence of being well', id)
  // Contact with an allergen is listed among the symptoms.
  const relation = side === 'symptoms' && known.kind === 'finding' ? 'has_finding' : 'has_risk_factor'
  const qualifiers = { severity: severities[severity] ?? String(severity) }
  if (keyOf(id) === head) return rejected(place, 'condition listed as its own evidence', id)
  return tripleRecord(place, head, relation, keyOf(id), { qualifiers })
}

type ReadJson<Value> = { readonly value: Value; readonly placeOf: (path: readonly string[]) => Place }

function readJsonAs<Schema extends z.ZodType>(file: string, schema: Schema): ReadJson<z.infer<Schema>> {
  const text = readText(file)
  const parsed = schema.safeParse(parseJson(text, { file }))
  const lines = keyLines(text, 3)
  const placeOf = (path: readonly string[]): Place => ({ file, line: lines.get(path.join('\n')) ?? 1 })
  if (parsed.success) return { value: parsed.data, placeOf }
  const issue = parsed.error.issues[0]!
  const path = issue.path.map(String)
  throw new DataError(`${path.join('.')}: ${issue.message}`, {
    file,
    line: placeOf(path).line,
    field: path.join('.'),
    hint: `expected ${FILES.join(' and ')} of the DDXPlus release, in this order`,
  })
}
