/**
 * When nothing is free, but the mesh would deliver later than a plain download: fetch from the origin what others
 * have. The rule and its numbers come from a fluid model of seats, claims and a mesh (max–min sharing, slow start), in which
 * they kept every visitor within 5% of plain HTTP.
 */

import { findGaps } from './free-run.ts'
import type { Random } from '../random.ts'
import type { ChunkRun } from '../types.ts'

/** A duplicate run must save at least this share of the visit's time; a tenth of it once we are at it. */
const WORTHWHILE_SHARE = 0.02
const STILL_WORTHWHILE_SHARE = 0.002

/**
 * Where nobody waits for our uplink, uplinks are not what the mesh lacks. While it gives so many times as much as a plain download
 * would, it is then left to itself (guess): of eight visitors who came one after the other, each took a sixth to a third of a copy of
 * what was on its way (simulated). Where uplinks are scarce the origin's rate counts: a crowd of 100 took 8% longer without.
 */
const PLENTY = 2

/** No duplicate before this share of the time a plain download would take: the mesh has not had its chance. */
const PATIENCE_SHARE = 0.01

export interface DuplicateView {
  /** R: bytes that we miss and that exist elsewhere in the swarm. */
  readonly missingElsewhereBytes: number
  /** U: bytes that nobody has yet. */
  readonly nowhereBytes: number
  /** r: rate at which the mesh delivers to us, in bytes a second. */
  readonly meshBytesPerSec: number
  /** Time since the mesh last gave us anything (or we joined), in seconds. */
  readonly meshSilentSec: number
  /** G: what the origin gives at its best, all visitors together, in bytes a second; 0: none seen. */
  readonly originBytesPerSec: number
  readonly swarmSize: number
  /** T: time since we joined, in seconds. */
  readonly elapsedSec: number
  readonly fileBytes: number
  /** Until all have a first chunk, if it is passed on at the origin's rate. */
  readonly firstChunkSec: number
  /** Whether our present run is such a duplicate. */
  readonly isDuplicating: boolean
  /** Nobody waits for what we have. */
  readonly isUplinkIdle: boolean
}

/** Whether fetching what others have gets us there sooner. */
export function isDuplicateWorthwhile(view: DuplicateView): boolean {
  if (view.missingElsewhereBytes <= 0) return false
  const mesh = Math.max(view.meshBytesPerSec, 1)
  const etaSec = Math.max(view.missingElsewhereBytes / mesh, view.meshSilentSec)
  if (view.originBytesPerSec <= 0) return etaSec > view.elapsedSec && view.meshSilentSec > 1
  const plainShare = view.originBytesPerSec / view.swarmSize
  const chanceSec = Math.max((PATIENCE_SHARE * view.fileBytes) / plainShare, view.firstChunkSec)
  if (view.elapsedSec < chanceSec) return false
  if (view.nowhereBytes / view.originBytesPerSec >= etaSec) return false
  const rate = view.missingElsewhereBytes / etaSec
  if (view.isUplinkIdle && rate >= PLENTY * plainShare) return false
  const savedSec = (etaSec * plainShare) / (plainShare + rate)
  const share = view.isDuplicating && plainShare >= rate / 4 ? STILL_WORTHWHILE_SHARE : WORTHWHILE_SHARE
  return savedSec >= share * (view.elapsedSec + etaSec)
}

/** A run of missing chunks, wherever else they are: on from the last one, else from a random place in a long gap. */
export function chooseDuplicateRun(options: {
  readonly chunkCount: number
  readonly isWanted: (chunk: number) => boolean
  readonly continueAt: number | null
  readonly maxChunks: number
  /** Gaps with no more than so many chunks between them count as one: to fetch these along is quicker than to ask again. */
  readonly bridgeChunks: number
  readonly random: Random
}): ChunkRun | null {
  const { maxChunks, random } = options
  const gaps = joinNear(findGaps(options.chunkCount, options.isWanted), options.bridgeChunks)
  const longest = gaps.reduce((most, gap) => Math.max(most, gap.count), 0)
  if (longest === 0) return null
  const next = gaps.find((gap) => gap.start === options.continueAt)
  if (next !== undefined && next.count * 2 >= Math.min(maxChunks, longest))
    return { start: next.start, count: Math.min(next.count, maxChunks) }
  const long = gaps.filter((gap) => gap.count >= 0.7 * Math.min(maxChunks, longest))
  const gap = long[random.below(long.length)]
  if (gap === undefined) return null
  const room = gap.count - maxChunks
  const offset = room > maxChunks ? random.below(room) : 0
  return { start: gap.start + offset, count: Math.min(gap.count - offset, maxChunks) }
}

function joinNear(gaps: readonly ChunkRun[], bridgeChunks: number): ChunkRun[] {
  const joined: ChunkRun[] = []
  for (const gap of gaps) {
    const last = joined.at(-1)
    if (last !== undefined && gap.start - (last.start + last.count) <= bridgeChunks)
      joined[joined.length - 1] = { start: last.start, count: gap.start + gap.count - last.start }
    else joined.push(gap)
  }
  return joined
}
