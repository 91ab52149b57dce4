import { FlemingError } from '../core/errors.ts'
import type { Config } from './config.ts'
import type { Check } from './doctor.ts'
import { findTextModel } from './model-text.ts'
import { tinkerConfig } from './student.ts'

/**
 * What a Tinker server is and does, a line each: health, session, kind, scaling of every loss by finite differences, whether
 * it clips gradients, sampling and snapshots. Makes a model at the server for the purpose, and unloads it.
 */
export async function checkTinker(config: Config): Promise<Check[]> {
  try {
    const [{ probeServer }, { openTextModel }] = await Promise.all([
      import('../engine/tinker/client/probe.ts'),
      import('../text/text-model.ts'),
    ])
    // Before anything else, so that a missing model is named as what it is.
    const { model } = config.engine
    const vocabSize = model === null ? 0 : openTextModel(await findTextModel(model)).tokenizer.vocabSize
    const report = await probeServer(await tinkerConfig(config, vocabSize))
    const about: Check = {
      name: 'server',
      status: 'ok',
      detail: `${report.server}: ${report.serverKind ?? 'of an unknown kind'}, models ${report.models.join(', ') || 'not told'}${describeFlags(report.flags)}`,
    }
    return [
      about,
      ...report.checks.map(
        ({ name, state, detail }): Check => ({
          name,
          detail,
          status: state === 'ok' ? 'ok' : state === 'failed' ? 'failed' : 'warning',
          ...(state === 'differs' && { fix: 'set engine.tinker.server to the kind that it really is' }),
        }),
      ),
    ]
  } catch (cause) {
    if (!(cause instanceof FlemingError)) throw cause
    return [{ name: 'tinker', status: 'failed', detail: cause.message, ...(cause.hint && { fix: cause.hint }) }]
  }
}

function describeFlags(flags: Readonly<Record<string, string | number | boolean>>): string {
  const told = Object.entries(flags).map(([name, value]) => `${name} ${value}`)
  return told.length === 0 ? '' : `; unusual flags: ${told.join(', ')}`
}
