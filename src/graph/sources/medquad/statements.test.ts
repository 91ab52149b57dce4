import { beforeAll, describe, expect, test } from 'vitest'
import { entitiesOf, type Page, pages, read, rejectedOf, said, triplesOf } from './fixtures/pages.ts'

const statements: readonly (readonly [qtype: string, answer: string, expected: readonly string[]])[] = [
  [
    'symptoms',
    'Symptoms of Examplosis include fever, severe headache, and joint pain.',
    ['has_finding fever', 'has_finding headache', 'has_finding joint pain'],
  ],
  [
    'symptoms',
    'Less common symptoms may include - nausea - seizures Some people with Examplosis recover.',
    ['has_finding nausea', 'has_finding seizures'],
  ],
  [
    'symptoms',
    'The signs and symptoms vary but may include: Fever Low muscle tone (hypotonia) Chills Most people get well.',
    ['has_finding fever', 'has_finding low muscle tone', 'has_finding chills'],
  ],
  [
    'information',
    'Examplosis is a rare disorder characterized by hearing loss, seizures and short stature.',
    ['has_finding hearing loss', 'has_finding seizures', 'has_finding short stature'],
  ],
  [
    'symptoms',
    'Symptoms include black, tarry stools and swelling of the legs.',
    ['has_finding black stools', 'has_finding swelling of the legs'],
  ],
  [
    'treatment',
    'Examplosis is usually treated with prednisone or surgery.',
    ['treated_by prednisone', 'treated_by surgery'],
  ],
  [
    'treatment',
    'Treatment may include antibiotics to fight the germ, and surgery.',
    ['treated_by antibiotics', 'treated_by surgery'],
  ],
  ['treatment', 'Doxycycline is used to treat Examplosis.', ['treated_by doxycycline']],
  [
    'exams and tests',
    'Doctors use blood tests and a biopsy to diagnose Examplosis.',
    ['diagnosed_by blood test', 'diagnosed_by biopsy'],
  ],
  ['exams and tests', 'Examplosis is diagnosed with an MRI.', ['diagnosed_by magnetic resonance imaging']],
  [
    'complications',
    'Complications include sepsis and kidney failure.',
    ['complicated_by sepsis', 'complicated_by kidney failure'],
  ],
  [
    'susceptibility',
    'Risk factors for Examplosis include smoking and older age.',
    ['has_risk_factor smoking', 'has_risk_factor older age'],
  ],
  [
    'causes',
    'Examplosis is an infection caused by the bacterium Bartonella henselae.',
    ['caused_by_organism Bartonella henselae'],
  ],
  [
    'causes',
    'Examplosis is caused by mutations in the ABC1, XYZ-2 and QRS genes.',
    ['caused_by_gene ABC1', 'caused_by_gene XYZ-2', 'caused_by_gene QRS'],
  ],
  ['causes', 'Mutations in the ABC1 (OLD9) gene cause Examplosis.', ['caused_by_gene ABC1']],
  [
    'inheritance',
    'Examplosis is inherited in an autosomal dominant or X-linked recessive manner.',
    ['inherited_as autosomal dominant', 'inherited_as X-linked recessive'],
  ],
  ['information', 'Examplosis is a disorder that affects the brain and liver.', ['affects brain', 'affects liver']],
  ['information', 'Examplosis is a disease spread by the bite of infected ticks.', ['transmitted_by ticks']],
  ['prevention', 'Examplosis can be prevented by vaccination.', ['prevented_by vaccination']],
]

const silent: readonly (readonly [qtype: string, answer: string])[] = [
  ['symptoms', 'Symptoms of low blood sugar include seizures.'],
  ['symptoms', 'Unlike Examplosis, symptoms include fever.'],
  ['symptoms', 'Symptoms do not include fever.'],
  ['symptoms', 'Symptoms include a temperature without fever.'],
  ['symptoms', 'Symptoms are similar to fever, seizures and rash.'],
  ['symptoms', 'Do symptoms include fever?'],
  ['symptoms', 'Symptoms include pain, swelling, of the gland.'],
  ['symptoms', 'Worms of another kind cause illness, and symptoms include fever.'],
  ['treatment', 'There is no cure, and treatment with prednisone is under study.'],
  ['treatment', 'Examplosis should not be treated with aspirin.'],
  ['treatment', 'Treatments include removing blood (and iron) from the body.'],
  ['treatment', 'Side effects of treatment include nausea.'],
  ['exams and tests', 'An MRI is used to rule out other causes; Examplosis is diagnosed by an MRI to rule out tumors.'],
  ['causes', 'Examplosis is caused by unknown factors, possibly smoking.'],
  ['causes', 'Examplosis may be caused by mutations in the ABC1 gene in some forms.'],
  ['causes', 'Examplosis is caused by mutations in DNA.'],
  ['causes', 'Another disorder is caused by mutations in the ABC1 gene.'],
  ['inheritance', 'Examplosis is thought to be inherited in an autosomal dominant manner.'],
  ['outlook', 'Symptoms include fever.'],
]

describe('sentences', () => {
  // One catalogue serves them all: each page has its line.
  let byLine: ReadonlyMap<number, readonly string[]>
  beforeAll(async () => {
    const rows = [...statements, ...silent].map(([qtype, answer]) => ({ focus: 'Examplosis', qa: { [qtype]: answer } }))
    byLine = await said(pages(...rows))
  })

  test.each(statements.map((row, index) => [...row, index + 1] as const))(
    '%s: "%s"',
    (_qtype, _answer, expected, line) => {
      expect(byLine.get(line)).toEqual(expected)
    },
  )

  test.each(silent.map((row, index) => [...row, statements.length + index + 1] as const))(
    'says nothing: %s, "%s"',
    (_qtype, _answer, line) => {
      expect(byLine.get(line)).toBeUndefined()
    },
  )

  test('each triple quotes a sentence of its answer word for word, with address and line', async () => {
    const answer = 'It is rare.  Symptoms include fever.2 More is known.'
    const file = pages({ focus: 'Other', qa: {} }, { focus: 'Examplosis', qa: { symptoms: answer } })
    expect(triplesOf(await read([file]))).toEqual([
      {
        kind: 'triple',
        file,
        line: 2,
        head: 'medquad:examplosis',
        relation: 'has_finding',
        tail: 'medquad:finding:fever',
        quote: 'Symptoms include fever.2',
        url: 'https://example.org/10',
      },
    ])
  })

  test('an abbreviation that the answer introduces names the disease', async () => {
    const answer = 'Example disease (EXD) is rare. EXD is caused by mutations in the ABC1 gene.'
    const found = await said(pages({ focus: 'Example disease', qa: { causes: answer } }))
    expect(found.get(1)).toEqual(['caused_by_gene ABC1'])
  })

  test('diseases of other pages are complications and risks, but not of themselves', async () => {
    const answer = 'Complications include testitis and Examplosis.'
    const records = await read([
      pages({ focus: 'Testitis', cuis: ['C0000001'], qa: {} }, { focus: 'Examplosis', qa: { complications: answer } }),
    ])
    expect(triplesOf(records).map(({ tail }) => tail)).toEqual(['UMLS:C0000001'])
    expect(rejectedOf(records).map(({ reason }) => reason)).toEqual(['name of the disease itself'])
  })
})

describe('names of other sources', () => {
  const page: Page = { focus: 'Examplosis', qa: { symptoms: 'Symptoms include fever and blue nails.' } }

  test('a name of ours takes their key as cross-reference; a name of theirs alone is found too', async () => {
    const records = await read(
      [pages(page)],
      [
        { name: 'fever', key: 'HP:1', type: 'finding' },
        { name: 'blue nail', key: 'HP:2', type: 'finding' },
      ],
    )
    expect(entitiesOf(records).map(({ key, xrefs }) => [key, xrefs])).toEqual([
      ['medquad:examplosis', []],
      ['medquad:finding:fever', ['HP:1']],
      ['medquad:finding:blue nail', ['HP:2']],
    ])
  })

  test('a name that means several of their entities is rejected, not guessed', async () => {
    const records = await read(
      [pages(page)],
      [
        { name: 'blue nails', key: 'HP:2', type: 'finding' },
        { name: 'Blue nail', key: 'HP:3', type: 'finding' },
      ],
    )
    expect(triplesOf(records).map(({ tail }) => tail)).toEqual(['medquad:finding:fever'])
    expect(rejectedOf(records).map(({ reason, detail }) => [reason, detail])).toEqual([
      ['ambiguous name', 'blue nails'],
    ])
  })

  test('a name of a type that cannot stand there is rejected', async () => {
    const records = await read([pages(page)], [{ name: 'blue nails', key: 'X:1', type: 'test' }])
    expect(rejectedOf(records).map(({ reason }) => reason)).toEqual(['name of another type'])
  })
})
