/**
 * How many neighbours hold each chunk, and the eligible chunks in that order, rarest first, ties at random.
 *
 * Eligible chunks lie in one array sorted by count, cut into buckets by their ends; one more or one fewer holder
 * moves a chunk over one border by a swap, which is O(1), and to a random place in its new bucket, which makes ties
 * random without drawing at every look-up. (The idea is libtorrent's piece picker's.)
 */

import type { Random } from './random.ts'

/** So many of our neighbours have a chunk that is rare: it has just come in, or its holders are leaving (guess). */
export const RARE_HOLDERS = 1

const ABSENT = -1

export class RarityIndex {
  private readonly random: Random
  private readonly holders: Uint16Array
  /** Eligible chunks, sorted by number of holders. */
  private readonly order: Int32Array
  /** Where each chunk lies in `order`, or `ABSENT`. */
  private readonly places: Int32Array
  /** `ends[h]`: the place after the last chunk with at most h holders. */
  private readonly ends: number[] = [0]
  private eligibleCount = 0
  /** No chunk before it is eligible. */
  private lowest = 0

  /** Starts with every chunk eligible and held by nobody. */
  constructor(chunkCount: number, random: Random) {
    this.random = random
    this.holders = new Uint16Array(chunkCount)
    this.order = new Int32Array(chunkCount)
    this.places = new Int32Array(chunkCount).fill(ABSENT)
    for (let chunk = 0; chunk < chunkCount; chunk++) this.admit(chunk)
  }

  /** Neighbours that hold the chunk, eligible or not. */
  holderCount(chunk: number): number {
    return this.holders[chunk] ?? 0
  }

  isEligible(chunk: number): boolean {
    return this.places[chunk] !== ABSENT
  }

  /** Number of eligible chunks that at least one neighbour holds. */
  get availableCount(): number {
    return this.eligibleCount - (this.ends[0] ?? 0)
  }

  /** Makes the chunk eligible. */
  admit(chunk: number): void {
    if (this.isEligible(chunk)) return
    this.lowest = Math.min(this.lowest, chunk)
    const holders = this.holderCount(chunk)
    this.growTo(holders)
    // Opens a place at the end and carries it down over each fuller bucket's border.
    let hole = this.eligibleCount++
    for (let bucket = this.ends.length - 1; bucket > holders; bucket--) {
      const first = this.endOf(bucket - 1)
      if (first !== hole) this.place(this.chunkAt(first), hole)
      this.ends[bucket] = this.endOf(bucket) + 1
      hole = first
    }
    this.ends[holders] = this.endOf(holders) + 1
    this.place(chunk, hole)
    this.mix(chunk, holders)
  }

  /** Makes the chunk ineligible. */
  dismiss(chunk: number): void {
    let hole = this.places[chunk] ?? ABSENT
    if (hole === ABSENT) return
    for (let bucket = this.holderCount(chunk); bucket < this.ends.length; bucket++) {
      const last = this.endOf(bucket) - 1
      if (last !== hole) this.place(this.chunkAt(last), hole)
      this.ends[bucket] = last
      hole = last
    }
    this.eligibleCount--
    this.places[chunk] = ABSENT
  }

  /** One more neighbour holds the chunk. */
  increment(chunk: number): void {
    const holders = this.holderCount(chunk)
    this.holders[chunk] = holders + 1
    if (!this.isEligible(chunk)) return
    this.growTo(holders + 1)
    const last = this.endOf(holders) - 1
    this.swap(chunk, last)
    this.ends[holders] = last
    this.mix(chunk, holders + 1)
  }

  /** One neighbour fewer holds the chunk. */
  decrement(chunk: number): void {
    const holders = this.holderCount(chunk)
    this.holders[chunk] = holders - 1
    if (!this.isEligible(chunk)) return
    const first = this.endOf(holders - 1)
    this.swap(chunk, first)
    this.ends[holders - 1] = first + 1
    this.mix(chunk, holders - 1)
  }

  /** The rarest eligible chunk with a holder that `accept` takes, or null. */
  findRarest(accept: (chunk: number) => boolean): number | null {
    for (let place = this.endOf(0); place < this.eligibleCount; place++) {
      const chunk = this.chunkAt(place)
      if (accept(chunk)) return chunk
    }
    return null
  }

  /** An eligible chunk with a holder that `accept` takes, each as likely to be met first as any other; or null. */
  findRandom(accept: (chunk: number) => boolean): number | null {
    const first = this.endOf(0)
    const count = this.eligibleCount - first
    if (count === 0) return null
    const offset = this.random.below(count)
    for (let step = 0; step < count; step++) {
      const chunk = this.chunkAt(first + ((offset + step) % count))
      if (accept(chunk)) return chunk
    }
    return null
  }

  /** The eligible chunk nearest to the file's beginning, and before `end`, with a holder, that `accept` takes; or null. */
  findFirst(accept: (chunk: number) => boolean, end: number = this.places.length): number | null {
    while (this.lowest < this.places.length && !this.isEligible(this.lowest)) this.lowest++
    for (let chunk = this.lowest; chunk < end; chunk++)
      if (this.isEligible(chunk) && this.holderCount(chunk) > 0 && accept(chunk)) return chunk
    return null
  }

  private growTo(holders: number): void {
    while (this.ends.length <= holders) this.ends.push(this.eligibleCount)
  }

  /** Moves the chunk to a random place in its bucket. */
  private mix(chunk: number, holders: number): void {
    const first = holders === 0 ? 0 : this.endOf(holders - 1)
    this.swap(chunk, first + this.random.below(this.endOf(holders) - first))
  }

  private swap(chunk: number, place: number): void {
    const from = this.places[chunk] ?? ABSENT
    if (from === place) return
    this.place(this.chunkAt(place), from)
    this.place(chunk, place)
  }

  private place(chunk: number, place: number): void {
    this.order[place] = chunk
    this.places[chunk] = place
  }

  private chunkAt(place: number): number {
    return this.order[place] ?? ABSENT
  }

  private endOf(bucket: number): number {
    return this.ends[bucket] ?? this.eligibleCount
  }
}
