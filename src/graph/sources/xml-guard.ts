/** What an XML parser must be kept from, or does not notice: entities that expand without end, and files cut short. */

import { DataError } from '../../core/errors.ts'

/** Entities stand for namespaces; longer ones, used often, are a way to fill the memory. Chosen by us. */
const MAX_ENTITY_LENGTH = 500
const DECLARATION = '<!ENTITY'
const rootPattern = /<([A-Za-z_][\w.:-]*)/

/** Looks at the lines of an XML file as they go by. */
export function createXmlGuard(file: string): {
  /** @throws {DataError} for an entity that holds another, is long, or lies in another file */
  see(text: string, line: number): void
  /** @throws {DataError} when the root element was not closed */
  end(): void
} {
  let root: string | null = null
  let last = ''
  let lastLine = 1
  // A declaration that goes on over several lines.
  let open: string | null = null
  const refuse = (line: number, what: string): DataError =>
    new DataError(`an entity ${what}`, { file, line, hint: 'convert the file to Turtle with a tool that you trust' })
  return {
    see: (text, line) => {
      if (text.trim() !== '') {
        last = text
        lastLine = line
      }
      root ??= rootPattern.exec(text)?.[1] ?? null
      let rest = open === null ? text : `${open} ${text}`
      open = null
      for (let at = rest.indexOf(DECLARATION); at !== -1; at = rest.indexOf(DECLARATION)) {
        rest = rest.slice(at)
        const end = declarationEnd(rest)
        const declaration = rest.slice(0, end === -1 ? undefined : end)
        const problem = problemOf(declaration)
        if (problem !== null) throw refuse(line, problem)
        if (end === -1) {
          open = rest
          return
        }
        rest = rest.slice(end)
      }
    },
    end: () => {
      let text = last.trim()
      if (text.endsWith('-->')) text = text.slice(0, Math.max(0, text.lastIndexOf('<!--'))).trim()
      if (root !== null && text.endsWith('>') && text.slice(0, -1).trimEnd().endsWith(`</${root}`)) return
      throw new DataError(`the file ends before </${root ?? 'rdf:RDF'}>`, {
        file,
        line: lastLine,
        hint: 'fetch the file again: it was cut short',
      })
    },
  }
}

function declarationEnd(text: string): number {
  let quote: string | null = null
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (quote !== null) {
      if (character === quote) quote = null
    } else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at + 1
  }
  return -1
}

function problemOf(declaration: string): string | null {
  if (/[&%]/.test(declaration)) return 'that holds another entity'
  if (declaration.length > MAX_ENTITY_LENGTH) return `of more than ${MAX_ENTITY_LENGTH} characters`
  return /\s(?:SYSTEM|PUBLIC)\s/.test(declaration) ? 'that lies in another file' : null
}
