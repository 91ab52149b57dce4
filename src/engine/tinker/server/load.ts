import type { LoraConfig, TrainingClient } from '../../types.ts'
import { checkpointAt } from './addresses.ts'
import type { Checkpoint } from './catalog.ts'
import type { ServerParts } from './context.ts'
import { RequestError } from './errors.ts'
import { type LiveModel, openClient } from './live-model.ts'
import { adapterOf, folderOf, isFolderAddress } from './peft-folder.ts'

/** Weights that a model can start from. */
export type Source = {
  readonly address: string
  /** null: whole weights. */
  readonly lora: LoraConfig | null
  readonly files: { readonly kind: 'state' | 'weights'; readonly dir: string }
}

/**
 * What stands at an address: a checkpoint of this server, or a folder that PEFT or `saveWeights` wrote.
 *
 * @throws {RequestError} 400 or 404 when it cannot be loaded as asked
 */
export function sourceAt(parts: ServerParts, address: string, optimizer: boolean): Source {
  const source = isFolderAddress(address)
    ? folderSource(address, folderOf(address, parts.isLocal))
    : checkpointSource(address, checkpointAt(parts, address), parts)
  if (optimizer && source.files.kind === 'weights') {
    throw new RequestError(400, `${address} has no optimizer state`, { hint: 'load it with optimizer = false' })
  }
  return source
}

function folderSource(address: string, dir: string): Source {
  return { address, lora: adapterOf(dir), files: { kind: 'weights', dir } }
}

function checkpointSource(address: string, { kind, dir, runId }: Checkpoint, { catalog }: ServerParts): Source {
  const lora = catalog.findRun(runId)?.lora ?? null
  return { address, lora, files: { kind: kind === 'weights' ? 'state' : 'weights', dir } }
}

/**
 * Loads weights into a model. An adapter of the same rank may have another alpha or other layers, which the wire cannot
 * say when a model is created; a model that has done nothing yet takes the adapter's.
 *
 * @throws {RequestError} 400 when the weights do not fit the model
 */
export async function loadInto(
  parts: ServerParts,
  model: LiveModel,
  client: TrainingClient,
  source: Source,
  optimizer: boolean,
): Promise<void> {
  const target = sameLora(model.lora, source.lora) ? client : await adopt(parts, model, source)
  const { kind, dir } = source.files
  if (kind === 'state') await target.loadState(dir, { optimizer })
  else await target.loadWeights(dir)
}

async function adopt(
  { host, catalog }: ServerParts,
  model: LiveModel,
  { address, lora }: Source,
): Promise<TrainingClient> {
  if (lora === null || model.lora === null || lora.rank !== model.lora.rank) {
    throw new RequestError(400, `${address} holds ${describe(lora)}, the model is ${describe(model.lora)}`, {
      hint: 'create the model with the settings that weights_info gives',
    })
  }
  if (model.isUsed) {
    throw new RequestError(400, `${address} holds an adapter with another alpha or other layers than the model`, {
      hint: 'load it as the first operation of a new model',
    })
  }
  model.lora = lora
  const adopted = await openClient(host, model)
  const record = catalog.findRun(model.runId)
  if (record !== undefined) catalog.putRun({ ...record, lora: { ...lora, targets: [...lora.targets] } })
  return adopted
}

function sameLora(a: LoraConfig | null, b: LoraConfig | null): boolean {
  if (a === null || b === null) return a === b
  return a.rank === b.rank && a.alpha === b.alpha && [...a.targets].sort().join() === [...b.targets].sort().join()
}

function describe(lora: LoraConfig | null): string {
  return lora === null ? 'all weights' : `an adapter of rank ${lora.rank}`
}
