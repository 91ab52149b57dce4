import type { Rng } from '../../core/rng.ts'
import type { EntityType } from '../../graph/types.ts'
import { type ChineseClause, chineseClauses, chineseNouns } from './clauses-zh.ts'
import { fill, joinChinese } from './lexical.ts'
import { readStep, type StepName } from './shapes.ts'
import type { StemRequest } from './wording.ts'

/** The stem in Chinese, in the style of the licensing examination. */
export function writeChinese(request: StemRequest, rng: Rng): string {
  const { shape } = request
  const names = request.given.map(({ name }) => name)
  if (shape.kind === 'walk') return writeWalk(request, shape.steps, names[0]!, rng)
  if (shape.kind === 'common') return writeCommon(request, shape.given, shape.onward, names, rng)
  if (shape.kind === 'case') {
    const story = tellFeatures(request.given)
    return `${story}${endCase(request, shape.onward, '最可能的基础疾病', rng)}`
  }
  const [first, second] = request.pair!.map(({ name }) => name)
  if (shape.kind === 'contrast') {
    return rng.pick([
      `下列哪项表现更支持${first}而不是${second}？`,
      `患者可能为${first}或${second}，下列哪项表现提示${first}？`,
    ])
  }
  const telling = tellFeatures(request.given.slice(1)).replace('患者出现', '患者还有')
  return `患者出现${names[0]!}，需在${first}与${second}之间鉴别。${telling}${endCase(request, shape.onward, '两者中可能性更大的疾病', rng)}`
}

function clauseOf(step: StepName): ChineseClause {
  const { relation, backward } = readStep(step)
  const directions = chineseClauses[relation]
  return directions === null ? { clause: '与%有关' } : backward ? directions.backward : directions.forward
}

/** "表现为发热的疾病", for an entity that the stem hides. */
function hiddenPhrase(step: StepName, type: EntityType, from: string): string {
  const clause = fill(clauseOf(step).clause, from)
  // "的遗传方式为…" belongs to its noun: as an attribute it loses the first 的.
  return `${clause.startsWith('的') ? clause.slice(1) : clause}的${chineseNouns[type][1]}`
}

function followChain(steps: readonly StepName[], types: readonly EntityType[], from: string) {
  let phrase = from
  for (const [index, step] of steps.slice(0, -1).entries()) phrase = hiddenPhrase(step, types[index]!, phrase)
  return { phrase, last: steps.at(-1)! }
}

/** "可同时表现为…": the clause asked of several things at once. */
function together(clause: string): string {
  return clause.startsWith('可') ? `可同时${clause.slice(1)}` : `同时${clause}`
}

function writeWalk(request: StemRequest, steps: readonly StepName[], name: string, rng: Rng): string {
  const [first] = steps
  if (steps.length === 1 && first !== undefined) {
    const { asks } = clauseOf(first)
    if (request.form === 'single' && asks !== undefined && rng.int(2) === 0) return fill(rng.pick(asks), name)
    return ask(request, first, name, rng)
  }
  const { phrase, last } = followChain(steps, request.pathTypes, name)
  return ask(request, last, phrase, rng)
}

function ask(request: StemRequest, step: StepName, from: string, rng: Rng): string {
  return askBy(request, clauseOf(step), from, rng)
}

function askBy({ form, answerType, rightCount }: StemRequest, clause: ChineseClause, from: string, rng: Rng): string {
  const [measure, typeNoun] = chineseNouns[answerType]
  const noun = clause.noun ?? typeNoun
  const text = fill(clause.clause, from)
  if (form === 'multiple') return `下列哪些${noun}${text}？（多选）`
  if (form === 'open') return rightCount === 1 ? `哪${measure}${noun}${text}？` : `请写出一${measure}${text}的${noun}。`
  return rng.pick([`下列哪${measure}${noun}${text}？`, `以下选项中，哪${measure}${noun}${text}？`])
}

function writeCommon(
  request: StemRequest,
  given: StepName,
  onward: readonly StepName[],
  names: readonly string[],
  rng: Rng,
): string {
  const clause = { ...clauseOf(given), clause: together(clauseOf(given).clause) }
  const all = joinChinese(names)
  if (onward.length === 0) return askBy(request, clause, all, rng)
  const center = `${fill(clause.clause, all)}的${chineseNouns[request.pathTypes[0]!][1]}`
  const { phrase, last } = followChain(onward, request.pathTypes.slice(1), center)
  return ask(request, last, phrase, rng)
}

const caseSentences: { readonly [Step in StepName]?: string } = {
  '~has_finding': '患者出现%。',
  '~has_hallmark': '查体见%。',
  '~shows': '检查结果为%。',
  '~has_risk_factor': '既往史及危险因素：%。',
  '~affects': '病变累及%。',
  '~associated_gene': '基因检测发现%变异。',
  '~caused_by_gene': '基因检测发现%致病突变。',
  '~inherited_as': '遗传方式为%。',
  '~arises_from': '病理基础为%。',
  '~derives_from': '病变来源于%。',
  '~caused_by_organism': '病原体为%。',
  '~transmitted_by': '经%传播。',
  '~diagnosed_by': '诊断依靠%。',
  '~confirmed_by': '确诊依靠%。',
}

function tellFeatures(given: StemRequest['given']): string {
  const steps = [...new Set(given.map(({ step }) => step))]
  const ordered = [
    ...steps.filter((step) => step === '~has_finding'),
    ...steps.filter((step) => step !== '~has_finding'),
  ]
  return ordered
    .map((step) => {
      const names = given.filter((one) => one.step === step).map(({ name }) => name)
      return fill(caseSentences[step] ?? '有%。', joinChinese(names))
    })
    .join('')
}

function endCase(request: StemRequest, onward: readonly StepName[], center: string, rng: Rng): string {
  if (onward.length === 0) return request.form === 'open' ? '最可能的诊断是什么？' : '最可能的诊断是下列哪项？'
  const { phrase, last } = followChain(onward, request.pathTypes.slice(1), center)
  return ask(request, last, phrase, rng)
}
