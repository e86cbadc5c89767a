import { describe, expect, it } from 'vitest'

import { storePatienceMs, topologyPatienceMs } from '../../src/patience.ts'

describe('patience at the start', () => {
  it('with the topology server is 300 ms where preparations are quick, and longer where they are not, within bounds', () => {
    expect([0, 15, 16, 100, 500, 60_000].map(topologyPatienceMs)).toEqual([
      300, 300, 320, 2000, 10_000, 10_000,
    ])
  })

  it('with the store is three seconds at the least, eight at the most', () => {
    expect([0, 30, 50, 150, 60_000].map(storePatienceMs)).toEqual([3000, 3000, 5000, 8000, 8000])
  })
})
