import { isAbout, type Subject } from './subject.ts'

/** A gene that a sentence ties to the disease of its page. */
type GeneStatement = { readonly relation: 'caused_by_gene' | 'associated_gene'; readonly symbol: string }

const change = '(?:mutations?|changes?|variants?|variations?|alterations?|defects?|deletions?)'
const aside = '(?: \\([^()]{1,30}\\))?'
const link =
  '(?: (?:in|of|within|either|both|copies|one|any|the|a|an|two|three|four|several|different|genes|gene|called|known|as|at|least|few|following|these|:))+ '
const mutated = new RegExp(`\\b${change}${aside}${link}`, 'gi')
const symbolPattern = /^[A-Z][A-Z0-9]{1,8}(?:-?[A-Z0-9]{1,4})?(?:orf\d{1,3})?\d?$/
const separatorWord = /^(?:and|or|and\/or|gene|genes|the|either)$/
const causesVerb = /\b(?:causes?|results? in|leads? to|(?:is|are) responsible for|(?:is|are) the cause of)\b/i
const causedVerb = /\b(?:caused by|due to|results? from|result of|resulting from|arises? from)\b/i
const doubt =
  /\b(?:unknown|unclear|suspect\w*|thought|believed|may be|might|possib\w+|suggest\w*|not|no|rarely|candidate|modif\w+|risk|susceptib\w+|similar|other|unlike|if|when|type|types|form|forms)\b/i
/** Capitals that stand beside "mutations in" and are no genes. */
const noGenes = new Set(['DNA', 'RNA', 'GARD', 'NIH', 'MTDNA', 'II', 'III', 'IV', 'OMIM', 'US', 'MRI', 'CT', 'CDC'])

/**
 * The genes whose mutation a sentence gives as the cause of the disease of its page: "X is caused by mutations in the A
 * and B genes", "Mutations in the A gene cause X". Symbols in capitals are genes only beside the word gene.
 */
export function* geneStatements(sentence: string, about: Subject): Generator<GeneStatement> {
  for (const match of sentence.matchAll(mutated)) {
    const list = symbolsAfter(sentence, match.index + match[0].length)
    if (list.symbols.length === 0) continue
    const before = sentence.slice(0, match.index)
    const after = sentence.slice(list.end)
    if (doubt.test(before) || doubt.test(after.slice(0, 40))) continue
    if (isCauseOf(before, after, about)) {
      for (const symbol of list.symbols) yield { relation: 'caused_by_gene', symbol }
    }
  }
}

function isCauseOf(before: string, after: string, about: Subject): boolean {
  const caused = causedVerb.exec(before)
  if (caused !== null) {
    const subject = before
      .slice(0, caused.index)
      .replace(/ (?:is|are|can be|occurs?)(?: \w+ly| most often| also)?(?: as an?| as the)? ?$/i, '')
    const between = before.slice(caused.index + caused[0].length).trim()
    return (
      /^(?:an? |the |inherited |genetic |homozygous |heterozygous |new |\(de novo\) )*$/i.test(
        `${between} `.trimStart(),
      ) && isAbout(subject, about)
    )
  }
  const causes = causesVerb.exec(after)
  if (causes === null || causes.index > 3 || !/^(?:\w+ly,? |it |in (?:most|all) cases,? )?$/i.test(before)) return false
  const object = /^[^.,;:()]{2,90}/.exec(after.slice(causes.index + causes[0].length).trim())
  return object !== null && isAbout(object[0].trim(), about)
}

/** The symbols of a list, "A, B, and C genes"; none unless "gene" stands before, after or among them. */
function symbolsAfter(sentence: string, start: number): { readonly symbols: readonly string[]; readonly end: number } {
  const symbols: string[] = []
  let end = start
  let saysGene = / genes?(?: called| known as)? $|\bgenes?: $/i.test(sentence.slice(Math.max(0, start - 24), start))
  for (const match of sentence.slice(start, start + 200).matchAll(/\S+/g)) {
    const raw = match[0]
    const word = raw.replace(/[,;.:]+$/, '')
    // Another name of the gene before it.
    if (/^\([^()]*\)$/.test(word)) continue
    if (symbolPattern.test(word) && !noGenes.has(word) && /[A-Z]/.test(word)) symbols.push(word)
    else if (!separatorWord.test(word.toLowerCase())) break
    if (/^genes?$/i.test(word)) saysGene = true
    end = start + match.index + raw.length
    if (/^genes?$/i.test(word) || /[.;]$/.test(raw)) break
  }
  return { symbols: saysGene ? symbols : [], end }
}
