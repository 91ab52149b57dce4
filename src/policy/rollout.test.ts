import { expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { idOf } from '../graph/fixtures/tiny-graph.ts'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import type { Question } from '../questions/types.ts'
import { verifiableJudge } from './judge.ts'
import { groupRecord, type PlanItem, rollOut, trainingRewards } from './rollout.ts'
import { fromQuestion } from './training-question.ts'

const student = tinyStudent()
const { codec, graph, questions, lexicon } = student
const judge = verifiableJudge('gated')
const [one, two] = questions.filter(({ hop, path }) => hop === 2 && path.start === idOf(graph, 'tophi')) as [
  Question,
  Question,
]
const gold = (question: Question): string => graph.entity(question.path.maskedEntity).label
const completion = (answer: string): string => ` tophi is the hallmark of gout;</think><answer> ${answer}</answer>`
const asked = fromQuestion(one, lexicon)
const plan: readonly PlanItem[] = [
  { question: asked, groupSize: 4, reason: 'easy' },
  { question: fromQuestion(two, lexicon), groupSize: 2, reason: 'moderate' },
]

/** Right in its first sample, wrong, without an answer, and cut off. */
const client = await student.answering((question, sample) => {
  const texts = [
    completion(gold(question)),
    completion('Koplik spots'),
    ' tophi;</answer>',
    completion('a b').slice(0, 30),
  ]
  return texts[sample]!
})
const roll = (key = 'rl-1 0') => rollOut({ client, codec, judge, maxTokens: 20 }, plan, key)

test('each plan item is one request of its group size, sampled without temperature or filters', async () => {
  await roll('rl-1 7')
  expect(client.calls.at(-1)).toEqual({
    method: 'sample',
    requests: [
      { promptTokens: codec.prompt(one.stem), numSamples: 4, key: `rl-1 7 ${one.id}` },
      { promptTokens: codec.prompt(two.stem), numSamples: 2, key: `rl-1 7 ${two.id}` },
    ],
    params: { maxTokens: 20, stopTokens: [codec.endToken] },
  })
})

test('rollouts are scored, and centred within their own group', async () => {
  const [first, second] = await roll()
  expect(first!.question).toBe(asked)
  expect(first!.promptTokens).toEqual(codec.prompt(one.stem))
  expect(first!.rollouts_G.map(({ reward }) => reward.total)).toEqual([1, 0, 0, 0])
  expect(first!.advantages_G).toEqual([0.75, -0.25, -0.25, -0.25])
  expect(second!.advantages_G).toEqual([0.5, -0.5])
})

test('a rollout keeps its tokens, log-probabilities, text, defects and what it answered', async () => {
  const [group] = await roll()
  const [right, wrong, missing, cut] = group!.rollouts_G
  expect(right).toEqual({
    tokens: codec.completion(completion(gold(one))),
    samplerLogprobs_T: codec.completion(completion(gold(one))).map(() => -1),
    completion: completion(gold(one)),
    stopReason: 'stop',
    reward: { correct: 1, format: 1, total: 1 },
    defects: [],
    answered: one.path.maskedEntity,
  })
  expect(wrong!.answered).toBe(idOf(graph, 'Koplik spots'))
  expect([missing!.answered, missing!.stopReason]).toEqual(['none', 'stop'])
  expect([cut!.answered, cut!.stopReason, cut!.defects[0]]).toEqual(['none', 'length', 'truncated'])
})

test('a group is logged with its stage, step and reason, and log-probabilities to six decimals', async () => {
  const odd = await student.answering(() => ({ tokens: [5, codec.endToken], logprobs: [-0.12345678, -1e-9] }))
  const [group] = await rollOut({ client: odd, codec, judge, maxTokens: 20 }, plan.slice(0, 1), 'x')
  const record = groupRecord(group!, 'rl-2', 12, 'wrong')
  expect({ ...record, rollouts: record.rollouts.length }).toEqual({
    stage: 'rl-2',
    step: 12,
    questionId: one.id,
    reason: 'wrong',
    rollouts: 4,
  })
  // Not -0, which has no JSON.
  expect(record.rollouts[0]!.logprobs).toEqual([-0.123457, 0])
  expect(record.rollouts[0]).toMatchObject({ tokens: [5, codec.endToken], advantage: 0, answered: 'none' })
})

test('a verifier that crashes costs its rollout, not the group: no part of the mean, and logged with its reason', async () => {
  const crashing: typeof judge = (question, text, truncated, key) => {
    if (key.endsWith(' 2')) throw new DataError('no unit "mmol"')
    return judge(question, text, truncated, key)
  }
  const [group] = await rollOut({ client, codec, judge: crashing, maxTokens: 20 }, plan, 'x')
  expect(trainingRewards(group!.rollouts_G)).toEqual([1, 0, Number.NaN, 0])
  group!.advantages_G.forEach((advantage, member) => {
    expect(advantage).toBeCloseTo([2 / 3, -1 / 3, 0, -1 / 3][member]!, 12)
  })
  const { rollouts } = groupRecord(group!, 'rl-1', 1, 'easy')
  expect(rollouts.map(({ unscored }) => unscored)).toEqual([undefined, undefined, 'no unit "mmol"', undefined])
})

test('a bug in a verifier is a bug, not a rollout without a score', async () => {
  const buggy: typeof judge = () => {
    throw new TypeError('x is undefined')
  }
  await expect(rollOut({ client, codec, judge: buggy, maxTokens: 20 }, plan, 'x')).rejects.toThrow(TypeError)
})

test('the overlong penalty lowers the reward that is trained on, and is logged beside the reward', async () => {
  const overlong = { maxTokens: 20, cacheTokens: 20 }
  const [group] = await rollOut({ client, codec, judge, maxTokens: 20, overlong }, plan, 'x')
  const penalties = group!.rollouts_G.map(({ tokens }) => -Math.min(1, tokens.length / 20))
  expect(group!.rollouts_G.map((rollout) => rollout.overlong)).toEqual(penalties)
  expect(trainingRewards(group!.rollouts_G)).toEqual([1, 0, 0, 0].map((reward, member) => reward + penalties[member]!))
  expect(groupRecord(group!, 'rl-1', 1, 'easy').rollouts[0]).toMatchObject({
    reward: { total: 1 },
    overlong: penalties[0],
  })
})
