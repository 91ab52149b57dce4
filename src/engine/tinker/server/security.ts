import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { RequestError } from './errors.ts'
import { isLoopback } from './options.ts'

/** Life of a download link; the official client assumes as much when a server does not say. */
const LINK_LIFE_MS = 15 * 60_000

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * A check of the key a client sent, in a time that does not depend on how much of it is right.
 *
 * @param apiKey without one, every key is accepted
 * @returns throws a RequestError 401 unless the key is right
 */
export function createKeyCheck(apiKey: string | undefined): (sent: string | undefined) => void {
  if (apiKey === undefined) return () => {}
  const expected = digest(apiKey)
  return (sent) => {
    // Hashes have equal lengths, whatever the keys have.
    const isRight = timingSafeEqual(digest(sent ?? ''), expected)
    if (!isRight) throw new RequestError(401, 'the API key is missing or wrong', { hint: 'send it as X-API-Key' })
  }
}

/**
 * Refuses a request whose Host is not this computer, on a server that listens to nothing else: a web page can make its own
 * name point to 127.0.0.1 and would then read the answers.
 *
 * @throws {RequestError} 403
 */
export function checkHost(host: string | undefined, isLocalServer: boolean): void {
  if (!isLocalServer || host === undefined) return
  const name = host.replace(/:\d+$/, '')
  if (!isLoopback(name)) throw new RequestError(403, 'the Host header names another computer')
}

/** Signs download links, which clients fetch without their key. */
export type LinkSigner = {
  sign(path: string, nowMs: number): { readonly expiresMs: number; readonly signature: string }
  /** @throws {RequestError} 403 when the signature is not ours or its time is over */
  check(path: string, expiresMs: number, signature: string, nowMs: number): void
}

/** A signer whose links end with this process. */
export function createLinkSigner(): LinkSigner {
  // A secret, not a draw of an experiment: it must not follow from any seed.
  const secret = randomBytes(32)
  const signatureOf = (path: string, expiresMs: number): string =>
    createHmac('sha256', secret).update(`${expiresMs} ${path}`).digest('hex')
  return {
    sign: (path, nowMs) => {
      const expiresMs = nowMs + LINK_LIFE_MS
      return { expiresMs, signature: signatureOf(path, expiresMs) }
    },
    check: (path, expiresMs, signature, nowMs) => {
      const isOurs = timingSafeEqual(digest(signatureOf(path, expiresMs)), digest(signature))
      if (!isOurs || nowMs > expiresMs) throw new RequestError(403, 'the link has expired or is not of this server')
    },
  }
}
