import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError } from './errors.ts'
import { canonicalJson, formatJson, MAX_JSON_DEPTH, parseJson } from './json.ts'

const here = { file: 'x.json' }
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

/** JSON values as we write them: no -0. */
const jsonValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)

describe('formatJson', () => {
  test('what it writes is read back as the same value', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(parseJson(formatJson(value), here)).toEqual(value)
      }),
    )
  })

  test('it leaves out undefined properties and indents only when asked', () => {
    expect(formatJson({ a: 1, b: undefined, c: [null, true] })).toBe('{"a":1,"c":[null,true]}')
    expect(formatJson({ a: [1] }, { pretty: true })).toBe('{\n  "a": [\n    1\n  ]\n}')
  })

  test.each([
    ['NaN', { loss: [1, Number.NaN] }, 'NaN at $.loss[1]'],
    ['infinity', { loss: Number.POSITIVE_INFINITY }, 'Infinity at $.loss'],
    ['negative infinity', [Number.NEGATIVE_INFINITY], '-Infinity at $[0]'],
    ['negative zero', { a: { b: -0 } }, '-0 at $.a.b'],
    ['undefined in an array', [1, undefined], 'undefined at $[1]'],
    ['a hole', new Array(1), 'undefined at $[0]'],
    ['undefined itself', undefined, 'undefined at $'],
    ['a function', { f: () => 1 }, 'a function at $.f'],
    ['a symbol', [Symbol('s')], 'a symbol at $[0]'],
    ['a bigint', { n: 1n }, 'a bigint at $.n'],
    ['a date', { at: new Date(0) }, 'a Date at $.at'],
    ['a map', new Map([[1, 2]]), 'a Map at $'],
    ['a typed array', { w: Float32Array.of(1) }, 'a Float32Array at $.w'],
  ])('it refuses %s and names the path', (_, value, message) => {
    expect(() => formatJson(value)).toThrow(DataError)
    expect(() => formatJson(value)).toThrow(message)
    expect(() => canonicalJson(value)).toThrow(message)
  })

  test('it refuses a cycle, but not the same object in two places', () => {
    const shared = { a: 1 }
    expect(formatJson([shared, shared])).toBe('[{"a":1},{"a":1}]')
    const cyclic: unknown[] = []
    cyclic.push({ cyclic })
    expect(() => formatJson(cyclic)).toThrow('a cycle at $[0].cyclic')
  })

  test('it refuses nesting that parseJson would refuse', () => {
    const value = parseJson(nested(MAX_JSON_DEPTH), here)
    expect(formatJson(value)).toBe(nested(MAX_JSON_DEPTH))
    expect(() => formatJson([value])).toThrow(`nesting deeper than ${MAX_JSON_DEPTH}`)
  })
})

describe('canonicalJson', () => {
  test('the order of keys does not matter, the order of items does', () => {
    expect(canonicalJson({ b: 1, a: { d: 2, c: 3 } })).toBe('{"a":{"c":3,"d":2},"b":1}')
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]))
  })

  test('it writes numbers and strings as RFC 8785 shows them', () => {
    // The example of RFC 8785 §3.2.2 and its canonical form.
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000f\u000aA\'B"\\\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  test('it sorts keys by UTF-16 code units', () => {
    // RFC 8785 §3.2.3: the astral 😀 (D83D DE00) stands before דּ (FB33).
    expect(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2, a: 3 })).toBe('{"a":3,"\u{1f600}":2,"\ufb33":1}')
  })

  test('its text is that of the library of the author of RFC 8785', () => {
    const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }).map((one) => JSON.parse(JSON.stringify(one)))
    fc.assert(
      fc.property(value, (one) => {
        expect(canonicalJson(one)).toBe(canonicalize(one))
      }),
    )
    expect(canonicalJson({ 10: 'a', 9: undefined, __proto__x: [{}, []] })).toBe('{"10":"a","__proto__x":[{},[]]}')
  })

  test('it refuses a lone surrogate in a value or a key, and takes a pair', () => {
    expect(() => canonicalJson({ text: ['a\ud83d'] })).toThrow('a lone surrogate at $.text[0]')
    expect(() => canonicalJson({ '\udc00x': 1 })).toThrow('a lone surrogate')
    expect(canonicalJson('\ud83d\ude00')).toBe('"\u{1f600}"')
  })
})

describe('parseJson', () => {
  test('it accepts what JSON.parse accepts when no key is repeated', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(parseJson(text, here)).toEqual(JSON.parse(text))
      }),
    )
  })

  test.each([
    ['{"a":1,"b":{},"a":2}', 'a'],
    ['[{"x":{"k":1 , "k" :2}}]', 'k'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"":1,"":2}', ''],
    ['{"a\\"b":1,"c":[1,{}],"a\\"b":2}', 'a"b'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('it refuses the repeated key of %s', (text, field) => {
    expect(() => parseJson(text, { file: 'm.json', line: 3 })).toThrow(`m.json:3: key "${field}" appears twice`)
  })

  test('a key may recur in another object, as a value, and within a string', () => {
    const text = '{"a":{"a":"a"},"b":[{"a":1},{"a":2}],"c":"\\"a\\":1,\\"a\\":2","d":["a","a"]}'
    expect(parseJson(text, here)).toEqual(JSON.parse(text))
  })

  test('a repeated key is found wherever it is put', () => {
    const keys = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(keys, fc.nat(), fc.json(), (names, at, filler) => {
        const twice = [...names, names[at % names.length]]
        const text = `[${filler},{${twice.map((name) => `${JSON.stringify(name)}: ${filler}`).join(' , ')}}]`
        expect(() => parseJson(text, here)).toThrow('appears twice')
      }),
    )
  })

  test('it takes 1,000 levels and refuses 1,001, and a million without a crash', () => {
    expect(parseJson(nested(1000), here)).toBeInstanceOf(Array)
    expect(() => parseJson(nested(1001), here)).toThrow('nested deeper than 1000')
    expect(() => parseJson(nested(1_000_000), here)).toThrow(DataError)
  })

  test('it refuses a number that would become an infinity', () => {
    expect(() => parseJson('{"a":[1e999]}', here)).toThrow('number 1e999 is too large')
    expect(() => parseJson(`-${'9'.repeat(400)}`, here)).toThrow('too large')
    expect(parseJson('[1e308,-2.5E-3,"1e999"]', here)).toEqual([1e308, -0.0025, '1e999'])
  })

  test('text that is not JSON is an error at its place', () => {
    for (const text of ['', '{', "{'a':1}", '[1,]', 'NaN', '\u0000']) {
      expect(() => parseJson(text, { file: 'd.jsonl', line: 12 })).toThrow(/^d\.jsonl:12: not JSON: /)
    }
  })

  test.each([
    ['keys', `{${Array.from({ length: 300_000 }, (_, i) => `"key${i}":0`).join(',')}}`],
    ['escapes', `["${'\\"'.repeat(1_000_000)}"]`],
    ['digits', `[0.${'1'.repeat(1_000_000)}]`],
    ['objects', `[${'{"a":1},'.repeat(300_000)}0]`],
  ])('its time does not grow with the square of the number of %s', (_, text) => {
    const start = performance.now()
    parseJson(text, here)
    // A fraction of a second even on a busy computer; 300,000 squared are minutes.
    expect(performance.now() - start).toBeLessThan(15_000)
  })
})
