import type { ClinicalRelationName } from '../../graph/clinical.ts'
import type { EntityType } from '../../graph/types.ts'

/**
 * One direction of a relation in Chinese: "下列哪种{noun}{clause}？". As an attribute the clause stands before its noun,
 * joined by 的: "表现为%的疾病".
 */
export type ChineseClause = { readonly clause: string; readonly noun?: string; readonly asks?: readonly string[] }

type Directions = { readonly forward: ChineseClause; readonly backward: ChineseClause }

/** Each relation of the clinical schema read from both of its ends; null where no question asks for it. */
export const chineseClauses: { readonly [Name in ClinicalRelationName]: Directions | null } = {
  is_a: {
    forward: { noun: '类别', clause: '包括%', asks: ['%属于下列哪一类别？'] },
    backward: { clause: '属于%' },
  },
  has_finding: {
    forward: { clause: '可见于%', asks: ['%患者可出现下列哪项表现？'] },
    backward: { clause: '可表现为%', asks: ['患者出现%，下列哪种疾病可以解释？'] },
  },
  has_hallmark: {
    forward: { clause: '是%的特征性表现', asks: ['%的特征性表现是下列哪项？'] },
    backward: { clause: '以%为特征性表现' },
  },
  shows: {
    forward: { clause: '是%的典型检查结果' },
    backward: { clause: '检查典型地显示%' },
  },
  confirmed_by: {
    forward: { clause: '可确诊%', asks: ['疑诊%时，下列哪项检查可以确诊？'] },
    backward: { clause: '可由%确诊' },
  },
  first_line: {
    forward: { clause: '是%的一线治疗', asks: ['%的一线治疗是下列哪项？'] },
    backward: { clause: '以%为一线治疗' },
  },
  treated_by: {
    forward: { clause: '可用于治疗%', asks: ['治疗%可选用下列哪项？'] },
    backward: { clause: '可用%治疗' },
  },
  caused_by_organism: {
    forward: { clause: '可引起%', asks: ['%的病原体是下列哪项？'] },
    backward: { clause: '由%引起' },
  },
  caused_by_gene: {
    forward: { clause: '突变可导致%', asks: ['下列哪个基因的突变可导致%？'] },
    backward: { clause: '由%突变引起' },
  },
  caused_by_factor: {
    forward: { clause: '可引起%' },
    backward: { clause: '可由%引起' },
  },
  affects: {
    forward: { clause: '可被%累及', asks: ['%主要累及下列哪个部位？'] },
    backward: { clause: '主要累及%' },
  },
  complicated_by: {
    forward: { noun: '并发症', clause: '可由%引起', asks: ['下列哪项是%的并发症？'] },
    backward: { clause: '可并发%' },
  },
  arises_from: {
    forward: { clause: '是%的发病基础' },
    backward: { clause: '由%所致' },
  },
  mimicked_by: {
    forward: { clause: '容易与%混淆', asks: ['%应与下列哪种疾病鉴别？'] },
    backward: { clause: '容易被误认为%' },
  },
  inherited_as: {
    forward: { clause: '适用于%', asks: ['%的遗传方式是下列哪项？'] },
    backward: { clause: '的遗传方式为%' },
  },
  in_class: {
    forward: { clause: '包括%', asks: ['%属于下列哪类药物？'] },
    backward: { clause: '属于%' },
  },
  acts_by: {
    forward: { clause: '可解释%的作用', asks: ['%的作用机制是下列哪项？'] },
    backward: { clause: '通过%发挥作用' },
  },
  has_adverse_effect: {
    forward: { noun: '不良反应', clause: '可由%引起', asks: ['下列哪项是%的不良反应？'] },
    backward: { clause: '可引起%这一不良反应' },
  },
  contraindicated_in: {
    forward: { noun: '情况', clause: '是%的禁忌' },
    backward: { clause: '禁用于%' },
  },
  monitored_by: {
    forward: { clause: '用于监测%的治疗' },
    backward: { clause: '需用%监测' },
  },
  metabolised_by: {
    forward: { clause: '可代谢%' },
    backward: { clause: '经%代谢' },
  },
  reversed_by: {
    forward: { clause: '可逆转%的作用' },
    backward: { clause: '可被%逆转' },
  },
  managed_with: {
    forward: { clause: '可用于处理%' },
    backward: { noun: '不良反应', clause: '可用%处理' },
  },
  inhibited_by: {
    forward: { clause: '可抑制%' },
    backward: { clause: '可被%抑制' },
  },
  induced_by: {
    forward: { clause: '可诱导%' },
    backward: { clause: '可被%诱导' },
  },
  spread_by: {
    forward: { clause: '是%的传播方式', asks: ['%经下列哪种途径传播？'] },
    backward: { clause: '经%传播' },
  },
  organism_class: {
    forward: { clause: '包括%', asks: ['%属于下列哪一类病原体？'] },
    backward: { clause: '属于%' },
  },
  encodes: {
    forward: { clause: '由%编码' },
    backward: { clause: '编码%' },
  },
  serves: {
    forward: { clause: '是%的功能' },
    backward: { clause: '具有%的功能' },
  },
  examines: {
    forward: { clause: '由%检查' },
    backward: { clause: '用于检查%' },
  },
  part_of: {
    forward: { clause: '包含%' },
    backward: { clause: '属于%' },
  },
  palliated_by: {
    forward: { clause: '可缓解%的症状' },
    backward: { clause: '可用%对症治疗' },
  },
  not_treated_by: null,
  lacks_finding: null,
  diagnosed_by: {
    forward: { clause: '可用于诊断%', asks: ['诊断%可选用下列哪项检查？'] },
    backward: { clause: '可借助%诊断' },
  },
  measured_by: {
    forward: { clause: '可检出%' },
    backward: { clause: '可由%检出' },
  },
  has_risk_factor: {
    forward: { noun: '危险因素', clause: '可增加%的风险', asks: ['下列哪项是%的危险因素？'] },
    backward: { clause: '以%为危险因素' },
  },
  prevented_by: {
    forward: { clause: '可预防%' },
    backward: { clause: '可用%预防' },
  },
  triggered_by: {
    forward: { noun: '诱因', clause: '可诱发%' },
    backward: { clause: '可由%诱发' },
  },
  transmitted_by: {
    forward: { noun: '媒介或途径', clause: '可传播%' },
    backward: { clause: '可经%传播' },
  },
  derives_from: {
    forward: { noun: '组织或细胞', clause: '是%的来源' },
    backward: { clause: '来源于%' },
  },
  associated_gene: {
    forward: { clause: '与%相关', asks: ['下列哪个基因的变异与%相关？'] },
    backward: { clause: '与%变异相关' },
  },
  co_occurs_with: null,
  interacts_with: {
    forward: { clause: '可与%发生相互作用' },
    backward: { clause: '可与%发生相互作用' },
  },
  targets: {
    forward: { clause: '是%的作用靶点' },
    backward: { clause: '作用于%' },
  },
}

/** What an entity of each type is called, with its measure word. */
export const chineseNouns: { readonly [Type in EntityType]: readonly [measure: string, noun: string] } = {
  disease: ['种', '疾病'],
  group: ['类', '疾病'],
  finding: ['项', '表现'],
  result: ['项', '检查结果'],
  test: ['项', '检查'],
  drug: ['种', '药物'],
  'drug-class': ['类', '药物'],
  mechanism: ['种', '作用机制'],
  process: ['种', '病理过程'],
  organism: ['种', '病原体'],
  'organism-class': ['类', '病原体'],
  gene: ['个', '基因'],
  protein: ['种', '蛋白质'],
  role: ['种', '功能'],
  factor: ['种', '因素'],
  anatomy: ['个', '部位'],
  system: ['个', '系统'],
  complication: ['种', '并发症'],
  effect: ['种', '不良反应'],
  condition: ['种', '情况'],
  enzyme: ['种', '酶'],
  route: ['种', '传播途径'],
  specimen: ['种', '标本'],
  inheritance: ['种', '遗传方式'],
  procedure: ['种', '操作'],
  exposure: ['种', '暴露因素'],
}
