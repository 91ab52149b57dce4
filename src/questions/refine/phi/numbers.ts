import { isDea, isGtin14, isNpi, isVin } from './checksums.ts'
import { before, type PhiRule, patternRule } from './rule-kit.ts'

/** Code systems whose codes name things, not people. */
const codeSystem =
  /(?:icd(?:-?10)?(?:-?cm)?|cpt|loinc|snomed(?: ct)?|rxcui|rxnorm|ndc|cas|mesh|omim|orpha|pmid|nct|doi|hpo?|mondo|doid|chebi|atc|cui)[\s:#-]*$/

const record = patternRule(
  'record-cue',
  'record',
  /\b(?:mrn|med(?:ical)?\.? rec(?:ord)?(?: (?:no|number|num))?|chart(?: (?:no|number))?|hospital (?:no|number)|patient id|pt id|acct|account(?: (?:no|number))?|member(?: id)?|policy(?: (?:no|number))?|plan id|subscriber(?: id)?|group(?: no| number)|encounter|visit (?:no|number|id)|accession(?: (?:no|number))?|case (?:no|number)|study id|subject id)\b[\s.:#-]{0,4}(?<span>(?:[A-Z]{1,4}-?)?\d[A-Z0-9-]{3,16})\b/gi,
  ([, value]) => (value?.match(/\d/g)?.length ?? 0) >= 4,
)

const license = patternRule(
  'license-cue',
  'license',
  /\b(?:licen[cs]e|lic|driver'?s licen[cs]e|dl|passport|npi|dea|certificate)(?: (?:no|number|num|id))?\b[\s.:#-]{0,4}(?<span>[A-Z]{0,3}-?\d[A-Z0-9-]{4,14})\b/gi,
)

const npi = patternRule(
  'npi',
  'license',
  /(?<![\d.-])\d{10}(?![\d.-])/g,
  (match, text) => isNpi(match[0]) && !codeSystem.test(before(text, match.index)),
)

const dea = patternRule('dea', 'license', /\b[A-Z][A-Z9]\d{7}\b/g, ([found]) => isDea(found))

const vin = patternRule('vin', 'vehicle', /\b[A-HJ-NPR-Z0-9]{17}\b/g, ([found]) => /\d/.test(found) && isVin(found))

const plate = patternRule(
  'plate-cue',
  'vehicle',
  /\b(?:license plate|plate(?: no| number)?|tag number|vin)\b[\s.:#-]{0,4}([A-Z0-9][A-Z0-9 -]{3,16}\d)\b/gi,
)

const udi = patternRule('udi', 'device', /\(01\)(?<span>\d{14})/g, ([, digits]) => isGtin14(digits!))

const serial = patternRule(
  'serial-cue',
  'device',
  /\b(?:serial(?: (?:no|number|num))?|s\/n|sn|lot(?: (?:no|number))?|device id|pacemaker id)\b[\s.:#-]{1,4}(?<span>[A-Z]{0,4}-?\d[A-Z0-9-]{4,18})\b/gi,
)

const uuid = patternRule('uuid', 'code', /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi)

/** Numbers that were issued to one person or thing, by a check digit or by the word before them. */
export const numberRules: readonly PhiRule[] = [record, license, npi, dea, vin, plate, udi, serial, uuid]
