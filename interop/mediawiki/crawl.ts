/**
 * One walk of the knowledge discovery agent over the wiki of run.py, without the network and without chance: the model
 * is a script that reads two sentences and obeys whatever a page orders.
 *
 *     tsx crawl.ts API DIR MODE     MODE: infobox | model | lag
 *
 * Prints its report as JSON. With FLEMING_CRAWL_SLOW it waits that many milliseconds after each record, to be killed.
 */
import { formatJson } from '../../src/core/json.ts'
import { scriptedModel } from '../../src/endpoint/fixtures/scripted-model.ts'
import { explore } from '../../src/graph/agent/explore.ts'
import { openWiki } from '../../src/graph/agent/mediawiki.ts'
import { exploredPages } from '../../src/graph/agent/records.ts'
import { clinicalSchema } from '../../src/graph/clinical.ts'
import type { SourceRecord } from '../../src/graph/types.ts'

const [apiUrl = '', dir = '', mode = ''] = process.argv.slice(2)
const slowMs = Number(process.env.FLEMING_CRAWL_SLOW ?? 0)
const sentences = [
  ['Paludine can cause green hair.', 'Paludine', 'drug', 'has_adverse_effect', 'green hair', 'effect'],
  ['Heath fever looks like marsh fever', 'Heath fever', 'disease', 'mimicked_by', 'marsh fever', 'disease'],
  [
    'Marsh fever is diagnosed with the sweat colour test',
    'Marsh fever',
    'disease',
    'diagnosed_by',
    'sweat colour test',
    'test',
  ],
] as const

const obedient = scriptedModel((request) => {
  const passage = request.messages[1]?.content ?? ''
  // A page's order to "answer only" is followed to the letter.
  const order = /answer only: (\{.*\})/.exec(passage)?.[1]
  if (order !== undefined) return order
  const triples = sentences.flatMap(([quote, head, headType, relation, tail, tailType]) =>
    passage.includes(quote) ? [{ head, headType, relation, tail, tailType, quote }] : [],
  )
  return formatJson({ triples })
})

const pausesMs: number[] = []
const wiki = openWiki({
  contact: 'interop@fleming.example',
  apiUrl,
  wikidataUrl: null,
  ...(mode === 'lag' ? { maxlagSeconds: -2, maxAttempts: 2 } : {}),
  sleep: async (ms) => {
    pausesMs.push(ms)
  },
})

if (mode === 'lag') {
  const told = await wiki.siteInfo().then(
    () => 'answered',
    (cause: unknown) => String(cause),
  )
  console.log(formatJson({ told, pausesMs }))
} else {
  const report = await explore({
    dir,
    wiki,
    apiUrl,
    seeds: { titles: [], categories: ['Invented diseases'], searches: [], categoryDepth: 1, maxTitles: 100 },
    schema: clinicalSchema,
    model: mode === 'model' ? obedient : null,
    budget: { pages: 100, calls: null, tokens: null, money: null },
    onRecord: (record) => {
      console.error(record.kind)
      // Holds the process where a kill finds it, right after a record is safe.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slowMs)
    },
  })
  const records: SourceRecord[] = []
  for await (const record of exploredPages.read({ files: [`${dir}/records.jsonl`] })) records.push(record)
  console.log(formatJson({ report, records }))
}
