import { describe, expect, it } from 'vitest'

import { MAX_TOLD, Tracker } from '../../../../simulator/bittorrent/tracker.ts'
import { Random } from '../../../../src/core/random.ts'

function trackerOf(count: number): Tracker {
  const tracker = new Tracker([], new Random(1))
  for (let index = 0; index < count; index++) tracker.announce(index)
  return tracker
}

describe('the tracker', () => {
  it('names all others while they are few, and nobody twice', () => {
    const told = trackerOf(10).announce(3)
    expect([...told].sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
  })

  it('names forty of many, each as likely as any', () => {
    const tracker = trackerOf(200)
    const counts = new Map<number, number>()
    for (let round = 0; round < 1000; round++) {
      const told = tracker.announce(0)
      expect(new Set(told).size).toBe(MAX_TOLD)
      for (const index of told) counts.set(index, (counts.get(index) ?? 0) + 1)
    }
    expect(counts.size).toBe(199)
    expect(Math.min(...counts.values())).toBeGreaterThan(120)
    expect(Math.max(...counts.values())).toBeLessThan(290)
  })

  it('names nobody who has said that he goes', () => {
    const tracker = trackerOf(10)
    tracker.stopped(4)
    tracker.stopped(4)
    tracker.stopped(77)
    expect(tracker.announce(0)).not.toContain(4)
    expect(tracker.announce(0)).toHaveLength(8)
  })

  it('is away when the scenario says so', () => {
    const tracker = new Tracker(
      [
        { fromMs: 10, untilMs: 20 },
        { fromMs: 50, untilMs: null },
      ],
      new Random(1),
    )
    expect([0, 10, 19, 20, 49, 50, 1e9].map((nowMs) => tracker.isAway(nowMs))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
    ])
  })
})
