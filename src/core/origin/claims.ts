/**
 * Who holds a seat at which origin, and which chunks are on their way from it: the claims that flood the swarm. A claim
 * is a hint; it expires unless it is renewed, so that a claimer who vanished holds nothing up.
 *
 * Invariant: `coverage` counts, for every chunk, the live runs that hold it. Every question costs O(1), but for a look at
 * all claims when one has become too old.
 */

import type { ChunkRun, OriginTag, PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'

/**
 * How long what is claimed counts after it was heard, in ms. Who brings something new says so every 2 s; 5 s leaves room for a
 * lost second and is the time after which a silent neighbour's requests go elsewhere, too.
 */
const RUNS_COUNT_MS = 5000

/** A seat is held until the claim should have come twice, and so much longer, in ms: a flood takes part of a second. */
const FLOOD_MS = 1000

/** Most live claims, to all origins together. Seats are few; a flood of forged ones must not grow without bound. */
const MAX_CLAIMERS = 256

/**
 * Most seats whose last sequence is remembered. One that is forgotten while copies of its claims are still on their way
 * would be news again, at every peer, until they have crossed all the hops they may.
 */
const MAX_SEQUENCES = 4096

/** Most chunks that one claim holds; what goes beyond is not believed. Four seconds at 2 GB/s in chunks of 2 MiB (guess). */
const MAX_CHUNKS_PER_CLAIM = 4096

/** A claimer's seat at one origin. */
type SeatKey = string

interface Totals {
  claims: number
  seats: number
  vainSeats: number
  goodputBytesPerSec: number
}

interface LiveClaim {
  readonly claim: Claim
  /** What of its runs is believed, until they are too old. */
  runs: readonly ChunkRun[]
  readonly runsUntilMs: number
  readonly vacantAtMs: number
  /** Chance that what the claimer fetches comes to others, 0 to 1. */
  readonly belief: number
}

export class Claims {
  /** Live claims by seat, the longest unheard first. */
  private readonly live = new Map<SeatKey, LiveClaim>()
  /** The last sequence heard of each seat, the longest unheard first. */
  private readonly sequences = new Map<SeatKey, number>()
  /** By origin, as far as there are live claims. */
  private readonly totals = new Map<OriginTag, Totals>()
  private coverage: Uint16Array = new Uint16Array(0)
  /** Nothing of all that is claimed becomes too old before this time, in ms. */
  private nextExpiryMs = Infinity

  /** The number of chunks is known. Claims are heard from then on. */
  equip(chunkCount: number): void {
    this.coverage = new Uint16Array(chunkCount)
  }

  /** Whether this would be news. The runs must lie within the file. */
  isNews(claim: Claim): boolean {
    return claim.sequence > (this.sequences.get(keyOf(claim)) ?? -1)
  }

  /**
   * Takes a claim in. True if it is news, and so worth passing on. `belief`: the chance that what its claimer fetches comes
   * to others; with none it holds nothing, and by as much its seat counts.
   */
  hear(claim: Claim, nowMs: number, belief = 1): boolean {
    if (!this.isNews(claim)) return false
    this.expire(nowMs)
    const key = keyOf(claim)
    const runs = credible(claim.runs)
    const isVacated = runs.length === 0
    if (!this.live.has(key) && !this.makeRoom(nowMs)) return false
    this.sequences.delete(key)
    this.sequences.set(key, claim.sequence)
    this.forgetOldest()
    this.vacate(key)
    if (isVacated) return true
    const held = belief > 0 ? runs : []
    const runsUntilMs = nowMs + RUNS_COUNT_MS
    const vacantAtMs = nowMs + 2000 * claim.renewalSec + FLOOD_MS
    const live = { claim, runs: held, runsUntilMs, vacantAtMs, belief }
    this.live.set(key, live)
    this.expectEnd(live)
    this.count(live, 1)
    this.cover(held, 1)
    return true
  }

  /** The peer is known to be gone: its claims are void. Its sequence stays known. */
  drop(peer: PeerId): void {
    for (const [key, { claim }] of this.live) if (claim.peer === peer) this.vacate(key)
  }

  /** Peers that hold a seat at this origin, as far as it is known here. */
  seatCount(origin: OriginTag, nowMs: number): number {
    this.expire(nowMs)
    return this.totals.get(origin)?.seats ?? 0
  }

  /** Beside them, seats of those who pass nothing on. */
  vainSeatCount(origin: OriginTag, nowMs: number): number {
    this.expire(nowMs)
    return this.totals.get(origin)?.vainSeats ?? 0
  }

  /** What this origin gives to all of them together, in bytes a second. */
  goodputBytesPerSec(origin: OriginTag, nowMs: number): number {
    this.expire(nowMs)
    return this.totals.get(origin)?.goodputBytesPerSec ?? 0
  }

  /** Live claims, the latest heard last, as they are to be told to others: so that no seat outlives its holder from peer to peer. */
  standing(nowMs: number): Claim[] {
    this.expire(nowMs)
    return [...this.live.values()].flatMap(({ claim, runs, vacantAtMs }) => {
      const renewalSec = Math.min(claim.renewalSec, Math.floor((vacantAtMs - FLOOD_MS - nowMs) / 2000))
      if (renewalSec < 1) return []
      // None at all would say that the seat is vacant.
      const [first] = claim.runs
      const told = runs.length > 0 || first === undefined ? runs : [{ start: first.start, count: 1 }]
      return [{ ...claim, runs: told, renewalSec }]
    })
  }

  /** Holders of seats at this origin whose id sorts before this one. */
  seatsBefore(peer: PeerId, origin: OriginTag, nowMs: number): number {
    this.expire(nowMs)
    let seats = 0
    for (const { claim, belief } of this.live.values())
      if (claim.origin === origin && claim.peer < peer) seats += belief
    return seats
  }

  /** Whether somebody's live claim holds the chunk. With `before`, only claimers whose id sorts before it count. */
  covers(chunk: number, nowMs: number, before: PeerId | null = null): boolean {
    this.expire(nowMs)
    if ((this.coverage[chunk] ?? 0) === 0) return false
    if (before === null) return true
    for (const { claim, runs } of this.live.values())
      if (claim.peer < before && runs.some((run) => chunk >= run.start && chunk < run.start + run.count))
        return true
    return false
  }

  /** Room for another: if need be, that of the longest unheard, unless what it claims still counts. */
  private makeRoom(nowMs: number): boolean {
    if (this.live.size < MAX_CLAIMERS) return true
    const [oldest] = this.live
    if (oldest === undefined || oldest[1].runsUntilMs > nowMs) return false
    this.vacate(oldest[0])
    return true
  }

  private expire(nowMs: number): void {
    if (nowMs < this.nextExpiryMs) return
    this.nextExpiryMs = Infinity
    for (const [key, live] of this.live) {
      if (live.runsUntilMs <= nowMs) this.forgetRuns(live)
      if (live.vacantAtMs <= nowMs) this.vacate(key)
      else this.expectEnd(live)
    }
  }

  private expectEnd({ runs, runsUntilMs, vacantAtMs }: LiveClaim): void {
    this.nextExpiryMs = Math.min(this.nextExpiryMs, vacantAtMs, runs.length > 0 ? runsUntilMs : Infinity)
  }

  private forgetRuns(live: LiveClaim): void {
    this.cover(live.runs, -1)
    live.runs = []
  }

  private vacate(key: SeatKey): void {
    const known = this.live.get(key)
    if (known === undefined) return
    this.live.delete(key)
    this.count(known, -1)
    this.cover(known.runs, -1)
  }

  private count({ claim: { origin, goodputBytesPerSec }, belief }: LiveClaim, change: 1 | -1): void {
    const totals = this.totals.get(origin) ?? { claims: 0, seats: 0, vainSeats: 0, goodputBytesPerSec: 0 }
    totals.claims += change
    totals.seats += change * belief
    totals.vainSeats += change * (1 - belief)
    totals.goodputBytesPerSec += change * belief * goodputBytesPerSec
    if (totals.claims === 0) this.totals.delete(origin)
    else this.totals.set(origin, totals)
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

function keyOf({ peer, origin }: Claim): SeatKey {
  return `${peer}@${origin}`
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
