import type { StageName } from './stage.ts'
import type { RlData } from './stages/rl.ts'

/** A stage whose input lies outside of the run. */
export type SourceStage = {
  /** Hash of that input. */
  readonly source: string
  /** The part of the configuration that it reads. */
  readonly config: unknown
  /** @returns the files it made, relative to the folder */
  readonly make: (dir: string) => Promise<readonly string[]>
}

/** What the stages after `questions` are made from. */
export type RecipeWork = {
  readonly pretrain: (dir: string) => Promise<string[]>
  readonly coldStart: (dir: string) => Promise<string[]>
  readonly rl: RlData
  /** Ids of the questions that are watched while training. */
  readonly probeIds: readonly string[]
  readonly evaluation: (dir: string) => Promise<string[]>
}

/** What a run is made from: the starter graph, or the items of a data run. The stages and their order are the same. */
export type Recipe = {
  /** Folders and files of `src/` whose code decides what a stage makes. */
  readonly code: (stage: StageName) => readonly string[]
  readonly graph: SourceStage
  readonly questions: SourceStage
  /** Reads what graph and questions sealed. */
  readonly load: () => RecipeWork
}
