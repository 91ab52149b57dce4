/** What stands between a question and its options. */
const opening = ' Options:'

/**
 * A stem with its options in words behind it, "Name the gene of gout. Options: ABCG2; ATP7B.": what is asked when the
 * options are part of the question. The answer stays a name.
 */
export function showOptions(stem: string, labels: readonly string[]): string {
  return `${stem}${opening} ${labels.join('; ')}.`
}

/** The question alone, without the options that may stand behind it: whoever names an option there has asked nothing of it. */
export function withoutOptions(stem: string): string {
  const at = stem.lastIndexOf(opening)
  return at < 0 ? stem : stem.slice(0, at)
}
