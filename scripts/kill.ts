/** The proof that a kill costs nothing: `npx tsx scripts/kill.ts [--kills 20] [--seed 1]`. Exit code 1 when a hash differs. */
import { parseArgs } from 'node:util'
import { killAndResume } from '../test/kill-harness.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
})
const report = await killAndResume(Number(values.kills), Number(values.seed), (line) => console.log(line))
const bad = report.kills.filter(({ differing }) => differing.length > 0).length
console.log(
  `${report.kills.length} kills, ${bad} with a different manifest hash; undisturbed run ${(report.wallMs / 1000).toFixed(1)} s`,
)
process.exitCode = bad === 0 ? 0 : 1
