import { describe, expect, it } from 'vitest'

import { hasTimeToSpare, type Progress } from '../../../src/core/origin/time-to-spare.ts'

/** Ahead of a plain download, which would have brought 2,000,000 bytes. */
const AHEAD: Progress = {
  elapsedMs: 20_000,
  hereBytes: 2_000_000,
  plainShareBytesPerSec: 100_000,
  meshBytesPerSec: 50_000,
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
