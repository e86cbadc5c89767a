/**
 * k: how many seats the origin has, as we see it. By the swarm's plan, which we may have to judge; by the caller's wish;
 * or, where waiting for a seat is plainly worse than a plain download, as many as there are visitors.
 */

import type { Context } from '../context.ts'
import type { SeatPlan } from '../wire/peer-messages.ts'
import { OriginGoodput } from './goodput.ts'
import { boundedPlan, firstPlan, FIRST_SEATS, isNewerPlan, judgePlan, settlingMs } from './seat-plan.ts'

/**
 * The mesh gives less than plain HTTP's share, and 4% of a plain download's time is gone: everybody goes. With a quarter of
 * it, as in the fluid model, those who came one after the other to a fast origin took up to 1.85 times as long (simulated).
 */
const POOR_AFTER_SHARE = 0.04

/**
 * Whoever is short of processor time leaves seats beyond these to others (guess). Where all are, what is asked for by few does not
 * collide: claims are late, and of eight seats several went for the same chunks within half a second (measured, 48 visitors).
 */
export const BUSY_SEATS = 3

export interface LoadView {
  /** Seats beside those who pass nothing on. */
  readonly seatsBeside: number
  readonly swarmSize: number
  /** What the origin gives at its best, all seats together, in bytes a second. */
  readonly originBytesPerSec: number
  readonly meshBytesPerSec: number
  readonly elapsedSec: number
  readonly fileBytes: number
  /** Until all have a first chunk, if it is passed on at the origin's rate. */
  readonly firstChunkSec: number
  /** Whether there is a chunk that nobody has or claims. */
  readonly hasFree: () => boolean
}

export class SeatCount {
  readonly goodput: OriginGoodput = new OriginGoodput()
  private readonly context: Context
  private current: SeatPlan
  /** More would have nothing to fetch that nobody else does. */
  private mostSeats = Infinity
  private sinceMs: number | null = null

  constructor(context: Context) {
    this.context = context
    this.current = firstPlan(context.limits.seats ?? FIRST_SEATS)
  }

  get plan(): SeatPlan {
    return this.current
  }

  /** The k that the swarm last settled on; null where it has tried none yet, or is trying another. */
  get settled(): number | null {
    const { version, phase, seats } = this.current
    return version === 0 || phase !== 'steady' ? null : seats
  }

  /** What the topology server remembers of this origin. It counts until a plan is heard. */
  hint(seats: number): void {
    if (this.current.version === 0 && this.context.limits.seats === null) this.current = firstPlan(seats)
  }

  hear(plan: SeatPlan): void {
    if (!isNewerPlan(plan, this.current)) return
    this.current = boundedPlan(plan)
    this.sinceMs = this.context.nowMs
  }

  /** Seats by plan or by the caller's wish. */
  get seats(): number {
    const { originLoad } = this.context.limits
    if (originLoad === 'full') return Infinity
    if (originLoad !== 'adaptive') return originLoad
    const most = this.context.lateness.isBusy ? Math.min(BUSY_SEATS, this.mostSeats) : this.mostSeats
    return Math.min(this.current.seats, most)
  }

  /** The number of chunks is known. */
  equip(chunkCount: number): void {
    this.mostSeats = chunkCount
  }

  /** Seats, or everybody where waiting for one is plainly worse than a plain download. */
  seatsFor(view: LoadView): number {
    const seats = this.seats + view.seatsBeside
    const { originLoad, mechanisms } = this.context.limits
    if (!mechanisms.everybody || originLoad !== 'adaptive' || view.swarmSize <= seats) return seats
    const plainShare = view.originBytesPerSec / view.swarmSize
    if (plainShare <= view.meshBytesPerSec) return seats
    const plainSec = view.fileBytes / plainShare
    const isLate = view.elapsedSec >= Math.max(POOR_AFTER_SHARE * plainSec, view.firstChunkSec)
    return isLate && !view.hasFree() ? view.swarmSize : seats
  }

  /** The seats' goodput is known to have changed, or time has passed: a look at the plan. True if it is a new one. */
  judge(swarmSize: number, rttMs: number): boolean {
    const { nowMs, limits, lateness } = this.context
    if (!limits.mechanisms.seatTrials || limits.originLoad !== 'adaptive') return false
    // What the origin gives to a busy machine says nothing of the origin: 48 visitors on two cores settled on 64 seats.
    if (lateness.isBusy) return false
    // The plan that all begin with is as old as our visit, for all we know: a judge may be here for a few seconds only.
    this.sinceMs ??= this.context.startedAtMs
    const settled = this.sinceMs + settlingMs(rttMs)
    const next = judgePlan({
      plan: this.current,
      ageMs: nowMs - this.sinceMs,
      rttMs,
      swarmSize,
      average: this.goodput.averageSince(Math.max(settled, nowMs - 4 * settlingMs(rttMs))),
    })
    if (next === null) return false
    this.current = next
    this.sinceMs = nowMs
    return true
  }
}
