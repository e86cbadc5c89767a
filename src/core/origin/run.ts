/**
 * One response of the origin, as the seat that asked for it follows it.
 */

import type { Inventory } from '../inventory.ts'
import type { RunId } from '../session-io.ts'
import type { ChunkRun } from '../types.ts'
import type { OpenRun } from './split-run.ts'

export interface Run {
  readonly id: RunId
  /** First chunk. */
  readonly start: number
  /** Chunk after the last one that is ours to bring; Infinity until the file's size is known. */
  end: number
  /** Chunk after the last one asked for: where another seat of ours has taken the end over, the rest is not wanted. */
  askedEnd: number
  /** Chunk at which to look whether to go on: as far as the seat's turn goes. */
  turnEnd: number
  /** The chunk that is being received. */
  next: number
  /** Chunk after those reserved: what it will bring within the claim's lead. */
  reservedEnd: number
  /** It fetches what others have, as the mesh is slower. */
  readonly isDuplicate: boolean
  readonly askedAtMs: number
  lastByteAtMs: number
  /** When bytes came after the latest lull, or the headers did. */
  gushesSinceMs: number
  /** Bytes of the chunk that is being received. */
  partBytes: number
}

/** What to ask of the origin. */
export interface RunChoice {
  /** As far as there is something to fetch: what is asked for, since to go on costs nothing and to ask again a round trip. */
  readonly run: ChunkRun
  /** Chunks after which to look whether the seat should be used otherwise. */
  readonly turnChunks: number
  /** It fetches what others have. */
  readonly isDuplicate: boolean
  /** It fetches a chunk that another seat of ours is fetching: the fastest wins. */
  readonly isRace?: boolean
}

export function newRun(id: RunId, { run, turnChunks, isDuplicate }: RunChoice, nowMs: number): Run {
  const { start, count } = run
  return {
    id,
    start,
    end: start + count,
    askedEnd: start + count,
    turnEnd: start + turnChunks,
    next: start,
    reservedEnd: start,
    isDuplicate,
    askedAtMs: nowMs,
    lastByteAtMs: nowMs,
    gushesSinceMs: nowMs,
    partBytes: 0,
  }
}

/**
 * What to claim: one run or none. While the run goes on, so does the claim: it says that the seat is taken. Of one that has
 * brought all there is nothing left, and who claims what is beyond the file's end is banned.
 */
export function reservedOf(run: Run | null): ChunkRun[] {
  if (run === null || run.next >= run.end) return []
  return [{ start: run.next, count: Math.max(1, run.reservedEnd - run.next) }]
}

/** It has brought what is its own, and goes on with what another seat of ours has taken over. */
export function isOverdone({ next, end, askedEnd }: Run): boolean {
  return next >= end && end < askedEnd
}

/** Before its turn is over. */
export function willBring(run: Run | null, chunk: number): boolean {
  return run !== null && chunk >= run.next && chunk < Math.min(run.turnEnd, run.end)
}

/**
 * On a busy processor bytes come in gushes: after a lull of so long, and for so long after it, both in ms, much more of the response is
 * on its way. Of 48 visitors on two cores it was 100 to 500 KB then, and 4 to 50 KB else (measured).
 */
const LULL_MS = 400
const GUSH_MS = 1500

/** A gush is no more than so many chunks beyond the turn (guess: twice the most that was measured); a trickle is full of lulls. */
const MOST_GUSH_CHUNKS = 16

/** So many bytes have come. */
export function noteBytes(run: Run, bytes: number, nowMs: number): void {
  if (nowMs - run.lastByteAtMs > LULL_MS) run.gushesSinceMs = nowMs
  run.lastByteAtMs = nowMs
  run.partBytes += bytes
}

/** Much of what it still has to bring is likely to be on its way. */
export function isGushing({ next, turnEnd, gushesSinceMs }: Run, nowMs: number): boolean {
  return next < turnEnd + MOST_GUSH_CHUNKS && nowMs - gushesSinceMs < GUSH_MS
}

/** What is missing of it, in chunks and parts of one. */
export function restChunks(run: Run | null, { geometry }: Inventory): number {
  return run === null ? 0 : Math.max(0, run.end - run.next - run.partBytes / geometry.chunkBytes)
}

/** What of a turn another seat of ours could take over. */
export interface RestOfRun extends Omit<OpenRun, 'secPerChunk'> {
  /** Chunk after its last. */
  readonly end: number
  readonly silentSec: number
}

/** Of the one that was asked for ahead, if there is one; null where nothing is left of it. */
export function restOf(
  run: Run | null,
  ahead: Run | null,
  inventory: Inventory,
  nowMs: number,
): RestOfRun | null {
  const last = ahead ?? run
  if (last === null) return null
  const end = Math.min(last.turnEnd, last.end)
  if (end <= last.next) return null
  const partShare = Math.min(1, last.partBytes / inventory.geometry.lengthBytes(last.next))
  return {
    end,
    chunks: end - last.next,
    // What comes before it is as good as missing from it.
    partShare: partShare - (last === ahead ? restChunks(run, inventory) : 0),
    silentSec: (nowMs - Math.max(last.lastByteAtMs, run?.lastByteAtMs ?? 0)) / 1000,
  }
}

/** Slow start's first window: ten segments of 1,460 bytes (RFC 6928). */
const INITIAL_WINDOW_BYTES = 14_600

/**
 * What it costs to close a response and ask for another range, in ms: HTTP/1.1 throws the connection away, so a new
 * one's round trip, the request's, and slow start up to the rate there was.
 */
export function abortCostMs(rttMs: number, rateBytesPerSec: number): number {
  const doublings = Math.log2(1 + (rateBytesPerSec * (rttMs / 1000)) / INITIAL_WINDOW_BYTES)
  return rttMs * (2 + doublings)
}

/**
 * Of what the file takes at its rate. Beside an origin of 1 Gb/s, 200 ms away, eight who were fetching the file side by side at
 * their lines' rate took up to 17% longer for it where each left it for what the others had not begun (simulated).
 */
const DEAR_SHARE = 0.02

/** The response brings a file of so many bytes so fast that to leave it for another range costs too much of the visit. */
export function isLeavingDear(sizeBytes: number, rttMs: number, rateBytesPerSec: number): boolean {
  return abortCostMs(rttMs, rateBytesPerSec) > (DEAR_SHARE * sizeBytes * 1000) / rateBytesPerSec
}
