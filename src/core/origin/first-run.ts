/**
 * Where a newcomer's first run starts, before any link tells it what others do: at the bit-reversed join index, so
 * that 0, 1, 2, 3 … begin at 0, ½, ¼, ¾ … of the file and first runs do not overlap.
 */

import type { ChunkRun } from '../types.ts'

/** Length of a first run among others, in chunks, before any rate is known (from a fluid model of it). */
export const FIRST_RUN_CHUNKS = 8

/** The van der Corput sequence, base 2: the bits of `index` mirrored about the binary point. */
export function bitReversed(index: number): number {
  let fraction = 0
  let weight = 0.5
  for (let rest = index >>> 0; rest > 0; rest >>>= 1, weight /= 2) if ((rest & 1) === 1) fraction += weight
  return fraction
}

/**
 * The first run of the newcomer with this join index: alone, the whole file; else from its place to the next one's,
 * and no longer than a guess that is safe at any rate.
 */
export function firstRun(options: {
  readonly joinIndex: number
  /** Newcomers that are expected to start like this: no more than there are seats. */
  readonly starters: number
  readonly chunkCount: number
}): ChunkRun {
  const { joinIndex, chunkCount } = options
  if (options.starters <= 1 && joinIndex === 0) return { start: 0, count: chunkCount }
  const start = placeOf(joinIndex, chunkCount)
  const end = nextPlace(start, Math.max(options.starters, joinIndex + 1), chunkCount)
  return { start, count: Math.min(end - start, FIRST_RUN_CHUNKS) }
}

/**
 * Chunk at which the first one begins who came before, beyond the place of this newcomer; the file's end, if there is none. To ask for more
 * than lies before it would be to be cut short there, with a good deal on its way: 30 to 970 KB each, of 48 visitors on two cores (measured).
 */
export function firstRunLimit(joinIndex: number, chunkCount: number): number {
  return nextPlace(placeOf(joinIndex, chunkCount), joinIndex, chunkCount)
}

/** Of the first so many newcomers' places the next one after this chunk; the file's end, if there is none. */
function nextPlace(start: number, newcomers: number, chunkCount: number): number {
  let next = chunkCount
  for (let index = 0; index < newcomers; index++) {
    const place = placeOf(index, chunkCount)
    if (place > start && place < next) next = place
  }
  return next
}

function placeOf(index: number, chunkCount: number): number {
  return Math.floor(bitReversed(index) * chunkCount)
}
