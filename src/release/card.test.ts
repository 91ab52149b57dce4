import { describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { renderCard } from './card.ts'
import { exampleFacts } from './fixtures/card-facts.ts'

const card = renderCard(exampleFacts())
const [, frontMatter = '', body = ''] = /^---\n(.*?)\n---\n(.*)$/s.exec(card) ?? []

describe('the front matter', () => {
  test('is what the Hugging Face Hub reads, and names no base model because there is none', () => {
    const meta = parseYaml(frontMatter) as Record<string, unknown>
    expect(meta).toMatchObject({ license: 'apache-2.0', language: ['en'], pipeline_tag: 'text-generation' })
    expect(meta).not.toHaveProperty('base_model')
    expect(body).toContain('there is no base model')
  })

  test('gives the accuracy of the released stage as a fraction with its n', () => {
    const { 'model-index': index } = parseYaml(frontMatter) as { 'model-index': unknown }
    expect(index).toEqual([
      {
        name: 'fleming-second',
        results: [
          {
            task: { type: 'question-answering', name: 'open answer, exact entity' },
            dataset: { type: 'fleming-starter', name: 'fleming-starter, held-out composition' },
            metrics: [{ type: 'accuracy', name: 'accuracy, greedy, n 100', value: 0.52 }],
          },
        ],
      },
    ])
  })
})

describe('the card', () => {
  test('says first of all what the model must not be used for', () => {
    expect(body.indexOf('**Research only, not for clinical use.**')).toBeLessThan(200)
  })

  test('shows the ladder with n and intervals, the numbers of the scores', () => {
    expect(body).toContain(
      '| + RL stage 2 | 52.0 [44.0, 62.0] | 71.0 [63.0, 81.0] | 33.0 [25.0, 43.0] | 48.0 [40.0, 58.0] |',
    )
    expect(body).toContain('| base | 0.0 [0.0, 3.6] |')
    expect(body).toContain('|  | pooled (n 100) | 2 hops (n 100) | 4 hops (n 100) | rare (n 100) |')
    expect(body).toContain('| most frequent answer | 9.0 [1.0, 19.0] |')
    expect(body).not.toContain('99.0 [')
  })

  test('shows the paired tests and every fall', () => {
    expect(body).toContain('| + RL stage 1 → + RL stage 2 | held-out composition | 100 | 17 | 10 | +7.0 | 0.248 |')
    expect(body).toContain('| base → + cold start | held-out composition | 100 | 31 | 0 | +31.0 | < 0.001 |')
    expect(body).toContain('- held-out composition, 4 hops: + RL stage 1 35.0 → + RL stage 2 33.0 (p 0.500)')
  })

  test('says so when there is no fall, because silence would say nothing', () => {
    const facts = exampleFacts()
    const { scores } = facts
    const ladder = scores.ladder.map((row) => ({ ...row, accuracy: 0.5 }))
    expect(renderCard({ ...facts, scores: { ...scores, ladder } })).toContain(
      '- No stage scores below the stage before it.',
    )
  })

  test('shows what stands beside accuracy', () => {
    expect(body).toContain('| + RL stage 1 | held-out composition | 3 of 100 | 87.5 | 12.5 | 98.0 (n 200) |')
    expect(body).toContain('| base | held-out composition | 100 of 100 | – | – | 99.0 (n 200) |')
  })

  test('names the source with its licence, the questions by split and the hashes of the stages', () => {
    expect(body).toContain('**fleming-starter**, revision 1, licence CC0-1.0: 1913 triples used.')
    expect(body).toContain('by split: held-out-composition: 800, held-out-disease: 900, train: 1756')
    expect(body).toContain(`- rl-2: \`${'bb'.repeat(32)}\``)
    expect(body).toContain(`\`${'feed'.repeat(16)}\``)
    expect(body).toContain('Seed 2, data seed 5.')
  })

  test('quotes the example question as a string of Python, whatever stands in it', () => {
    expect(body).toContain('"content": "Name the \\"drug class\\" of the first-line drug for malaria."}')
  })
})

test('a model without a cold start is not said to have had one', () => {
  const facts = exampleFacts()
  const { provenance } = facts
  const bare = { ...facts, provenance: { ...provenance, trajectories: { kept: 0, backtracking: 0, byTeacher: {} } } }
  expect(renderCard(facts)).toContain('shown checked chains of reasoning')
  expect(renderCard(bare)).not.toContain('shown checked chains of reasoning')
})

test('an adapter names its base and how it is loaded', () => {
  const card = renderCard({ ...exampleFacts(), config: null, base: 'Qwen/Qwen3-32B' })
  expect(card).toContain('base_model: Qwen/Qwen3-32B')
  expect(card).toContain('library_name: peft')
  expect(card).toContain('A low-rank adapter for Qwen/Qwen3-32B')
  expect(card).toContain('from peft import AutoPeftModelForCausalLM')
  expect(card).toContain('else prompt + "<think>"')
})
