import type { Command } from 'commander'
import { formatJson } from '../core/json.ts'
import type { Verification } from '../pipeline/verify.ts'
import { formatExitCodes } from './report-error.ts'
import type { Colors, Shell } from './shell.ts'

/** `fleming verify`: is every file what its manifest says? */
export function addVerify(program: Command, shell: Shell): void {
  program
    .command('verify')
    .summary('read every file of a run or a release back and compare its hash')
    .description(
      'Reads every file that a manifest names and compares its size and SHA-256; in a run also that each stage was made from the stages beside it; in a release also that no file lies there that the manifest does not name.',
    )
    .argument('<dir>', 'a run, one of its stages, or a release wherever it was copied to')
    .option('--json', 'print the outcome as one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  $ fleming verify runs/default
  $ fleming verify runs/default/release/model
${formatExitCodes([0, 2, 3])}`,
    )
    .action((dir: string, options: { readonly json?: true }) => verifyCommand(dir, options, shell))
}

async function verifyCommand(dir: string, options: { readonly json?: true }, shell: Shell): Promise<void> {
  const { assertVerified, verifyTarget } = await import('../pipeline/verify.ts')
  const verification = verifyTarget(dir)
  const ok = verification.problems.length === 0
  shell.out(
    options.json === true
      ? formatJson({ schemaVersion: 1, ok, ...verification }, { pretty: true })
      : renderVerification(verification, shell.outColors),
  )
  assertVerified(verification)
}

/** One line per folder, every problem below it, and the verdict as the last line. */
export function renderVerification(verification: Verification, colors: Colors): string {
  const { folders, unfinished, problems } = verification
  const lines = folders.map(({ dir, files, sizeBytes, hash, problems: own }) => {
    const mark = own.length === 0 ? colors.green('✔') : colors.red('✖')
    const size = `${(sizeBytes / 1e6).toFixed(1)} MB`
    return ` ${mark} ${dir}  ${files} files, ${size}  ${colors.dim(hash === null ? '' : hash.slice(0, 12))}`
  })
  const broken = problems.map(
    ({ file, expected, found }) => ` ${colors.red('✖')} ${file}\n     expected ${expected}\n     found    ${found}`,
  )
  const files = folders.reduce((sum, folder) => sum + folder.files, 0)
  const pending = unfinished.length === 0 ? [] : [colors.dim(`   not finished: ${unfinished.join(', ')}`)]
  const verdict = problems.length === 0 ? `${files} files verified` : `${problems.length} differences`
  return [...lines, ...pending, ...broken, verdict].join('\n')
}
