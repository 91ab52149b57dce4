import { stringify as formatYaml } from 'yaml'
import { formatJson } from '../core/json.ts'
import { itemData, itemIntroduction, itemLimits, itemResults } from './card-items.ts'
import { auditTable, fallLines, ladderTable, pairedTable, percent } from './card-tables.ts'
import type { ModelConfig } from './export.ts'
import type { ItemScoreFile } from './item-scores.ts'
import { ladderBlocks, stageTitle } from './ladder-view.ts'
import type { Provenance } from './provenance.ts'
import type { ScoreRow, Scores } from './types.ts'

export type CardFacts = {
  readonly provenance: Provenance
  readonly scores: Scores
  /** Of a run on items. */
  readonly itemScores?: ItemScoreFile | undefined
  /** Null for an adapter. */
  readonly config: ModelConfig | null
  /** The model that training started from; null when it started from random numbers. */
  readonly base: string | null
  /** Absent where a server does not say. */
  readonly parameters?: number | undefined
  readonly weightsHash?: string | undefined
  /** Tokens of prompt and completion together. */
  readonly contextLength: number
  /** A question of the kind that the model was made for. */
  readonly exampleStem: string
  /** Tokens of a completion at most. */
  readonly maxNewTokens: number
}

/** The model card in the Hugging Face layout: YAML front matter, then what a reader must know before using the model. */
export function renderCard(facts: CardFacts): string {
  const sections = [
    introduction(facts),
    facts.itemScores === undefined ? results(facts.scores) : itemResults(facts.itemScores),
    trainingData(facts),
    limitations(facts),
    usage(facts),
    provenanceSection(facts),
  ]
  return `---\n${formatYaml(frontMatter(facts))}---\n\n${sections.join('\n\n')}\n`
}

/** Without `base_model` where there is none: the weights start from random numbers. */
function frontMatter({ provenance, scores, base, config }: CardFacts): Record<string, unknown> {
  const { run, released } = provenance
  const sources = provenance.sources.map(({ source }) => source)
  return {
    license: 'apache-2.0',
    language: provenance.items === undefined ? ['en'] : Object.keys(provenance.items.byLanguage),
    ...(base === null ? {} : { base_model: base }),
    library_name: config === null ? 'peft' : 'transformers',
    pipeline_tag: 'text-generation',
    tags: ['medical', 'reasoning', 'knowledge-graph', 'reinforcement-learning', 'grpo', 'research-only', 'fleming'],
    'model-index': [
      {
        name: modelName(run),
        results: pooledOf(scores, released).map(({ title, score }) => ({
          task: { type: 'question-answering', name: 'open answer, exact entity' },
          dataset: { type: sources.join('+'), name: `${sources.join(' + ')}, ${title}` },
          metrics: [{ type: 'accuracy', name: `accuracy, greedy, n ${score.n}`, value: score.accuracy }],
        })),
      },
    ],
  }
}

/** The score of a stage on all questions of each split. */
function pooledOf(scores: Scores, stage: string): { readonly title: string; readonly score: ScoreRow }[] {
  return ladderBlocks(scores).flatMap(({ title, rows }) => {
    const score = rows.find((row) => row.stage === stage)?.cells[0]
    return score ? [{ title, score }] : []
  })
}

const modelName = (run: Provenance['run']): string => `fleming-${run.name}`

function introduction(facts: CardFacts): string {
  const { run, released, graph, trajectories, items } = facts.provenance
  const shown = trajectories.kept === 0 ? '' : 'shown checked chains of reasoning over them (cold start), and then '
  const starter = [
    `Its training questions were made from the ${graph.triples.toLocaleString('en-US')} triples of a graph. It was ${shown}`,
    'trained by reinforcement learning with a verifiable reward in two stages, after Fleming-R1 (arXiv 2509.15279). This',
    `checkpoint: **${stageTitle(released)}**. It thinks in statements that a program can look up in the graph, then answers with`,
    'the name of one entity.',
  ]
  return [
    `# ${modelName(run)}`,
    '',
    ...(facts.base === null
      ? [
          '> **Research only, not for clinical use.** This is a very small model trained from scratch on a hand-made knowledge',
          '> graph. It demonstrates a training recipe, not clinical skill, and its answers must not inform the care of anybody.',
        ]
      : [
          `> **Research only, not for clinical use.** This model was trained on ${items === undefined ? 'questions made from a knowledge graph' : 'the items of one data run'} and tested on`,
          `> such ${items === undefined ? 'questions' : 'items'} alone. Its answers must not inform the care of anybody.`,
        ]),
    '',
    origin(facts),
    ...(items === undefined
      ? starter
      : [...itemIntroduction(items, trajectories.kept > 0), `This checkpoint: **${stageTitle(released)}**.`]),
    '',
    '**Intended use:** studying the recipe, its measurements and its failures. **Out of scope:** every clinical, diagnostic or',
    items === undefined
      ? 'advisory use, questions in free wording, entities outside of its graph, other languages.'
      : 'advisory use.',
  ].join('\n')
}

/** What the model is and what it grew from. */
function origin({ config, parameters, base }: CardFacts): string {
  if (config === null)
    return `A low-rank adapter for ${base ?? 'a base model'}: load it with PEFT or vLLM on top of that model.`
  const size = parameters === undefined ? '' : ` with ${parameters.toLocaleString('en-US')} parameters`
  const shape = `${config.num_hidden_layers} layers, width ${config.hidden_size}, ${config.num_attention_heads} heads`
  const start = base === null ? 'trained from random weights: there is no base model.' : `trained from ${base}.`
  return `A decoder of the ${config.model_type} family${size} (${shape}), ${start}`
}

function results(scores: Scores): string {
  const tables = ladderBlocks(scores).map((block) => `### ${headline(block.title)}\n\n${ladderTable(block)}`)
  return [
    '## Results',
    '',
    'Accuracy in percent with 95 % Wilson intervals; greedy answers, open form, the whole answer must name an accepted',
    'entity. Answers that could not be read count as wrong. Every checkpoint answered the same held-out questions.',
    '',
    tables.join('\n\n'),
    '',
    '### Paired tests',
    '',
    pairedTable(scores),
    '',
    '### Falls',
    '',
    ...fallLines(scores).map((line) => `- ${line}`),
    '',
    '### Beside accuracy',
    '',
    'Grounded steps are reasoning steps that are triples of the graph; right for the wrong reason are right answers whose',
    'steps do not lead from the question to the answer.',
    '',
    auditTable(scores),
  ].join('\n')
}

function trainingData({ provenance }: CardFacts): string {
  const { sources, graph, questions, trajectories, items } = provenance
  const taught = [
    `- Cold start: ${trajectories.kept} checked trajectories, ${trajectories.backtracking} of which raise a diagnosis and rule it out;`,
    `  by teacher: ${countsText(trajectories.byTeacher)}.`,
  ]
  if (items !== undefined) return itemData(items, taught.join('\n'))
  return [
    '## Training data',
    '',
    ...sources.map(
      ({ source, revision, license, triples }) =>
        `- Graph source **${source}**, revision ${revision}, licence ${license}: ${triples} triples used.`,
    ),
    `- Graph: ${graph.entities} entities, ${graph.triples} triples; diseases: ${countsText(graph.diseases)}.`,
    `- Questions: ${questions.total}, synthesised from paths of the graph, each proved to have one right option;`,
    `  by split: ${countsText(questions.bySplit)}; by hops: ${countsText(questions.byHop)};`,
    `  by difficulty: ${countsText(questions.byDifficulty)}; by kind: ${countsText(questions.byKind)}.`,
    ...taught,
    '- No patient data, no text of other authors, no output of another language model.',
  ].join('\n')
}

function limitations({ scores, itemScores, provenance, contextLength }: CardFacts): string {
  if (itemScores !== undefined) return itemLimits(itemScores, provenance.released, contextLength)
  const rows = pooledOf(scores, provenance.released).map(
    ({ title, score }) => `${percent(1 - score.accuracy)} % on ${title}`,
  )
  return [
    '## Limitations',
    '',
    `- It answers wrongly often: ${rows.join(', ')}.`,
    '- It knows only the words of its graph and of its question frames; anything else is noise to it.',
    '- Its fluency is that of a template: a confident tone says nothing about being right.',
    '- The graph is hand-made and incomplete; a step that it does not hold is counted as not grounded, not as false.',
    `- Prompt and completion share ${contextLength} tokens.`,
  ].join('\n')
}

function usage({ provenance, exampleStem, maxNewTokens, base, config }: CardFacts): string {
  const [library, model] =
    config === null ? ['peft', 'AutoPeftModelForCausalLM'] : ['transformers', 'AutoModelForCausalLM']
  return [
    '## Use',
    '',
    '```python',
    `from ${library} import ${model}`,
    'from transformers import AutoTokenizer',
    '',
    'tokenizer = AutoTokenizer.from_pretrained(".")',
    `model = ${model}.from_pretrained(".")`,
    `messages = [{"role": "user", "content": ${formatJson(exampleStem)}}]`,
    'prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)',
    // A template of somebody else need not open the thinking, as ours does.
    ...(base === null ? [] : ['prompt = prompt if prompt.rstrip().endswith("<think>") else prompt + "<think>"']),
    'inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)',
    `output = model.generate(**inputs, do_sample=False, max_new_tokens=${maxNewTokens})`,
    'print(tokenizer.decode(output[0]))',
    '```',
    '',
    `Or with the reasoning checked against the graph: \`npx fleming ask "…" --run runs/${provenance.run.name}\` in its repository.`,
  ].join('\n')
}

function provenanceSection({ provenance, weightsHash }: CardFacts): string {
  const { run, stages } = provenance
  return [
    '## Provenance',
    '',
    `Seed ${run.seed}, data seed ${run.dataSeed}.${weightsHash === undefined ? '' : ` SHA-256 over all weights: \`${weightsHash}\`.`}`,
    'Hashes of the manifests of the stages that made this model:',
    '',
    ...stages.map(({ stage, manifest }) => `- ${stage}: \`${manifest}\``),
    '',
    'Every file here is listed with its hash in `manifest.json`; `npx fleming verify .` reads them all back. Counts and',
    'hashes for programs: `provenance.json`; the scores above: `scores.json`.',
  ].join('\n')
}

const headline = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ')
