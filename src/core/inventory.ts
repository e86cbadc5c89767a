/**
 * What we know of every chunk: whether it is here, who is asked for it, who may be asked. The one place where these
 * marks change, so that the rarity index is always true: a chunk is eligible for a request to a neighbour exactly if
 * it is missing, asked of nobody, not about to come from our own run, and not doubtful.
 */

import { Bitfield } from './bitfield.ts'
import type { Geometry } from './geometry.ts'
import type { Random } from './random.ts'
import { RarityIndex } from './rarity.ts'
import type { ChunkSource } from './session-io.ts'

/** Where a kept chunk came from; 0 is "not kept". */
const ORIGIN_CODE = { none: 0, origin: 1, peer: 2, store: 3, mirror: 4 } as const

export class Inventory {
  readonly geometry: Geometry
  readonly rarity: RarityIndex
  readonly kept: Bitfield
  private readonly cameFrom: Uint8Array
  /** Neighbours that are asked for the chunk now. */
  private readonly askedOf: Uint8Array
  /** Chunks that our run at the origin will bring within the next seconds. */
  private readonly reserved: Bitfield
  /** Chunks whose bytes are whole and being hashed. */
  private readonly checking: Bitfield
  /** Chunks that only the origin can settle. */
  private readonly doubtful: Bitfield
  private missing: number

  constructor(geometry: Geometry, random: Random) {
    this.geometry = geometry
    this.rarity = new RarityIndex(geometry.chunkCount, random)
    this.kept = new Bitfield(geometry.chunkCount)
    this.cameFrom = new Uint8Array(geometry.chunkCount)
    this.askedOf = new Uint8Array(geometry.chunkCount)
    this.reserved = new Bitfield(geometry.chunkCount)
    this.checking = new Bitfield(geometry.chunkCount)
    this.doubtful = new Bitfield(geometry.chunkCount)
    this.missing = geometry.sizeBytes
  }

  get isComplete(): boolean {
    return this.kept.isFull
  }

  get missingBytes(): number {
    return this.missing
  }

  /** Neither here nor being hashed. */
  isMissing(chunk: number): boolean {
    return !this.kept.has(chunk) && !this.checking.has(chunk)
  }

  isReserved(chunk: number): boolean {
    return this.reserved.has(chunk)
  }

  isDoubtful(chunk: number): boolean {
    return this.doubtful.has(chunk)
  }

  /** Neighbours asked for the chunk now. */
  askedCount(chunk: number): number {
    return this.askedOf[chunk] ?? 0
  }

  markAsked(chunk: number): void {
    this.askedOf[chunk] = this.askedCount(chunk) + 1
    this.review(chunk)
  }

  markUnasked(chunk: number): void {
    this.askedOf[chunk] = Math.max(0, this.askedCount(chunk) - 1)
    this.review(chunk)
  }

  reserve(chunk: number): void {
    if (this.reserved.add(chunk)) this.review(chunk)
  }

  release(chunk: number): void {
    if (this.reserved.remove(chunk)) this.review(chunk)
  }

  markChecking(chunk: number): void {
    if (this.checking.add(chunk)) this.review(chunk)
  }

  /** The bytes that were being hashed are not the chunk's. */
  markCheckFailed(chunk: number): void {
    if (this.checking.remove(chunk)) this.review(chunk)
  }

  markKept(chunk: number, source: ChunkSource): void {
    this.checking.remove(chunk)
    if (this.kept.add(chunk)) this.missing -= this.geometry.lengthBytes(chunk)
    this.cameFrom[chunk] = ORIGIN_CODE[source.kind]
    if (source.kind === 'origin' || source.kind === 'mirror') this.doubtful.remove(chunk)
    this.review(chunk)
  }

  markLost(chunk: number): void {
    if (!this.kept.remove(chunk)) return
    this.missing += this.geometry.lengthBytes(chunk)
    this.cameFrom[chunk] = ORIGIN_CODE.none
    this.review(chunk)
  }

  /** Only the origin may bring this chunk from now on, until it has. */
  markDoubtful(chunk: number): void {
    if (this.doubtful.add(chunk)) this.review(chunk)
  }

  /** Chunks that only the origin may bring. */
  doubtfulChunks(): number[] {
    return [...this.doubtful.chunks()]
  }

  /** Neighbours may bring this chunk again. */
  clearDoubt(chunk: number): void {
    if (this.doubtful.remove(chunk)) this.review(chunk)
  }

  /** Whether the kept chunk came from the URL itself or from a mirror that the caller named. */
  isFromOrigin(chunk: number): boolean {
    return this.cameFrom[chunk] === ORIGIN_CODE.origin || this.cameFrom[chunk] === ORIGIN_CODE.mirror
  }

  /** Kept chunks that did not come from an origin, ascending; if `mirrorsToo`, not from the URL itself. */
  secondHand(mirrorsToo = false): number[] {
    return [...this.kept.chunks()].filter(
      (chunk) => !this.isFromOrigin(chunk) || (mirrorsToo && this.cameFrom[chunk] === ORIGIN_CODE.mirror),
    )
  }

  private review(chunk: number): void {
    const eligible =
      this.isMissing(chunk) &&
      this.askedCount(chunk) === 0 &&
      !this.reserved.has(chunk) &&
      !this.doubtful.has(chunk)
    if (eligible) this.rarity.admit(chunk)
    else this.rarity.dismiss(chunk)
  }
}
