import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DataError, EngineError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { readText } from '../../../core/read.ts'
import type { DecoderConfig } from '../../types.ts'
import { createParameterSet, type ParameterSet, type ParameterSpec, parameterSpecs } from '../model/parameters.ts'
import { readDecoderConfig } from './config.ts'
import { withModelTensors } from './shards.ts'
import { checkLayout, fillFlat, holdSame, type StoredTensors } from './stored.ts'

export const CONFIG_FILE = 'config.json'

const EMBEDDING = 'model.embed_tokens.weight'
const HEAD = 'lm_head.weight'

/** A table that exports of 2023 repeat; transformers ignores it too, since it follows from the config. */
const rotaryTable = /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/

/** A model folder read into memory. */
export type Base = { readonly decoder: DecoderConfig; readonly parameters: ParameterSet }

/**
 * The decoder that a model folder describes; its weights are not touched.
 *
 * @throws {DataError} when there is no `config.json`, or it is of a model that the engine does not compute
 */
export function readDecoder(dir: string): DecoderConfig {
  const file = join(dir, CONFIG_FILE)
  return readDecoderConfig(readConfigJson(dir), file)
}

/**
 * A model folder in the Hugging Face layout: one file or shards, float32, bfloat16 or float16, read tensor by tensor into
 * one array.
 *
 * @throws {DataError} naming file and field or tensor, before anything is loaded when the model is of another kind or its
 *   tensors are not those of its config, and while loading when a weight is NaN or infinite
 * @throws {EngineError} E_MEMORY when the weights do not fit into one array
 */
export function loadBase(dir: string): Base {
  const decoder = readDecoder(dir)
  return withModelTensors(dir, (stored) => {
    const specs = parameterSpecs(decoder)
    const own = withoutRepeats(decoder, stored)
    checkLayout(specs, own)
    const parameters = allocate(specs, dir)
    fillFlat(specs, own, parameters.flat)
    return { decoder, parameters }
  })
}

/**
 * The tensors of a folder without those that repeat others: rotary tables, and the head of a tied model.
 *
 * @throws {DataError} when a tied head differs from the embedding
 */
export function withoutRepeats({ tieEmbeddings }: DecoderConfig, stored: StoredTensors): StoredTensors {
  const tensors = new Map([...stored.tensors].filter(([name]) => !rotaryTable.test(name)))
  const [head, embedding] = [tensors.get(HEAD), tensors.get(EMBEDDING)]
  if (tieEmbeddings && head) {
    tensors.delete(HEAD)
    // Tying works both ways in transformers: whichever is there is both.
    if (!embedding) tensors.set(EMBEDDING, head)
    else if (!holdSame(head, embedding.blocks()))
      throw new DataError(`tensor "${HEAD}" differs from "${EMBEDDING}", although config.json ties them`, {
        file: head.file,
        field: HEAD,
        hint: 'set tie_word_embeddings to false in config.json if the model has a head of its own',
      })
  }
  return { ...stored, tensors }
}

function readConfigJson(dir: string): unknown {
  const file = join(dir, CONFIG_FILE)
  if (!existsSync(file))
    throw new DataError(`no ${CONFIG_FILE} in this folder`, {
      file: dir,
      hint: 'name a folder in the Hugging Face layout; a GGUF file has to be converted with transformers first',
    })
  return parseJson(readText(file), { file })
}

/** Zero parameters of a layout, or a refusal that says why. */
function allocate(specs: readonly ParameterSpec[], dir: string): ParameterSet {
  try {
    return createParameterSet(specs)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const size = specs.reduce((total, spec) => total + spec.size, 0)
    throw new EngineError(
      `${dir}: ${size} parameters need ${(size * 4) / 1e9} GB in one array, which is not to be had`,
      {
        code: 'E_MEMORY',
        cause,
        hint: 'train a model of this size on a remote engine (engine.kind: tinker), or choose a smaller one',
      },
    )
  }
}
