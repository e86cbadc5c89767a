import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { defaultChunkBytes, Geometry } from '../../../src/core/geometry.ts'
import { InvariantError } from '../../../src/core/invariant.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

describe('the default chunk size', () => {
  it.each([
    ['an empty file', 0, 16 * KIB],
    ['one byte', 1, 16 * KIB],
    ['64 of the smallest chunks', MIB, 16 * KIB],
    ['a byte less than 64 of twice as much', 2 * MIB - 1, 16 * KIB],
    ['64 of twice as much', 2 * MIB, 32 * KIB],
    ['a byte less than 64 of the usual', 4 * MIB - 1, 32 * KIB],
    ['64 of the usual', 4 * MIB, 64 * KIB],
    ['512 of the usual', 32 * MIB, 64 * KIB],
    ['a byte more than that', 32 * MIB + 1, 128 * KIB],
    ['512 chunks of 128 KiB', 64 * MIB, 128 * KIB],
    ['a byte more than those', 64 * MIB + 1, 256 * KIB],
    ['512 of the largest chunks', GIB, 2 * MIB],
    ['a byte more than the cap was made for', GIB + 1, 2 * MIB],
    ['the largest file', 2 ** 40, 2 * MIB],
  ])('of %s', (_name, sizeBytes, expected) => {
    expect(defaultChunkBytes(sizeBytes)).toBe(expected)
  })

  it('is a power of two between the floor and the cap that grows with the file', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(2 ** 31), (sizeBytes, moreBytes) => {
        const chunkBytes = defaultChunkBytes(sizeBytes)
        expect(Math.log2(chunkBytes) % 1).toBe(0)
        expect(chunkBytes).toBeGreaterThanOrEqual(16 * KIB)
        expect(chunkBytes).toBeLessThanOrEqual(2 * MIB)
        expect(defaultChunkBytes(sizeBytes + moreBytes)).toBeGreaterThanOrEqual(chunkBytes)
      }),
    )
  })

  it('gives between 256 and 512 chunks wherever neither floor nor cap decides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32 * MIB + 1, max: GIB }), (sizeBytes) => {
        const { chunkCount } = new Geometry({ sizeBytes, chunkBytes: defaultChunkBytes(sizeBytes) })
        expect(chunkCount).toBeGreaterThan(256)
        expect(chunkCount).toBeLessThanOrEqual(512)
      }),
    )
  })
})

describe('a file cut into chunks', () => {
  it('is covered byte for byte, without gap or overlap', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 200 }), (sizeBytes, chunkBytes) => {
        const geometry = new Geometry({ sizeBytes, chunkBytes })
        const chunks = Array.from({ length: geometry.chunkCount }, (_, chunk) => chunk)
        const lengths = chunks.map((chunk) => geometry.lengthBytes(chunk))
        expect(chunks.map((chunk) => geometry.firstByte(chunk))).toEqual(
          chunks.map((chunk) => lengths.slice(0, chunk).reduce((sum, length) => sum + length, 0)),
        )
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(sizeBytes)
        expect(lengths.slice(0, -1).every((length) => length === chunkBytes)).toBe(true)
        expect(lengths.every((length) => length > 0)).toBe(true)
      }),
    )
  })

  it('has a whole last chunk where the size is a multiple, and the remainder where it is not', () => {
    expect(new Geometry({ sizeBytes: 300, chunkBytes: 100 }).lengthBytes(2)).toBe(100)
    const uneven = new Geometry({ sizeBytes: 301, chunkBytes: 100 })
    expect(uneven.chunkCount).toBe(4)
    expect(uneven.lengthBytes(3)).toBe(1)
  })

  it('has no chunk where it is empty', () => {
    const empty = new Geometry({ sizeBytes: 0, chunkBytes: 100 })
    expect(empty.chunkCount).toBe(0)
    expect(empty.contains(0)).toBe(false)
  })

  it('knows which indices from outside are chunks', () => {
    const geometry = new Geometry({ sizeBytes: 301, chunkBytes: 100 })
    expect([0, 1, 2, 3].every((chunk) => geometry.contains(chunk))).toBe(true)
    for (const stranger of [-1, 4, 0.5, NaN, Infinity, 2 ** 32])
      expect(geometry.contains(stranger)).toBe(false)
  })

  it('turns a run into the bytes of a Range header, both ends included', () => {
    const geometry = new Geometry({ sizeBytes: 301, chunkBytes: 100 })
    expect(geometry.byteRange({ start: 0, count: 1 })).toEqual({ firstByte: 0, lastByte: 99 })
    expect(geometry.byteRange({ start: 1, count: 2 })).toEqual({ firstByte: 100, lastByte: 299 })
    expect(geometry.byteRange({ start: 2, count: 2 })).toEqual({ firstByte: 200, lastByte: 300 })
  })

  it('refuses a run of nothing and one beyond the end, as our own mistakes', () => {
    const geometry = new Geometry({ sizeBytes: 301, chunkBytes: 100 })
    expect(() => geometry.byteRange({ start: 0, count: 0 })).toThrow(InvariantError)
    expect(() => geometry.byteRange({ start: 3, count: 2 })).toThrow(InvariantError)
  })

  it.each([
    { sizeBytes: -1, chunkBytes: 100 },
    { sizeBytes: 0.5, chunkBytes: 100 },
    { sizeBytes: 2 ** 53, chunkBytes: 100 },
    { sizeBytes: 100, chunkBytes: 0 },
    { sizeBytes: 100, chunkBytes: 1.5 },
  ])('cannot be $sizeBytes bytes in chunks of $chunkBytes', (shape) => {
    expect(() => new Geometry(shape)).toThrow(InvariantError)
  })
})
