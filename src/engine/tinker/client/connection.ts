import { z } from 'zod'
import { clock } from '../../../core/clock.ts'
import { ConfigError, EngineError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { parseBody } from '../wire/json.ts'
import { API } from '../wire/requests.ts'
import {
  authTokenResponse,
  type Capabilities,
  type ClientConfig,
  capabilitiesResponse,
  clientConfigResponse,
  createSessionResponse,
} from '../wire/responses.ts'
import { readCredentials } from './credentials.ts'
import { createGate, type Gate } from './gate.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat.ts'
import { createHttp } from './http.ts'
import { type Progress, startOperation } from './operation.ts'
import { jsonBody, jsonOf, type Link, submit } from './submit.ts'
import { DEFAULT_TIMING, type Timing } from './timing.ts'
import { createWatch } from './watch.ts'

export type ConnectionConfig = {
  /** Address of the server, without `/api/v1`. */
  readonly baseUrl: string
  /** What is said to be the SDK's version: hosted servers refuse old ones. */
  readonly sdkVersion?: string | undefined
  readonly timing?: Partial<Timing> | undefined
  readonly tags?: readonly string[] | undefined
  readonly userMetadata?: Readonly<Record<string, string>> | undefined
  /** Told whenever an operation has to wait. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** A session at a server, kept alive until it is closed. */
export type Connection = Link & {
  readonly sessionId: string
  readonly flags: ClientConfig
  readonly capabilities: Capabilities
  readonly sdkVersion: string
  /** Bytes of large results under way. */
  readonly payloads: Gate
  /** Bytes of training requests under way. */
  readonly dispatch: Gate
  /** Messages that the server had for the user. */
  readonly messages: readonly string[]
  /** Why the session may be lost, or undefined. */
  trouble(): string | undefined
  /** The next number of a model, or of a sampling session, of this session. */
  next(counter: 'model' | 'sampler'): number
  close(): Promise<void>
}

/** The protocol generation this client speaks; protobuf requests begin with it. */
const DEFAULT_SDK_VERSION = '0.25.0'

/** A token is exchanged so long before it expires. */
const RENEW_EARLY_MS = 300_000

/** After a renewal that failed. */
const RETRY_RENEWAL_MS = 60_000

/**
 * The address that requests go to.
 *
 * @throws {ConfigError} when it is not http or https, or holds a user or a password
 */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(`engine.tinker.url is not an http address`, { hint: 'such as http://127.0.0.1:8000' })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw new ConfigError('engine.tinker.url holds a user, a password or a query', {
      hint: 'secrets belong into TINKER_API_KEY; the address is written into the run',
    })
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** A link to a server without a session: enough for questions that need none. */
export function openLink(config: ConnectionConfig): Link {
  const timing = { ...DEFAULT_TIMING, ...config.timing }
  return {
    http: createHttp(parseBaseUrl(config.baseUrl), readCredentials()),
    timing,
    watch: createWatch(timing.progressMs, config.onProgress),
  }
}

/**
 * A session at a server.
 *
 * @throws {ConfigError} when the address or the key cannot be used
 * @throws {EngineError} when the server does not answer, or refuses key or version
 */
export async function connect(config: ConnectionConfig): Promise<Connection> {
  const link = openLink(config)
  const sdkVersion = config.sdkVersion ?? DEFAULT_SDK_VERSION
  const flags = await negotiate(link, sdkVersion)
  const renewal = flags.pjwt_auth_enabled ? await startRenewal(link) : undefined
  const { session, capabilities } = await openSession(link, config, sdkVersion).catch((error) => {
    renewal?.stop()
    throw error
  })
  const heartbeat = startHeartbeat(link.http, session.id, link.timing.heartbeatMs)
  renewal?.onRenewed(heartbeat)
  link.watch.observe(heartbeat)
  const counters = { model: 0, sampler: 0 }
  return {
    ...link,
    sessionId: session.id,
    flags,
    capabilities,
    sdkVersion,
    payloads: createGate(() => flags.inflight_response_bytes_semaphore_size),
    dispatch: createGate(() => flags.fwdbwd_dispatch_bytes_semaphore_size),
    messages: session.messages,
    trouble: heartbeat.trouble,
    next: (counter) => counters[counter]++,
    close: async () => {
      renewal?.stop()
      link.watch.stop()
      await finish(link, session.id)
      link.http.close()
      await heartbeat.stop()
    },
  }
}

const FINISH_MS = 5000

/**
 * Tells the server that nobody comes back, so that it gives back at once what the session holds. Best effort: servers without
 * this call, and those that are away, find out when the heartbeats end.
 */
async function finish({ http }: Link, sessionId: string): Promise<void> {
  const path = `${API}/sessions/${encodeURIComponent(sessionId)}/finish`
  const headers = { 'Content-Type': 'application/json' }
  const body = jsonBody({ reason: { type: 'completed' } })
  await http.send({ method: 'POST', path, headers, body, timeoutMs: FINISH_MS })
}

/**
 * What a server lets its clients do.
 *
 * @throws {EngineError} when it does not answer or refuses the version
 */
export async function negotiate(link: Link, sdkVersion: string): Promise<ClientConfig> {
  const body = jsonBody({ sdk_version: sdkVersion })
  const { answer } = await submit(link, startOperation('client/config', link.timing.submitMs), {
    endpoint: 'client/config',
    body,
    accept: [404],
    isFirstContact: true,
  })
  // A server from before this call has no flags either.
  if (answer.status === 404) return clientConfigResponse.parse({})
  return parseBody(clientConfigResponse, jsonOf(answer, 'client/config'), 'client/config')
}

/** The models of a server. */
export async function askCapabilities(link: Link): Promise<Capabilities> {
  const { answer } = await submit(link, startOperation('get_server_capabilities', link.timing.submitMs), {
    method: 'GET',
    endpoint: 'get_server_capabilities',
    accept: [404],
    isFirstContact: true,
  })
  if (answer.status === 404) return { supported_models: [] }
  return parseBody(capabilitiesResponse, jsonOf(answer, 'get_server_capabilities'), 'get_server_capabilities')
}

async function openSession(link: Link, config: ConnectionConfig, sdkVersion: string) {
  const body = jsonBody({
    type: 'create_session',
    tags: config.tags ?? ['fleming'],
    user_metadata: config.userMetadata ?? null,
    sdk_version: sdkVersion,
  })
  const operation = startOperation('create_session', link.timing.submitMs)
  const submission = { endpoint: 'create_session', body, accept: [400], isFirstContact: true }
  const { answer } = await submit(link, operation, submission)
  if (answer.status === 400) {
    throw new EngineError(`the server refuses a session: ${link.http.detail(answer)}`, {
      status: 400,
      hint: `it was told SDK version ${sdkVersion}; set another one if that is what it refuses`,
    })
  }
  const session = parseBody(createSessionResponse, jsonOf(answer, 'create_session'), 'create_session')
  const messages = [session.info_message, session.warning_message, session.error_message]
  return {
    session: {
      id: session.session_id,
      messages: messages.flatMap((text) => (text ? [link.http.credentials.redact(text)] : [])),
    },
    capabilities: await askCapabilities(link),
  }
}

/** Exchanges the key for a token, and again for a new one before that expires. Resolves with the first token. */
async function startRenewal(link: Link) {
  let timer: NodeJS.Timeout | undefined
  let heartbeat: Heartbeat | undefined
  let isStopped = false
  function again(afterMs: number): void {
    if (isStopped) return
    // A server that is away now may be back in a minute; a token that has run out shows as status 401 meanwhile.
    timer = setTimeout(() => void exchange().catch(() => again(RETRY_RENEWAL_MS)), afterMs).unref()
  }
  async function exchange(): Promise<void> {
    const { answer } = await submit(link, startOperation('auth/token', link.timing.submitMs), {
      endpoint: 'auth/token',
      body: jsonBody({}),
      // A token that has run out would buy no new one.
      sendsKey: true,
      isFirstContact: true,
    })
    const { jwt } = parseBody(authTokenResponse, jsonOf(answer, 'auth/token'), 'auth/token')
    link.http.credentials.replace(jwt)
    heartbeat?.renew(jwt)
    const lifetimeMs = lifeMs(jwt)
    again(Math.max(1000, lifetimeMs > 2 * RENEW_EARLY_MS ? lifetimeMs - RENEW_EARLY_MS : lifetimeMs / 2))
  }
  await exchange()
  return {
    onRenewed: (beat: Heartbeat) => {
      heartbeat = beat
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** How long a token is good for; an hour when it does not say. */
function lifeMs(jwt: string): number {
  const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()
  const parsed = payload.startsWith('{') ? z.object({ exp: z.number() }).safeParse(parseJson(payload, {})) : undefined
  return parsed?.success ? parsed.data.exp * 1000 - clock.now().getTime() : 3_600_000
}
