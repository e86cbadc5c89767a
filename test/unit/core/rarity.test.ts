import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Random } from '../../../src/core/random.ts'
import { RarityIndex } from '../../../src/core/rarity.ts'

const CHUNKS = 14

/** The obvious way: two arrays, scanned. */
class NaiveRarity {
  readonly holders = Array.from({ length: CHUNKS }, () => 0)
  readonly eligible = new Set<number>(Array.from({ length: CHUNKS }, (_, chunk) => chunk))

  holdersOf(chunk: number): number {
    return this.holders[chunk] ?? 0
  }

  available(): number[] {
    return [...this.eligible].filter((chunk) => this.holdersOf(chunk) > 0).sort((a, b) => a - b)
  }
}

interface Step {
  readonly verb: 'admit' | 'dismiss' | 'increment' | 'decrement'
  readonly chunk: number
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    verb: fc.constantFrom('admit' as const, 'dismiss' as const, 'increment' as const, 'decrement' as const),
    chunk: fc.nat(CHUNKS - 1),
  }),
  { maxLength: 80 },
)

function take(step: Step, index: RarityIndex, model: NaiveRarity): void {
  const { verb, chunk } = step
  // Nobody gives up a chunk that nobody holds.
  if (verb === 'decrement' && model.holdersOf(chunk) === 0) return
  index[verb](chunk)
  if (verb === 'admit') model.eligible.add(chunk)
  if (verb === 'dismiss') model.eligible.delete(chunk)
  if (verb === 'increment') model.holders[chunk] = model.holdersOf(chunk) + 1
  if (verb === 'decrement') model.holders[chunk] = model.holdersOf(chunk) - 1
}

/** Every chunk in the order in which it is offered. */
function offered(search: (accept: (chunk: number) => boolean) => number | null): number[] {
  const seen: number[] = []
  const found = search((chunk) => {
    seen.push(chunk)
    return false
  })
  expect(found).toBeNull()
  return seen
}

function ascending(chunks: readonly number[]): number[] {
  return [...chunks].sort((a, b) => a - b)
}

describe('the rarity index', () => {
  it('agrees with a naive count after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.integer(), steps, (seed, sequence) => {
        const index = new RarityIndex(CHUNKS, new Random(seed))
        const model = new NaiveRarity()
        for (const step of sequence) {
          take(step, index, model)
          expect(index.availableCount).toBe(model.available().length)
          expect(index.holderCount(step.chunk)).toBe(model.holdersOf(step.chunk))
          expect(index.isEligible(step.chunk)).toBe(model.eligible.has(step.chunk))
        }
        const order = offered((accept) => index.findRarest(accept))
        expect(ascending(order)).toEqual(model.available())
        const counts = order.map((chunk) => model.holdersOf(chunk))
        expect(counts).toEqual(ascending(counts))
      }),
      { numRuns: 300 },
    )
  })

  it('finds a chunk with as few holders as any that is accepted', () => {
    fc.assert(
      fc.property(fc.integer(), steps, fc.uniqueArray(fc.nat(CHUNKS - 1)), (seed, sequence, accepted) => {
        const index = new RarityIndex(CHUNKS, new Random(seed))
        const model = new NaiveRarity()
        for (const step of sequence) take(step, index, model)
        const found = index.findRarest((chunk) => accepted.includes(chunk))
        const candidates = model.available().filter((chunk) => accepted.includes(chunk))
        expect(found !== null).toBe(candidates.length > 0)
        if (found === null) return
        expect(candidates).toContain(found)
        expect(model.holdersOf(found)).toBe(Math.min(...candidates.map((chunk) => model.holdersOf(chunk))))
      }),
      { numRuns: 300 },
    )
  })

  it('offers every available chunk once when asked for any', () => {
    fc.assert(
      fc.property(fc.integer(), steps, (seed, sequence) => {
        const index = new RarityIndex(CHUNKS, new Random(seed))
        const model = new NaiveRarity()
        for (const step of sequence) take(step, index, model)
        expect(ascending(offered((accept) => index.findRandom(accept)))).toEqual(model.available())
      }),
    )
  })

  it('finds the first available chunk before an end, whatever was admitted and dismissed between', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(steps), fc.nat(CHUNKS), (seed, sequences, end) => {
        const index = new RarityIndex(CHUNKS, new Random(seed))
        const model = new NaiveRarity()
        for (const sequence of sequences) {
          for (const step of sequence) take(step, index, model)
          expect(index.findFirst((chunk) => chunk % 3 > 0, end)).toBe(
            model.available().find((chunk) => chunk % 3 > 0 && chunk < end) ?? null,
          )
          expect(index.findFirst(() => true)).toBe(model.available()[0] ?? null)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('breaks ties differently for different seeds, and evenly', () => {
    const firsts = Array.from({ length: CHUNKS }, () => 0)
    for (let seed = 0; seed < 2800; seed++) {
      const index = new RarityIndex(CHUNKS, new Random(seed))
      for (let chunk = 0; chunk < CHUNKS; chunk++) index.increment(chunk)
      const first = index.findRarest(() => true)
      if (first !== null) firsts[first] = (firsts[first] ?? 0) + 1
    }
    // 200 each are expected; five standard deviations are 68.
    for (const count of firsts) expect(Math.abs(count - 200)).toBeLessThan(68)
  })

  it('breaks ties evenly, too, between chunks that have become rarer', () => {
    const firsts = Array.from({ length: CHUNKS }, () => 0)
    for (let seed = 0; seed < 2800; seed++) {
      const index = new RarityIndex(CHUNKS, new Random(seed))
      for (let chunk = 0; chunk < CHUNKS; chunk++) for (const _ of [1, 2]) index.increment(chunk)
      for (let chunk = 0; chunk < CHUNKS; chunk++) index.decrement(chunk)
      const first = index.findRarest(() => true)
      if (first !== null) firsts[first] = (firsts[first] ?? 0) + 1
    }
    for (const count of firsts) expect(Math.abs(count - 200)).toBeLessThan(68)
  })

  it('breaks ties the same way for the same seed', () => {
    const orders = [7, 7].map((seed) => {
      const index = new RarityIndex(CHUNKS, new Random(seed))
      for (let chunk = 0; chunk < CHUNKS; chunk++) index.increment(chunk)
      return offered((accept) => index.findRarest(accept))
    })
    expect(orders[0]).toEqual(orders[1])
  })

  it('offers nothing of an empty file, nor what nobody holds', () => {
    expect(new RarityIndex(0, new Random(1)).findRandom(() => true)).toBeNull()
    const index = new RarityIndex(CHUNKS, new Random(1))
    expect(index.findRarest(() => true)).toBeNull()
    expect(index.findRandom(() => true)).toBeNull()
    expect(index.availableCount).toBe(0)
  })

  it('keeps count of the holders of a chunk that is not wanted at present', () => {
    const index = new RarityIndex(CHUNKS, new Random(1))
    index.dismiss(3)
    index.increment(3)
    index.increment(3)
    index.decrement(3)
    expect(index.availableCount).toBe(0)
    index.admit(3)
    expect(index.holderCount(3)).toBe(1)
    expect(index.findRarest(() => true)).toBe(3)
  })
})
