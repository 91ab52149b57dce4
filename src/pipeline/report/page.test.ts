import { describe, expect, test } from 'vitest'
import { DataError } from '../../core/errors.ts'
import { lineChart } from './charts/line-chart.ts'
import { linearScale, niceTicks, place, runningMean, spreadLabels, thinOut } from './charts/scale.ts'
import { decimal, duration, percent, points, pValue, whole } from './format.ts'
import { escapeText, html } from './markup.ts'
import { style } from './style.ts'

describe('numbers in words', () => {
  test.each([
    [percent(0.4123), '41.2'],
    [percent(1), '100.0'],
    [points(0.032), '+3.2'],
    [points(-0.0104), '−1.0'],
    [points(0.0001), '±0.0'],
    [points(-0.0001), '±0.0'],
    [pValue(0.03125), '0.031'],
    [pValue(0.00021), '0.0002'],
    [pValue(0.00001), '<0.0001'],
    [pValue(1), '1.000'],
    [whole(1_234_567), '1,234,567'],
    [whole(999), '999'],
    [decimal(-0.004, 2), '0.00'],
    [duration(3.26), '3.3 s'],
    [duration(59.7), '1 min 00 s'],
    [duration(192), '3 min 12 s'],
    [duration(7500), '2 h 05 min'],
  ])('%s', (shown, expected) => {
    expect(shown).toBe(expected)
  })

  test('what is not finite is refused everywhere', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => decimal(value, 1)).toThrow(DataError)
      expect(() => percent(value)).toThrow(DataError)
      expect(() => place(value)).toThrow(DataError)
      expect(() => html`<b>${value}</b>`).toThrow(DataError)
    }
  })
})

describe('markup', () => {
  test('values are escaped, markup inside markup is not escaped twice', () => {
    const inner = html`<b>${'a < b & "c"'}</b>`
    expect(html`<p title="${`it's`}">${inner}${null}${['x', 1]}</p>`.markup).toBe(
      '<p title="it&#39;s"><b>a &lt; b &amp; &quot;c&quot;</b>x1</p>',
    )
  })

  test('control characters and marks of direction become visible', () => {
    expect(escapeText('a\u0000b\u001bc\td\ne\u202ef\u2066')).toBe('a\ufffdb\ufffdc\td\ne⟨U+202E⟩f⟨U+2066⟩')
  })
})

describe('axes', () => {
  test('ticks are round and inside the domain', () => {
    expect(niceTicks([0, 1], 4)).toEqual([0, 0.5, 1])
    expect(niceTicks([1, 360], 6)).toEqual([100, 200, 300])
    expect(niceTicks([0, 0.43], 4)).toEqual([0, 0.2, 0.4])
    expect(niceTicks([5, 5], 4)).toEqual([5])
  })

  test('a scale takes its ends to the ends of the range, a flat domain to the middle', () => {
    const scale = linearScale([2, 4], [100, 0])
    expect([scale(2), scale(3), scale(4)]).toEqual([100, 50, 0])
    expect(linearScale([3, 3], [0, 10])(3)).toBe(5)
  })

  test('labels keep their order, their distance and the range', () => {
    expect(spreadLabels([10, 12, 80], 13, [0, 100])).toEqual([10, 23, 80])
    expect(spreadLabels([95, 99, 100], 13, [0, 100])).toEqual([74, 87, 100])
    expect(spreadLabels([-5], 13, [0, 100])).toEqual([0])
  })

  test('a running mean is the mean of a point and its neighbours', () => {
    const line = [0, 3, 6, 3].map((y, x) => [x, y] as const)
    expect(runningMean(line, 3)).toEqual([
      [0, 1.5],
      [1, 3],
      [2, 4],
      [3, 4.5],
    ])
    expect(runningMean(line, 1)).toEqual(line)
  })

  test('a long line is thinned to means of equal stretches', () => {
    const line = Array.from({ length: 10 }, (_, index) => [index, index * 2] as const)
    expect(thinOut(line, 5)).toEqual([
      [0.5, 1],
      [2.5, 5],
      [4.5, 9],
      [6.5, 13],
      [8.5, 17],
    ])
    expect(thinOut(line, 10)).toBe(line)
  })
})

describe('a line chart', () => {
  const chart = { id: 'c', title: 'Reward', description: 'it rises', isShare: true } as const
  const run = [
    [1, 0],
    [2, 1],
  ] as const

  test('puts a share of 0 at the bottom and of 1 at the top', () => {
    const series = [{ name: 'reward', tone: 's0', style: 'dots', runs: [run] }] as const
    const { markup } = lineChart({ ...chart, series })
    expect(markup).toContain('d="M44 192L424 16"')
    expect(markup).toContain('<title>reward, step 2: 100.0 %</title>')
  })

  test('escapes names, and refuses values that are not finite', () => {
    const named = [{ name: '<reward>', tone: 's0', style: 'smooth', runs: [run] }] as const
    expect(lineChart({ ...chart, series: named }).markup).toContain('&lt;reward&gt;</text>')
    const broken = [{ name: 'reward', tone: 's0', style: 'smooth', runs: [[[1, Number.NaN]]] }] as const
    expect(() => lineChart({ ...chart, series: broken })).toThrow(DataError)
  })

  test('without a value says so', () => {
    expect(lineChart({ ...chart, series: [] }).markup).toContain('No values.')
  })
})

/** Colours of a scheme by variable name. */
function coloursOf(css: string): Map<string, string> {
  return new Map([...css.matchAll(/--([\w-]+):(#[0-9a-f]{3,6})/g)].map(([, name, colour]) => [name!, colour!]))
}

/** WCAG 2 contrast ratio of two colours. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const digits = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join('') : colour.slice(1)
    const [red, green, blue] = [0, 2, 4].map((at) => {
      const value = Number.parseInt(digits.slice(at, at + 2), 16) / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  }
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

test.each([
  ['light', style.slice(0, style.indexOf('@media'))],
  ['dark', style.slice(style.indexOf('@media (prefers-color-scheme:dark)'), style.indexOf('*{box-sizing'))],
  ['print', style.slice(style.indexOf('@media print'))],
])('text of every colour has a contrast of 4.5 on the %s page', (_, css) => {
  const colours = coloursOf(css)
  const texts = ['ink', 'quiet', 'up', 'down', 's1', 's2', 's3', 's4']
  const low = texts.filter((name) =>
    ['page', 'soft'].some((ground) => contrast(colours.get(name)!, colours.get(ground)!) < 4.5),
  )
  expect(low).toEqual([])
  expect(contrast(colours.get('ink')!, colours.get('warn-soft')!)).toBeGreaterThan(7)
})
