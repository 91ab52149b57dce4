import { existsSync, readdirSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import { loraTargets } from '../../lora.ts'
import type { LoraConfig } from '../../types.ts'
import { RequestError } from './errors.ts'

const ADAPTER_CONFIG = 'adapter_config.json'
const ADAPTER_WEIGHTS = 'adapter_model.safetensors'

const schema = z.object({
  peft_type: z.literal('LORA'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()),
  use_rslora: z.literal(false).nullish(),
})

/** Whether an address is a folder of this computer, not a checkpoint of a server. */
export function isFolderAddress(address: string): boolean {
  return address.startsWith('file://') || isAbsolute(address)
}

/**
 * The folder behind an address. Only a server that nobody else reaches reads folders that a client names.
 *
 * @throws {RequestError} 400 when the server is open to others, or there is no such folder
 */
export function folderOf(address: string, isLocalServer: boolean): string {
  if (!isLocalServer) {
    throw new RequestError(400, 'a server that listens beyond this computer loads no folders', {
      hint: 'load a tinker:// address',
    })
  }
  const folder = address.startsWith('file://') ? pathOf(address) : address
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new RequestError(400, `there is no folder ${folder}`)
  return folder
}

function pathOf(address: string): string {
  try {
    return fileURLToPath(address)
  } catch (cause) {
    throw new RequestError(400, 'not a file address', { cause })
  }
}

/**
 * The adapter that a PEFT folder describes, or null when the folder holds whole weights. The engine checks the rest.
 *
 * @throws {RequestError} 400 when the folder holds neither, or the adapter is of a kind that is not read
 */
export function adapterOf(folder: string): LoraConfig | null {
  const file = join(folder, ADAPTER_CONFIG)
  const isAdapter = existsSync(file)
  const hasWeights = readdirSync(folder).some((name) =>
    isAdapter ? name === ADAPTER_WEIGHTS : name.endsWith('.safetensors'),
  )
  if (!hasWeights) {
    throw new RequestError(
      400,
      `${folder} holds ${isAdapter ? `no ${ADAPTER_WEIGHTS}` : 'neither an adapter nor weights'}`,
      {
        hint: 'name a folder that PEFT or save_pretrained wrote, with safetensors files',
      },
    )
  }
  if (!isAdapter) return null
  const parsed = schema.safeParse(parseJson(readText(file), { file }))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new RequestError(400, `${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`)
  }
  const { r: rank, lora_alpha: alpha, target_modules: names } = parsed.data
  // Full names such as model.layers.0.self_attn.q_proj end in the layer's own name; Tinker calls the head unembed_tokens.
  const layers = names.map((name) =>
    name
      .split('.')
      .at(-1)!
      .replace(/^unembed_tokens$/, 'lm_head'),
  )
  const unknown = layers.find((layer) => !loraTargets.some((target) => target === layer))
  if (unknown !== undefined) throw new RequestError(400, `${file}: target_modules: no layer is called "${unknown}"`)
  return { rank, alpha, targets: loraTargets.filter((target) => layers.includes(target)) }
}
