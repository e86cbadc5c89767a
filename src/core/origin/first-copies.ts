/**
 * What has entered the swarm, as far as claims have told: the first copies. A hint: one that no neighbour comes to
 * have within a patience counts as absent again, since its holder may have left, or never had it, or keeps it.
 */

import { Bitfield } from '../bitfield.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import { LatestTimes } from './latest-times.ts'

/**
 * Patience, in ms, before it is known how long a first copy usually takes to come near: as long as a claim lives. Then so
 * many times the median of the latest, and no less than this: the claim itself takes a moment to get around (guess).
 */
const FIRST_PATIENCE_MS = 5000
const PATIENCE_FACTOR = 4
const MIN_PATIENCE_MS = 2000

/** First copies that count as the latest (guess: a minute's of an origin of 10 Mb/s). */
const LATEST = 64

/**
 * In a crowd a chunk doubles its holders in such a time, in ms, until one of our neighbours is among them: so much patience
 * for each doubling, before it is known how long they take. Measured in a crowd of 10,000 with 20 Mb/s uplinks and chunks
 * of 2 MiB (simulated): 2 to 3 s, as each holder serves two at a time.
 */
const DOUBLING_MS = 3000

/** The usual time is known after so many observations; until then it counts by their share of these (guess). */
const ENOUGH_ARRIVALS = 20

/** So many tell at least that something comes (guess). */
const FEW_ARRIVALS = 8

/** Most patience, in ms, however late things have come (guess: a chunk of 4 MiB over ten hops of 10 Mb/s). */
const MAX_PATIENCE_MS = 60_000

/** Longest time for which other things are taken to keep us busy, in ms (guess: an hour's download). */
const LONGEST_BUSY_MS = 3_600_000

/** Share of that time for which a first copy may be on its way (guess: the rest is enough to bring another in). */
const BUSY_SHARE = 0.75

export class FirstCopies {
  /** When each chunk was last said to have entered, in ms; NaN: never. */
  private heardAtMs: Float64Array = new Float64Array(0)
  /** Those that a neighbour had since: if it parts with us, the next arrival is no sign of how long they take. */
  private arrived = new Bitfield(0)
  /** Who fetched it last, as far as we heard. */
  private fetchers: (PeerId | null)[] = []
  /** Those that were expected in vain, and then fetched by another. */
  private inVain = new Bitfield(0)
  /** From hearing of a first copy until a neighbour has it. */
  private readonly usual = new LatestTimes(LATEST)

  /** The number of chunks is known. */
  equip(chunkCount: number): void {
    this.heardAtMs = new Float64Array(chunkCount).fill(Number.NaN)
    this.arrived = new Bitfield(chunkCount)
    this.inVain = new Bitfield(chunkCount)
    this.fetchers = Array.from({ length: chunkCount }, () => null)
  }

  /** This peer has fetched these. The runs must lie within the file. */
  hear(fetcher: PeerId, runs: readonly ChunkRun[], nowMs: number): void {
    for (const { start, count } of runs)
      for (let chunk = start; chunk < start + count; chunk++)
        if (!this.isExpected(chunk, nowMs)) this.note(fetcher, chunk, nowMs)
  }

  /** A neighbour has it, the first of ours. */
  noteArrival(chunk: number, nowMs: number): void {
    const heardAtMs = this.lastHeardMs(chunk)
    if (Number.isNaN(heardAtMs) || !this.arrived.add(chunk)) return
    this.usual.over(chunk, nowMs - heardAtMs)
    this.inVain.remove(chunk)
  }

  /** The chunk may be nowhere any more. */
  forget(chunk: number): void {
    this.heardAtMs[chunk] = Number.NaN
    this.inVain.remove(chunk)
  }

  /** Whether the chunk may be taken to exist, though no neighbour has it. */
  isExpected(chunk: number, nowMs: number, patienceMs: number = this.patienceMs(0)): boolean {
    // NaN, never heard of, is not less than anything.
    return nowMs - this.lastHeardMs(chunk) < patienceMs
  }

  /** Somebody said that the chunk has entered, however long ago. */
  wasHeardOf(chunk: number): boolean {
    return !Number.isNaN(this.lastHeardMs(chunk))
  }

  /** It was expected and did not come: what is said of it since may not be true, either. */
  wasInVain(chunk: number): boolean {
    return this.inVain.has(chunk)
  }

  /**
   * How long a first copy is expected, in ms. `busyMs`: how long other things keep us busy; three quarters of that are
   * waited at least, as a chunk that comes by then holds nobody up. `peersPerNeighbour`: how large the crowd is.
   */
  patienceMs(busyMs: number, peersPerNeighbour = 1): number {
    const known = Math.min(1, this.usual.count / ENOUGH_ARRIVALS)
    const firstMs = Math.max(FIRST_PATIENCE_MS, DOUBLING_MS * Math.log2(peersPerNeighbour))
    const usualMs = known * PATIENCE_FACTOR * this.usual.medianMs
    const patienceMs = Math.max(known === 1 ? MIN_PATIENCE_MS : firstMs, usualMs)
    return Math.max(Math.min(MAX_PATIENCE_MS, patienceMs), BUSY_SHARE * Math.min(LONGEST_BUSY_MS, busyMs))
  }

  /** After how long a first copy is late by what is usual here, in ms; Infinity while too few have come to tell. */
  get lateAfterMs(): number {
    const { count, medianMs } = this.usual
    return count < FEW_ARRIVALS ? Infinity : Math.max(MIN_PATIENCE_MS, PATIENCE_FACTOR * medianMs)
  }

  /** NaN: never. */
  private lastHeardMs(chunk: number): number {
    return this.heardAtMs[chunk] ?? Number.NaN
  }

  private note(fetcher: PeerId, chunk: number, nowMs: number): void {
    if (Number.isNaN(this.lastHeardMs(chunk))) this.usual.began(chunk)
    else if (!this.arrived.has(chunk)) {
      // Of one who still fetches we hear the same again and again.
      if (this.fetchers[chunk] === fetcher) return
      this.inVain.add(chunk)
    }
    this.fetchers[chunk] = fetcher
    this.heardAtMs[chunk] = nowMs
    this.arrived.remove(chunk)
  }
}
