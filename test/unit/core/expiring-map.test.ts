import { describe, expect, it } from 'vitest'

import { ExpiringMap } from '../../../src/core/mesh/expiring-map.ts'

describe('a map that forgets', () => {
  it('has what was set until its time is over, to the millisecond', () => {
    const map = new ExpiringMap<string, number>(100, 10)
    map.set('a', 1, 1000)
    expect([map.get('a', 1099), map.has('a', 1099)]).toEqual([1, true])
    expect([map.get('a', 1100), map.has('a', 1100)]).toEqual([undefined, false])
    expect([...map.live(1100)]).toEqual([])
  })

  it('counts the time from when something was last set', () => {
    const map = new ExpiringMap<string, number>(100, 10)
    map.set('a', 1, 0)
    map.set('b', 2, 10)
    map.set('a', 3, 50)
    expect([...map.live(120)]).toEqual([['a', 3]])
    expect([...map.live(60)]).toEqual([
      ['b', 2],
      ['a', 3],
    ])
  })

  it('never holds more than it may, and lets the oldest go', () => {
    const map = new ExpiringMap<number, number>(100, 3)
    for (const key of [1, 2, 3, 1, 4]) map.set(key, key, 0)
    expect(map.size).toBe(3)
    expect([...map.live(0)].map(([key]) => key)).toEqual([3, 1, 4])
  })

  it('lets go of what is over when something is set', () => {
    const map = new ExpiringMap<number, number>(100, 1000)
    for (let key = 0; key < 500; key++) map.set(key, key, key)
    expect(map.size).toBe(100)
  })

  it('forgets what is deleted', () => {
    const map = new ExpiringMap<string, number>(100, 10)
    map.set('a', 1, 0)
    map.delete('a')
    expect(map.has('a', 0)).toBe(false)
  })
})
