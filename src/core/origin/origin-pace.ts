/**
 * How fast one origin gives, to us, and how soon it answers.
 */

import type { Context } from '../context.ts'
import type { Geometry } from '../geometry.ts'
import { RateMeter } from '../rate.ts'

/** Window of the rate at which the origin serves us, in ms: short, as all seats' rates are added up (guess). */
const RATE_WINDOW_MS = 1500

/**
 * What takes longer on a busy processor, in ms, is the processor (guess). Of 48 visitors on two cores, whose first request took
 * seconds, one went on through 70 chunks that others had, as to ask again seemed to cost half a minute (measured).
 */
const BUSY_ROUND_TRIP_MS = 200

/** What takes longer, in ms, is no distance, but an origin or a processor that is busy (guess). */
const LONGEST_WAY_MS = 250

export class OriginPace {
  private readonly context: Context
  /** Rate at which the origin's bytes arrive. */
  private readonly rate = new RateMeter(RATE_WINDOW_MS)
  private lastSeenBytesPerSec = 0
  private rttMs = Infinity

  constructor(context: Context) {
    this.context = context
  }

  noteBytes(bytes: number): void {
    const { nowMs } = this.context
    this.rate.add(bytes, nowMs)
    this.lastSeenBytesPerSec = this.rate.bytesPerSec(nowMs)
  }

  noteRoundTrip(rttMs: number): void {
    this.rttMs = Math.min(this.rttMs, Math.max(1, rttMs))
  }

  /** Rate at which our seat is served, in bytes a second. */
  get currentBytesPerSec(): number {
    return this.rate.bytesPerSec(this.context.nowMs)
  }

  /** That of the last run, where none is under way; 0: there was none. */
  get lastBytesPerSec(): number {
    return this.lastSeenBytesPerSec
  }

  /** Time for a chunk at the last rate there was, in seconds; null: none is known. */
  secPerChunk({ chunkBytes }: Geometry): number | null {
    return this.lastBytesPerSec > 0 ? chunkBytes / this.lastBytesPerSec : null
  }

  /** The shortest time from asking to headers, in ms; Infinity: unknown. */
  get likelyRoundTripMs(): number {
    const isInDoubt = this.context.lateness.isBusy && this.rttMs < Infinity
    return isInDoubt ? Math.min(BUSY_ROUND_TRIP_MS, this.rttMs) : this.rttMs
  }

  /** The same; 0: unknown. */
  get roundTripMs(): number {
    return Number.isFinite(this.rttMs) ? this.likelyRoundTripMs : 0
  }

  /** What of it may be the way to the origin; 0: unknown. */
  get distanceMs(): number {
    return Math.min(LONGEST_WAY_MS, this.roundTripMs)
  }

  /** What it brings in the time that another request takes, in bytes. */
  get bytesPerRoundTrip(): number {
    return (this.lastBytesPerSec * this.roundTripMs) / 1000
  }
}
