/**
 * Who holds a seat at the origin, and which chunks are on their way from it: the claims that flood the swarm. A claim
 * is a hint; it expires unless it is renewed, so that a claimer who vanished holds nothing up.
 *
 * Invariant: `coverage` counts, for every chunk, the live runs that hold it. Every question costs O(1), but for the
 * claims that have expired since the last one.
 */

import type { ChunkRun, PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'

/**
 * How long a claim counts after it was heard, in ms. Claims are renewed every 2 s; 5 s leaves room for a lost second
 * and is the time after which a silent neighbour's requests go elsewhere, too.
 */
const CLAIM_LIFETIME_MS = 5000

/** Most live claims. Seats are few; a flood of forged ones must not grow without bound. */
const MAX_CLAIMERS = 256

/**
 * Most claimers whose last sequence is remembered. One that is forgotten while copies of its claims are still on their way
 * would be news again, at every peer, until they have crossed all the hops they may.
 */
const MAX_SEQUENCES = 4096

/** Most chunks that one claim holds; what goes beyond is not believed. Four seconds at 4 GB/s in chunks of 4 MiB (guess). */
const MAX_CHUNKS_PER_CLAIM = 4096

interface LiveClaim {
  readonly claim: Claim
  /** What of its runs is believed. */
  readonly runs: readonly ChunkRun[]
  readonly expiresAtMs: number
}

export class Claims {
  /** Live claims, the longest unheard first. */
  private readonly live = new Map<PeerId, LiveClaim>()
  /** The last sequence heard of each claimer, the longest unheard first. */
  private readonly sequences = new Map<PeerId, number>()
  private coverage: Uint16Array = new Uint16Array(0)
  private goodput = 0

  /** The number of chunks is known. Claims are heard from then on. */
  equip(chunkCount: number): void {
    this.coverage = new Uint16Array(chunkCount)
  }

  /** Whether this would be news. The runs must lie within the file. */
  isNews({ peer, sequence }: Claim): boolean {
    return sequence > (this.sequences.get(peer) ?? -1)
  }

  /** Takes a claim in. True if it is news, and so worth passing on. */
  hear(claim: Claim, nowMs: number): boolean {
    if (!this.isNews(claim)) return false
    this.expire(nowMs)
    const { peer } = claim
    const runs = credible(claim.runs)
    if (!this.live.has(peer) && this.live.size >= MAX_CLAIMERS) return false
    this.sequences.delete(peer)
    this.sequences.set(peer, claim.sequence)
    this.forgetOldest()
    this.drop(peer)
    if (runs.length === 0) return true
    this.live.set(peer, { claim, runs, expiresAtMs: nowMs + CLAIM_LIFETIME_MS })
    this.goodput += claim.goodputBytesPerSec
    this.cover(runs, 1)
    return true
  }

  /** The peer is known to be gone: its claims are void. Its sequence stays known. */
  drop(peer: PeerId): void {
    const known = this.live.get(peer)
    if (known === undefined) return
    this.live.delete(peer)
    this.goodput -= known.claim.goodputBytesPerSec
    this.cover(known.runs, -1)
  }

  /** Peers that hold a seat, as far as it is known here. */
  seatCount(nowMs: number): number {
    this.expire(nowMs)
    return this.live.size
  }

  /** What the origin gives to all of them together, in bytes a second. */
  goodputBytesPerSec(nowMs: number): number {
    this.expire(nowMs)
    return this.live.size === 0 ? 0 : this.goodput
  }

  /** Live claims, the latest heard last. */
  standing(nowMs: number): Claim[] {
    this.expire(nowMs)
    return [...this.live.values()].map(({ claim }) => claim)
  }

  /** Holders of seats whose id sorts before this one. */
  seatsBefore(peer: PeerId, nowMs: number): number {
    this.expire(nowMs)
    let seats = 0
    for (const claimer of this.live.keys()) if (claimer < peer) seats++
    return seats
  }

  /** Whether somebody's live claim holds the chunk. With `before`, only claimers whose id sorts before it count. */
  covers(chunk: number, nowMs: number, before: PeerId | null = null): boolean {
    this.expire(nowMs)
    if ((this.coverage[chunk] ?? 0) === 0) return false
    if (before === null) return true
    for (const [peer, { runs }] of this.live)
      if (peer < before && runs.some((run) => chunk >= run.start && chunk < run.start + run.count))
        return true
    return false
  }

  private expire(nowMs: number): void {
    for (const [peer, { expiresAtMs }] of this.live) {
      if (expiresAtMs > nowMs) return
      this.drop(peer)
    }
  }

  private forgetOldest(): void {
    const [oldest] = this.sequences.keys()
    if (oldest !== undefined && this.sequences.size > MAX_SEQUENCES) this.sequences.delete(oldest)
  }

  private cover(runs: readonly ChunkRun[], change: 1 | -1): void {
    for (const { start, count } of runs)
      for (let chunk = start; chunk < start + count; chunk++)
        this.coverage[chunk] = (this.coverage[chunk] ?? 0) + change
  }
}

/** As much of the runs as is believed: an honest claim is far shorter, and each chunk costs time. */
export function credible(runs: readonly ChunkRun[]): readonly ChunkRun[] {
  let room = MAX_CHUNKS_PER_CLAIM
  if (runs.reduce((sum, { count }) => sum + count, 0) <= room) return runs
  return runs.flatMap(({ start, count }) => {
    const kept = Math.min(count, room)
    room -= kept
    return kept > 0 ? [{ start, count: kept }] : []
  })
}
