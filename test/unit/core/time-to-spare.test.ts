import { describe, expect, it } from 'vitest'

import { hasTimeToSpare, PlainDownload, type Progress } from '../../../src/core/origin/time-to-spare.ts'

/** As far as a plain download, which takes 40 s, and through as soon. */
const AHEAD: Progress = {
  elapsedMs: 20_000,
  fileBytes: 4_000_000,
  hereBytes: 2_000_000,
  plainBytes: 2_000_000,
  plainShareBytesPerSec: 100_000,
  meshBytesPerSec: 50_000,
  meshBestBytesPerSec: 100_000,
  meshSilentMs: 100,
  isSomethingNear: true,
}

function hasTime(changes: Partial<Progress>): boolean {
  return hasTimeToSpare({ ...AHEAD, ...changes })
}

describe('who has time', () => {
  it('has what a plain download would have brought, or gets as much as it would bring', () => {
    expect(hasTime({})).toBe(true)
    expect(hasTime({ hereBytes: 1_999_999 })).toBe(false)
    expect(hasTime({ hereBytes: 0, meshBytesPerSec: 100_000 })).toBe(true)
  })

  it('is through before a plain download, if the mesh gives as much again as it once gave', () => {
    expect(hasTime({ meshBestBytesPerSec: 99_999 })).toBe(false)
    expect(hasTime({ hereBytes: 3_000_000, meshBestBytesPerSec: 50_000 })).toBe(true)
    expect(hasTime({ hereBytes: 4_000_000, meshBestBytesPerSec: 0 })).toBe(true)
  })

  it('is not overtaken as the others go: a plain download had little of what it would get now', () => {
    const last = { plainBytes: 400_000, hereBytes: 3_600_000, plainShareBytesPerSec: 1_000_000 }
    expect(hasTime({ ...last, elapsedMs: 60_000, meshBestBytesPerSec: 112_000 })).toBe(true)
    expect(hasTime({ ...last, elapsedMs: 60_000, meshBestBytesPerSec: 110_000 })).toBe(false)
  })

  it('gives the mesh until a plain download would have a twentieth of the file to show what it can do', () => {
    const slow = { meshBestBytesPerSec: 1 }
    expect([199_999, 200_000].map((plainBytes) => hasTime({ ...slow, plainBytes }))).toEqual([true, false])
  })

  it('waits a minute for neighbours that have something and serve others, 20 s where they have nothing', () => {
    expect([60_000, 60_001].map((meshSilentMs) => hasTime({ meshSilentMs }))).toEqual([true, false])
    const isSomethingNear = false
    expect([20_000, 20_001].map((meshSilentMs) => hasTime({ meshSilentMs, isSomethingNear }))).toEqual([
      true,
      false,
    ])
  })

  it('is everybody for ten seconds, while nobody knows what the origin gives', () => {
    const unknown = { plainShareBytesPerSec: 0, hereBytes: 0 }
    expect([9999, 10_000].map((elapsedMs) => hasTime({ ...unknown, elapsedMs }))).toEqual([true, false])
  })
})

describe('what a plain download would have brought', () => {
  it('begins anew once it has forgotten', () => {
    const plain = new PlainDownload()
    plain.bytesAfter(10_000, 1000)
    plain.forget()
    plain.bytesAfter(20_000, 100)
    expect(plain.bytesAfter(30_000, 1000)).toBe(3000)
  })

  it('is its present share all along while others come', () => {
    const plain = new PlainDownload()
    expect(plain.bytesAfter(2000, 500)).toBe(1000)
    expect(plain.bytesAfter(10_000, 100)).toBe(1000)
  })

  it('is the sum over time while they go', () => {
    const plain = new PlainDownload()
    expect(plain.bytesAfter(10_000, 100)).toBe(1000)
    expect(plain.bytesAfter(20_000, 1000)).toBe(2000)
    expect(plain.bytesAfter(21_000, 1000)).toBe(3000)
  })

  it('is worked out by the first share that is known for the time before', () => {
    const plain = new PlainDownload()
    expect(plain.bytesAfter(5000, 0)).toBe(0)
    expect(plain.bytesAfter(10_000, 100)).toBe(1000)
    expect(plain.bytesAfter(15_000, 0)).toBe(0)
    expect(plain.bytesAfter(20_000, 200)).toBe(2000)
  })
})
