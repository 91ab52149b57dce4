import { expect, test } from 'vitest'
import { ConfigError } from './errors.ts'
import { defineRegistry } from './registry.ts'

const correctness = { name: 'correctness', score: 1 }
const format = { name: 'format', score: 2 }
const rewards = defineRegistry('reward', [correctness, format])

function hintFor(name: string): string | undefined {
  try {
    rewards.get(name)
  } catch (error) {
    return (error as ConfigError).hint
  }
  return undefined
}

test('a registry lists its items in the order given and finds each by name', () => {
  expect(rewards.names).toEqual(['correctness', 'format'])
  expect(rewards.all).toEqual([correctness, format])
  expect(rewards.get('format')).toBe(format)
})

test('an unknown name is a config error that lists the known ones', () => {
  expect(() => rewards.get('brevity')).toThrow(ConfigError)
  expect(() => rewards.get('brevity')).toThrow('unknown reward "brevity"')
  expect(hintFor('brevity')).toBe('known: correctness, format')
})

test('a misspelt name is answered with the nearest', () => {
  expect(hintFor('fromat')).toBe('did you mean "format"? known: correctness, format')
  expect(hintFor('Correctnes')).toBe('did you mean "correctness"? known: correctness, format')
})

test('names of object properties are unknown like any other', () => {
  for (const name of ['constructor', '__proto__', 'toString', '']) expect(() => rewards.get(name)).toThrow(ConfigError)
})

test('two items cannot share a name', () => {
  expect(() => defineRegistry('reward', [format, { ...correctness, name: 'format' }])).toThrow(
    'two entries of the reward registry are named "format"',
  )
})
