import { ConfigError } from '../core/errors.ts'
import { relations } from './relations.ts'
import type { EntityType, Relation } from './types.ts'

/** One direction of a relation: what a path is made of. `hallmark_of` is `has_hallmark` walked backwards. */
export type Step = {
  readonly name: string
  readonly relation: string
  readonly backward: boolean
  readonly from: readonly EntityType[]
  readonly to: readonly EntityType[]
  readonly statement: string
  readonly phrase: string
  readonly taxonomic: boolean
}

export type Schema = {
  readonly relations: readonly Relation[]
  readonly steps: readonly Step[]
  relation(name: string): Relation
  step(name: string): Step
}

/**
 * A schema over typed relations, with each relation's two directions as named steps.
 *
 * @throws {ConfigError} when two relations or directions share a name
 */
export function defineSchema(items: readonly Relation[]): Schema {
  const relationByName = new Map<string, Relation>()
  const stepByName = new Map<string, Step>()
  const addStep = (step: Step): void => {
    if (stepByName.has(step.name)) throw new ConfigError(`relation or inverse "${step.name}" is defined twice`)
    stepByName.set(step.name, step)
  }
  for (const relation of items) {
    relationByName.set(relation.name, relation)
    const taxonomic = relation.taxonomic === true
    const { name, domain, range, statement, phrase, inverse } = relation
    addStep({ name, relation: name, backward: false, from: domain, to: range, statement, phrase, taxonomic })
    if (inverse !== undefined) {
      addStep({ ...inverse, relation: name, backward: true, from: range, to: domain, taxonomic })
    }
  }
  return {
    relations: items,
    steps: [...stepByName.values()],
    relation: (name) => known(relationByName, 'relation', name),
    step: (name) => known(stepByName, 'relation or inverse', name),
  }
}

function known<T>(items: ReadonlyMap<string, T>, kind: string, name: string): T {
  const item = items.get(name)
  if (item === undefined) {
    throw new ConfigError(`unknown ${kind} "${name}"`, { hint: `known: ${[...items.keys()].join(', ')}` })
  }
  return item
}

/** The schema of the bundled starter graph. */
export const starterSchema: Schema = defineSchema(relations)

/** Words that reasoning uses besides the statements of the schema; each is one token of the small student. */
export const reasoningWords = { lacks: ' lacks', perhaps: ' perhaps' } as const
