/**
 * Which run to fetch next, how far ahead to claim, and when to cut short: from what the origin has delivered so far.
 */

import type { Context } from '../context.ts'
import type { Geometry } from '../geometry.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { RateMeter } from '../rate.ts'
import type { ChunkRun } from '../types.ts'
import { chooseDuplicateRun, isDuplicateWorthwhile } from './duplicate-run.ts'
import { FIRST_RUN_CHUNKS } from './first-run.ts'
import { chooseFreeRun } from './free-run.ts'
import type { OriginView } from './origin-view.ts'
import { abortCostMs } from './run.ts'

/** A run lasts about this long at the seat's rate, plus 20 round trips, so that the pauses between runs cost 5%. */
const RUN_SEC = 4
const RUN_ROUND_TRIPS = 20

/** A claim reaches as far ahead as its run will get in this time, in seconds (from a fluid model of it). */
const CLAIM_LEAD_SEC = 2

/** Chunks claimed ahead before a rate is known, and at the least. */
const FIRST_LEAD_CHUNKS = FIRST_RUN_CHUNKS
const MIN_LEAD_CHUNKS = 2

/** A mesh that gives nothing for this long, in ms, makes claims doubtful: longer than a claim lives (5 s) unrenewed. */
const MESH_SILENT_MS = 8000

/** So does one that delivers less than this share of what a plain download would (guess: far below any honest mesh). */
const SILENT_SHARE = 0.1

const RATE_WINDOW_MS = 3000

export interface RunChoice {
  readonly run: ChunkRun
  /** It fetches what others have. */
  readonly isDuplicate: boolean
}

export class RunPlanner {
  private readonly context: Context
  private readonly mesh: Mesh
  /** Rate at which the origin's bytes arrive. */
  private readonly rate = new RateMeter(RATE_WINDOW_MS)
  private swarmSize = 1
  private rttMs = Infinity
  /** The rate of the last run, kept for when none is under way. */
  private lastRateBytesPerSec = 0
  private bestRateBytesPerSec = 0
  private lastWasDuplicate = false

  constructor(context: Context, mesh: Mesh) {
    this.context = context
    this.mesh = mesh
  }

  /** n̂: what the server said, and no fewer than we see. */
  get swarmSizeSeen(): number {
    return Math.max(this.swarmSize, this.mesh.neighbours.size + 1)
  }

  get seatsInUse(): number {
    return Math.min(this.context.limits.seats, this.swarmSizeSeen)
  }

  /** The topology server counted this many. */
  noteSwarmSize(count: number): void {
    this.swarmSize = Math.max(1, count)
  }

  noteRoundTrip(rttMs: number): void {
    this.rttMs = Math.min(this.rttMs, Math.max(1, rttMs))
  }

  noteBytes(bytes: number): void {
    const { nowMs } = this.context
    this.rate.add(bytes, nowMs)
    this.lastRateBytesPerSec = this.rate.bytesPerSec(nowMs)
    this.bestRateBytesPerSec = Math.max(this.bestRateBytesPerSec, this.lastRateBytesPerSec)
  }

  /** Whether the mesh has given us nothing for too long, or hardly anything, whatever is claimed. */
  isMeshSilent(view: OriginView): boolean {
    if (view.meshSilentMs > MESH_SILENT_MS) return true
    const { nowMs, startedAtMs } = this.context
    if (nowMs - startedAtMs < MESH_SILENT_MS) return false
    const plainShare = (this.bestRateBytesPerSec * this.seatsInUse) / this.swarmSizeSeen
    return this.mesh.requests.rate.bytesPerSec(nowMs) < SILENT_SHARE * plainShare
  }

  /** The next run: of free chunks, else of what others have, where that pays; null: there is nothing to do. */
  choose(view: OriginView, continueAt: number | null): RunChoice | null {
    const { inventory } = view
    const { random } = this.context
    const maxChunks = this.runChunks(inventory.geometry)
    const options = { chunkCount: inventory.geometry.chunkCount, continueAt, maxChunks, random }
    const free = chooseFreeRun({
      ...options,
      isFree: (chunk) => view.isFree(chunk),
      isApproached: (chunk) => view.isApproached(chunk),
      readerChunk: this.mesh.requests.readerChunk,
      seats: this.seatsInUse,
    })
    if (free !== null) return this.decide(free, false)
    const figures = view.duplicateView({
      bytesPerSec: this.bestRateBytesPerSec * this.seatsInUse,
      swarmSize: this.swarmSizeSeen,
      isDuplicating: this.lastWasDuplicate,
      trustClaims: !this.isMeshSilent(view),
    })
    if (!isDuplicateWorthwhile(figures)) return null
    const duplicate = chooseDuplicateRun({ ...options, isWanted: (chunk) => inventory.isMissing(chunk) })
    return duplicate === null ? null : this.decide(duplicate, true)
  }

  /** Chunks to reserve and claim ahead of a run's position. */
  leadChunks({ chunkBytes }: Geometry): number {
    if (this.lastRateBytesPerSec === 0) return FIRST_LEAD_CHUNKS
    return Math.max(MIN_LEAD_CHUNKS, Math.ceil((this.lastRateBytesPerSec * CLAIM_LEAD_SEC) / chunkBytes))
  }

  /** Whether leaving out so many needless chunks saves more than a new request costs. */
  isWorthCutting(needlessChunks: number, { chunkBytes }: Geometry): boolean {
    const bytesPerSec = Math.max(1, this.lastRateBytesPerSec)
    const savedMs = ((needlessChunks * chunkBytes) / bytesPerSec) * 1000
    return savedMs > abortCostMs(this.rttMs, bytesPerSec)
  }

  private decide(run: ChunkRun, isDuplicate: boolean): RunChoice {
    this.lastWasDuplicate = isDuplicate
    return { run, isDuplicate }
  }

  /** Length of a run, in chunks. Alone, to the end of the file. */
  private runChunks({ chunkCount, chunkBytes }: Geometry): number {
    if (this.swarmSizeSeen === 1 || !this.mesh.requests.trustPeers) return chunkCount
    if (this.lastRateBytesPerSec === 0) return FIRST_RUN_CHUNKS
    const rttSec = Number.isFinite(this.rttMs) ? this.rttMs / 1000 : 0
    const runBytes = this.lastRateBytesPerSec * (RUN_SEC + RUN_ROUND_TRIPS * rttSec)
    return Math.max(1, Math.round(runBytes / chunkBytes))
  }
}
