/**
 * What we tell the swarm of our seat at one origin. One claim stands at a time; each replaces the one before, and an empty one says
 * that the seat is vacant.
 */

import type { Mesh } from '../mesh/mesh.ts'
import type { PeerId } from '../types.ts'
import { MAX_RENEWAL_SEC, MAX_RUNS_PER_CLAIM } from '../wire/limits.ts'
import type { Claim, SeatPlan } from '../wire/peer-messages.ts'
import type { OriginContext } from './origin-context.ts'

/** A claim that brings something new is said again so often, in seconds; it counts for twice as long, as one may get lost. */
const RENEWAL_SEC = 2

/**
 * The same for one that only keeps the seat from looking vacant, where a plan is tried, or the origin gives another rate
 * than was said: plans are judged by the sum of all.
 */
const IDLE_RENEWAL_SEC = 4

/** A rate that differs no more from another is the same (guess). */
const SAME_GOODPUT = 0.25

/**
 * Else, where rates stand still, as often as makes two a second of all that hold a seat, in seconds per seat. With 30 seats
 * that said so every 4 s, seven of ten claims of a crowd behind slow uplinks were of this kind (simulated).
 */
const IDLE_RENEWAL_SEC_PER_SEAT = 0.5

/** What was brought is told for this long, in ms: a claim may be overtaken by the next two, and then is not heard. */
const BROUGHT_MS = 6000

/**
 * On a busy processor for so long, and so seldom once the seat was given up, in ms: what floods goes to few there, and who has three
 * neighbours with a dozen each misses half of all claims. Of 48 visitors on two cores such a one fetched what others
 * had brought 20 s before, as it had not heard of it (measured).
 */
const BUSY_BROUGHT_MS = 20_000
const BUSY_FAREWELL_MS = 6000

/** What our seat is used for. */
export interface Occupation extends Pick<Claim, 'runs' | 'goodputBytesPerSec' | 'plan'> {
  readonly isNew: boolean
  /** Held by all, as far as is known. */
  readonly seats: number
}

interface Brought {
  start: number
  count: number
  lastMs: number
}

export class StandingClaim {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private sequence = 0
  private standing: Claim | null = null
  private saidAtMs = -Infinity
  /** Of a seat that counts for long: a farewell that is lost would leave it taken. */
  private owesFarewell = false
  private brought: Brought[] = []

  constructor(context: OriginContext, mesh: Mesh) {
    this.context = context
    this.mesh = mesh
  }

  /** Chunk after the last that the standing claim covers of the run under way; 0 where none stands. */
  get end(): number {
    const run = this.standing?.runs[0]
    return run === undefined ? 0 : run.start + run.count
  }

  /** We have brought this chunk into the swarm: told with the next claim. */
  noteBrought(chunk: number): void {
    const { nowMs } = this.context
    const last = this.brought.at(-1)
    if (last !== undefined && last.start + last.count === chunk) {
      last.count++
      last.lastMs = nowMs
    } else this.brought.push({ start: chunk, count: 1, lastMs: nowMs })
    if (this.brought.length > MAX_RUNS_PER_CLAIM) this.brought.shift()
  }

  /**
   * Floods the runs as our claim. `isNew`: they bring what nobody has. Else the claim only says that the seat is taken, and waits
   * until the one before has to be renewed.
   */
  say({ runs, goodputBytesPerSec, plan, isNew, seats }: Occupation): void {
    const renewalSec = isNew ? RENEWAL_SEC : this.idleRenewalSec(plan, seats, goodputBytesPerSec)
    const promisedSec = Math.min(renewalSec, this.standing?.renewalSec ?? 0)
    const dueAtMs = this.saidAtMs + 1000 * promisedSec
    if (!isNew && this.context.nowMs < dueAtMs) return this.hold(dueAtMs)
    this.standing = this.flood({ runs, goodputBytesPerSec, plan, renewalSec })
    if (this.standing !== null) this.lookAgainWithin(1000 * renewalSec)
  }

  private idleRenewalSec(plan: SeatPlan, seats: number, goodputBytesPerSec: number): number {
    // At first no rate is known; what was brought has to be told three times.
    if (this.standing === null || this.hasNews) return RENEWAL_SEC
    const saidBytesPerSec = this.standing.goodputBytesPerSec
    const isAsSaid = Math.abs(goodputBytesPerSec - saidBytesPerSec) <= SAME_GOODPUT * saidBytesPerSec
    if (plan.phase !== 'steady' || !isAsSaid) return IDLE_RENEWAL_SEC
    const sec = Math.ceil(IDLE_RENEWAL_SEC_PER_SEAT * seats)
    return Math.min(MAX_RENEWAL_SEC, Math.max(IDLE_RENEWAL_SEC, sec))
  }

  /** There is something to tell of what we have brought. */
  get hasNews(): boolean {
    const { nowMs } = this.context
    return this.brought.some(({ lastMs }) => nowMs - lastMs < BROUGHT_MS)
  }

  /** Says nothing now, and looks again then, or in a few seconds: the plan may be another. */
  hold(untilMs: number = Infinity): void {
    this.lookAgainWithin(untilMs - this.context.nowMs)
  }

  private lookAgainWithin(ms: number): void {
    this.context.deadlines.set('claim', this.context.nowMs + Math.min(ms, 1000 * IDLE_RENEWAL_SEC))
  }

  /** Says that the seat is vacant, where it was claimed. */
  withdraw(plan: SeatPlan): void {
    if (this.standing === null) return
    this.owesFarewell = this.standing.renewalSec > RENEWAL_SEC
    this.sayFarewell(plan)
  }

  /** The seat was given up a moment ago: says so again, and what it brought last, for those who missed it. */
  repeatFarewell(plan: SeatPlan): void {
    this.forgetOld()
    if (this.brought.length === 0 && !this.owesFarewell) return
    this.owesFarewell = false
    this.sayFarewell(plan)
  }

  private sayFarewell(plan: SeatPlan): void {
    const { deadlines, nowMs, lateness } = this.context
    this.flood({ runs: [], goodputBytesPerSec: 0, plan, renewalSec: RENEWAL_SEC })
    this.standing = null
    if (this.brought.length === 0 && !this.owesFarewell) deadlines.clear('claim')
    else deadlines.set('claim', nowMs + (lateness.isBusy ? BUSY_FAREWELL_MS : 1000 * RENEWAL_SEC))
  }

  /** Null where nobody knows us yet. */
  private flood(seat: Pick<Claim, 'runs' | 'goodputBytesPerSec' | 'renewalSec' | 'plan'>): Claim | null {
    const { selfId, tag, nowMs } = this.context
    if (selfId === null) return null
    this.saidAtMs = nowMs
    this.forgetOld()
    const claim: Claim = {
      type: 'claim',
      peer: selfId,
      origin: tag,
      sequence: ++this.sequence,
      hops: 1,
      ...seat,
      brought: this.brought.map(({ start, count }) => ({ start, count })),
      goodputBytesPerSec: Math.min(2 ** 32 - 1, Math.round(seat.goodputBytesPerSec)),
    }
    this.mesh.floods.say(claim)
    return claim
  }

  private forgetOld(): void {
    const { nowMs, lateness } = this.context
    const forMs = lateness.isBusy ? BUSY_BROUGHT_MS : BROUGHT_MS
    this.brought = this.brought.filter(({ lastMs }) => nowMs - lastMs < forMs)
  }

  /** Says the standing claim to a neighbour who has not heard it. */
  tell(peer: PeerId): void {
    if (this.standing !== null) this.context.emit({ type: 'send', peer, message: this.standing })
  }
}
