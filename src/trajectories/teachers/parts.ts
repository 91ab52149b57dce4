import type { RunCallsOptions } from '../../endpoint/calls.ts'
import type { SamplingClient } from '../../engine/types.ts'
import type { Graph } from '../../graph/graph.ts'
import type { EntityId } from '../../graph/types.ts'
import type { Question } from '../../questions/types.ts'
import type { Codec } from '../../text/codec.ts'
import type { Teacher } from '../types.ts'

/** What language models are asked with. */
export type AskSettings = {
  readonly seed: number
  readonly temperature: number
  /** Of a reply. */
  readonly maxTokens: number
}

/** What a teacher may be made of; each kind takes its own part and refuses to work without it. */
export type TeacherParts = {
  readonly graph?:
    | {
        readonly graph: Graph
        readonly questions: readonly Question[]
        readonly seed: number
        readonly backtrackShare: number
        /** Share of the hops at which it takes a wrong turn; none unless told. */
        readonly mistakes?: number
        readonly avoid: ReadonlySet<EntityId>
      }
    | undefined
  readonly endpoint?: { readonly calls: RunCallsOptions; readonly ask: AskSettings } | undefined
  readonly engine?:
    | {
        readonly client: SamplingClient
        readonly codec: Codec
        /** Names the model in trajectories, and its weights in the ledger. */
        readonly model: string
        readonly hash: string
        readonly calls: Omit<RunCallsOptions, 'model'>
        readonly ask: AskSettings
      }
    | undefined
}

/** A kind of teacher: one file, one line in the registry. */
export type TeacherKind = {
  readonly name: string
  readonly title: string
  /** @throws {ConfigError} when its part is missing */
  create(parts: TeacherParts): Teacher
}
