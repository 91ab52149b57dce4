/**
 * The proof that a kill costs nothing: a recipe is killed at random moments, started again, and must end with the hashes of
 * an undisturbed run. Exit code 1 when one differs.
 *
 *   npm run kill -- [--kills 20] [--seed 1] [--config test/short.yaml] [--set key=value …]
 */
import { parseArgs } from 'node:util'
import { killAndResume, shortRecipe } from '../test/kill-harness.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    config: { type: 'string', default: shortRecipe.config },
    set: { type: 'string', multiple: true, default: [...shortRecipe.set] },
  },
})
const recipe = { config: values.config, set: values.set }
const report = await killAndResume(Number(values.kills), Number(values.seed), recipe, (line) => console.log(line))
const bad = report.kills.filter(({ differing }) => differing.length > 0).length
console.log(
  `${report.kills.length} kills, ${bad} with a different manifest hash; undisturbed run ${(report.wallMs / 1000).toFixed(1)} s`,
)
process.exitCode = bad === 0 ? 0 : 1
