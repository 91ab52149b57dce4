/**
 * Writes a tiny base model that any Tinker server can load: a random Qwen3 decoder with a byte-level tokenizer.
 *
 *     npx tsx interop/tinker/make_base.ts <folder>
 *
 * Servers train adapters under a head that stays as it is, so the rows of the embedding (which is also the head) are drawn
 * large enough that hidden states can be sure of a token; with the usual deviation of 0.02 no adapter gets below 3 nats.
 */
import { formatJson } from '../../src/core/json.ts'
import { removeDir } from '../../src/core/store.ts'
import { initParameters } from '../../src/engine/local/model/parameters.ts'
import { saveWeights } from '../../src/engine/local/model/weights.ts'
import type { DecoderConfig } from '../../src/engine/types.ts'
import { completeModelFolder } from '../../src/release/export.ts'
import { compactChatTemplate } from '../../src/text/chat.ts'
import { trainTokenizer } from '../../src/text/tokenizer-trainer.ts'

const EMBEDDING = 'model.embed_tokens.weight'
const EMBEDDING_FACTOR = 9

const [dir] = process.argv.slice(2)
if (dir === undefined) {
  process.stderr.write('usage: npx tsx interop/tinker/make_base.ts <folder>\n')
  process.exit(2)
}
const { json, tokenizer } = trainTokenizer({ corpus: [], merges: 0, addedTokens: [] })
const special = (content: string) => ({ content, id: tokenizer.idOf(content)! })
const config: DecoderConfig = {
  vocabSize: tokenizer.vocabSize,
  hiddenSize: 64,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 16,
  intermediateSize: 128,
  maxPositions: 256,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  tieEmbeddings: true,
  qkNorm: true,
}
const base = initParameters(config, 1)
const rows = base.view(EMBEDDING)
rows.forEach((value, index) => {
  rows[index] = value * EMBEDDING_FACTOR
})
removeDir(dir)
saveWeights(dir, { config, base })
completeModelFolder(dir, {
  tokenizerJson: formatJson(json),
  chatTemplate: compactChatTemplate,
  tokens: { bos: special('<|im_start|>'), eos: special('<|im_end|>'), pad: special('<|pad|>') },
  maxNewTokens: 64,
})
process.stdout.write(`${dir}: vocabulary ${config.vocabSize}, end of text ${special('<|im_end|>').id}\n`)
