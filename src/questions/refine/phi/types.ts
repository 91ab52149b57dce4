/** Kinds of identifiers, after the list of 45 CFR 164.514(b)(2) (A to R), as far as text can hold them. */
export const phiTypes = [
  'name',
  'location',
  'zip',
  'date',
  'age',
  'phone',
  'email',
  'ssn',
  'record',
  'license',
  'vehicle',
  'device',
  'url',
  'ip',
  'code',
] as const

export type PhiType = (typeof phiTypes)[number]

/** A place of a text that names or may name somebody, in UTF-16 units. */
export type PhiSpan = {
  readonly start: number
  readonly end: number
  readonly type: PhiType
  /** The rule that found it, for the audit. */
  readonly rule: string
}

/** Version of the rules: findings of one version are compared with findings of the same. */
export const phiRuleset = 'fleming-phi-2'
