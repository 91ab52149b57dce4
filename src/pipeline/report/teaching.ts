import { join } from 'node:path'
import { z } from 'zod'
import { readJsonl } from '../../core/jsonl.ts'
import type { Config } from '../config.ts'
import type { Describer } from './examples.ts'
import { checked, readJsonAs } from './read-run.ts'
import { type ReportColdStart, teachingSchema } from './schema-training.ts'
import { tally } from './tally.ts'

/** What older runs do not say of a trajectory is absent. */
const trajectorySchema = z.object({
  teacher: z.string().optional(),
  sawGold: z.boolean().optional(),
  origin: z.string().optional(),
  strategy: z.string().nullish(),
})

const origins = ['blind', 'refined', 'gold-conditioned']

/**
 * Who taught the cold start, what came of each round of asking, what the checks found, and where the kept trajectories
 * come from.
 *
 * @param holds whether the sealed stage has a file
 */
export function readColdStart(
  runDir: string,
  config: Config,
  describer: Pick<Describer, 'question'>,
  holds: (file: string) => boolean,
): ReportColdStart {
  const dir = join(runDir, 'cold-start')
  const trajectories = readJsonl(join(dir, 'trajectories.jsonl'), checked(trajectorySchema))
  const teaching = holds('teaching.json') ? readJsonAs(join(dir, 'teaching.json'), teachingSchema) : null
  const isTold = trajectories.every(({ origin, sawGold }) => origin !== undefined && sawGold !== undefined)
  const examples = Object.values(teaching?.checks ?? {}).flatMap((check) => check.examples)
  return {
    teacher: config['cold-start'].teacher,
    titles: Object.keys(tally(trajectories.flatMap(({ teacher }) => teacher ?? []))),
    kept: trajectories.length,
    origins: isTold
      ? tally(
          trajectories.flatMap(({ origin }) => origin ?? []),
          origins,
        )
      : null,
    strategies: isTold ? tally(trajectories.flatMap(({ strategy }) => strategy ?? [])) : null,
    sawGold: isTold ? trajectories.filter(({ sawGold }) => sawGold === true).length : null,
    teaching,
    stems: Object.fromEntries(examples.map(({ questionId }) => [questionId, describer.question(questionId).stem])),
  }
}
