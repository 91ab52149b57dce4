/** A text cut at its added tokens: a stretch of text, or the id of a token. */
export type Section = string | number

type Node = { readonly next: Map<number, Node>; id: number }

/**
 * A function that cuts a text at the given tokens: leftmost first, there the longest, inside words too.
 *
 * @param tokens content to id
 */
export function createTokenSplitter(tokens: ReadonlyMap<string, number>): (text: string) => Section[] {
  const root: Node = { next: new Map(), id: -1 }
  for (const [content, id] of tokens) {
    let node = root
    for (let at = 0; at < content.length; at += 1) {
      const code = content.charCodeAt(at)
      const child = node.next.get(code) ?? { next: new Map(), id: -1 }
      node.next.set(code, child)
      node = child
    }
    node.id = id
  }
  return (text) => {
    const sections: Section[] = []
    let from = 0
    for (let at = 0; at < text.length; ) {
      let end = -1
      let id = -1
      let node = root.next.get(text.charCodeAt(at))
      for (let to = at + 1; node !== undefined; to += 1) {
        if (node.id >= 0) {
          id = node.id
          end = to
        }
        node = to < text.length ? node.next.get(text.charCodeAt(to)) : undefined
      }
      if (id < 0) at += 1
      else {
        if (at > from) sections.push(text.slice(from, at))
        sections.push(id)
        at = end
        from = end
      }
    }
    if (from < text.length) sections.push(text.slice(from))
    return sections
  }
}
