import { ConfigError } from '../../../core/errors.ts'
import type {
  AdamParams,
  CallOptions,
  Datum,
  ForwardResult,
  LossConfig,
  LossName,
  OptimStepResult,
} from '../../types.ts'
import type { Dialect } from './dialect.ts'
import type { Handle } from './handle.ts'
import { abortedError } from './http.ts'
import { checkData, lossConfigOf, type Sizes } from './losses.ts'
import { FailedError, RefusedError } from './refusal.ts'
import type { Rollouts } from './rollouts.ts'
import type { ScaledPass, Scaler } from './scaling.ts'

export type TrainingParts = {
  readonly handle: Handle
  readonly dialect: Dialect
  readonly sizes: Sizes
  readonly scaler: Scaler
  readonly rollouts: Rollouts
}

/** A forward pass, or with `forwardBackward` a training pass. */
export async function runPass(
  { handle, sizes, scaler }: TrainingParts,
  kind: 'forward' | 'forwardBackward',
  data: readonly Datum[],
  loss: LossName,
  config: LossConfig | undefined,
  { signal }: CallOptions = {},
): Promise<ForwardResult> {
  const lossConfig = lossConfigOf(loss, config)
  checkData(data, loss, sizes)
  if (signal?.aborted) throw abortedError(kind)
  const isTraining = kind === 'forwardBackward'
  handle.assertSound(isTraining)
  if (data.length === 0) return { lossSum: 0, logprobs_DT: [] }
  const model = await handle.current()
  let parts = 0
  let accepted: ScaledPass | undefined
  try {
    accepted = await model.line.enqueue(async (reserve) => {
      handle.assertSound(isTraining)
      if (signal?.aborted) throw abortedError(kind)
      const counted = (count: number): number => {
        parts = count
        return reserve(count)
      }
      return scaler.submit(model, counted, { data, loss, lossConfig, isTraining, signal })
    })
    const result = await accepted.result()
    handle.count(isTraining ? 'trained' : 'scored', tokensOf(data))
    return result
  } catch (error) {
    // Of one part that was refused nothing was accumulated; of several, nobody knows how many.
    const isClean = parts === 0 || (parts === 1 && leftNothing(error))
    if (isTraining && isClean) accepted?.withdraw()
    if (isTraining && !isClean) handle.doubt('training', 'a gradient may be accumulated that nobody waits for', error)
    throw error
  }
}

/** Whether a pass that failed so is known to have accumulated nothing: it was refused, or the server says that it was at fault. */
function leftNothing(error: unknown): boolean {
  return error instanceof RefusedError || (error instanceof FailedError && error.category === 'user')
}

/** An optimizer step. */
export async function runStep(
  { handle, dialect, scaler, rollouts }: TrainingParts,
  params: AdamParams,
): Promise<OptimStepResult> {
  checkAdam(params)
  handle.assertSound(true)
  const model = await handle.current()
  // Where samplers follow training, what is being sampled has to be finished first.
  const sampled = dialect.hasImmutableSnapshots ? undefined : rollouts.settled()
  handle.steps += 1
  const step = handle.steps
  rollouts.outdate()
  let isSent = false
  try {
    const accepted = await model.line.enqueue(async (reserve) => {
      await sampled
      handle.assertSound(true)
      isSent = true
      const submitted = await model.submitStep(reserve, params)
      scaler.endStep()
      return submitted
    })
    return { step, ...norms(await accepted.result()) }
  } catch (error) {
    handle.steps -= 1
    // A step that was refused was not made, and the caller may try another. Of one that failed later, nobody knows.
    if (isSent && !(error instanceof RefusedError)) {
      handle.doubt('everything', `optimizer step ${step} may or may not have been applied`, error)
    }
    throw error
  }
}

/** Input tokens of data. */
export function tokensOf(data: readonly Datum[]): number {
  return data.reduce((sum, { inputTokens }) => sum + inputTokens.length, 0)
}

function checkAdam(params: AdamParams): void {
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || (Number.isFinite(value) && value >= 0)) continue
    throw new ConfigError(`optimStep: ${name} must be a number of at least 0, found ${value}`)
  }
}

/** The norms that a server reports, under whatever prefix; what it does not report stays absent. */
function norms(metrics: Readonly<Record<string, number>>): Pick<OptimStepResult, 'gradNorm' | 'paramNorm'> {
  const find = (name: string): number | undefined =>
    Object.entries(metrics).find(([key]) => key.replace(/:\w+$/, '').split(/[/.]/).at(-1) === name)?.[1]
  const gradNorm = find('grad_norm')
  const paramNorm = find('param_norm')
  return {
    ...(gradNorm !== undefined && { gradNorm }),
    ...(paramNorm !== undefined && { paramNorm }),
  }
}
