/** Entry of the child process of one case: the task comes as its argument, the measurement goes to the parent. */

import { reportError } from '../../src/cli/report-error.ts'
import { processShell } from '../../src/cli/shell.ts'
import { parseJson } from '../../src/core/json.ts'
import { startWatch } from './machine.ts'
import { type Measurement, type Task, taskSchema } from './measurement.ts'
import { createRefilling } from './refilling.ts'
import { createGeneration, createTraining, type Subject } from './subjects.ts'
import { createYardstick } from './yardstick.ts'

type Surroundings = Pick<Measurement, 'productMs' | 'othersCores' | 'peakRssBytes'>

/** Repetitions in turn with the yardstick, so that what disturbs the one disturbs the other. */
async function measure<Repetition>(
  subject: Subject<Repetition>,
  { repetitions, threads }: Task,
): Promise<Surroundings & { readonly repetitions: Repetition[] }> {
  const yardstick = createYardstick(threads)
  await yardstick.turn()
  await subject.repeat()
  const watch = startWatch()
  const productMs: Surroundings['productMs'] = { tall: [], square: [] }
  const done: Repetition[] = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const { tall, square } = await yardstick.turn()
    productMs.tall.push(...tall)
    productMs.square.push(...square)
    done.push(await subject.repeat())
  }
  const othersCores = watch.othersCores()
  await yardstick.close()
  await subject.close()
  return { productMs, othersCores, peakRssBytes: process.resourceUsage().maxRSS * 1024, repetitions: done }
}

const nothing: Subject<undefined> = { repeat: async () => undefined, close: async () => {} }

async function measureCase(task: Task): Promise<Measurement> {
  const { benchCase, threads } = task
  if (benchCase.kind === 'training')
    return { kind: 'training', ...(await measure(await createTraining(benchCase, threads), task)) }
  if (benchCase.kind === 'generation')
    return { kind: 'generation', ...(await measure(await createGeneration(benchCase, threads), task)) }
  if (benchCase.kind === 'refilling')
    return { kind: 'refilling', ...(await measure(createRefilling(benchCase, threads), task)) }
  const { productMs, othersCores, peakRssBytes } = await measure(nothing, task)
  return { kind: 'product', productMs, othersCores, peakRssBytes }
}

// Without its parent nobody wants the result.
process.on('disconnect', () => process.exit(1))
try {
  const measurement = await measureCase(taskSchema.parse(parseJson(process.argv[2] ?? '', { file: 'task' })))
  process.send?.(measurement, () => process.exit(0))
} catch (cause) {
  process.exit(reportError(cause, processShell()))
}
