/** Faults of a text as such, whatever it is for: broken encodings, markup, pictures that are not there. */

/** What a byte of 0x80 to 0x9f becomes when UTF-8 is read as Windows-1252; of Latin-1 it keeps its number. */
const windows1252 = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'

/** Where a text shows what broke it: a few characters around the place. */
export function excerpt(text: string, at: number, around = 24): string {
  return text.slice(Math.max(0, at - around), at + around).replace(/\s+/gu, ' ')
}

/**
 * The place of an encoding fault; -1 when there is none. A replacement character, or UTF-8 that was read as Latin-1 or
 * Windows-1252: "Ã©" for é, "â€™" for ’, "Î²" for β.
 */
export function findMojibake(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit === 0xfffd) return i
    // The first byte of two, three, four in UTF-8; lone accented letters before a quotation mark are none.
    if (unit >= 0xc2 && unit <= 0xcf && isContinuation(text, i + 1, false)) return i
    if (unit >= 0xe0 && unit <= 0xf4 && isContinuation(text, i + 1, true) && isContinuation(text, i + 2, true)) return i
  }
  return -1
}

function isContinuation(text: string, index: number, isWide: boolean): boolean {
  if (index >= text.length) return false
  const unit = text.charCodeAt(index)
  return (unit >= 0x80 && unit <= 0xbf) || (isWide && windows1252.includes(text[index]!))
}

/** The place of a character that no text holds: controls but tab and line ends, private use, halves of pairs; -1: none. */
export function findControl(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x20 && unit < 0x7f) continue
    if (unit === 0x09 || unit === 0x0a || unit === 0x0d) continue
    if (unit < 0xa0 || (unit >= 0xe000 && unit <= 0xf8ff) || unit >= 0xfffe) return i
    // Orders of direction, which can make a text read otherwise than it is.
    if (unit >= 0x202a && unit <= 0x202e) return i
    if (unit >= 0xd800 && unit < 0xe000) {
      const isPair = unit < 0xdc00 && text.charCodeAt(i + 1) >= 0xdc00 && text.charCodeAt(i + 1) < 0xe000
      if (!isPair) return i
      i += 1
    }
  }
  return -1
}

const markup =
  /<\/?(?:a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|pre|script|span|strong|style|sub|sup|table|tbody|td|th|tr|u|ul)(?:\s[^<>]{0,300})?\s{0,9}\/?>|&(?:amp|lt|gt|nbsp|quot|apos|deg|alpha|beta|gamma|micro|plusmn|#\d{1,6}|#x[0-9a-f]{1,6});|<!--/i

/** The place of an HTML tag or entity; -1 when there is none. */
export function findMarkup(text: string): number {
  return text.search(markup)
}

const picture =
  '(?:figure|image|picture|photo|photograph|photomicrograph|micrograph|diagram|illustration|radiograph|x-?ray|scan|exhibit|ecg|ekg|tracing|graph|chart|slide|video|audio)'
const figure = new RegExp(
  [
    String.raw`\b(?:in|by|on|from|to) the (?:following |accompanying |attached |adjacent |given |provided |above )?(?:figure|photo|photograph|picture|diagram|illustration|exhibit)\b`,
    String.raw`\b(?:shown|seen|depicted|pictured|illustrated|displayed|provided|presented|marked|indicated|labeled|labelled) (?:here )?(?:in|on|by|with) (?:the|this) (?:\w{1,20} )?${picture}\b`,
    String.raw`\b(?:accompanying|attached|adjacent) (?:\w{1,20} )?${picture}\b`,
    String.raw`\b${picture} (?:is |are )?(?:shown |given |provided |depicted )?(?:below|above|attached|shown here)\b`,
    String.raw`\b(?:image|picture|photograph|diagram)s? (?:given|shown|provided|attached)\b`,
    String.raw`\bas (?:shown|seen|depicted|illustrated) in (?:the )?(?:figure|image|picture|diagram|photograph)\b`,
  ].join('|'),
  'i',
)
/** Letters count when they are capitals, "Exhibit" when it is: animals exhibit a gait. */
const numberedFigure = /\b(?:[Ff]igure|FIGURE|[Ff]ig\.|Exhibit|[Ii]mage) ?[(]?(?:\d{1,2}\b|[A-H]\b)/
const chineseFigure =
  /如图|如下图|见[上下附右左]图|附图|[下上右左]图(?:所示|中|为|是)|[（(]图\s?\d|图\s?\d+\s?(?:所示|中)|图片(?:所示|中)/u

/** The place where a text points to a picture; -1 when it does not. */
export function findFigure(text: string): number {
  for (const pattern of [numberedFigure, figure, chineseFigure]) {
    const at = text.search(pattern)
    if (at !== -1) return at
  }
  return -1
}
