import { expect, test } from 'vitest'
import { scriptedEngine } from '../engine/scripted/index.ts'
import type { SampleRequest } from '../engine/types.ts'
import { tinyStudent } from '../pipeline/fixtures/tiny-student.ts'
import { factsOf } from '../questions/facts.ts'
import type { Codec } from '../text/codec.ts'
import { factRecall } from './fact-recall.ts'

const { codec, graph } = tinyStudent()
const facts = factsOf(graph).slice(0, 40)
const label = (index: number): string => {
  const { tails } = facts[index]!
  return graph.entity(tails[index % tails.length]!).label
}

/** A client that says this after the opening of fact `index`. */
const saying = (text: (index: number) => string) =>
  scriptedEngine.create({
    respond: ({ key }) => ({ tokens: codec.encode(text(Number(key.slice('fact '.length)))) }),
  })

test('a fact is recalled when the next token is any object that the graph holds', async () => {
  const all = await factRecall(await saying((index) => ` ${label(index)}`), codec, graph, facts)
  expect(all).toMatchObject({ n: 40, recalled: 40, rate: 1 })
  const half = await factRecall(
    await saying((index) => (index % 2 === 0 ? ` ${label(index)}` : ' fever')),
    codec,
    graph,
    facts,
  )
  const byChance = facts.filter(({ tails }, index) => index % 2 === 1 && tails.includes(graph.find('fever')!.id)).length
  expect(half).toMatchObject({ recalled: 20 + byChance, rate: (20 + byChance) / 40 })
  expect(half.interval[0]).toBeLessThan(half.rate)
})

test('no name, or the subject itself, recalls nothing', async () => {
  const none = await factRecall(await saying(() => ';'), codec, graph, facts)
  expect(none).toMatchObject({ recalled: 0, rate: 0 })
  const echo = await factRecall(
    await saying((index) => ` ${graph.entity(facts[index]!.head).label}`),
    codec,
    graph,
    facts,
  )
  expect(echo.recalled).toBe(0)
})

test('it is asked in the wording of reasoning, greedily, for one token', async () => {
  const client = await saying(() => ';')
  await factRecall(client, codec, graph, facts.slice(0, 1))
  const [{ head, step }] = facts as [(typeof facts)[number]]
  expect(client.calls).toEqual([
    {
      method: 'sample',
      requests: [
        { promptTokens: codec.encode(` ${graph.entity(head).label}${step.statement}`), numSamples: 1, key: 'fact 0' },
      ],
      params: { maxTokens: 1, temperature: 0, stopTokens: codec.stopTokens },
    },
  ])
})

test('with the tokenizer of another model a name takes several tokens, and must be whole and end where a word ends', async () => {
  const bytes: Codec = {
    ...codec,
    startTokens: [9],
    encode: (text) => [...Buffer.from(text)].map((byte) => byte + 10),
    completionText: (tokens) => Buffer.from(tokens.map((token) => token - 10)).toString(),
  }
  const recall = async (text: (index: number) => string) => {
    const respond = ({ key }: SampleRequest) => ({ tokens: bytes.encode(text(Number(key.slice('fact '.length)))) })
    const client = await scriptedEngine.create({ respond })
    return { ...(await factRecall(client, bytes, graph, facts)), calls: client.calls }
  }
  const { recalled, calls } = await recall((index) => ` ${label(index)}; and more`)
  expect(recalled).toBe(40)
  const [call] = calls
  const longest = Math.max(...graph.entities.map((entity) => bytes.encode(` ${entity.label}`).length))
  expect(call).toMatchObject({ params: { maxTokens: longest } })
  expect(call?.method === 'sample' && call.requests[0]?.promptTokens[0]).toBe(9)
  expect((await recall((index) => ` ${label(index)}x`)).recalled).toBe(0)
})
