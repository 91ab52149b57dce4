import { type Command, Option } from 'commander'
import { ConfigError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import type { Answered, AskedStep } from '../pipeline/ask.ts'
import { notice } from '../release/types.ts'
import { type StageChoice, stageChoices } from './eval.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

type AskOptions = {
  readonly run: string
  readonly stage: StageChoice
  readonly examples?: true
  readonly json?: true
}

/** Examples shown of each hop count. */
const examplesPerHop = 3

/** `fleming ask`: one question, its reasoning checked against the graph. */
export function addAsk(program: Command, shell: Shell): void {
  program
    .command('ask')
    .summary('ask a trained model; every step of its reasoning is looked up in the graph')
    .description(
      'Answers a question greedily and marks each step of the reasoning: ✓ a triple of the graph (with its file and line), ✗ a claim that the graph does not hold, ? a hypothesis or words that cannot be looked up. The small model knows only the words of its graph and asks back nothing: begin with "What is the", "Name the", "State the" or "Which is the".',
    )
    .argument('[question]', 'in the words of the graph; --examples shows some')
    .option('-r, --run <dir>', 'folder of the run whose model answers', 'runs/default')
    .addOption(new Option('--stage <stage>', 'checkpoint that answers').choices(stageChoices).default('rl-2'))
    .option('--examples', 'print held-out questions to try instead')
    .option('--json', 'print the answer as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming ask --examples
  $ fleming ask "What is the first-line drug for syphilis?"
  $ fleming ask "What is the first-line drug for syphilis?" --stage cold-start
${formatExitCodes([0, 1, 2, 3])}`,
    )
    .action((question: string | undefined, options: AskOptions) => askCommand(question, options, shell))
}

async function askCommand(question: string | undefined, options: AskOptions, shell: Shell): Promise<void> {
  const { ask, exampleQuestions } = await import('../pipeline/ask.ts')
  if (options.examples === true) {
    const examples = exampleQuestions(options.run, examplesPerHop)
    const lines = examples.map(({ stem, hop }) => `${hop} hops  ${stem}`)
    shell.out(options.json === true ? formatJson({ schemaVersion: 1, examples }, { pretty: true }) : lines.join('\n'))
    return
  }
  if (question === undefined) {
    throw new ConfigError('there is no question', { hint: 'fleming ask --examples shows some' })
  }
  const answered = await ask(options.run, options.stage, question)
  if (answered.unknownWords.length > 0) {
    const words = answered.unknownWords.map((word) => `"${word}"`).join(', ')
    shell.err(`${shell.errColors.yellow('warning:')} not among the words of this model: ${words}\n`)
    shell.err(`${shell.errColors.cyan('hint:')} fleming ask --examples --run ${options.run} shows its words\n`)
  }
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, notice, run: options.run, ...answered }, { pretty: true })
      : renderAnswer(answered, shell.outColors),
  )
}

/** The answer as a person reads it: steps with their marks, answer, what the graph says of it, notice. */
export function renderAnswer(answered: Answered, colors: Colors): string {
  const steps = answered.steps.map((step) => renderStep(step, colors))
  const { groundedSteps, checkableSteps, known } = answered
  const support =
    checkableSteps === 0
      ? 'no step could be looked up in the graph'
      : `${groundedSteps} of ${checkableSteps} steps hold in the graph; they ${answered.reasoningLeadsToAnswer ? 'lead' : 'do not lead'} from the question to the answer`
  const gold =
    known === null
      ? []
      : [`in this run: ${known.correct ? 'right' : 'wrong'}; accepted: ${known.accepted.join(', ')} (${known.split})`]
  return [
    colors.bold(answered.question),
    ...(steps.length === 0 ? [colors.dim('  (no reasoning)')] : steps),
    answered.answer === null
      ? `answer: none could be read (${[answered.reading, ...answered.defects].join(', ')})`
      : `answer: ${colors.bold(answered.answer)}`,
    colors.dim(support),
    ...gold.map((line) => colors.dim(line)),
    colors.yellow(notice),
  ].join('\n')
}

function renderStep({ kind, text, source }: AskedStep, colors: Colors): string {
  const mark = {
    supported: colors.green('✓'),
    'ruled-out': colors.green('✓'),
    unsupported: colors.red('✗'),
    hypothesis: colors.yellow('?'),
    unreadable: colors.yellow('?'),
  }[kind]
  const why = {
    supported: source ?? '',
    'ruled-out': 'no triple joins the two',
    unsupported: 'not in the graph',
    hypothesis: 'a hypothesis',
    unreadable: 'not a statement',
  }[kind]
  return `  ${mark} ${text}  ${colors.dim(why)}`
}
