import { describe, expect, it } from 'vitest'

import { LatestTimes } from '../../../src/core/origin/latest-times.ts'
import { range } from './shapes.ts'

describe('the latest times', () => {
  it('are nothing before one is over', () => {
    const times = new LatestTimes(4)
    times.began(7)
    expect([times.count, times.medianMs]).toEqual([0, 0])
  })

  it('have the median of those that are over', () => {
    const times = new LatestTimes(5)
    for (const key of range(0, 5)) times.began(key)
    for (const key of [3, 0, 4]) times.over(key, 1000 * key)
    expect([times.count, times.medianMs]).toEqual([3, 3000])
    times.over(1, 900)
    times.over(2, 901)
    expect([times.count, times.medianMs]).toEqual([5, 901])
  })

  it('count a thing that begins again as another one', () => {
    const times = new LatestTimes(4)
    for (const tookMs of [100, 300, 500]) {
      times.began(7)
      times.over(7, tookMs)
    }
    expect([times.count, times.medianMs]).toEqual([3, 300])
  })

  it('are those that began last, however late others end', () => {
    const times = new LatestTimes(3)
    for (const key of range(0, 6)) times.began(key)
    for (const key of range(3, 6)) times.over(key, 10)
    for (const key of range(0, 3)) times.over(key, 60_000)
    expect([times.count, times.medianMs]).toEqual([3, 10])
    times.began(6)
    expect(times.count).toBe(2)
  })
})
