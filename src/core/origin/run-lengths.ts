/**
 * How long runs are, and how far ahead they are claimed: from how fast the origin gives, and how far away it is.
 */

import type { Context } from '../context.ts'
import type { Geometry } from '../geometry.ts'
import { FIRST_RUN_CHUNKS } from './first-run.ts'
import type { OriginLedger } from './ledger.ts'
import type { OriginPace } from './origin-pace.ts'
import { abortCostMs } from './run.ts'

/** A run lasts about this long at the seat's rate, plus 20 round trips, so that the pauses between runs cost 5%. */
const RUN_SEC = 4
const RUN_ROUND_TRIPS = 20

/** Where it is to be brief, it is a first run, or so many round trips, of which the pause after it is a tenth. */
const BRIEF_RUN_ROUND_TRIPS = 10

/**
 * A claim reaches as far ahead as its run will get in this time, in seconds: less than a claim lives, and so long that
 * claims are said every 2 s. With half of it (as in a fluid model) copies were the same and claims twice as many.
 */
const CLAIM_LEAD_SEC = 4

/**
 * What others have is kept from being asked of them no further ahead than this, in seconds (guess: a few round trips). With
 * 4 s a visitor waited in the end for its own slow run, while ten idle neighbours had all of it: among 75 peers of whom
 * each has 10 Mb/s, the last was done after 17.2 to 17.5 s instead of 17.0 to 17.4, beside 25 free riders after 19.0 to
 * 21.7 instead of 19.0 to 19.5 (five seeds, simulated).
 */
const DUPLICATE_LEAD_SEC = 1

/** Chunks claimed ahead before a rate is known, and at the least. */
const FIRST_LEAD_CHUNKS = FIRST_RUN_CHUNKS
const MIN_LEAD_CHUNKS = 2

export class RunLengths {
  private readonly context: Context
  private readonly ledger: OriginLedger
  private readonly pace: OriginPace

  constructor(context: Context, ledger: OriginLedger, pace: OriginPace) {
    this.context = context
    this.ledger = ledger
    this.pace = pace
  }

  /** The processor is busy, and others wait for a seat: claims come late, and runs collide. */
  get isToBeBrief(): boolean {
    return this.context.lateness.isBusy && this.ledger.areOthersWaiting
  }

  /** Length of a run among others, in chunks. */
  runChunks({ chunkCount, chunkBytes }: Geometry): number {
    if (this.pace.lastBytesPerSec === 0) return FIRST_RUN_CHUNKS
    const runSec = RUN_SEC + (RUN_ROUND_TRIPS * this.pace.roundTripMs) / 1000
    const runBytes = this.pace.lastBytesPerSec * runSec
    const briefBytes = BRIEF_RUN_ROUND_TRIPS * this.pace.bytesPerRoundTrip
    const most = this.isToBeBrief ? Math.max(FIRST_RUN_CHUNKS, briefBytes / chunkBytes) : chunkCount
    return Math.max(1, Math.round(Math.min(most, runBytes / chunkBytes)))
  }

  /** Chunks to reserve and claim ahead of a run's position. */
  leadChunks({ chunkBytes }: Geometry, isDuplicate: boolean): number {
    const isBrief = isDuplicate && this.context.limits.mechanisms.briefDuplicates
    if (this.pace.lastBytesPerSec === 0) return FIRST_LEAD_CHUNKS
    const leadSec = isBrief ? DUPLICATE_LEAD_SEC : CLAIM_LEAD_SEC
    const leastChunks = isBrief ? 1 : MIN_LEAD_CHUNKS
    return Math.max(leastChunks, Math.ceil((this.pace.lastBytesPerSec * leadSec) / chunkBytes))
  }

  /** Whether leaving out so many needless chunks saves more than a new request costs. */
  isWorthCutting(needlessChunks: number, { chunkBytes }: Geometry): boolean {
    const bytesPerSec = Math.max(1, this.pace.lastBytesPerSec)
    const savedMs = ((needlessChunks * chunkBytes) / bytesPerSec) * 1000
    return savedMs > abortCostMs(this.pace.likelyRoundTripMs, bytesPerSec)
  }

  chunksPerRoundTrip({ chunkBytes }: Geometry): number {
    return Math.floor(this.pace.bytesPerRoundTrip / chunkBytes)
  }
}
