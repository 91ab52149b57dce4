import type { Item, Language } from '../questions/types.ts'
import { formatOptions } from '../text/options.ts'
import type { AnswerSpec } from '../text/types.ts'
import { type AskOptions, orderOf, specOf } from './item-task.ts'

const instructions: { readonly [Name in Language]: { readonly [Kind in AnswerSpec['kind']]: string } } = {
  en: {
    choice:
      'Think first, inside <think></think>. Then give the letter of the one right option inside <answer></answer>.',
    choices:
      'Think first, inside <think></think>. One or more options are right: give the letters of all of them, and of no other, separated by commas, inside <answer></answer>.',
    number:
      'Think first, inside <think></think>. Then give one number with its unit, if it has one, inside <answer></answer>.',
    open: 'Think first, inside <think></think>. Then give the answer, and nothing else, inside <answer></answer>.',
    names: 'Think first, inside <think></think>. Then give the answer, and nothing else, inside <answer></answer>.',
  },
  zh: {
    choice: '先在 <think></think> 中思考，再在 <answer></answer> 中给出唯一正确选项的字母。',
    choices:
      '先在 <think></think> 中思考。正确选项有一个或多个：在 <answer></answer> 中给出全部正确选项的字母，用逗号分隔。',
    number: '先在 <think></think> 中思考，再在 <answer></answer> 中给出一个数值，有单位时写明单位。',
    open: '先在 <think></think> 中思考，再在 <answer></answer> 中只给出答案。',
    names: '先在 <think></think> 中思考，再在 <answer></answer> 中只给出答案。',
  },
}

/**
 * The prompt of an item: context, stem, options by letter, and how to answer, an empty line between each. The item's own
 * texts are kept byte for byte; neither gold nor explanation is ever in it.
 *
 * @param options the same as for `taskOf`, or letters and gold part ways
 * @throws {DataError} as `specOf`
 */
export function promptOf(item: Item, options: AskOptions = {}): string {
  const { kind } = specOf(item, options)
  const shown = item.form === 'open' ? null : orderOf(item, options.order).map((index) => item.options[index]!)
  const parts = [
    item.context,
    item.stem,
    shown === null ? null : formatOptions(shown),
    instructions[item.language][kind],
  ]
  return parts.filter((part) => part !== null).join('\n\n')
}
