/**
 * Which run to fetch next: contiguous chunks that nobody has, asks for or claims. Long runs, as each costs a request
 * and a round trip; split off the far side of a gap that somebody is working through, not taken from in front of it.
 */

import type { Random } from '../random.ts'
import type { ChunkRun } from '../types.ts'

export interface FreeRunOptions {
  readonly chunkCount: number
  readonly isFree: (chunk: number) => boolean
  /** Whether somebody is working its way towards the chunk, from the one before it. */
  readonly isApproached: (chunk: number) => boolean
  /** Chunk after the end of our last run: going on from there keeps runs long. */
  readonly continueAt: number | null
  /** Where to begin in what is free, as a share of it, 0 to 1 exclusive; null: somewhere in a gap. */
  readonly place: number | null
  /** The gap to take then is the one at this share of what is free, 0 to 1 exclusive; null: drawn by size. */
  readonly home: number | null
  /** What an in-order reader waits for: the first gap from there on comes before all others. */
  readonly readerChunk: number | null
  /** Longest run wanted, in chunks. */
  readonly maxChunks: number
  /** Seats in use, ours included: the free chunks are shared out among them. */
  readonly seats: number
  readonly random: Random
}

/** The next run, or null where nothing is free. */
export function chooseFreeRun(options: FreeRunOptions): ChunkRun | null {
  const { continueAt, home, readerChunk, random } = options
  const gaps = findGaps(options.chunkCount, options.isFree)
  const free = gaps.reduce((sum, gap) => sum + gap.count, 0)
  if (free === 0) return null
  const longest = Math.max(1, Math.min(options.maxChunks, Math.ceil(free / Math.max(1, options.seats))))
  if (readerChunk !== null) {
    const urgent = gaps.find((gap) => gap.start + gap.count > readerChunk)
    const start = Math.max(urgent?.start ?? 0, readerChunk)
    if (urgent !== undefined)
      return { start, count: Math.min(urgent.start + urgent.count - start, options.maxChunks) }
  }
  if (options.place !== null) return placedIn(gaps, Math.floor(options.place * free), longest)
  const next = gaps.find((gap) => gap.start === continueAt)
  if (next !== undefined) return { start: next.start, count: Math.min(next.count, longest) }
  const { gap } = locate(gaps, home === null ? random.below(free) : Math.floor(home * free))
  const start = gap.start + startWithin(gap, longest, options)
  return { start, count: Math.min(gap.start + gap.count - start, longest) }
}

/** Maximal runs of chunks that satisfy the predicate, ascending. */
export function findGaps(chunkCount: number, accept: (chunk: number) => boolean): ChunkRun[] {
  const gaps: ChunkRun[] = []
  let start = 0
  while (start < chunkCount) {
    if (!accept(start)) {
      start++
      continue
    }
    let end = start + 1
    while (end < chunkCount && accept(end)) end++
    gaps.push({ start, count: end - start })
    start = end
  }
  return gaps
}

/** From the chunk with so many free ones before it. */
function placedIn(gaps: readonly ChunkRun[], before: number, longest: number): ChunkRun {
  const { gap, offset } = locate(gaps, before)
  return { start: gap.start + offset, count: Math.min(gap.count - offset, longest) }
}

/** The gap of the chunk with so many free ones before it, and its place there. There are that many. */
function locate(
  gaps: readonly ChunkRun[],
  before: number,
): { readonly gap: ChunkRun; readonly offset: number } {
  let offset = before
  for (const gap of gaps) {
    if (offset < gap.count) return { gap, offset }
    offset -= gap.count
  }
  throw new RangeError('A share of what is free lies within it.')
}

/** Offset in the gap. Others will draw the same gap: a random start, beyond whoever comes from its left. */
function startWithin(
  gap: ChunkRun,
  longest: number,
  { isApproached, seats, random }: FreeRunOptions,
): number {
  if (gap.count <= 1.5 * longest) return 0
  if (isApproached(gap.start)) return Math.floor(gap.count * random.between(0.3, 0.7))
  return seats > 1 ? Math.floor(gap.count * random.between(0, 0.6)) : 0
}
