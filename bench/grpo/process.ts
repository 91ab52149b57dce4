/** Entry of the child process of our side: the task comes as its argument, the measurement goes to the parent. */

import { reportError } from '../../src/cli/report-error.ts'
import { processShell } from '../../src/cli/shell.ts'
import { parseJson } from '../../src/core/json.ts'
import { measureOurs } from './ours.ts'
import { taskSchema } from './task.ts'

// Without its parent nobody wants the result.
process.on('disconnect', () => process.exit(1))
try {
  const measurement = await measureOurs(taskSchema.parse(parseJson(process.argv[2] ?? '', { file: 'task' })))
  process.send?.(measurement, () => process.exit(0))
} catch (cause) {
  process.exit(reportError(cause, processShell()))
}
