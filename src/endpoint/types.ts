export type ChatMessage = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }

/** One call of a language model. Everything in it decides the answer, so its hash names the call. */
export type ChatRequest = {
  readonly messages: readonly ChatMessage[]
  readonly maxTokens: number
  readonly temperature: number
  readonly topP?: number
  readonly seed?: number
  /** Structured output: a JSON schema that the reply must fit, with a name for it. */
  readonly schema?: { readonly name: string; readonly json: Readonly<Record<string, unknown>> }
}

export type TokenUsage = { readonly promptTokens: number; readonly completionTokens: number }

export type ChatReply = {
  readonly text: string
  /** Thinking that the server returned apart, or that stood in `<think>` tags. */
  readonly reasoning: string | null
  readonly finishReason: 'stop' | 'length' | 'content-filter' | 'other'
  /** The model that the server says it was. */
  readonly model: string
  /** Null when the server did not count. */
  readonly usage: TokenUsage | null
}

/** A language model behind an OpenAI-compatible address: teacher, validator, judge, writer or agent. */
export type ChatModel = {
  /** Model and address, for reports: "qwen3-32b at http://127.0.0.1:8000/v1". No key. */
  readonly name: string
  /** Hash of whatever decides its answers besides the request. */
  readonly hash: string
  /**
   * One attempt, no retry.
   *
   * @throws {EngineError} with `retryable`, `status` and, where the server asked for a pause, `retryAfterMs`; E_ABORTED
   */
  complete(request: ChatRequest, options?: { readonly signal?: AbortSignal }): Promise<ChatReply>
}

/** What may be spent; null is no limit. */
export type Budget = { readonly calls: number | null; readonly tokens: number | null; readonly money: number | null }

/** Prices of a million tokens, in whatever currency the budget is in. */
export type Prices = { readonly promptPerMillion: number; readonly completionPerMillion: number }

/** What has been spent, failed and interrupted attempts included as far as they may have been charged. */
export type Spending = {
  readonly calls: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly money: number
}

/** One piece of work for a model, named by a key that is its own in the plan. */
export type PlannedCall<Value> = {
  readonly key: string
  /**
   * The request of an attempt. It is asked for with 1, and with one more after each reply that was refused; a call that
   * failed on the way is repeated with the same number and has a limit of its own, so that faults of a network do not
   * change an outcome.
   */
  readonly request: (attempt: number) => ChatRequest
  /** What a reply means. It must depend on the reply alone: a stored reply is read again after a restart. */
  readonly read: (
    reply: ChatReply,
  ) => { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'refused'; readonly reason: string }
}

/** How a planned call ended. `attempts` counts what a network did, too: keep it out of anything that is hashed. */
export type CallOutcome<Value> =
  | { readonly kind: 'done'; readonly key: string; readonly value: Value; readonly attempts: number }
  /** `cause`: the name of the last failure, or `refused: ` and the reason. */
  | { readonly kind: 'quarantined'; readonly key: string; readonly cause: string; readonly attempts: number }
  | { readonly kind: 'skipped'; readonly key: string; readonly cause: 'budget' }
