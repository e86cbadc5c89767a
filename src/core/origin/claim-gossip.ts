/**
 * What the swarm's claims tell: takes each in once, passes it on, and keeps what is known by them of the swarm — who
 * holds a seat, what has entered, how many peers there may be. What they tell of one origin is in `ledger.ts`.
 */

import type { Context } from '../context.ts'
import type { Geometry } from '../geometry.ts'
import type { Inventory } from '../inventory.ts'
import { GroupSize } from '../mesh/group-size.ts'
import { FLOOD_FANOUT } from '../mesh/floods.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../types.ts'
import { MAX_HOPS } from '../wire/limits.ts'
import type { Claim } from '../wire/peer-messages.ts'
import { Claimants } from './claimants.ts'
import { Claims, credible } from './claims.ts'
import { FirstCopies } from './first-copies.ts'
import { KnownChunks } from './known-chunks.ts'

/**
 * Claims that are news, by one neighbour: more are not listened to. 64 seats claim about 64 times a second, and an
 * honest neighbour may be the one that everything comes by (guess: with room).
 */
const BUDGET = { burst: 400, ratePerSec: 200 } as const

/** Degrees are looked at this often at most, in ms: the mean is worked out over all updates that are known. */
const DEGREES_EVERY_MS = 2000

/** An estimate of n serves for so long, in ms: short beside a swarm's changes, long beside the questions for it. */
const SIZE_EVERY_MS = 250

/**
 * Most claims that a new neighbour is told: as many as seats usually are, twice (guess). Half are those heard last, which bring
 * something new most likely; of the others each neighbour draws its own, so that all of them together tell of most.
 */
const MAX_TOLD = 16

export class ClaimGossip {
  readonly claims: Claims = new Claims()
  readonly firstCopies: FirstCopies = new FirstCopies()
  readonly known: KnownChunks
  readonly groupSize: GroupSize
  private readonly claimants: Claimants
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly budgets = new TokenBuckets<PeerId>(BUDGET)
  private geometry: Geometry | null = null
  private degreesNotedMs = -Infinity
  private sizeSeen = 1
  private sizeUntilMs = -Infinity

  constructor(context: Context, mesh: Mesh) {
    this.context = context
    this.mesh = mesh
    this.claimants = new Claimants(mesh)
    this.known = new KnownChunks(context, mesh, this.firstCopies)
    this.groupSize = new GroupSize(context.limits.groupSizeBy)
  }

  equip(inventory: Inventory): void {
    const { geometry } = inventory
    this.geometry = geometry
    this.claimants.equip(inventory)
    this.claims.equip(geometry.chunkCount)
    this.firstCopies.equip(geometry.chunkCount)
    this.known.equip(inventory)
  }

  /** n̂, ourselves included. */
  get swarmSize(): number {
    const { nowMs } = this.context
    if (nowMs < this.sizeUntilMs) return Math.max(this.sizeSeen, this.mesh.neighbours.size + 1)
    if (nowMs - this.degreesNotedMs >= DEGREES_EVERY_MS) {
      this.degreesNotedMs = nowMs
      // What floods crosses no more links of a peer than these: so many count.
      const mean = Math.min(this.mesh.updates.meanDegree, FLOOD_FANOUT + 1)
      this.groupSize.noteDegrees({ own: this.mesh.neighbours.size, mean })
    }
    this.sizeSeen = this.groupSize.estimate(nowMs)
    this.sizeUntilMs = nowMs + SIZE_EVERY_MS
    return Math.max(this.sizeSeen, this.mesh.neighbours.size + 1)
  }

  /** Of these, how many still download: the others compete for nothing. By the share of our neighbours that do. */
  get leechers(): number {
    let ready = 1
    let incomplete = 1
    for (const { isReady, held } of this.mesh.neighbours.values()) {
      if (!isReady) continue
      ready++
      if (!held.isFull) incomplete++
    }
    return Math.max(1, (this.swarmSize * incomplete) / ready)
  }

  /** The topology server counted this many. */
  noteServerCount(count: number): void {
    this.groupSize.noteServerCount(count, this.context.nowMs)
    this.sizeUntilMs = -Infinity
  }

  /** A copy of a claim, by this neighbour. 'malformed': no honest neighbour would have passed it on. */
  hear(claim: Claim, from: PeerId): 'news' | 'known' | 'malformed' {
    const { nowMs, selfId } = this.context
    const { geometry } = this
    if (geometry === null || claim.peer === selfId) return 'known'
    this.groupSize.noteHops(claim.peer, claim.hops, nowMs)
    if (!this.claims.isNews(claim) || !this.budgets.take(from, nowMs)) return 'known'
    for (const run of claim.runs) if (!geometry.containsRun(run)) return 'malformed'
    for (const run of claim.brought) if (!geometry.containsRun(run)) return 'malformed'
    const belief = this.beliefIn(claim)
    if (!this.claims.hear(claim, nowMs, belief)) return 'known'
    this.mesh.noteHeardVia(claim.peer, from)
    this.known.wake()
    if (belief > 0) this.firstCopies.hear(claim.peer, credible(claim.brought), nowMs)
    // The least that was heard lately, not what this copy has crossed: it took the quickest way, not the shortest.
    const hops = (this.groupSize.hopsTo(claim.peer) ?? claim.hops) + 1
    if (claim.hops < MAX_HOPS) this.mesh.floods.spread({ ...claim, hops: Math.min(hops, MAX_HOPS) }, from)
    return 'news'
  }

  /** Chance that what the claimer fetches comes to others. */
  private beliefIn({ peer, brought }: Claim): number {
    const { nowMs, limits } = this.context
    if (!limits.mechanisms.vainClaims) return 1
    this.claimants.hear(peer, credible(brought), nowMs)
    return this.claimants.beliefIn(peer, this.firstCopies.lateAfterMs, nowMs)
  }

  /** A new neighbour is told of the seats that we know of. */
  greet(peer: PeerId): void {
    this.known.wake()
    const claims = this.claims.standing(this.context.nowMs).reverse()
    const others = this.context.random.some(claims.slice(MAX_TOLD / 2), MAX_TOLD / 2)
    for (const claim of [...claims.slice(0, MAX_TOLD / 2), ...others]) {
      const hops = (this.groupSize.hopsTo(claim.peer) ?? claim.hops) + 1
      if (hops <= MAX_HOPS && claim.peer !== peer)
        this.context.emit({ type: 'send', peer, message: { ...claim, hops } })
    }
  }

  /** The neighbour is gone: its claims are void. */
  drop(peer: PeerId): void {
    this.claims.drop(peer)
    this.budgets.forget(peer)
    this.known.forget(peer)
  }
}
