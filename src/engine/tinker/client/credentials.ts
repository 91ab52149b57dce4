import { ConfigError } from '../../../core/errors.ts'

/** What a server that checks no key is sent; the official SDK needs some key too. */
const NO_KEY = 'tml-no-key'

/** The secret of a client. It is only ever put into request headers, and taken out of every text a server sends. */
export type Credentials = {
  /** The value of the X-API-Key header. */
  header(): string
  /** The key itself, which tokens are exchanged for. */
  key(): string
  /** Exchanges the key for a token that expires. */
  replace(token: string): void
  /** A text without any secret of this client in it. */
  redact(text: string): string
}

/**
 * The key of the environment, `TINKER_API_KEY`: the one place that reads it.
 *
 * @throws {ConfigError} when it cannot stand in a header; the message does not hold it
 */
export function readCredentials(): Credentials {
  const key = process.env.TINKER_API_KEY?.trim() || NO_KEY
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ConfigError('TINKER_API_KEY holds a space or a character that is not ASCII', {
      hint: 'set it to the key alone',
    })
  }
  return createCredentials(key)
}

function createCredentials(key: string): Credentials {
  const secrets = key === NO_KEY ? new Set<string>() : new Set([key])
  let current = key
  return {
    header: () => current,
    key: () => key,
    replace: (token) => {
      secrets.add(token)
      current = token
    },
    redact: (text) => [...secrets].reduce((clean, secret) => clean.replaceAll(secret, '[key]'), text),
  }
}
