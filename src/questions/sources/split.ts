import { basename } from 'node:path'
import { DataError } from '../../core/errors.ts'
import type { CuratedOrigin, QuestionInput } from '../types.ts'

export type Split = CuratedOrigin['split']

/** Where a name holds several of these words the first that applies decides: never train by accident. */
const words: readonly (readonly [Split, readonly string[]])[] = [
  ['test', ['test', 'testing', 'eval', 'evaluation']],
  ['dev', ['dev', 'val', 'valid', 'validation']],
  ['train', ['train', 'training']],
]

/** The split that a name says, null when it says none. `test` goes before `dev`, `dev` before `train`. */
export function splitOfName(name: string): Split | null {
  const parts = new Set(name.toLowerCase().split(/[^a-z]+/))
  return words.find(([, aliases]) => aliases.some((alias) => parts.has(alias)))?.[0] ?? null
}

/**
 * The split that the place of a file says: on the hub all folders of its repository count, for converted data sets are named
 * `default/test/0000.parquet`; on this computer the name alone does, for its folders belong to the user.
 */
export function splitOfPlace({ file, place }: Pick<QuestionInput, 'file' | 'place'>): Split | null {
  const path = place === undefined ? null : hubPath(place)
  return splitOfName(path ?? basename(file))
}

/** The path in its repository of `hf:owner/name@revision:path`; null for any other place. */
function hubPath(place: string): string | null {
  const colon = place.startsWith('hf:') ? place.indexOf(':', 'hf:'.length) : -1
  return colon === -1 ? null : place.slice(colon + 1)
}

/**
 * The split of a file's rows: as declared, else as the file is named, else `test`: what nobody calls training data is not
 * trained on. Files of a benchmark are `dev` or `test`, whatever they are named.
 *
 * @throws {DataError} when `train` is declared for a benchmark, or for a file that is named dev or test
 */
export function splitOfInput(input: QuestionInput, source: { readonly name: string; readonly use: string }): Split {
  const named = splitOfPlace(input)
  const file = input.place ?? input.file
  if (input.split === 'train' && source.use === 'benchmark')
    throw new DataError(`declared as training data, but ${source.name} is a benchmark`, {
      file,
      hint: 'benchmarks are read to keep them out of training; declare the split dev or test',
    })
  if (input.split === 'train' && named !== null && named !== 'train')
    throw new DataError(`declared as training data, but its name says ${named}`, {
      file,
      hint: 'if the name is wrong, take a file of your own with another one',
    })
  const split = input.split ?? named ?? 'test'
  return source.use === 'benchmark' && split === 'train' ? 'test' : split
}
