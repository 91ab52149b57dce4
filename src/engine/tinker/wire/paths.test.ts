import { describe, expect, test } from 'vitest'
import { DataError } from '../../../core/errors.ts'
import { isCheckpointName, parseSamplerPath, parseStatePath, parseTinkerPath } from './paths.ts'

describe('addresses of checkpoints', () => {
  test('hosted and SkyRL forms are read', () => {
    expect(parseTinkerPath('tinker://run:train:0/weights/step-20')).toEqual({
      run: 'run:train:0',
      kind: 'weights',
      name: 'step-20',
    })
    expect(parseTinkerPath('tinker://model_1a2b3c4d/ss0_seq5')).toEqual({
      run: 'model_1a2b3c4d',
      kind: null,
      name: 'ss0_seq5',
    })
  })

  test('SkyRL’s short form of a sampler becomes the long one', () => {
    expect(parseSamplerPath('tinker://model_1/x')).toBe('tinker://model_1/sampler_weights/x')
    expect(parseSamplerPath('tinker://model_1/sampler_weights/x')).toBe('tinker://model_1/sampler_weights/x')
  })

  test('a state is not taken for a sampler, nor a sampler for a state', () => {
    expect(parseStatePath('tinker://r/weights/x')).toBe('tinker://r/weights/x')
    expect(() => parseStatePath('tinker://r/sampler_weights/x')).toThrow('names weights for sampling')
    expect(() => parseStatePath('tinker://r/x')).toThrow('names weights for sampling')
    expect(() => parseSamplerPath('tinker://r/weights/x')).toThrow('names a training state')
  })

  test.each([
    'http://r/weights/x',
    'tinker://r',
    'tinker://r/other/x',
    'tinker://r/weights/',
    'tinker://r/weights/a/b',
    'tinker://../weights/x',
    'tinker://r/weights/..',
    'tinker://r/weights/a..b',
    'tinker://r/weights/a%2Fb',
    'tinker:///weights/x',
    '',
  ])('%j is refused', (text) => {
    expect(() => parseTinkerPath(text)).toThrow(DataError)
  })

  test('names are letters, digits, dots, dashes and underscores, without traversal', () => {
    expect(['step-1', 'a.b', 'A_1'].every(isCheckpointName)).toBe(true)
    expect(['', '.', '..', 'a/b', 'a..b', '-a', ' a', 'é'].some(isCheckpointName)).toBe(false)
  })
})
