import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { seatProbability, slotMs } from '../../../src/core/origin/backoff.ts'

describe('the coin for a vacant seat', () => {
  it.each([
    { seats: 8, taken: 0, swarmSize: 1, expected: 1 },
    { seats: 8, taken: 7, swarmSize: 8, expected: 1 },
    { seats: 8, taken: 8, swarmSize: 8, expected: 1 },
    { seats: 8, taken: 8, swarmSize: 9, expected: 0 },
    { seats: 8, taken: 200, swarmSize: 100, expected: 0 },
    { seats: 8, taken: 0, swarmSize: 80, expected: 0.1 },
    { seats: 8, taken: 4, swarmSize: 44, expected: 0.1 },
    { seats: 3, taken: 0, swarmSize: 300, expected: 0.01 },
  ])('wins with $expected: $taken of $seats taken, $swarmSize visitors', ({ expected, ...view }) => {
    expect(seatProbability({ ...view, vacantSlots: 0, meshIsSilent: false })).toBeCloseTo(expected, 10)
  })

  it('is a probability, smaller the more seats are taken and the more visitors there are', () => {
    const view = fc.record({
      seats: fc.integer({ min: 1, max: 64 }),
      taken: fc.nat(100),
      swarmSize: fc.integer({ min: 1, max: 20_000 }),
      vacantSlots: fc.nat(30),
      meshIsSilent: fc.boolean(),
    })
    fc.assert(
      fc.property(view, (seen) => {
        const probability = seatProbability(seen)
        expect(probability >= 0 && probability <= 1).toBe(true)
        expect(seatProbability({ ...seen, taken: seen.taken + 1 })).toBeLessThanOrEqual(probability)
        expect(seatProbability({ ...seen, swarmSize: seen.swarmSize + 1 })).toBeLessThanOrEqual(probability)
      }),
    )
  })

  it('fills the vacant seats, and about no more, when everybody waiting tosses once', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.integer({ min: 9, max: 10_000 }), (taken, swarmSize) => {
        const probability = seatProbability({
          seats: 8,
          taken,
          swarmSize,
          vacantSlots: 0,
          meshIsSilent: false,
        })
        expect((swarmSize - taken) * probability).toBeCloseTo(8 - taken, 6)
      }),
    )
  })

  it('is not kept from winning by claims that nobody delivers, but does not storm the origin', () => {
    const silent = { seats: 8, vacantSlots: 0, meshIsSilent: true }
    for (const swarmSize of [9, 100, 10_000])
      for (const taken of [8, 200])
        expect(seatProbability({ ...silent, taken, swarmSize }) * swarmSize).toBeCloseTo(0.4, 10)
    expect(seatProbability({ ...silent, taken: 0, swarmSize: 80 })).toBeCloseTo(0.1, 10)
  })

  it('wins sooner the longer a seat stays vacant: fewer wait for it than was thought', () => {
    const view = { seats: 8, taken: 7, swarmSize: 10_000, meshIsSilent: false }
    const chances = [0, 1, 5, 20].map((vacantSlots) => seatProbability({ ...view, vacantSlots }))
    expect(chances).toEqual([...chances].sort((a, b) => a - b))
    expect(chances.at(-1)).toBe(1)
  })

  it('is tossed less often where there has been nothing to fetch for long, at most every 5 s', () => {
    expect(slotMs(0.5, 1000)).toBe(250)
    expect(slotMs(0.5, 100_000)).toBe(2000)
    expect(slotMs(0.999, 10_000_000)).toBeLessThan(5000)
  })

  it('is tossed every two seconds or less often on a busy processor, where claims come late', () => {
    expect(slotMs(0.5, 1000, true)).toBe(2000)
    expect(slotMs(0.5, 150_000, true)).toBe(3000)
  })

  it('is tossed about every 250 ms, not by all at once', () => {
    expect(slotMs(0)).toBe(187.5)
    expect(slotMs(0.5)).toBe(250)
    expect(slotMs(1 - 2 ** -32)).toBeLessThan(312.5)
  })
})
