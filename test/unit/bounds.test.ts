import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  makespanFloor,
  meanFloorMs,
  medianFloorMs,
  pipelineFloorMs,
  sharedOriginMs,
  steadyFloorMs,
  type Arrived,
} from '../../simulator/bounds.ts'
import type { Scenario } from '../../simulator/scenario.ts'

/** Rates in MB/s, size in MB: so that times are in seconds. */
function scenario(originRate: number, links: readonly (readonly [up: number, down: number])[]): Scenario {
  return {
    name: 'bounds',
    seed: 1,
    peers: 1,
    sizeBytes: 100e6,
    chunkBytes: 1_000_000,
    origin: { upBytesPerSec: originRate * 1e6 },
    links: links.map(([up, down], index) => ({
      name: `${index}`,
      share: 1,
      upBytesPerSec: up * 1e6,
      downBytesPerSec: down * 1e6,
    })),
    latency: { rttMs: [0, 0] },
    arrivals: { kind: 'atOnce' },
    departure: { kind: 'stay' },
  }
}

function peers(count: number, everyMs = 0, link = '0'): readonly Arrived[] {
  return Array.from({ length: count }, (_, index) => ({
    arrivedMs: 5_000 + index * everyMs,
    link,
    tookMs: 1,
  }))
}

describe('the floor of the makespan', () => {
  it('is what the origin needs for one copy, where the origin is slow', () => {
    expect(makespanFloor(scenario(1, [[10, 10]]), peers(48))).toMatchObject({
      ms: 100_000,
      originMs: 100_000,
    })
  })

  it('is what the slowest downlink needs, where that is slow', () => {
    const mixed = [...peers(3, 0, '0'), ...peers(1, 0, '1')]
    expect(
      makespanFloor(
        scenario(50, [
          [10, 10],
          [10, 1],
        ]),
        mixed,
      ),
    ).toMatchObject({ ms: 100_000, downlinkMs: 100_000 })
  })

  it('is N·F over all uplinks together, where those are slow', () => {
    // 9 × 100 MB by 10 + 9 × 0.1 MB/s.
    expect(makespanFloor(scenario(10, [[0.1, 100]]), peers(9)).aggregateMs).toBeCloseTo(900_000 / 10.9, 2)
  })

  it('counts from the first arrival, and looks at the latest peers apart', () => {
    // The tenth arrives 90 s after the first and needs 10 s.
    expect(makespanFloor(scenario(10, [[10, 10]]), peers(10, 10_000))).toMatchObject({
      ms: 100_000,
      downlinkMs: 100_000,
      pipelineMs: 0,
    })
    // Two that come late: 2 × 100 MB by 10 + 3 × 1 MB/s from then on.
    const late = [
      ...peers(1),
      ...peers(1, 0).map((peer) => ({ ...peer, arrivedMs: 65_000 })),
      ...peers(1, 0).map((peer) => ({ ...peer, arrivedMs: 65_000 })),
    ]
    expect(makespanFloor(scenario(10, [[1, 1000]]), late).aggregateMs).toBeCloseTo(60_000 + 200_000 / 13, 2)
  })

  it('asks nothing for those who died, but takes what they could have given', () => {
    const half = peers(8).map((peer, index) => (index < 4 ? { ...peer, tookMs: null } : peer))
    expect(makespanFloor(scenario(1, [[1, 1000]]), half).aggregateMs).toBeCloseTo(400_000 / 9, 2)
    expect(
      makespanFloor(
        scenario(1, [[1, 1]]),
        peers(3).map((peer) => ({ ...peer, tookMs: null })),
      ),
    ).toStrictEqual({
      ms: 0,
      originMs: 0,
      downlinkMs: 0,
      aggregateMs: 0,
      pipelineMs: 0,
    })
  })

  it('is never below that of fewer peers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.nat(10_000),
        fc.integer({ min: 1, max: 20 }),
        (count, everyMs, rate) => {
          const given = scenario(rate, [[1, 10]])
          const more = makespanFloor(given, peers(count + 1, everyMs)).ms
          expect(more).toBeGreaterThanOrEqual(makespanFloor(given, peers(count, everyMs)).ms)
        },
      ),
    )
  })
})

describe('the floor of a pipeline of chunks', () => {
  const file = { sizeBytes: 400e6, fastestBytesPerSec: 1e6 }

  it.each([
    [48, 40, 1.125],
    [10_000, 400, 1.0325],
    [1, 40, 1],
  ])('for %i peers and %i chunks is %f times F/u', (count, chunks, factor) => {
    expect(pipelineFloorMs({ ...file, chunkBytes: 400e6 / chunks, peers: count })).toBeCloseTo(
      400_000 * factor,
      3,
    )
  })

  it('counts where peers come at once', () => {
    const floor = makespanFloor(scenario(10, [[10, 1000]]), peers(64))
    expect(floor.pipelineMs).toBeCloseTo(10_000 * 1.06, 3)
    expect(floor.ms).toBe(floor.pipelineMs)
  })

  it('is nothing for an empty file', () => {
    expect(pipelineFloorMs({ sizeBytes: 0, chunkBytes: 65_536, peers: 9, fastestBytesPerSec: 1 })).toBe(0)
  })
})

describe('the floor of the mean completion', () => {
  it('lets fast downlinks be done first', () => {
    const mixed = [...peers(1, 0, '0'), ...peers(1, 0, '1')]
    expect(
      meanFloorMs(
        scenario(100, [
          [100, 100],
          [100, 1],
        ]),
        mixed,
      ),
    ).toBeCloseTo((1_000 + 100_000) / 2, 3)
  })

  it('lets the k-th be done no earlier than k copies can be sent', () => {
    // 100 MB each, by 1 + 4 × 1 MB/s, but nobody before the origin has sent it all.
    expect(meanFloorMs(scenario(1, [[1, 1000]]), peers(4))).toBe(100_000)
    expect(meanFloorMs(scenario(4, [[0.001, 1000]]), peers(2))).toBeCloseTo((25_000 + 50_000) / 2, -2)
  })

  it('is not known where peers come one by one', () => {
    expect(meanFloorMs(scenario(1, [[1, 1]]), peers(3, 1000))).toBeNull()
  })
})

describe('the floor of the median completion', () => {
  it('is that of whoever is in the middle, however slow the last is', () => {
    const mixed = [...peers(2, 0, '0'), ...peers(1, 0, '1')]
    const links = [
      [100, 50],
      [100, 1],
    ] as const
    expect(medianFloorMs(scenario(100, links), mixed)).toBe(2_000)
    expect(medianFloorMs(scenario(1, links), mixed)).toBe(100_000)
  })

  it('is not known where peers come one by one', () => {
    expect(medianFloorMs(scenario(1, [[1, 1]]), peers(3, 1000))).toBeNull()
  })
})

describe('a steady stream', () => {
  const file = { sizeBytes: 1e6, originBytesPerSec: 1e5, upBytesPerSec: 1e5, downBytesPerSec: 2e5 }

  it('takes no less than the downlink, where the origin alone could serve all', () => {
    expect(steadyFloorMs({ ...file, everyMeanMs: 20_000 })).toBe(5_000)
  })

  it('takes what those who are there need to make up for what the origin lacks', () => {
    // 2 MB a second are wanted, 0.1 come from the origin: 19 peers of 0.1 MB/s must be there, 2 come a second.
    expect(steadyFloorMs({ ...file, everyMeanMs: 500 })).toBeCloseTo(9_500, 6)
  })

  it('of plain downloads takes longer the busier the origin is, and for ever where it is too busy', () => {
    expect(sharedOriginMs(1e6, 1e5, 20_000)).toBeCloseTo(20_000, 6)
    expect(sharedOriginMs(1e6, 1e5, 12_500)).toBeCloseTo(50_000, 6)
    expect(sharedOriginMs(1e6, 1e5, 10_000)).toBeNull()
  })
})
