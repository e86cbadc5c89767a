/**
 * What one client has of the file: whole pieces, pieces in part, and which of the missing ones are being brought. The
 * one place where these change, so that the rarity index is always true: a piece is eligible exactly if it is missing
 * and nobody brings it.
 *
 * Blocks of a piece come in order from whoever brings it, so that what is there of a piece is its beginning. It stays
 * when its bringer chokes us, and the next one is asked for the rest.
 */

import { Bitfield } from '../../src/core/bitfield.ts'
import type { Geometry } from '../../src/core/geometry.ts'
import type { Random } from '../../src/core/random.ts'
import { RarityIndex } from '../../src/core/rarity.ts'
import type { PeerId } from '../../src/core/types.ts'

interface Part {
  bytes: number
  /** Neighbours and web seed that bring it; more than one in the endgame. */
  bringers: number
  /** Who sent other bytes than the file's. */
  spoiler: PeerId | null
}

export class Pieces {
  readonly geometry: Geometry
  readonly have: Bitfield
  readonly rarity: RarityIndex
  private readonly random: Random
  /** Of missing pieces that are being brought, or are here in part. */
  private readonly parts = new Map<number, Part>()
  /** All before it are here or being brought. */
  private firstEligible = 0

  constructor(geometry: Geometry, random: Random) {
    this.geometry = geometry
    this.random = random
    this.have = new Bitfield(geometry.chunkCount)
    this.rarity = new RarityIndex(geometry.chunkCount, random)
    // The web seed has everything, and counts as a neighbour that does.
    for (let piece = 0; piece < geometry.chunkCount; piece++) this.rarity.increment(piece)
  }

  get isComplete(): boolean {
    return this.have.isFull
  }

  /** How much of the piece is here. */
  bytesOf(piece: number): number {
    return this.parts.get(piece)?.bytes ?? 0
  }

  isBrought(piece: number): boolean {
    return (this.parts.get(piece)?.bringers ?? 0) > 0
  }

  /** Somebody is asked for the rest of the piece. */
  bring(piece: number): void {
    const part = this.part(piece)
    part.bringers++
    this.rarity.dismiss(piece)
  }

  /** Somebody will not bring it after all, or has brought all of it. */
  release(piece: number): void {
    const part = this.parts.get(piece)
    if (part === undefined || --part.bringers > 0) return
    if (part.bytes === 0) this.parts.delete(piece)
    this.rarity.admit(piece)
    this.firstEligible = Math.min(this.firstEligible, piece)
  }

  /** Bytes of a missing piece have come: [from, to). How many of them are news. */
  add(
    piece: number,
    { from, to, spoiler = null }: { from: number; to: number; spoiler?: PeerId | null },
  ): number {
    if (this.have.has(piece)) return 0
    const part = this.part(piece)
    const news = from > part.bytes ? 0 : Math.max(0, to - part.bytes)
    part.bytes += news
    if (news > 0) part.spoiler ??= spoiler
    return news
  }

  isWhole(piece: number): boolean {
    return this.bytesOf(piece) >= this.geometry.lengthBytes(piece)
  }

  /** A whole piece is hashed: it is kept, or dropped where it is not what the torrent says. Who is to blame, if so. */
  verify(piece: number): PeerId | null {
    const part = this.part(piece)
    const { spoiler } = part
    if (spoiler !== null) {
      part.bytes = 0
      part.spoiler = null
      return spoiler
    }
    this.parts.delete(piece)
    this.rarity.dismiss(piece)
    this.have.add(piece)
    return null
  }

  /** The first piece, by its place in the file, that nobody brings; null: there is none. */
  firstMissing(): number | null {
    const { chunkCount } = this.geometry
    while (this.firstEligible < chunkCount && !this.rarity.isEligible(this.firstEligible))
      this.firstEligible++
    return this.firstEligible < chunkCount ? this.firstEligible : null
  }

  /** Pieces in part that nobody brings, the oldest first. */
  *abandoned(): Iterable<number> {
    for (const [piece, { bringers }] of this.parts) if (bringers === 0) yield piece
  }

  /** A piece that others bring and that `accept` takes, at random; null: there is none. */
  drawBusy(accept: (piece: number) => boolean): number | null {
    const busy = [...this.parts.keys()].filter(accept)
    return busy.length === 0 ? null : (busy[this.random.below(busy.length)] ?? null)
  }

  private part(piece: number): Part {
    let part = this.parts.get(piece)
    if (part === undefined) this.parts.set(piece, (part = { bytes: 0, bringers: 0, spoiler: null }))
    return part
  }
}
