import { sha256Hex } from '../../../core/hash.ts'
import { parseJson } from '../../../core/json.ts'
import { decodeUtf8 } from '../../../core/read.ts'
import { RequestError } from './errors.ts'
import { decompressZstd } from './zstd.ts'

export type RequestBody = {
  readonly kind: 'json' | 'protobuf'
  /** Decompressed. */
  readonly bytes: Uint8Array
  /** Tells a repeated request from another one of the same sequence id. */
  readonly hash: string
}

const KINDS: Readonly<Record<string, RequestBody['kind']>> = {
  'application/json': 'json',
  'application/x-protobuf': 'protobuf',
}

/**
 * The body of a request, read no further than the limits allow.
 *
 * Only JSON and protobuf are accepted: a web page can send either only after asking first, which this server never grants.
 *
 * @throws {RequestError} 413 beyond a limit, 415 for another content type or encoding, 400 for a bad frame
 */
export async function readBody(
  request: Request,
  limits: { readonly maxBodyBytes: number; readonly maxDecodedBytes: number },
): Promise<RequestBody> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  const kind = KINDS[type]
  if (kind === undefined) throw new RequestError(415, `content type "${type}" is neither JSON nor protobuf`)
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'zstd') {
    throw new RequestError(415, `content encoding "${encoding}" is not supported`, { hint: 'send zstd or none' })
  }
  const received = await readCapped(request, limits.maxBodyBytes)
  const bytes = encoding === 'zstd' ? await decompressZstd(received, limits.maxDecodedBytes) : received
  return { kind, bytes, hash: sha256Hex(bytes) }
}

async function readCapped(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new RequestError(413, `the body is larger than ${maxBytes} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array(0)
  const blocks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const block of request.body) {
    sizeBytes += block.length
    if (sizeBytes > maxBytes) throw tooLarge()
    blocks.push(block)
  }
  return Buffer.concat(blocks)
}

/**
 * The value of a JSON body; an empty body is an empty object.
 *
 * @throws {RequestError} 415 when the body is not JSON by its type
 * @throws {DataError} when it is not JSON by its content, as `parseJson`
 */
export function jsonOf(body: RequestBody): unknown {
  if (!values.has(body)) values.set(body, parse(body))
  return values.get(body)
}

/** Bodies are looked at twice: for their number, which counts even when the rest is wrong, and as a whole. */
const values = new WeakMap<RequestBody, unknown>()

function parse(body: RequestBody): unknown {
  if (body.kind !== 'json') throw new RequestError(415, 'this endpoint takes JSON')
  if (body.bytes.length === 0) return {}
  const text = decodeUtf8(body.bytes)
  if (text === null) throw new RequestError(400, 'the body is not UTF-8')
  return parseJson(text, { file: 'request body' })
}
