/**
 * What has entered the swarm, as far as claims have told: the first copies. A hint: one that no neighbour comes to
 * have within a patience counts as absent again, since its holder may have left, or never had it.
 */

import { Bitfield } from '../bitfield.ts'
import type { ChunkRun } from '../types.ts'
import { UsualTime } from '../usual-time.ts'

/**
 * Patience, in ms, before it is known how long a first copy usually takes to come near: as long as a claim lives. Then so many
 * times the usual, and no less than this: the claim itself takes a moment to get around (guess).
 */
const FIRST_PATIENCE_MS = 5000
const PATIENCE_FACTOR = 3
const MIN_PATIENCE_MS = 2000

/** The usual time is known after so many observations (guess). */
const ENOUGH_ARRIVALS = 20

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
  /** From hearing of a first copy until a neighbour has it. */
  private readonly usual = new UsualTime()

  /** The number of chunks is known. */
  equip(chunkCount: number): void {
    this.heardAtMs = new Float64Array(chunkCount).fill(Number.NaN)
    this.arrived = new Bitfield(chunkCount)
  }

  /** These have entered. The runs must lie within the file. */
  hear(runs: readonly ChunkRun[], nowMs: number): void {
    for (const { start, count } of runs)
      for (let chunk = start; chunk < start + count; chunk++)
        if (!this.isExpected(chunk, nowMs)) this.note(chunk, nowMs)
  }

  /** A neighbour has it, the first of ours. */
  noteArrival(chunk: number, nowMs: number): void {
    const heardAtMs = this.heardAtMs[chunk] ?? Number.NaN
    if (Number.isNaN(heardAtMs) || !this.arrived.add(chunk)) return
    this.usual.note(nowMs - heardAtMs)
  }

  /** The chunk may be nowhere any more. */
  forget(chunk: number): void {
    this.heardAtMs[chunk] = Number.NaN
  }

  /**
   * Whether the chunk may be taken to exist, though no neighbour has it. `busyMs`: how long other things keep us busy;
   * three quarters of that are waited at least, as a chunk that comes by then holds nobody up. Default: none.
   */
  isExpected(chunk: number, nowMs: number, busyMs = 0): boolean {
    const patienceMs = Math.max(this.patienceMs, BUSY_SHARE * Math.min(LONGEST_BUSY_MS, busyMs))
    // NaN, never heard of, is not less than anything.
    return nowMs - (this.heardAtMs[chunk] ?? Number.NaN) < patienceMs
  }

  private note(chunk: number, nowMs: number): void {
    this.heardAtMs[chunk] = nowMs
    this.arrived.remove(chunk)
  }

  private get patienceMs(): number {
    const leastMs = this.usual.observations < ENOUGH_ARRIVALS ? FIRST_PATIENCE_MS : MIN_PATIENCE_MS
    return Math.min(MAX_PATIENCE_MS, Math.max(leastMs, PATIENCE_FACTOR * this.usual.ms))
  }
}
