import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Random } from '../../../src/core/random.ts'

const MASK = 0xffff_ffffn

/** xoshiro128** 1.1 as its authors print it, in exact integers, seeded by splitmix32. */
function* reference(seed: number): Generator<number> {
  const state: bigint[] = []
  let mixed = BigInt(seed) & MASK
  for (let word = 0; word < 4; word++) {
    mixed = (mixed + 0x9e3779b9n) & MASK
    let z = mixed
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & MASK
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK
    state.push(z ^ (z >> 15n))
  }
  let [a = 0n, b = 0n, c = 0n, d = 0n] = state
  for (;;) {
    yield Number((rotateLeft((b * 5n) & MASK, 7n) * 9n) & MASK)
    const shifted = (b << 9n) & MASK
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11n)
  }
}

function rotateLeft(word: bigint, by: bigint): bigint {
  return ((word << by) | (word >> (32n - by))) & MASK
}

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.uint32())
}

describe('chance', () => {
  it('is xoshiro128** seeded by splitmix32', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), (seed) => {
        const random = new Random(seed)
        const expected = reference(seed)
        for (let count = 0; count < 50; count++) expect(random.uint32()).toBe(expected.next().value)
      }),
      { numRuns: 50 },
    )
  })

  it('repeats itself for the same seed and not for another', () => {
    expect(draw(new Random(42), 20)).toEqual(draw(new Random(42), 20))
    const streams = Array.from({ length: 200 }, (_, seed) => draw(new Random(seed), 2).join())
    expect(new Set(streams).size).toBe(200)
  })

  it('gives fractions in [0, 1), whole numbers below a bound and numbers in an interval', () => {
    const random = new Random(1)
    for (let count = 0; count < 2000; count++) {
      const fraction = random.fraction()
      expect(fraction >= 0 && fraction < 1).toBe(true)
      const below = random.below(7)
      expect(Number.isInteger(below) && below >= 0 && below < 7).toBe(true)
      const between = random.between(-3, 5)
      expect(between >= -3 && between < 5).toBe(true)
    }
    expect(random.below(1)).toBe(0)
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32)
  })

  it('favours no number', () => {
    const random = new Random(2024)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let count = 0; count < 20_000; count++) {
      const drawn = random.below(10)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    // 2,000 each are expected; five standard deviations are 212.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(212)
  })

  it('forks into streams that do not disturb each other', () => {
    const parent = new Random(5)
    const child = parent.fork()
    draw(child, 100)
    const undisturbed = new Random(5)
    undisturbed.fork()
    expect(draw(parent, 20)).toEqual(draw(undisturbed, 20))
    expect(draw(new Random(5).fork(), 20)).toEqual(draw(new Random(5).fork(), 20))
    expect(draw(new Random(5).fork(), 20)).not.toEqual(draw(new Random(5), 20))
  })
})
