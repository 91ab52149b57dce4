import { describe, expect, test } from 'vitest'
import { DataError } from '../core/errors.ts'
import { cpuMs } from './fixtures/cpu-time.ts'
import { parseTemplate, renderTemplate } from './template.ts'

const render = (source: string, variables: Readonly<Record<string, unknown>> = {}): string =>
  renderTemplate(parseTemplate(source), variables)

/** Doubles `x` n times. */
const doubled = (start: string, times: number, step = 'ns.x + ns.x'): string =>
  `{% set ns = namespace(x=${start}) %}{% for i in range(${times}) %}{% set ns.x = ${step} %}{% endfor %}`
const million = `${doubled("'a'", 20)}{% set big = ns.x %}`

describe('a hostile template ends with a named error within two seconds', () => {
  const attacks: readonly (readonly [string, string, RegExp])[] = [
    ['a range of a billion', '{% for i in range(1000000000) %}x{% endfor %}', /range of more than 10000/],
    ['a range that counts down', '{{ range(0, -1000000000, -1) | length }}', /range of more than 10000/],
    ['a range without end', '{{ range(0, 5, 0) }}', /step that is not 0/],
    ['a range of halves', '{{ range(0.5) }}', /whole numbers/],
    [
      'loops in loops',
      '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}',
      /more than 200000 steps/,
    ],
    [
      'loops in loops with nothing in them',
      '{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}',
      /more than 200000 steps/,
    ],
    [
      'loops that select nothing',
      '{% for a in range(9999) %}{% for b in range(9999) if false %}{% endfor %}{% endfor %}',
      /more than 200000 steps/,
    ],
    [
      'loops that break',
      '{% for a in range(9999) %}{% for b in range(999) %}{% continue %}{% endfor %}{% endfor %}',
      /more than 200000 steps/,
    ],
    ['a text that doubles', doubled("'a'", 60), /more than 2000000 characters/],
    ['a text that doubles with ~', doubled("'a'", 60, 'ns.x ~ ns.x'), /more than 2000000 characters/],
    ['a list that doubles', doubled('[1]', 60), /more than 100000 elements/],
    ['a list of itself twice over', doubled('[1]', 60, '[ns.x, ns.x]'), /more than 2000000 characters|deeper than 64/],
    ['a list in a list without end', doubled('[1]', 9999, '[ns.x]'), /nests lists deeper than 64/],
    ['an object of itself twice over', doubled("{'a': 1}", 60, "{'a': ns.x, 'b': ns.x}"), /characters|deeper than 64/],
    ['a namespace in itself', '{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}', /namespace into another/],
    ['a namespace in a list', '{% set ns = namespace() %}{% set x = [ns] %}', /namespace into another/],
    [
      'an output that grows',
      `${million}{% for i in range(9999) %}{{ big }}{% endfor %}`,
      /handles more than|makes a text/,
    ],
    ['replacing nothing by much', `${million}{{ big.replace('', big) | length }}`, /more than 2000000 characters/],
    ['replacing much by much', `${million}{{ big | replace('a', big) | length }}`, /more than 2000000 characters/],
    ['cutting into a million', `${million}{{ big.split('a') | length }}`, /more than 100000 elements/],
    ['cutting at nothing', "{{ 'abc'.split('') }}", /splits at nothing/],
    ['joining by much', `${million}{{ range(9999) | join(big) | length }}`, /more than 2000000 characters/],
    ['joining letters by much', `${million}{{ big | join(big) | length }}`, /more than 2000000 characters/],
    [
      'a wide indent',
      `${million}{{ [1, [2, 3]] | tojson(indent=1000000000) }}`,
      /indent or separators of more than 64/,
    ],
    ['a wide indent of lines', "{{ 'a\\nb' | indent(1000000000) }}", /indent or separators of more than 64/],
    ['wide separators', `${million}{{ [1, 2] | tojson(separators=(big, big)) }}`, /more than 2000000 characters/],
    [
      'searching in vain',
      `${million}{% set part = big[:500000] + 'b' %}{% for i in range(9999) %}{{ part in big }}{% endfor %}`,
      /handles more than 32000000 characters/,
    ],
    [
      'slices of nothing',
      `${million}{% for i in range(9999) %}{% set y = big[1:1] %}{% endfor %}`,
      /handles more than 32000000 characters/,
    ],
    [
      'comparing long lists',
      `${doubled('[1]', 16)}{% for i in range(9999) %}{% set y = 2 in ns.x %}{% endfor %}`,
      /handles more than 32000000 characters/,
    ],
    [
      'sorting again and again',
      '{% set x = range(9999) | list %}{% for i in range(9999) %}{% set y = x | sort(reverse=true) %}{% endfor %}',
      /handles more than 32000000 characters/,
    ],
    ['a macro that calls itself', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}', /deeper than 400 calls/],
    [
      'macros that call each other twice',
      '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}',
      /more than 200000 steps/,
    ],
    [
      'macros made in a loop',
      `{% for i in range(9999) %}{% macro f() %}${'{{ 1 }}'.repeat(5000)}{% endmacro %}{% endfor %}`,
      /handles more than 32000000 characters/,
    ],
    [
      'unknown names in loops',
      '{% for a in range(999) %}{% for b in range(999) %}{{ x }}{% endfor %}{% endfor %}',
      /200000 steps/,
    ],
    ['brackets', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`, /does not parse/],
    ['lists in the source', `{{ ${'['.repeat(300)}${']'.repeat(300)} }}`, /deeper than|does not parse/],
    ['a long sum', `{{ 1${' + 1'.repeat(15_000)} }}`, /deeper than 400 calls/],
    ['a field of blanks', `${' '.repeat(60_000)}{{ 1 }}`, /white-space characters in a row/],
    ['an open loop', '{% for a in b %}'.repeat(3000), /does not parse/],
    ['a long source', 'x'.repeat(65_537), /the limit is 65536/],
    ['the date', "{{ strftime_now('%Y') }}", /asks for today's date/],
  ]

  test.each(attacks)('%s', (_, source, message) => {
    let caught: unknown
    const spentMs = cpuMs(() => {
      try {
        render(source)
      } catch (error) {
        caught = error
      }
    })
    expect(caught).toBeInstanceOf(DataError)
    expect(String(caught)).toMatch(message)
    expect(spentMs).toBeLessThan(2000)
  })
})

describe('a template reaches nothing but its variables', () => {
  test.each([
    "''.constructor",
    "''.constructor.constructor",
    "''.__class__.__mro__",
    "''['constructor']",
    "''.strip.constructor",
    '[].__proto__',
    '{}.constructor',
    'messages.__class__.__init__.__globals__',
    'namespace.constructor',
    'range.__globals__',
    'raise_exception.constructor',
    'self',
    'config',
    'cycler',
    'lipsum',
    'process',
    'require',
    'globalThis',
    'this',
    'constructor',
    '__proto__',
    'strftime',
  ])('%s is nothing', (expression) => {
    expect(render(`[{{ ${expression} }}]`, { messages: [] })).toBe('[]')
  })

  test('what is no function cannot be called', () => {
    expect(() => render("{{ ''.constructor.constructor('return process')() }}")).toThrow(/the chat template fails/)
    expect(() => render("{% include 'x' %}")).toThrow(/does not parse/)
    expect(() => render("{% import 'os' as os %}")).toThrow(/does not parse/)
  })

  test('a template that asks whether there is a date is told that there is none', () => {
    expect(render("{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% else %}2025{% endif %}")).toBe('2025')
  })
})

describe('a template is rendered as Jinja renders it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["{{ ' \\u0085a\\ufeff '.strip() }}|", 'a\ufeff|'],
    ["{{ ' \\u0085a\\ufeff ' | trim }}|", 'a\ufeff|'],
    ["{{ 'xxaxx' | trim('x') }}{{ '\\n a \\n'.lstrip('\\n') }}|", 'a a \n|'],
    ["{{ 'xyaxy'.strip('yx') }}{{ 'xa'.rstrip('x') }}{{ 'ax'.lstrip() }}", 'axaax'],
    ["{{ 'a b  c '.split() | join('|') }}", 'a|b|c'],
    ["{{ 'a b  c '.split(none, 1) | join('|') }}|", 'a|b  c |'],
    ["{{ 'a,b,c'.split(',', 1) | join('|') }}", 'a|b,c'],
    ["{{ 'aXbXc'.replace('X', '') }}{{ 'aXbXc' | replace('X', '-', 1) }}{{ 'ab'.replace('', '.') }}", 'abca-bXc.a.b.'],
    ["{{ 'aXbXc'.replace('X', '-', count=1) }}{{ 'ab'.replace('', '.', 1) }}", 'a-bXc.ab'],
    ['{{ [] | first }}{{ nothing }}{{ nothing | default(3) }}', '3'],
    ["{{ ['b', 'a'] | sort | join(',') }}{{ {'k': [1, 'é']} | tojson }}", 'a,b{"k": [1, "é"]}'],
    ["{{ 'a\\nb' | indent(2) }}{% filter upper %}x{{ 'y' }}{% endfilter %}", 'a\n  bXY'],
    ['{% for i in range(2, 99, 3) %}{% if i > 6 %}{% break %}{% endif %}{{ i }}{% endfor %}', '25'],
    [
      '{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}',
      '11,23',
    ],
    ["{% macro f(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }}{{ f('x', b='y') }}", 'xzxy'],
    ["{{ 'a' in 'cab' }}{{ 2 not in [1, 3] }}{{ 'k' in {'k': 1} }}", 'truetruetrue'],
    ["{{ [{'r': 'u'}, {'r': 's'}] | selectattr('r', 'equalto', 'u') | list | length }}", '1'],
  ]
  test.each(cases)('%s', (source, text) => {
    expect(render(source)).toBe(text)
  })

  test('a thousand turns and a long text fit the bounds', () => {
    const messages = Array.from({ length: 1000 }, (_, index) => ({
      role: 'user',
      content: 'x'.repeat(index === 7 ? 500_000 : 9),
    }))
    const source =
      "{% for m in messages %}{% if m.role == 'user' %}{{ '[' + m.content.strip() + ']' }}{% endif %}{% endfor %}"
    expect(render(source, { messages })).toHaveLength(500_000 + 999 * 9 + 2000)
  })

  test('a template may be rendered again, with other variables', () => {
    const template = parseTemplate('{{ x }}')
    expect([1, 2].map((x) => renderTemplate(template, { x }))).toEqual(['1', '2'])
  })
})
