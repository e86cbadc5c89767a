import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { chooseFreeRun, findGaps, type FreeRunOptions } from '../../../src/core/origin/free-run.ts'
import { Random } from '../../../src/core/random.ts'
import { range } from './shapes.ts'

const CHUNKS = 100

function optionsFor(free: readonly number[], overrides: Partial<FreeRunOptions> = {}): FreeRunOptions {
  const isFree = new Set(free)
  return {
    chunkCount: CHUNKS,
    isFree: (chunk) => isFree.has(chunk),
    isApproached: () => false,
    continueAt: null,
    place: null,
    home: null,
    readerChunk: null,
    maxChunks: 16,
    seats: 1,
    random: new Random(1),
    ...overrides,
  }
}

/** The starts drawn with fifty different seeds. */
function starts(free: readonly number[], overrides: Partial<FreeRunOptions> = {}): number[] {
  return range(0, 50).map(
    (seed) => chooseFreeRun(optionsFor(free, { random: new Random(seed), ...overrides }))?.start ?? -1,
  )
}

describe('gaps', () => {
  it('are the longest runs that are accepted throughout', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (accepted) => {
        const gaps = findGaps(accepted.length, (chunk) => accepted[chunk] === true)
        const covered = gaps.flatMap(({ start, count }) => range(start, start + count))
        expect(covered).toEqual(range(0, accepted.length).filter((chunk) => accepted[chunk]))
        for (const { start, count } of gaps) {
          expect(accepted[start - 1] === true).toBe(false)
          expect(accepted[start + count] === true).toBe(false)
        }
      }),
    )
  })
})

describe('a free run', () => {
  it('holds free chunks only, no more than wanted and no more than a fair share', () => {
    const anything = fc.record({
      free: fc.uniqueArray(fc.nat(CHUNKS - 1)),
      maxChunks: fc.integer({ min: 1, max: 30 }),
      seats: fc.integer({ min: 1, max: 8 }),
      seed: fc.integer(),
      continueAt: fc.option(fc.nat(CHUNKS)),
      approached: fc.boolean(),
    })
    fc.assert(
      fc.property(anything, ({ free, maxChunks, seats, seed, continueAt, approached }) => {
        const run = chooseFreeRun(
          optionsFor(free, {
            maxChunks,
            seats,
            continueAt,
            random: new Random(seed),
            isApproached: () => approached,
          }),
        )
        expect(run === null).toBe(free.length === 0)
        if (run === null) return
        expect(run.count).toBeGreaterThan(0)
        expect(run.count).toBeLessThanOrEqual(
          Math.max(1, Math.min(maxChunks, Math.ceil(free.length / seats))),
        )
        expect(range(run.start, run.start + run.count).every((chunk) => free.includes(chunk))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('goes on where the last one ended', () => {
    const run = chooseFreeRun(optionsFor([...range(0, 30), ...range(40, 100)], { continueAt: 40 }))
    expect(run).toEqual({ start: 40, count: 16 })
  })

  it('begins at its place in what is free, wherever the last one ended', () => {
    const free = [...range(0, 30), ...range(40, 90)]
    const at = (place: number): unknown => chooseFreeRun(optionsFor(free, { continueAt: 40, place }))
    expect([0, 0.25, 0.5, 0.75].map(at)).toEqual([
      { start: 0, count: 16 },
      { start: 20, count: 10 },
      { start: 50, count: 16 },
      { start: 70, count: 16 },
    ])
  })

  it('starts elsewhere where the chunk after the last one is taken', () => {
    const run = chooseFreeRun(optionsFor(range(60, 100), { continueAt: 40 }))
    expect(run).not.toBeNull()
    expect(run?.start).toBeGreaterThanOrEqual(60)
  })

  it('is drawn by size: long gaps are met more often than short ones', () => {
    const short = starts([...range(0, 4), ...range(10, 100)]).filter((start) => start < 4)
    expect(short.length).toBeLessThan(10)
  })

  it('is in the gap where its home is, if it has one', () => {
    const free = [...range(0, 10), ...range(20, 30), ...range(40, 60)]
    const at = (home: number): unknown => chooseFreeRun(optionsFor(free, { home, maxChunks: 10 }))?.start
    expect([0, 0.24, 0.25, 0.49, 0.5, 0.99].map(at)).toEqual([0, 0, 20, 20, 40, 40])
  })

  it('takes a short gap from its start', () => {
    expect(new Set(starts(range(50, 70)))).toEqual(new Set([50]))
  })

  it('keeps away from the front of somebody who is coming through the gap', () => {
    for (const start of starts(range(10, 100), { isApproached: (chunk) => chunk === 10 })) {
      expect(start).toBeGreaterThanOrEqual(10 + Math.floor(90 * 0.3))
      expect(start).toBeLessThanOrEqual(10 + Math.ceil(90 * 0.7))
    }
  })

  it('starts in different places where several seats draw from one gap, at the front where one does', () => {
    expect(new Set(starts(range(10, 100), { seats: 4 })).size).toBeGreaterThan(20)
    expect(new Set(starts(range(10, 100), { seats: 1 }))).toEqual(new Set([10]))
  })

  it('is what the reader waits for, before a run that would go on from the last one', () => {
    const free = [...range(0, 30), ...range(40, 100)]
    expect(chooseFreeRun(optionsFor(free, { readerChunk: 20, continueAt: 40 }))).toEqual({
      start: 20,
      count: 10,
    })
    expect(chooseFreeRun(optionsFor(free, { readerChunk: 35 }))).toEqual({ start: 40, count: 16 })
  })

  it('is any other once nothing is free ahead of the reader', () => {
    expect(chooseFreeRun(optionsFor(range(0, 10), { readerChunk: 50 }))).toEqual({ start: 0, count: 10 })
  })

  it('does not exist in an empty file', () => {
    expect(chooseFreeRun(optionsFor([], { chunkCount: 0 }))).toBeNull()
  })
})
