import { describe, expect, it } from 'vitest'

import {
  followsForWebSeed,
  pieceFrom,
  pieceFromWebSeed,
} from '../../../../simulator/bittorrent/piece-picker.ts'
import { Pieces } from '../../../../simulator/bittorrent/pieces.ts'
import { aheadBytesAt } from '../../../../simulator/bittorrent/requests.ts'
import { REQUEST_BYTES, wireBytes } from '../../../../simulator/bittorrent/wire.ts'
import { Bitfield } from '../../../../src/core/bitfield.ts'
import { Geometry } from '../../../../src/core/geometry.ts'
import { Random } from '../../../../src/core/random.ts'
import { peer } from '../../core/shapes.ts'

const PIECE_BYTES = 100_000

/** The last piece is half as long. */
function newPieces(count: number, seed = 1): Pieces {
  const sizeBytes = count * PIECE_BYTES - PIECE_BYTES / 2
  return new Pieces(new Geometry({ sizeBytes, chunkBytes: PIECE_BYTES }), new Random(seed))
}

/** Has these, and the client knows it. */
function holder(pieces: Pieces, numbers: readonly number[]): { has: Bitfield; asked: Map<number, number> } {
  const has = new Bitfield(pieces.have.size)
  for (const piece of numbers) if (has.add(piece)) pieces.rarity.increment(piece)
  return { has, asked: new Map() }
}

function gain(pieces: Pieces, piece: number): void {
  pieces.add(piece, { from: 0, to: pieces.geometry.lengthBytes(piece) })
  expect(pieces.verify(piece)).toBeNull()
}

describe('the next piece of a neighbour', () => {
  it('is the rarest that it has, once there is something to pass on', () => {
    const pieces = newPieces(8)
    gain(pieces, 7)
    const one = holder(pieces, [0, 1, 2, 3, 7])
    holder(pieces, [0, 1, 3, 4])
    holder(pieces, [0, 3, 5])
    expect(pieceFrom(one, pieces)).toBe(2)
    pieces.bring(2)
    expect(pieceFrom(one, pieces)).toBe(1)
  })

  it('is a random one at first, the rarest or not', () => {
    const drawn = new Set<number | null>()
    for (let seed = 0; seed < 100; seed++) {
      const pieces = newPieces(8, seed)
      const one = holder(pieces, [0, 1, 2])
      holder(pieces, [0, 1])
      drawn.add(pieceFrom(one, pieces))
    }
    expect(drawn).toEqual(new Set([0, 1, 2]))
  })

  it('is one that is here in part, before any other', () => {
    const pieces = newPieces(8)
    gain(pieces, 7)
    const one = holder(pieces, [0, 1, 2])
    holder(pieces, [1])
    pieces.bring(1)
    pieces.add(1, { from: 0, to: 500 })
    pieces.release(1)
    expect(pieceFrom(one, pieces)).toBe(1)
    expect(pieces.bytesOf(1)).toBe(500)
  })

  it('is none that another brings, until all are brought: then one at a time', () => {
    const pieces = newPieces(3)
    gain(pieces, 2)
    const one = holder(pieces, [0])
    pieces.bring(0)
    expect(pieceFrom(one, pieces)).toBeNull()
    pieces.bring(1)
    expect(pieceFrom(one, pieces)).toBe(0)
    one.asked.set(0, 0)
    expect(pieceFrom(one, pieces)).toBeNull()
    expect(pieceFrom(holder(pieces, []), pieces)).toBeNull()
  })
})

describe('the next piece of the web seed', () => {
  it('is the first missing one that nobody brings, in order', () => {
    const pieces = newPieces(6)
    gain(pieces, 0)
    pieces.bring(1)
    const order: (number | null)[] = []
    for (let count = 0; count < 5; count++) {
      const piece = pieceFromWebSeed('sequential', pieces)
      order.push(piece)
      if (piece !== null) pieces.bring(piece)
    }
    expect(order).toEqual([2, 3, 4, 5, null])
    pieces.release(1)
    expect(pieceFromWebSeed('sequential', pieces)).toBe(1)
  })

  it('is the rarest, also one that no neighbour has', () => {
    const pieces = newPieces(6)
    holder(pieces, [0, 1, 2, 4, 5])
    expect(pieceFromWebSeed('rarest', pieces)).toBe(3)
    pieces.bring(3)
    holder(pieces, [0, 1, 4, 5])
    expect(pieceFromWebSeed('rarest', pieces)).toBe(2)
  })

  it('is one of the equally rare at random', () => {
    const drawn = new Set(
      Array.from({ length: 100 }, (_, seed) => pieceFromWebSeed('rarest', newPieces(5, seed))),
    )
    expect(drawn.size).toBe(5)
  })

  it('is asked for together with those that follow, unless they are brought, here in part or less rare', () => {
    const pieces = newPieces(6)
    holder(pieces, [0, 1, 3])
    const follows = (order: 'sequential' | 'rarest', first: number): boolean =>
      followsForWebSeed(order, { first, next: first + 1 }, pieces)
    expect([0, 1, 2, 3, 4].every((first) => follows('sequential', first))).toBe(true)
    expect(follows('sequential', 5)).toBe(false)
    expect([0, 1, 2, 3, 4].map((first) => follows('rarest', first))).toEqual([true, true, false, true, true])
    pieces.bring(5)
    pieces.bring(1)
    pieces.add(1, { from: 0, to: 10 })
    pieces.release(1)
    expect(follows('sequential', 4)).toBe(false)
    expect(follows('sequential', 0)).toBe(false)
  })

  it('is none where all is brought: it takes no part in the endgame', () => {
    const pieces = newPieces(1)
    pieces.bring(0)
    expect(pieceFromWebSeed('sequential', pieces)).toBeNull()
    expect(pieceFromWebSeed('rarest', pieces)).toBeNull()
  })
})

describe('a piece in part', () => {
  it('counts what comes twice once, and what leaves a gap not at all', () => {
    const pieces = newPieces(2)
    expect(pieces.add(0, { from: 0, to: 600 })).toBe(600)
    expect(pieces.add(0, { from: 500, to: 900 })).toBe(300)
    expect(pieces.add(0, { from: 100, to: 200 })).toBe(0)
    expect(pieces.add(0, { from: 1000, to: 1100 })).toBe(0)
    expect(pieces.bytesOf(0)).toBe(900)
    expect(pieces.isWhole(0)).toBe(false)
  })

  it('is dropped when its hash is wrong, with its sender named, and may be fetched again', () => {
    const pieces = newPieces(2)
    pieces.add(1, { from: 0, to: 20_000 })
    pieces.add(1, { from: 20_000, to: 50_000, spoiler: peer(3) })
    expect(pieces.isWhole(1)).toBe(true)
    expect(pieces.verify(1)).toBe(peer(3))
    expect(pieces.have.has(1)).toBe(false)
    expect(pieces.bytesOf(1)).toBe(0)
    gain(pieces, 1)
    expect(pieces.have.has(1)).toBe(true)
  })
})

describe('what is asked for ahead', () => {
  it('is five blocks at first, a second of the rate then, and never more than 250', () => {
    expect(aheadBytesAt(0)).toBe(5 * REQUEST_BYTES)
    expect(aheadBytesAt(100 * REQUEST_BYTES)).toBe(105 * REQUEST_BYTES)
    expect(aheadBytesAt(1e12)).toBe(250 * REQUEST_BYTES)
  })

  it('costs a request of 17 bytes for each block of 16 KiB', () => {
    expect(wireBytes({ type: 'request', chunk: 1, fromByte: 0, bytes: 256 * 1024 })).toBe(16 * 17)
    expect(wireBytes({ type: 'have', chunk: 1 })).toBe(9)
    expect(wireBytes({ type: 'choke' })).toBe(5)
    expect(wireBytes({ type: 'bitfield', bits: new Uint8Array(3) })).toBe(68 + 5 + 3)
  })
})
