import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { removeDir } from '../core/store.ts'
import { ask, exampleQuestions } from './ask.ts'
import { type ScriptedRun, writeScriptedRun } from './fixtures/scripted-run.ts'

let run: ScriptedRun
beforeAll(async () => {
  run = await writeScriptedRun(join(mkdtempSync(join(tmpdir(), 'fleming-ask-')), 'miniature'))
}, 60_000)

const question = 'What is the mechanism of action of the first-line drug for gout?'
const rightChain = ' gout is first treated with naproxen; naproxen acts by cyclooxygenase inhibition;'
const answerWith = (completion: string) =>
  ask(
    run.dir,
    'rl-2',
    question,
    run.student(() => completion),
  )

describe('an answer', () => {
  test('has each step marked, with the place of its triple', async () => {
    const chain = ` perhaps migraine; migraine lacks tophi; gout is first treated with doxycycline;${rightChain}`
    const { steps, groundedSteps, checkableSteps } = await answerWith(
      `${chain}</think><answer> cyclooxygenase inhibition</answer>`,
    )
    expect(steps).toEqual([
      { kind: 'hypothesis', text: 'perhaps migraine', source: null },
      { kind: 'ruled-out', text: 'migraine lacks tophi', source: null },
      { kind: 'unsupported', text: 'gout is first treated with doxycycline', source: null },
      { kind: 'supported', text: 'gout is first treated with naproxen', source: 'triples/miniature.tsv:6' },
      { kind: 'supported', text: 'naproxen acts by cyclooxygenase inhibition', source: 'triples/miniature.tsv:7' },
    ])
    expect([groundedSteps, checkableSteps]).toEqual([2, 3])
  })

  test('is led to by reasoning that starts at what the question names, and by no other', async () => {
    const right = await answerWith(`${rightChain}</think><answer> cyclooxygenase inhibition</answer>`)
    expect(right).toMatchObject({ answer: 'cyclooxygenase inhibition', reasoningLeadsToAnswer: true })
    const beside = await answerWith(
      ' naproxen acts by cyclooxygenase inhibition;</think><answer> cyclooxygenase inhibition</answer>',
    )
    expect(beside).toMatchObject({ answer: 'cyclooxygenase inhibition', reasoningLeadsToAnswer: false })
  })

  test('is not led to by being named among the options of the question', async () => {
    const asked = `${question} Options: cyclooxygenase inhibition; xanthine oxidase inhibition.`
    const beside = ' naproxen acts by cyclooxygenase inhibition;</think><answer> cyclooxygenase inhibition</answer>'
    const given = (text: string, completion: string) =>
      ask(
        run.dir,
        'rl-2',
        text,
        run.student(() => completion),
      )
    expect((await given(asked, beside)).reasoningLeadsToAnswer).toBe(false)
    const right = `${rightChain}</think><answer> cyclooxygenase inhibition</answer>`
    expect((await given(asked, right)).reasoningLeadsToAnswer).toBe(true)
  })

  test('that cannot be read is none, with the reason', async () => {
    const unread = await answerWith(rightChain)
    expect(unread).toMatchObject({ answer: null, reading: 'none', defects: ['unclosedThink', 'noAnswer'] })
    const strange = await answerWith(`${rightChain}</think><answer> aspirin</answer>`)
    expect(strange).toMatchObject({ answer: null, reading: 'noMatch' })
  })

  test('to a question of the run is compared with what the graph accepts', async () => {
    const known = run.questions.find(({ split, hop }) => split === 'held-out-disease' && hop === 2)!
    const gold = known.options[known.gold]!.label
    const reply = (label: string) => run.student(() => `${rightChain}</think><answer> ${label}</answer>`)
    const right = await ask(run.dir, 'rl-1', known.stem, reply(gold))
    expect(right.known).toEqual({ split: expect.any(String), accepted: [gold], correct: true })
    const wrong = await ask(run.dir, 'rl-1', known.stem, reply(known.options[1]!.label))
    expect(wrong.known?.correct).toBe(false)
  })
})

describe('a question', () => {
  test('in the words of the run has no unknown words; others are named', async () => {
    expect((await answerWith('')).unknownWords).toEqual([])
    const { unknownWords } = await ask(
      run.dir,
      'base',
      'What is the first-line drug for hypertension?',
      run.student(() => ''),
    )
    expect(unknownWords.join(' ')).toContain('hypertension')
  })

  test('reaches the model as the prompt of the chat template, white space made even', async () => {
    const prompts: string[] = []
    const spy = run.student((prompt) => {
      prompts.push(prompt)
      return ''
    })
    await ask(run.dir, 'cold-start', '  Name the\n first-line drug for  gout. ', spy)
    expect(prompts).toEqual(['Name the first-line drug for gout.<think>'])
  })

  test('that is empty or longer than the context is refused with a remedy', async () => {
    await expect(
      ask(
        run.dir,
        'rl-2',
        '  ',
        run.student(() => ''),
      ),
    ).rejects.toThrow('the question is empty')
    const long = 'zyx '.repeat(80)
    await expect(
      ask(
        run.dir,
        'rl-2',
        long,
        run.student(() => ''),
      ),
    ).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringContaining('of 96 tokens'),
    })
  })

  test('to a run that is not there, or not finished, says how to get one', async () => {
    await expect(ask('/nowhere', 'rl-2', question)).rejects.toMatchObject({ code: 'E_DATA', exitCode: 2 })
    const unfinished = await writeScriptedRun(join(mkdtempSync(join(tmpdir(), 'fleming-ask-')), 'miniature'))
    removeDir(join(unfinished.dir, 'rl-2'))
    await expect(ask(unfinished.dir, 'rl-2', question)).rejects.toThrow('the stage "rl-2" of this run is not finished')
  })
})

test('examples are held-out compositions of two to four hops, the same every time', () => {
  const examples = exampleQuestions(run.dir, 2)
  expect(examples.map(({ hop }) => hop)).toEqual([2, 2, 3, 3, 4, 4])
  expect(exampleQuestions(run.dir, 2)).toEqual(examples)
  const heldOut = run.questions.filter(({ split }) => split === 'held-out-composition').map(({ stem }) => stem)
  expect(heldOut).toEqual(expect.arrayContaining(examples.map(({ stem }) => stem)))
})
