import type { Command } from 'commander'
import { ConfigError, DataError } from '../core/errors.ts'
import { formatJson } from '../core/json.ts'
import type { DisputeCase, Review } from '../pipeline/data/review.ts'
import { printable, printableJson, printableLine } from './printable.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

type ReviewOptions = { readonly who?: string; readonly list?: true; readonly json?: true }

/** `fleming review`: decide about disputed labels, one by one. */
export function addReview(program: Command, shell: Shell): void {
  program
    .command('review')
    .summary('decide about disputed labels: accept, correct or remove, with a reason')
    .description(
      'Shows each item whose label a strong model never gave, or whose question stands elsewhere with another answer, with the answers that were given. A decision is written down with who, when and why before the next item is shown; leave at any moment, and the next sitting goes on there. Then run `fleming data` again: what was accepted or corrected joins the mix. Of a training run the suspects of stage 2 are shown; then run `fleming run` again with the same configuration: stage 2 and what follows are made anew, without the questions that were removed, and what was accepted is no suspect again.',
    )
    .argument('<run>', 'folder of a data run, such as runs/data, or of a training run, whose quarantine is shown')
    .option('--who <name>', 'name of the reviewer; the login name unless told')
    .option('--list', 'print the disputes and what was decided instead')
    .option('--json', 'with --list: one JSON object on stdout')
    .addHelpText(
      'after',
      `
Keys: ↑ ↓ and Enter choose; Ctrl-C leaves.

Examples:
  $ fleming review runs/data
  $ fleming review runs/data --list --json
${formatExitCodes([0, 2, 74, 130])}`,
    )
    .action((run: string, options: ReviewOptions) => reviewCommand(run, options, shell))
}

async function reviewCommand(run: string, options: ReviewOptions, shell: Shell): Promise<void> {
  const { listDisputes, openReview } = await import('../pipeline/data/review.ts')
  if (options.list === true || options.json === true) {
    const disputes = listDisputes(run)
    shell.out(
      options.json === true
        ? printableJson(formatJson({ schemaVersion: 1, disputes }, { pretty: true }))
        : disputes
            .map(({ id, reason, decision }) => printableLine(`${id}  ${decision ?? 'open'}  ${reason}`))
            .concat(`${disputes.length} disputes, ${disputes.filter(({ decision }) => decision === null).length} open`)
            .join('\n'),
    )
    return
  }
  if (process.stdin.isTTY !== true || !shell.isLive) {
    throw new ConfigError('a review needs a terminal', { hint: 'use --list to see the disputes without one' })
  }
  const who = options.who ?? process.env.USER ?? process.env.LOGNAME ?? ''
  if (who === '')
    throw new ConfigError('a review needs the name of its reviewer', { hint: 'say who you are: --who NAME' })
  const { review, isOfTrainingRun, close } = openReview(run, who)
  try {
    await sitting(review, shell)
  } finally {
    close()
  }
  const { total, open, accepted, corrected, removed } = review.progress
  shell.out(`${total} disputes: ${accepted} accepted, ${corrected} corrected, ${removed} removed, ${open} open`)
  if (isOfTrainingRun && accepted + removed > 0)
    shell.err('the next "fleming run" with its configuration makes stage 2 anew with what was decided\n')
}

type Step = 'accept' | 'correct' | 'remove' | 'skip' | 'undo' | 'leave'

async function sitting(review: Review, shell: Shell): Promise<void> {
  const prompts = await import('@clack/prompts')
  for (let current = review.current; current !== null; current = review.current) {
    const { case: raised } = current
    prompts.note(renderCase(raised, shell.outColors), `${review.progress.open} open`)
    const step = await prompts.select<Step>({
      message: 'What about this label?',
      options: [
        { value: 'accept', label: 'accept', hint: 'the label is right' },
        ...(raised.shown.isProven
          ? []
          : [{ value: 'correct' as const, label: 'correct', hint: 'another answer is right' }]),
        { value: 'remove', label: 'remove', hint: 'no answer is defensible' },
        { value: 'skip', label: 'skip' },
        { value: 'undo', label: 'undo the last one' },
        { value: 'leave', label: 'leave' },
      ],
    })
    if (prompts.isCancel(step) || step === 'leave') return
    if (step === 'skip') review.skip()
    else if (step === 'undo') review.undo()
    else if (!(await decide(review, raised, step, prompts, shell))) return
  }
}

/** @returns false when the reviewer leaves in the middle of a decision, which then was not taken */
async function decide(
  review: Review,
  { shown }: DisputeCase,
  step: 'accept' | 'correct' | 'remove',
  prompts: typeof import('@clack/prompts'),
  shell: Shell,
): Promise<boolean> {
  let golds: number[] = []
  let answers: string[] = []
  if (step === 'correct' && shown.form === 'open') {
    const answer = await prompts.text({ message: 'The right answer; several wordings with | between them' })
    if (prompts.isCancel(answer)) return false
    answers = answer.split('|').map((text) => text.trim())
  } else if (step === 'correct') {
    const chosen = await prompts.multiselect({
      message: 'The right options (space marks)',
      options: shown.options.map((label, value) => ({ value, label: printableLine(label) })),
      initialValues: shown.golds,
      required: true,
    })
    if (prompts.isCancel(chosen)) return false
    golds = [...chosen].sort((a, b) => a - b)
  }
  const why = await prompts.text({
    message: 'Why?',
    validate: (text) => (text?.trim() ? undefined : 'a reason is kept with each decision'),
  })
  if (prompts.isCancel(why)) return false
  try {
    review.decide(step === 'correct' ? { kind: 'correct', golds, answers } : { kind: step }, why)
  } catch (cause) {
    // Two right options of a single item, say: told, and the same case is shown again.
    if (!(cause instanceof DataError)) throw cause
    shell.err(`${shell.errColors.yellow(cause.message)}\n`)
  }
  return true
}

/** A disputed item as a reviewer sees it. */
export function renderCase({ shown, reason, given, evidence }: DisputeCase, colors: Colors): string {
  return [
    `${colors.dim(printableLine(shown.source))}  ${colors.yellow(printableLine(reason))}`,
    '',
    ...(shown.context === null ? [] : [printable(shown.context), '']),
    printable(shown.stem),
    ...shown.options.map(
      (option, index) => `${shown.golds.includes(index) ? colors.green('✔') : ' '} ${printable(option)}`,
    ),
    ...(shown.form === 'open' ? [`${colors.green('✔')} ${printable(shown.answers.join(' / '))}`] : []),
    ...(given.length === 0 ? [] : ['', colors.bold('answers given')]),
    ...given.map(
      ({ text, count, isAsLabelled }) => `${count} × ${printable(text)}${isAsLabelled ? ' (as labelled)' : ''}`,
    ),
    ...(evidence === null ? [] : ['', colors.dim(printable(evidence))]),
  ].join('\n')
}
