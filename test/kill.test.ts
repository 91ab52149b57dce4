import { expect, test } from 'vitest'
import { killAndResume } from './kill-harness.ts'

test('a run that is killed anywhere and started again has the manifests of an undisturbed one', async () => {
  const { kills } = await killAndResume(3, 20261124)
  expect(kills.map(({ differing }) => differing)).toEqual([[], [], []])
}, 300_000)
