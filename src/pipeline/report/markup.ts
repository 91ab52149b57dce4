import { DataError } from '../../core/errors.ts'

declare const made: unique symbol

/** Text that is safe to stand in a page. Nobody can write one down: `html` makes it of constants and escaped values. */
export type Markup = { readonly markup: string; readonly [made]: true }

export type Content = string | number | Markup | null | readonly Content[]

/**
 * Markup from a template whose values are escaped: strings and numbers as text (in an attribute, between double quotes),
 * markup as it is, lists joined, null as nothing.
 *
 * @throws {DataError} when a number is not finite: a page never says "NaN"
 */
export function html(constants: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = constants.map(
    (constant, index) => constant + (index < values.length ? contentText(values[index]!) : ''),
  )
  return trustedMarkup(parts.join(''))
}

/** Markup from a text that is a constant of this program, such as a style sheet; never from data. */
export function trustedMarkup(constant: string): Markup {
  return { markup: constant } as Markup
}

function contentText(content: Content): string {
  if (content === null) return ''
  if (typeof content === 'string') return escapeText(content)
  if (typeof content === 'number') {
    if (!Number.isFinite(content)) throw new DataError(`the report cannot show the number ${content}`)
    return String(content)
  }
  return 'markup' in content ? content.markup : content.map(contentText).join('')
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control characters other than line feed and tab; HTML has no way to write some of them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Characters that turn the direction of the text around them, with which a completion could reorder what is read. */
const directions = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Text with everything escaped that could end an element, an attribute or the page; hidden characters made visible. */
export function escapeText(text: string): string {
  return text
    .replace(controls, '\ufffd')
    .replace(directions, (character) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase()}⟩`)
    .replace(/[&<>"']/g, (character) => escapes[character]!)
}
