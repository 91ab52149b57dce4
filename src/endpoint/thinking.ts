const OPEN = '<think>'
const CLOSE = '</think>'

/**
 * A text without the thinking that stands in tags at its start. A text that only closes the tag was opened by the
 * prompt; one that never closes it is thinking to its end.
 *
 * Tags further on are left alone: they are part of what the model says.
 */
export function splitThinking(text: string): { readonly text: string; readonly thinking: string | null } {
  const start = text.length - text.trimStart().length
  const isOpened = text.startsWith(OPEN, start)
  const from = isOpened ? start + OPEN.length : 0
  const end = text.indexOf(CLOSE, from)
  if (end === -1) return isOpened ? { text: '', thinking: text.slice(from).trim() } : { text, thinking: null }
  // An opening tag further on makes the pair a quotation, not thinking.
  if (!isOpened && text.lastIndexOf(OPEN, end) !== -1) return { text, thinking: null }
  return { text: text.slice(end + CLOSE.length).trimStart(), thinking: text.slice(from, end).trim() }
}
