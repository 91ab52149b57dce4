import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../core/errors.ts'
import { formatJson, parseJson } from '../../core/json.ts'
import { iterateJsonl } from '../../core/jsonl.ts'
import { readText } from '../../core/read.ts'
import { formatHint } from '../../core/registry.ts'
import { ensureDir, putAtomic } from '../../core/store.ts'
import type { CallsReport, RunCallsOptions } from '../../endpoint/calls.ts'
import type { ChatModel } from '../../endpoint/types.ts'
import type { Item } from '../../questions/types.ts'
import type { EndpointConfig } from '../config-endpoints.ts'
import type { DataConfig } from './config.ts'

const itemRecord = z.looseObject({ id: z.string(), stem: z.string(), origin: z.looseObject({ kind: z.string() }) })

/** The items of a file that a stage wrote, one by one; the file is sealed, so its shape is trusted after a look. */
export function iterateItems(file: string): Generator<Item> {
  return iterateJsonl(file, (value) => itemRecord.parse(value) as unknown as Item)
}

/** Counts by a key, most frequent first when asked for. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(key: string, by = 1): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Most frequent first, names in code-unit order where counts are equal. */
  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
  }
}

/** Disputed labels and what was decided about them; outside the stages, because people add to it between two runs. */
export const disputesFile = (runDir: string): string => join(runDir, 'disputes.jsonl')

/** The ledger of a role's calls; outside the stages, so that a stage made anew does not pay for answers twice. */
export const callsFile = (runDir: string, role: string): string => join(runDir, 'calls', `${role}.jsonl`)

/** An endpoint of the configuration, ready to be asked. */
export type Endpoint = { readonly model: ChatModel; readonly config: EndpointConfig }

/**
 * The language model of a role, or null when the configuration names none.
 *
 * @throws {ConfigError} when the endpoint is not declared, or its key is not in the environment
 */
export async function openEndpoint(
  config: Pick<DataConfig, 'endpoints'>,
  name: string | null,
  role: string,
): Promise<Endpoint | null> {
  if (name === null) return null
  const endpoint = config.endpoints[name]
  if (endpoint === undefined) {
    throw new ConfigError(`${role}: there is no endpoint "${name}"`, {
      hint: formatHint(name, Object.keys(config.endpoints)),
    })
  }
  const apiKey = endpoint.keyFrom === null ? undefined : process.env[endpoint.keyFrom]
  if (endpoint.keyFrom !== null && (apiKey === undefined || apiKey === '')) {
    throw new ConfigError(`endpoints.${name}: ${endpoint.keyFrom} is not set`, {
      hint: `put the key into the environment variable ${endpoint.keyFrom}; it is never written down`,
    })
  }
  const { openChatModel } = await import('../../endpoint/chat.ts')
  const { url, model, timeoutSeconds, stream, structuredOutput, acceptModel } = endpoint
  return {
    model: openChatModel({
      ...{ url, model, stream, structuredOutput, acceptModel, timeoutMs: timeoutSeconds * 1000 },
      ...(apiKey === undefined ? {} : { apiKey }),
    }),
    config: endpoint,
  }
}

/** What the calls of a role came to, beside their ledger: it depends on the network, so no stage holds it. */
const callsReportFile = (runDir: string, role: string): string => join(runDir, 'calls', `${role}.report.json`)

/** The last report of each role that was asked. */
export function readCallsReports(runDir: string): Record<string, CallsReport> {
  const reports = roles.flatMap((role) => {
    const file = callsReportFile(runDir, role)
    return existsSync(file) ? [[role, parseJson(readText(file), { file }) as CallsReport] as const] : []
  })
  return Object.fromEntries(reports)
}

const roles = ['extraction', 'writer', 'validator', 'judge', 'teacher'] as const

/** How the calls of a role are run: its ledger, its limits, its prices. */
export function callOptions(runDir: string, role: string, { model, config }: Endpoint): RunCallsOptions {
  return {
    model,
    logFile: callsFile(runDir, role),
    concurrency: config.concurrency,
    maxAttempts: config.maxAttempts,
    retryDelayMs: config.retrySeconds * 1000,
    budget: { calls: config.maxCalls, tokens: config.maxTokens, money: config.maxMoney },
    prices: { promptPerMillion: config.promptPrice, completionPerMillion: config.completionPrice },
    onProgress: createCallsKeeper(callsReportFile(runDir, role)),
  }
}

/** Keeps the latest report of calls in a file; a call takes far longer than writing it down. */
function createCallsKeeper(file: string): (report: CallsReport) => void {
  ensureDir(dirname(file))
  return (report) => putAtomic(file, `${formatJson(report, { pretty: true })}\n`)
}
