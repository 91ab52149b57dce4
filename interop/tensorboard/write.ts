import { join } from 'node:path'
import { formatJson } from '../../src/core/json.ts'
import { createRng } from '../../src/core/rng.ts'
import { putAtomic } from '../../src/core/store.ts'
import { writeEventFile } from '../../src/core/tensorboard.ts'

/** Writes an event file into the folder given, and beside it `expected.json`: what a reader must find in it. */
const dir = process.argv[2]!
const rng = createRng(1, 'tensorboard interop')
const records = Array.from({ length: 300 }, (_, index) => ({
  step: index + 1,
  metrics: {
    'rollout/reward_mean': rng.uniform(),
    'policy/entropy_nats': Math.exp(5 * rng.normal()),
    'advantage/mean': -rng.uniform(),
    'format/größer 痛风': index,
    'extreme/small': 1e-30,
    'extreme/large': 1e30,
    ...(index % 20 === 0 && { 'probe/accuracy': rng.uniform() }),
  },
}))
records.push({ ...records[0]!, step: 2 ** 40 })
const wallTime = new Date('2026-01-02T03:04:05.678Z')
const file = writeEventFile(join(dir, 'logs', 'rl-1'), records, wallTime)
// A run that was resumed: were the file not replaced, TensorBoard would show two curves.
writeEventFile(join(dir, 'logs', 'rl-2'), records.slice(0, 10), wallTime)
writeEventFile(join(dir, 'logs', 'rl-2'), records, wallTime)
putAtomic(join(dir, 'expected.json'), formatJson({ file, wallSeconds: wallTime.getTime() / 1000, records }))
