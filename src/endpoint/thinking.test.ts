import { expect, test } from 'vitest'
import { splitThinking } from './thinking.ts'

test.each([
  ['<think>why</think>\n\nB', 'B', 'why'],
  [' \n<think> why </think>B', 'B', 'why'],
  ['why, as the prompt opened it</think>B', 'B', 'why, as the prompt opened it'],
  ['<think>cut off in the mid', '', 'cut off in the mid'],
  ['no tags', 'no tags', null],
  ['B <think>quoted</think> C', 'B <think>quoted</think> C', null],
  ['<think>a</think>b</think>c', 'b</think>c', 'a'],
  ['', '', null],
])('%j has the text %j and the thinking %j', (said, text, thinking) => {
  expect(splitThinking(said)).toEqual({ text, thinking })
})
