import type { ModelHost, ModelInfo } from '../../types.ts'
import type { Catalog } from './catalog.ts'
import type { Ephemerals } from './ephemerals.ts'
import type { FutureTable } from './futures.ts'
import type { Ledger } from './ledger.ts'
import type { Models } from './models.ts'
import type { ServerLimits, TinkerServerOptions } from './options.ts'
import type { Samplers } from './samplers.ts'
import type { LinkSigner } from './security.ts'
import type { Sessions } from './sessions.ts'
import type { Snapshots } from './snapshots.ts'

/** What the parts of a server share. */
export type ServerParts = {
  readonly options: TinkerServerOptions
  readonly limits: ServerLimits
  readonly host: ModelHost
  /** Of the base, when the server started. */
  readonly base: ModelInfo
  readonly catalog: Catalog
  readonly ledger: Ledger
  readonly sessions: Sessions
  readonly futures: FutureTable
  readonly snapshots: Snapshots
  readonly ephemerals: Ephemerals
  /** Whether requests come from this computer only. */
  readonly isLocal: boolean
  readonly links: LinkSigner
  readonly log: (line: string) => void
  /** Reports an error that is no fault of a request. */
  readonly report: (error: unknown) => void
}

export type ServerContext = ServerParts & { readonly models: Models; readonly samplers: Samplers }
