/** English at the level of words: agreement, articles, lists, capitals. */

const vowel = /^[aeiou]/i

/** "a drug", "an organism". Only for nouns of our own tables: their spelling tells their sound. */
export function withArticle(noun: string): string {
  return `${vowel.test(noun) ? 'an' : 'a'} ${noun}`
}

/** "fever", "fever and cough", "fever, cough and rash". */
export function joinList(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** The text with each "{is|are}" resolved: what stands before the bar in the singular, what stands after it in the plural. */
export function inflect(text: string, isPlural: boolean): string {
  return text
    .split('{')
    .map((part, index) => {
      if (index === 0) return part
      const end = part.indexOf('}')
      const [singular = '', plural = ''] = part.slice(0, end).split('|')
      return `${isPlural ? plural : singular}${part.slice(end + 1)}`
    })
    .join('')
}

/** The text with `%` replaced, without reading `$` in the filling. */
export function fill(text: string, filling: string): string {
  return text.split('%').join(filling)
}

/** The name with a capital at the start, unless its own spelling forbids it: "mRNA", "pH" and "p53" stay. */
export function capitalize(name: string): string {
  const isPlainWord = /^\p{Ll}(?:\p{Ll}|$|[ '-])/u.test(name)
  return isPlainWord ? `${name.charAt(0).toUpperCase()}${name.slice(1)}` : name
}

/** Chinese list: "发热、咳嗽和皮疹". */
export function joinChinese(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join('、')}和${items.at(-1)}`
}
