import { describe, expect, test } from 'vitest'
import { clinicalSchema } from '../clinical.ts'
import { infoboxSynonyms, infoboxTriples } from './infobox.ts'
import { nameOfTitle, readPage } from './page.ts'

const fabrosis = `{{Short description|a disease that we made up}}
{{Infobox medical condition (new)
| name         = Fabrosis
| image        = Fab.jpg
| synonyms     = Fab's disease, '''FD''' (dated), [[Fabian fever]]
| symptoms     = [[Fever]], [[joint pain|painful joints]], [[fatigue (medical)|tiredness]]<ref name="a">{{cite web|title=[[x]]}}</ref>
| causes       = {{plainlist|
* [[Zeta bacillus]] (most common)
* [[Smoking]]
}}
| risks        = {{hlist|[[Obesity]]|Old age}}
| diagnosis    = Based on symptoms, [[blood test]]s and [[Biopsy]]
| treatment    = [[Zetamycin]]<br/>[[Surgery]] in severe cases
| prevention   = <!-- [[Magic]] --> [[Vaccine]]
| differential = [[Gout]], [[Lupus, systemic]]
| frequency    = 5 in 1,000
}}
'''Fabrosis''' is a [[disease]] of the [[joint]]s.<ref name=x>foo</ref> It causes ''fever''&nbsp;&ndash; see [https://a.example/x the registry].

[[File:Fab.jpg|thumb|A [[knee]] with fabrosis]]
== Signs ==
Patients have [[fever]] and {{nowrap|[[rash]]}}.
* item [[one]]
{| class="wikitable"
! a
|-
| b [[c]]
|}
=== Deeper ===
More {{convert|5|mg}} text.
== See also ==
* [[Unread]]
[[Category:Made-up diseases]]
`

describe('a page', () => {
  const page = readPage(fabrosis)

  test('gives its sections as plain text, each where it stands in the text of the page', () => {
    expect(page.sections.map(({ path, text }) => [path.join('/'), text])).toEqual([
      ['', 'Fabrosis is a disease of the joints. It causes fever – see the registry.'],
      ['Signs', 'Patients have fever and rash.\nitem one'],
      ['Signs/Deeper', 'More 5 mg text.'],
    ])
    for (const { text, start } of page.sections) expect(page.text.slice(start, start + text.length)).toBe(text)
  })

  test('gives its links from infobox and prose, not from captions, tables, references and lists of other pages', () => {
    expect(page.links).toEqual([
      'Fabian fever',
      'Fever',
      'Joint pain',
      'Fatigue (medical)',
      'Zeta bacillus',
      'Smoking',
      'Obesity',
      'Blood test',
      'Biopsy',
      'Zetamycin',
      'Surgery',
      'Vaccine',
      'Gout',
      'Lupus, systemic',
      'Disease',
      'Joint',
      'Rash',
      'One',
    ])
    expect(page.linkTargets.get('painful joints')).toBe('Joint pain')
    expect(page.linkTargets.get('joints')).toBe('Joint')
    expect(page.categories).toEqual(['Made-up diseases'])
  })

  test('gives the fields of its infobox as plain text', () => {
    expect(page.infobox?.type).toBe('disease')
    expect(Object.fromEntries(page.infobox?.fields.map(({ name, text }) => [name, text]) ?? [])).toMatchObject({
      name: 'Fabrosis',
      symptoms: 'Fever, painful joints, tiredness',
      causes: 'Zeta bacillus (most common)\nSmoking',
      risks: 'Obesity\nOld age',
      treatment: 'Zetamycin\nSurgery in severe cases',
      prevention: 'Vaccine',
    })
  })

  test('states triples where a field lists links, and leaves prose', () => {
    expect(page.infobox).not.toBe(null)
    if (page.infobox === null) return
    const { triples, proseItems } = infoboxTriples(page.infobox, clinicalSchema)
    expect(triples.map(({ relation, target, words }) => `${relation} ${target} < ${words}`)).toEqual([
      'has_finding Fever < Fever',
      'has_finding Joint pain < painful joints',
      'has_finding Fatigue (medical) < tiredness',
      'caused_by_factor Zeta bacillus < Zeta bacillus',
      'caused_by_factor Smoking < Smoking',
      'has_risk_factor Obesity < Obesity',
      'diagnosed_by Blood test < blood tests',
      'diagnosed_by Biopsy < Biopsy',
      'treated_by Zetamycin < Zetamycin',
      'prevented_by Vaccine < Vaccine',
      'mimicked_by Gout < Gout',
      'mimicked_by Lupus, systemic < Lupus, systemic',
    ])
    expect(triples[1]?.quote).toBe('Fever, painful joints, tiredness')
    expect(proseItems).toBe(3)
    expect(infoboxSynonyms(page.infobox)).toEqual(["Fab's disease", 'FD', 'Fabian fever'])
  })

  test.each([
    ['Infobox medical condition', 'disease'],
    ['infobox_medical_condition (new)', 'disease'],
    ['Infobox drug', 'drug'],
    ['Drugbox', 'drug'],
    ['Infobox drug class', 'drug-class'],
    ['Speciesbox', 'organism'],
    ['Infobox football club', null],
  ])('with {{%s}} is about a %s', (template, type) => {
    expect(readPage(`{{${template}\n|name = X}}`).infobox?.type).toBe(type)
  })

  test('with forty thousand links in its infobox is read in linear time', () => {
    const field = Array.from({ length: 40_000 }, (_, i) => `[[a${i}]]`).join(',')
    const { infobox } = readPage(`{{Infobox medical condition|symptoms=${field}}}`)
    const start = performance.now()
    const { triples, itemsLeftOut } = infoboxTriples(
      infobox ?? { template: '', type: null, fields: [] },
      clinicalSchema,
    )
    expect([triples.length, triples.length + itemsLeftOut]).toEqual([200, 40_000])
    expect(triples[150]).toMatchObject({ target: 'A150', words: 'a150' })
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  test('gives the identifiers that it states itself', () => {
    const text =
      '{{Medical resources\n| MeshID = D000001\n| OMIM = 1 or 2\n| ICD10 = {{ICD10|A|00}}\n| Orphanet = 77\n}}'
    expect(readPage(text).xrefs).toEqual(['MESH:D000001', 'ORPHA:77'])
  })

  test('about a drug names its class', () => {
    const page = readPage('{{Infobox drug\n| class = [[Beta blocker]]\n| pregnancy_AU = C\n}}')
    const { triples } = infoboxTriples(page.infobox ?? { template: '', type: null, fields: [] }, clinicalSchema)
    expect(triples).toEqual([
      {
        relation: 'in_class',
        tailType: 'drug-class',
        target: 'Beta blocker',
        words: 'Beta blocker',
        quote: 'Beta blocker',
      },
    ])
  })

  test('title loses only what tells namesakes apart', () => {
    expect(['Fatigue (medical)', 'Fever', '(a)', 'A(b)'].map(nameOfTitle)).toEqual(['Fatigue', 'Fever', '(a)', 'A(b)'])
  })
})

describe('hostile wikitext', () => {
  test('keeps its scripts, comments and tags out of the text', () => {
    const text =
      'a<script>alert(1)</script><!-- b --><b onclick="x">c</b> <ref>d</ref>&lt;e&gt;<ref name=f />g &#0; &#xd800; <'
    expect(readPage(text).text).toBe('ac <e>g <')
  })

  test.each([
    ['{{a {{b}} c', '{{a c'],
    ['a }} b ]] c', 'a }} b ]] c'],
    ['[[a {{b]] c}} d', 'a {{b c}} d'],
    ['[[x|y', '[[x|y'],
    ['a<ref>b', 'ab'],
    ['a<!-- b', 'a'],
    ['== =', '== ='],
    ["'''a'' b", 'a b'],
    ['[[Constructor|a]] [[__proto__]]', 'a __proto__'],
  ])('that is not closed stays readable: %s', (text, plain) => {
    expect(readPage(text).text).toBe(plain)
  })

  test.each(
    Object.entries({
      templates: '{{',
      links: '[[',
      'links with bars': '[[a|',
      closings: '}}',
      references: '<ref>',
      'references with names': '<ref name="a',
      tables: '{|\n',
      comments: '<!--',
      headings: '==a\n',
      quotes: "'''''",
      tags: '<div',
      addresses: '[http://',
      ampersands: '&',
      files: '[[File:a|',
      infoboxes: '{{Infobox disease\n|a=b',
      'fields of links': '{{Infobox disease\n|symptoms=[[a]],',
      spaces: ' ',
      stars: '\n*',
      closed: '{{hlist|[[a]]}}',
    }),
  )('repeated 200,000 characters long is read in linear time: %s', (_, piece) => {
    const text = piece.repeat(Math.ceil(200_000 / piece.length))
    const start = performance.now()
    expect(readPage(text).links.length).toBeLessThan(10)
    expect(performance.now() - start).toBeLessThan(8_000)
  })
})
