import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  chooseDuplicateRun,
  type DuplicateView,
  isDuplicateWorthwhile,
} from '../../../src/core/origin/duplicate-run.ts'
import { Random } from '../../../src/core/random.ts'
import { range } from './shapes.ts'

const MB = 1_000_000

/** Ten seconds into a file of 100 MB: 50 MB are missing here and held by others; ten visitors; a fast origin. */
const VIEW: DuplicateView = {
  missingElsewhereBytes: 50 * MB,
  nowhereBytes: 0,
  meshBytesPerSec: 1 * MB,
  meshSilentSec: 0,
  originBytesPerSec: 100 * MB,
  swarmSize: 10,
  elapsedSec: 10,
  fileBytes: 100 * MB,
  firstChunkSec: 0.1,
  isDuplicating: false,
  isUplinkIdle: false,
}

function isWorthwhile(overrides: Partial<DuplicateView>): boolean {
  return isDuplicateWorthwhile({ ...VIEW, ...overrides })
}

/** The mesh gives so many times as much as a plain download would; first where nobody waits for our uplink, then where some do. */
function areWorthwhile(times: number): boolean[] {
  return [true, false].map((isUplinkIdle) => isWorthwhile({ meshBytesPerSec: times * 10 * MB, isUplinkIdle }))
}

describe('fetching what others have', () => {
  it('is worthwhile where the mesh is slow and the origin is not', () => {
    expect(isWorthwhile({})).toBe(true)
  })

  it('is not worthwhile where the mesh is fast', () => {
    expect(isWorthwhile({ meshBytesPerSec: 1000 * MB })).toBe(false)
  })

  it('is not worthwhile where the origin is the bottleneck', () => {
    expect(isWorthwhile({ originBytesPerSec: 0.1 * MB })).toBe(false)
  })

  it('is pointless where others have nothing that is missing here', () => {
    expect(isWorthwhile({ missingElsewhereBytes: 0 })).toBe(false)
  })

  it('waits until the mesh has had its chance', () => {
    expect(isWorthwhile({ elapsedSec: 0.05 })).toBe(false)
    expect(isWorthwhile({ firstChunkSec: 11 })).toBe(false)
  })

  it('is not worthwhile where our uplink has nothing to do, and the mesh gives twice what a plain download would', () => {
    expect([1.9, 2, 4].map(areWorthwhile)).toEqual([
      [true, true],
      [false, true],
      [false, true],
    ])
  })

  it('gives way to what nobody has yet', () => {
    expect(isWorthwhile({ nowhereBytes: 100_000 * MB })).toBe(false)
  })

  it('takes a silent mesh for a slow one', () => {
    const fast = { meshBytesPerSec: 400 * MB }
    expect(isWorthwhile(fast)).toBe(false)
    expect(isWorthwhile({ ...fast, meshSilentSec: 60 })).toBe(true)
  })

  it('is the last hope where the origin was never seen and the mesh is silent', () => {
    const unseen = { originBytesPerSec: 0, meshBytesPerSec: 0 }
    expect(isWorthwhile({ ...unseen, meshSilentSec: 0.5 })).toBe(false)
    expect(isWorthwhile({ ...unseen, meshSilentSec: 5 })).toBe(true)
  })

  it('is given up later than it is begun', () => {
    const views = range(0, 400).map((step) => ({ elapsedSec: 100, meshBytesPerSec: MB * 1.03 ** step }))
    const begun = views.filter((view) => isWorthwhile(view)).length
    const kept = views.filter((view) => isWorthwhile({ ...view, isDuplicating: true })).length
    expect(kept).toBeGreaterThan(begun)
    expect(begun).toBeGreaterThan(0)
  })

  it('never becomes worthwhile by the mesh getting faster', () => {
    const view = fc.record({
      missingElsewhereBytes: fc.nat(1000 * MB),
      nowhereBytes: fc.nat(100 * MB),
      meshBytesPerSec: fc.nat(100 * MB),
      originBytesPerSec: fc.integer({ min: 1, max: 1000 * MB }),
      swarmSize: fc.integer({ min: 1, max: 1000 }),
      elapsedSec: fc.double({ min: 0, max: 1000, noNaN: true }),
    })
    fc.assert(
      fc.property(view, fc.double({ min: 1, max: 100, noNaN: true }), (overrides, faster) => {
        const isNow = isWorthwhile(overrides)
        const wouldBe = isWorthwhile({ ...overrides, meshBytesPerSec: overrides.meshBytesPerSec * faster })
        expect(wouldBe && !isNow).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a duplicate run', () => {
  const all = { chunkCount: 100, continueAt: null, maxChunks: 10, bridgeChunks: 0 }

  it('does not exist where nothing is missing', () => {
    expect(chooseDuplicateRun({ ...all, isWanted: () => false, random: new Random(1) })).toBeNull()
  })

  it('goes on where the last one ended, if there is enough to go on with', () => {
    expect(
      chooseDuplicateRun({ ...all, isWanted: (chunk) => chunk >= 40, continueAt: 40, random: new Random(1) }),
    ).toEqual({
      start: 40,
      count: 10,
    })
  })

  it('leaves the last one’s crumbs for a longer gap', () => {
    const wanted = new Set([40, ...range(60, 70)])
    expect(
      chooseDuplicateRun({
        ...all,
        isWanted: (chunk) => wanted.has(chunk),
        continueAt: 40,
        random: new Random(1),
      }),
    ).toEqual({
      start: 60,
      count: 10,
    })
  })

  it('takes along a few chunks that are here, where asking again would cost more', () => {
    const wanted = new Set([...range(10, 14), ...range(16, 19), 60])
    const isWanted = (chunk: number): boolean => wanted.has(chunk)
    const choose = (bridgeChunks: number): unknown =>
      chooseDuplicateRun({ ...all, isWanted, bridgeChunks, random: new Random(1) })
    expect(choose(2)).toEqual({ start: 10, count: 9 })
    expect(choose(1)).toEqual({ start: 10, count: 4 })
  })

  it('holds missing chunks only, and no more than wanted', () => {
    const anything = fc.record({
      missing: fc.uniqueArray(fc.nat(99), { minLength: 1 }),
      maxChunks: fc.integer({ min: 1, max: 30 }),
      continueAt: fc.option(fc.nat(100)),
      seed: fc.integer(),
    })
    fc.assert(
      fc.property(anything, ({ missing, maxChunks, continueAt, seed }) => {
        const isWanted = (chunk: number): boolean => missing.includes(chunk)
        const random = new Random(seed)
        const run = chooseDuplicateRun({
          chunkCount: 100,
          isWanted,
          continueAt,
          maxChunks,
          bridgeChunks: 0,
          random,
        })
        expect(run).not.toBeNull()
        if (run === null) return
        expect(run.count >= 1 && run.count <= maxChunks).toBe(true)
        expect(range(run.start, run.start + run.count).every(isWanted)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('starts in different places for different visitors', () => {
    const starts = range(0, 50).map(
      (seed) => chooseDuplicateRun({ ...all, isWanted: () => true, random: new Random(seed) })?.start,
    )
    expect(new Set(starts).size).toBeGreaterThan(20)
  })
})
