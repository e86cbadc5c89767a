import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { bitReversed, FIRST_RUN_CHUNKS, firstRun, firstRunLimit } from '../../../src/core/origin/first-run.ts'
import { range } from './shapes.ts'

describe('the place of a newcomer', () => {
  it('is 0, ½, ¼, ¾ and so on', () => {
    expect(range(0, 8).map(bitReversed)).toEqual([0, 1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8])
    expect(bitReversed(2 ** 32 - 1)).toBe(1 - 2 ** -32)
  })

  it('lies inside the file, whatever the index', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 5000 }), (joinIndex, chunkCount) => {
        const starters = 8
        const run = firstRun({ joinIndex: joinIndex % starters, starters, chunkCount })
        expect(run.start >= 0 && run.count >= 1 && run.start + run.count <= chunkCount).toBe(true)
      }),
    )
  })
})

describe('the first run', () => {
  it('of a lone visitor is the whole file', () => {
    expect(firstRun({ joinIndex: 0, starters: 1, chunkCount: 512 })).toEqual({ start: 0, count: 512 })
  })

  it('of one among others is eight chunks at its place', () => {
    const starts = range(0, 4).map((joinIndex) => firstRun({ joinIndex, starters: 4, chunkCount: 400 }))
    expect(starts).toEqual([0, 200, 100, 300].map((start) => ({ start, count: FIRST_RUN_CHUNKS })))
  })

  it('of one in a small file ends where the next one’s begins', () => {
    const runs = range(0, 4).map((joinIndex) => firstRun({ joinIndex, starters: 4, chunkCount: 8 }))
    expect(runs).toEqual([0, 4, 2, 6].map((start) => ({ start, count: 2 })))
  })

  it('overlaps no other starter’s, for any number of seats', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64 }), fc.nat(2000), (starters, extraChunks) => {
        // With fewer chunks than places, two places fall on one chunk.
        const chunkCount = 2 ** Math.ceil(Math.log2(starters)) + extraChunks
        const taken = range(0, starters).flatMap((joinIndex) => {
          const { start, count } = firstRun({ joinIndex, starters, chunkCount })
          expect(count).toBeLessThanOrEqual(FIRST_RUN_CHUNKS)
          return range(start, start + count)
        })
        expect(new Set(taken).size).toBe(taken.length)
      }),
    )
  })

  it('covers a file that is small enough together with the others’', () => {
    const taken = range(0, 8).flatMap((joinIndex) => {
      const { start, count } = firstRun({ joinIndex, starters: 8, chunkCount: 64 })
      return range(start, start + count)
    })
    expect(new Set(taken).size).toBe(64)
  })
})

describe('the end of what a newcomer asks for', () => {
  it('is where the nearest of those begins who came before, or the end of the file', () => {
    const limits = range(0, 8).map((joinIndex) => firstRunLimit(joinIndex, 400))
    expect(limits).toEqual([400, 400, 200, 400, 100, 300, 200, 400])
  })

  it('leaves each its place, and the file no gap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 64, max: 5000 }),
        (newcomers, chunkCount) => {
          const starts = range(0, newcomers).map((index) => Math.floor(bitReversed(index) * chunkCount))
          for (const [index, start] of starts.entries()) {
            const limit = firstRunLimit(index, chunkCount)
            const before = starts.slice(0, index)
            expect(before.some((other) => other > start && other < limit)).toBe(false)
            expect(limit === chunkCount || before.includes(limit)).toBe(true)
            expect(limit).toBeGreaterThan(start)
          }
        },
      ),
    )
  })
})
