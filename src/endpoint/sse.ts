import { parseJson } from '../core/json.ts'

/** What stands in the body of a streamed answer. */
export type SseReading =
  | {
      readonly kind: 'whole'
      /** The data of each event in order, events repeated under one id taken out. */
      readonly events: readonly string[]
      /** The first `error` that the server put into the stream. */
      readonly error: unknown
      readonly choices: number
    }
  /** It ended before the model said why it stopped. */
  | { readonly kind: 'cut'; readonly events: number }
  | { readonly kind: 'bad-json'; readonly event: number }

/**
 * The events of a `text/event-stream` body that has arrived whole.
 *
 * A stream is whole only when an event carries a finish reason: `[DONE]` alone, or a closed connection, proves nothing.
 * An event with the id of the one before is the same event sent twice. Without ids a repeated event cannot be told from
 * a text that repeats itself; then the reader of the reply must notice.
 */
export function readSse(body: string): SseReading {
  const events: string[] = []
  let lastId: string | null = null
  let choices = 0
  let isFinished = false
  let error: unknown = null
  for (const { id, data } of splitEvents(body)) {
    if (id !== null && id === lastId) continue
    lastId = id
    if (data === '[DONE]') break
    let value: unknown
    try {
      value = parseJson(data, {})
    } catch {
      // The last event of a cut stream is half an event.
      return isFinished ? { kind: 'bad-json', event: events.length + 1 } : { kind: 'cut', events: events.length }
    }
    events.push(data)
    if (!isRecord(value)) return { kind: 'bad-json', event: events.length }
    if (value.error !== undefined && value.error !== null) error ??= value.error
    if (Array.isArray(value.choices)) choices += value.choices.length
    isFinished ||= hasFinishReason(value.choices)
  }
  if (error === null && !isFinished && (choices > 0 || events.length === 0)) {
    return { kind: 'cut', events: events.length }
  }
  return { kind: 'whole', events, error, choices }
}

function hasFinishReason(choices: unknown): boolean {
  return (
    Array.isArray(choices) && choices.some((choice) => isRecord(choice) && typeof choice.finish_reason === 'string')
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Events are lines up to an empty one; the last counts even without it, so that a half event is seen as such. */
function* splitEvents(body: string): Generator<{ readonly id: string | null; readonly data: string }> {
  let id: string | null = null
  let data: string[] = []
  for (const line of body.split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (data.length > 0) yield { id, data: data.join('\n') }
      id = null
      data = []
    } else if (line.startsWith('data:')) data.push(fieldValue(line, 5))
    else if (line.startsWith('id:')) id = fieldValue(line, 3)
  }
  if (data.length > 0) yield { id, data: data.join('\n') }
}

function fieldValue(line: string, start: number): string {
  return line.slice(line[start] === ' ' ? start + 1 : start)
}
