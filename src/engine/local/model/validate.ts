import { DataError, ShapeError } from '../../../core/errors.ts'
import type { Datum, DecoderConfig, LossName } from '../../types.ts'
import { type LossInput, losses } from './losses.ts'

const lossInputs: readonly LossInput[] = ['weights', 'logprobs', 'advantages']

function checkTokens(tokens: readonly number[], vocabSize: number, label: string): void {
  tokens.forEach((token, position) => {
    if (!Number.isInteger(token) || token < 0 || token >= vocabSize) {
      throw new DataError(`${label}[${position}] is ${token}, not a token id below ${vocabSize}`, { field: label })
    }
  })
}

function checkLossInput(values: readonly number[] | undefined, length: number, label: string): void {
  if (!values) throw new DataError(`${label} is missing`, { field: label })
  checkLength(values, length, label)
  values.forEach((value, position) => {
    if (!Number.isFinite(value))
      throw new DataError(`${label}[${position}] is ${value}, not a finite number`, { field: label })
  })
}

function checkLength(values: readonly number[], length: number, label: string): void {
  if (values.length === length) return
  throw new ShapeError(`${label} has ${values.length} entries, inputTokens has ${length}`, {
    tensor: label,
    axis: 'token',
    expected: length,
    found: values.length,
  })
}

/**
 * Refuses data the engine cannot train on; messages name datum, field and position.
 *
 * An array the loss does not read is refused too: whoever sends `weights` to ppo believes that they count.
 *
 * @throws {ShapeError} when the arrays of a datum differ in length
 * @throws {DataError} when a datum is empty or longer than the context, a token id is out of range, a number is not
 *   finite, or an array is missing or not read by the loss
 */
export function checkData(data: readonly Datum[], loss: LossName, config: DecoderConfig): void {
  data.forEach((datum, index) => {
    const label = (field: string) => `datum ${index}: ${field}`
    const { inputTokens, targetTokens } = datum
    const length = inputTokens.length
    if (length === 0) throw new DataError(`${label('inputTokens')} is empty`, { field: 'inputTokens' })
    if (length > config.maxPositions) {
      throw new DataError(`${label('inputTokens')} has ${length} tokens, the context holds ${config.maxPositions}`, {
        field: 'inputTokens',
        hint: 'shorten the datum, or raise decoder.maxPositions',
      })
    }
    checkLength(targetTokens, length, label('targetTokens'))
    checkTokens(inputTokens, config.vocabSize, label('inputTokens'))
    checkTokens(targetTokens, config.vocabSize, label('targetTokens'))
    for (const name of lossInputs) {
      if (losses[loss].inputs.includes(name)) checkLossInput(datum[name], length, label(name))
      else if (datum[name]) {
        throw new DataError(`${label(name)} is not read by ${loss}`, {
          field: name,
          hint: `drop it: ${loss} reads ${losses[loss].inputs.join(' and ')}`,
        })
      }
    }
  })
}
