/** Controls, which a terminal obeys, and marks that reverse what is read; line ends and tabs are plain text. */
const COMMANDS = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu

/**
 * Text of a file, a page or a server as a terminal may be given it: controls (C0, C1, delete) and marks of writing direction
 * become �, so that data can neither move the cursor, set the title nor show other words than it holds.
 */
export function printable(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(COMMANDS, '\ufffd')
}

/** The same in one line, for a row of a table or a list: line ends and tabs become spaces. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]+/g, ' ')
}

/** JSON with the same values, in which such characters are escaped: they stand in strings alone. */
export function printableJson(json: string): string {
  return json.replace(COMMANDS, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
