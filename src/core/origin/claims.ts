/**
 * Who holds a seat at the origin, and which chunks are on their way from it: the claims that flood the swarm. A claim
 * is a hint; it expires unless it is renewed, so that a claimer who vanished holds nothing up.
 */

import type { ChunkRun, PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'

/**
 * How long a claim counts after it was heard, in ms. Claims are renewed every `CLAIM_RENEWAL_MS`; 5 s leaves room for
 * a lost second and is the time after which a silent neighbour's requests go elsewhere, too.
 */
const CLAIM_LIFETIME_MS = 5000

/** Most claimers remembered. Seats are few; a flood of forged ones must not grow without bound. */
const MAX_CLAIMERS = 256

interface Entry {
  sequence: number
  runs: readonly ChunkRun[]
  expiresAtMs: number
}

export class Claims {
  private readonly entries = new Map<PeerId, Entry>()

  /** Takes a claim in. True if it is news, and so worth passing on. */
  hear(claim: Claim, nowMs: number): boolean {
    const known = this.entries.get(claim.peer)
    if (known !== undefined && known.sequence >= claim.sequence) return false
    if (known === undefined && this.entries.size >= MAX_CLAIMERS) {
      this.expire(nowMs)
      if (this.entries.size >= MAX_CLAIMERS) return false
    }
    this.entries.set(claim.peer, {
      sequence: claim.sequence,
      runs: claim.runs,
      expiresAtMs: nowMs + CLAIM_LIFETIME_MS,
    })
    return true
  }

  /** The peer is known to be gone: its claims are void. Its sequence stays known. */
  drop(peer: PeerId): void {
    const entry = this.entries.get(peer)
    if (entry !== undefined) entry.runs = []
  }

  /** Peers that hold a seat, as far as it is known here. */
  seatCount(nowMs: number): number {
    let seats = 0
    for (const entry of this.entries.values()) if (isLive(entry, nowMs)) seats++
    return seats
  }

  /** Whether somebody's live claim holds the chunk. With `before`, only claimers whose id sorts before it count. */
  covers(chunk: number, nowMs: number, before: PeerId | null = null): boolean {
    for (const [peer, entry] of this.entries) {
      if (!isLive(entry, nowMs) || (before !== null && peer >= before)) continue
      for (const run of entry.runs) if (chunk >= run.start && chunk < run.start + run.count) return true
    }
    return false
  }

  private expire(nowMs: number): void {
    for (const [peer, entry] of this.entries) if (entry.expiresAtMs <= nowMs) this.entries.delete(peer)
  }
}

function isLive(entry: Entry, nowMs: number): boolean {
  return entry.runs.length > 0 && entry.expiresAtMs > nowMs
}
