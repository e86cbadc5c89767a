import { describe, expect, test } from 'vitest'

import { type RotationSettings, ServerRotation } from '../../../src/core/server-rotation.ts'

const SETTINGS: RotationSettings = {
  firstBackOffMs: 1_000,
  longestBackOffMs: 60_000,
  drainSpreadMs: 40_000,
  random: () => 1,
}

describe('which server is tried', () => {
  test('each in turn, and the first again', () => {
    const rotation = new ServerRotation(['a', 'b', 'c'], SETTINGS)
    const tried = Array.from({ length: 5 }, () => {
      const { url } = rotation
      rotation.failed(null)
      return url
    })
    expect(tried).toEqual(['a', 'b', 'c', 'a', 'b'])
  })

  test('where there is none, none', () => {
    const rotation = new ServerRotation([], SETTINGS)
    expect(rotation.failed(null)).toBe(1_000)
    expect(rotation.url).toBe('')
  })
})

describe('how long it waits', () => {
  test('not at all in the first round of a visit, then up to twice as long with every round', () => {
    const rotation = new ServerRotation(['a', 'b'], SETTINGS)
    const waitsMs = Array.from({ length: 8 }, () => rotation.failed(null))
    expect(waitsMs).toEqual([0, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000])
  })

  test('never over the longest back-off, however often it fails', () => {
    const rotation = new ServerRotation(['a'], SETTINGS)
    const waitsMs = Array.from({ length: 3_000 }, () => rotation.failed(null))
    expect(Math.max(...waitsMs)).toBe(60_000)
    expect(waitsMs.at(-1)).toBe(60_000)
  })

  test('anything below the ceiling', () => {
    const draws = [0, 0.25, 0.75]
    const rotation = new ServerRotation(['a'], { ...SETTINGS, random: () => draws.shift() ?? 1 })
    expect([rotation.failed(null), rotation.failed(null), rotation.failed(null)]).toEqual([0, 500, 3_000])
  })

  test('also before the next server, once it was welcomed by one: all its visitors are lost at once', () => {
    const rotation = new ServerRotation(['a', 'b'], SETTINGS)
    rotation.welcomed()
    expect(rotation.failed(null)).toBe(1_000)
  })

  test('ever longer for a server that welcomes and throws out again', () => {
    const rotation = new ServerRotation(['a'], SETTINGS)
    const waitsMs = Array.from({ length: 4 }, () => {
      rotation.welcomed()
      return rotation.failed(1006)
    })
    expect(waitsMs).toEqual([1_000, 2_000, 4_000, 8_000])
  })

  test('as in the beginning after a server that kept it', () => {
    const rotation = new ServerRotation(['a'], SETTINGS)
    for (let times = 0; times < 5; times++) rotation.failed(null)
    rotation.forgive()
    expect(rotation.failed(null)).toBe(1_000)
  })

  test.each([1001, 1012, 1013])('spread over 40 s where the server sends everybody away (%i)', (code) => {
    const rotation = new ServerRotation(['a', 'b'], SETTINGS)
    rotation.welcomed()
    expect(rotation.failed(code)).toBe(40_000)
    expect(rotation.url).toBe('b')
  })
})
