/**
 * What is known of one origin's seats: how many there are to be, who holds them, what the origin gives to all of them.
 * The claims themselves, and what they tell of the swarm, are there once for all origins.
 */

import type { ClaimGossip } from './claim-gossip.ts'
import type { OriginContext } from './origin-context.ts'
import { SeatCount } from './seat-count.ts'

export class OriginLedger {
  readonly gossip: ClaimGossip
  readonly seatCount: SeatCount
  private readonly context: OriginContext

  constructor(context: OriginContext, gossip: ClaimGossip) {
    this.context = context
    this.gossip = gossip
    this.seatCount = new SeatCount(context)
  }

  /** k, and those beside it. */
  get seats(): number {
    return this.seatCount.seats + this.seatsBeside
  }

  /**
   * As many as those hold who pass nothing on, and no more than k: an origin shares its rate among connections, so that up to
   * k such leave the others half of it.
   */
  get seatsBeside(): number {
    const vain = this.gossip.claims.vainSeatCount(this.context.tag, this.context.nowMs)
    return Math.min(this.seatCount.seats, vain)
  }

  /** More download than there are seats. */
  get areOthersWaiting(): boolean {
    return this.gossip.leechers > this.seats
  }

  /** Seats that others are known to hold, but for those who pass nothing on. */
  get takenSeats(): number {
    return this.gossip.claims.seatCount(this.context.tag, this.context.nowMs)
  }

  /** Seats that others are known to hold, whether they pass anything on or not. */
  get heldSeats(): number {
    const { tag, nowMs } = this.context
    return this.takenSeats + this.gossip.claims.vainSeatCount(tag, nowMs)
  }

  /** What the origin gives to all of them together, as claimed, in bytes a second. */
  get claimedBytesPerSec(): number {
    return this.gossip.claims.goodputBytesPerSec(this.context.tag, this.context.nowMs)
  }

  /**
   * What is claimed changes, or time has passed: notes it, and the holder of a seat with the least id looks at the plan. `ownBytesPerSec`:
   * what our own seat gets; null: it stands empty. True if there is a new plan.
   */
  judgePlan(ownBytesPerSec: number | null, rttMs: number): boolean {
    this.noteGoodput(ownBytesPerSec)
    if (ownBytesPerSec === null || this.seatsBeforeOurs !== 0) return false
    return this.seatCount.judge(this.gossip.swarmSize, rttMs)
  }

  private noteGoodput(ownBytesPerSec: number | null): void {
    const bytesPerSec = this.claimedBytesPerSec + (ownBytesPerSec ?? 0)
    const openSeats = this.takenSeats + (ownBytesPerSec === null ? 0 : 1)
    this.seatCount.goodput.note({ bytesPerSec, openSeats }, this.context.nowMs)
  }

  /** Others who hold a seat and whose id sorts before ours; null while we have no id. */
  get seatsBeforeOurs(): number | null {
    const { selfId, tag, nowMs } = this.context
    return selfId === null ? null : this.gossip.claims.seatsBefore(selfId, tag, nowMs)
  }
}
