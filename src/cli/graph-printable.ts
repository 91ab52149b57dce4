/** Controls, marks of writing direction, and whatever else a reader does not see: a terminal obeys some of it. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/** Words of a page or a file as they may stand in a line of a terminal. */
export const printable = (text: string): string => text.replace(invisible, ' ').replace(/\s+/gu, ' ').trim()
