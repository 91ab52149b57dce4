import { describe, expect, test } from 'vitest'
import { isOpenLicense } from './license.ts'

describe('the licence of a wiki', () => {
  test.each([
    ['CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/', true],
    ['Creative Commons Attribution', true],
    ['CC0', true],
    ['GNU Free Documentation License', true],
    ['CC BY-NC-SA 4.0', false],
    ['Creative Commons Attribution-NonCommercial', false],
    ['CC BY-ND 4.0', false],
    ['All rights reserved', false],
    ['not stated by the server', false],
    ['not known yet', false],
  ])('"%s" lets everybody publish: %s', (license, isOpen) => {
    expect(isOpenLicense(license)).toBe(isOpen)
  })
})
