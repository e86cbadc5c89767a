import { describe, expect, it } from 'vitest'

import { Lateness } from '../../../src/core/lateness.ts'

function after(rings: number, lateMs: number): Lateness {
  const lateness = new Lateness()
  noteAgain(lateness, rings, lateMs)
  return lateness
}

function noteAgain(lateness: Lateness, rings: number, lateMs: number, nowMs = 0): void {
  for (let ring = 0; ring < rings; ring++) lateness.note(lateMs, nowMs)
}

describe('how late timers ring', () => {
  it('says nothing of a processor at rest', () => {
    expect(after(100, 1).isBusy).toBe(false)
  })

  it('shows a busy processor after a few rings, not after one', () => {
    expect(after(1, 50).isBusy).toBe(false)
    expect(after(10, 50).isBusy).toBe(true)
    expect(after(100, 20).processorMs).toBeCloseTo(20, 0)
  })

  it('shows one whose first rings are late at once, but not by one of them', () => {
    expect(after(1, 600).isBusy).toBe(false)
    expect(after(3, 50).isBusy).toBe(true)
  })

  it('shows a busy one until it has been at rest for a hundred rings, not now one and now the other', () => {
    const lateness = after(100, 10)
    noteAgain(lateness, 200, 6)
    expect(lateness.isBusy).toBe(true)
    expect(after(200, 6).isBusy).toBe(false)
    noteAgain(lateness, 90, 2)
    expect(lateness.isBusy).toBe(true)
    noteAgain(lateness, 1, 100)
    noteAgain(lateness, 90, 2)
    expect(lateness.isBusy).toBe(true)
    noteAgain(lateness, 40, 2)
    expect(lateness.isBusy).toBe(false)
  })

  it('is not the processor’s fault in a hidden page, or one that slept', () => {
    expect(after(100, 500)).toMatchObject({ isBusy: false, processorMs: 0 })
    const slept = after(100, 1)
    slept.note(600_000, 0)
    expect(slept.isBusy).toBe(false)
  })

  it('is forgotten when it is over', () => {
    const lateness = after(100, 50)
    noteAgain(lateness, 150, 1)
    expect(lateness.isBusy).toBe(false)
  })

  it('counts for half a minute more, for what the mesh is expected to do', () => {
    const lateness = after(100, 50)
    noteAgain(lateness, 1, 50, 5000)
    noteAgain(lateness, 200, 1, 5001)
    expect(lateness.isBusy).toBe(false)
    // It was found at rest some time in those rings.
    expect([35_000, 35_001].map((nowMs) => lateness.wasBusyLately(nowMs))).toEqual([true, false])
    expect(after(200, 1).wasBusyLately(0)).toBe(false)
    // No timer rang since.
    expect(after(100, 50).wasBusyLately(100_000)).toBe(true)
  })
})
