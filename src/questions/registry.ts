import { defineRegistry } from '../core/registry.ts'
import { careqa } from './sources/careqa.ts'
import { cmexam } from './sources/cmexam.ts'
import { flemingKgqa } from './sources/fleming-kgqa.ts'
import { headqa } from './sources/headqa.ts'
import { huatuoVerifiable } from './sources/huatuo-verifiable.ts'
import { jmed } from './sources/jmed.ts'
import { m23k } from './sources/m23k.ts'
import { medbullets } from './sources/medbullets.ts'
import { medmcqa } from './sources/medmcqa.ts'
import { medqa } from './sources/medqa.ts'
import { medreason } from './sources/medreason.ts'
import { medxpertqa } from './sources/medxpertqa.ts'
import { mmlu } from './sources/mmlu.ts'
import { mmluPro } from './sources/mmlu-pro.ts'
import { pubmedqa } from './sources/pubmedqa.ts'
import type { QuestionSource } from './types.ts'

/** The data sets of questions that can be read: first those that may be trained on, then the benchmarks. */
export const questionSources = defineRegistry<QuestionSource>('question source', [
  medqa,
  medmcqa,
  cmexam,
  pubmedqa,
  headqa,
  m23k,
  huatuoVerifiable,
  medreason,
  flemingKgqa,
  mmluPro,
  careqa,
  medxpertqa,
  jmed,
  medbullets,
  mmlu,
])
