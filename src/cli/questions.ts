import type { Command } from 'commander'
import { Option } from 'commander'
import { formatJson } from '../core/json.ts'
import type { QuestionReading } from '../pipeline/data/read-questions.ts'
import { parseCount } from './options.ts'
import { printable, printableJson, printableLine } from './printable.ts'
import { renderCounts, renderReasons, renderTable } from './render.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

type ReadOptions = {
  readonly split?: 'train' | 'dev' | 'test'
  readonly base?: '0' | '1'
  readonly examples: number
  readonly json?: true
}

/** `fleming questions`: data sets of questions, one at a time. */
export function addQuestions(program: Command, shell: Shell): void {
  const questions = program.command('questions').summary('read exam sets: `questions read`, `questions sources`')
  questions
    .command('read')
    .summary('what a data set of questions holds: rows read, kept, and dropped by reason')
    .description(
      'Reads a data set of questions and counts its rows. A row that cannot become a question is dropped for a reason that is counted and shown with its first row; nothing is guessed. The answer base of MedMCQA is detected, never assumed.',
    )
    .argument('<source>', 'reader, by name: see `fleming questions sources`')
    .argument('<file>', 'a file (parquet, JSONL, JSON, CSV; gzip too), or hf:owner/name@revision:path')
    .addOption(new Option('--split <split>', 'split of the file').choices(['train', 'dev', 'test']))
    .addOption(
      new Option('--base <n>', 'number of the first option, where the rows do not show it').choices(['0', '1']),
    )
    .option('--examples <n>', 'questions to show', parseCount, 1)
    .option('--json', 'print the outcome as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming questions sources
  $ fleming questions read medmcqa train.parquet --split train
  $ fleming questions read medqa hf:GBaker/MedQA-USMLE-4-options --split train --json
${formatExitCodes([0, 1, 2, 3, 74])}`,
    )
    .action((source: string, file: string, options: ReadOptions) => readCommand(source, file, options, shell))
  questions
    .command('sources')
    .summary('list the readers of data sets of questions')
    .option('--json', 'print the list as one JSON object on stdout')
    .addHelpText('after', formatExitCodes([0]))
    .action((options: { readonly json?: true }) => sourcesCommand(options, shell))
}

async function readCommand(source: string, file: string, options: ReadOptions, shell: Shell): Promise<void> {
  const { readQuestionSet } = await import('../pipeline/data/read-questions.ts')
  const reading = await readQuestionSet(source, file, {
    examples: options.examples,
    ...(options.split === undefined ? {} : { split: options.split }),
    ...(options.base === undefined ? {} : { answerBase: options.base === '0' ? 0 : 1 }),
  })
  shell.out(
    options.json === true
      ? printableJson(formatJson({ schemaVersion: 1, ...reading }, { pretty: true }))
      : renderReading(reading, shell.outColors),
  )
}

async function sourcesCommand(options: { readonly json?: true }, shell: Shell): Promise<void> {
  const { questionSources } = await import('../pipeline/data/registries.ts')
  const list = questionSources.all.map(({ name, title, language, hub, use, license, testedOn }) => ({
    ...{ name, title, language, hub, use, license, testedOn },
  }))
  if (options.json === true) {
    shell.out(formatJson({ schemaVersion: 1, sources: list }, { pretty: true }))
    return
  }
  shell.out(
    renderTable(
      ['source', 'what', 'use', 'language', 'hub', 'licence', 'tested on'],
      list.map((row) => [row.name, row.title, row.use, row.language, row.hub ?? '–', row.license, row.testedOn]),
    ),
  )
}

function renderReading(reading: QuestionReading, colors: Colors): string {
  const { source, title, license, use, testedOn, revision, rows, kept, dropped } = reading
  return [
    colors.bold(`${title} (${source}, ${use})`),
    `revision ${printableLine(revision)}, licence ${license}, sha256 ${reading.sha256.slice(0, 16)}…`,
    `reader tested on ${testedOn}`,
    '',
    `${rows} rows: ${kept} kept, ${dropped} dropped`,
    ...renderReasons(reading.droppedByReason),
    ...renderCounts('splits', reading.bySplit),
    ...renderCounts('forms', reading.byForm),
    ...renderCounts('options', reading.byOptions),
    ...renderCounts('gold position', reading.byGold),
    ...reading.examples.flatMap((item) => [
      '',
      printable(item.stem),
      ...item.options.map(
        (option, index) => ` ${item.golds.includes(index) ? colors.green('✔') : ' '} ${printable(option)}`,
      ),
      ...(item.form === 'open' ? [` ${colors.green('✔')} ${printable(item.answers.join(' / '))}`] : []),
    ]),
  ].join('\n')
}
