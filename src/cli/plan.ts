import Table from 'cli-table3'
import type { Plan, StagePlan } from '../pipeline/plan.ts'
import { notice } from '../release/types.ts'
import type { Colors } from './shell.ts'

/** The plan of a run as a table, with what its figures rest on below. */
export function renderPlan(plan: Plan, unit: string, colors: Colors): string {
  const { parameters, promptTokens, stages } = plan
  const table = new Table({
    head: ['stage', 'state', 'steps', 'trained', 'prompts', 'sampled', 'teacher calls', unit],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const hours = stages.map((stage) => stage.hours ?? 0).reduce((sum, value) => sum + value, 0)
  for (const stage of stages) table.push(rowOf(stage))
  const total = (key: 'steps' | 'trained' | 'prefilled' | 'sampled' | 'teacherCalls'): string =>
    shortCount(stages.reduce((sum, stage) => sum + stage[key], 0))
  table.push([
    ...['total', '', total('steps'), total('trained'), total('prefilled'), total('sampled'), total('teacherCalls')],
    parameters === null ? '–' : formatHours(hours),
  ])
  return [
    `${colors.bold(`plan of "${plan.name}"`)}, nothing was done`,
    `engine   ${plan.engine}`,
    `weights  ${parameters === null ? 'not known' : parameters.toLocaleString('en-US')}`,
    `data     ${plan.trainingQuestions} training and ${plan.testQuestions} test questions${promptTokens === null ? '' : `, ${promptTokens.toFixed(1)} tokens a prompt`}`,
    '',
    table.toString(),
    '',
    ...plan.assumptions.map((line) => colors.dim(`· ${line}`)),
    '',
    colors.yellow(notice),
  ].join('\n')
}

function rowOf({ stage, sealed, steps, trained, prefilled, sampled, teacherCalls, hours }: StagePlan): string[] {
  const counts = [steps, trained, prefilled, sampled, teacherCalls].map(shortCount)
  return [stage, sealed ? 'made' : 'to do', ...counts, hours === null ? '–' : formatHours(hours)]
}

/** "0", "850", "12.3 k", "4.56 M", "1.20 G". */
export function shortCount(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T']
  const power = Math.min(units.length - 1, count < 10_000 ? 0 : Math.floor(Math.log10(count) / 3))
  const value = count / 10 ** (3 * power)
  return `${power === 0 ? Math.round(value) : value.toPrecision(3)}${units[power]}`
}

function formatHours(hours: number): string {
  if (hours === 0) return '0'
  return hours < 0.01 ? '< 0.01' : hours.toFixed(hours < 10 ? 2 : 0)
}
