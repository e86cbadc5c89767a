/**
 * What we tell the swarm of our seat at one origin. One claim stands at a time; each replaces the one before, and an empty one says
 * that the seat is vacant.
 */

import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import { MAX_RUNS_PER_CLAIM } from '../wire/limits.ts'
import type { Claim, SeatPlan } from '../wire/peer-messages.ts'
import type { OriginContext } from './origin-context.ts'

/** A claim is said again before the 5 s for which it counts are over, in ms: so soon that one may get lost. */
const RENEWAL_MS = 2000

/**
 * The same for who brings nothing new and only keeps the seat from looking vacant, in ms: half the messages. Bounds how long
 * the seat looks vacant to those who miss a claim: 3 s, until the next one (guess: it leaves the flood a second before the
 * 5 s are over; a few more who toss for a seat cost less than the messages).
 */
const IDLE_RENEWAL_MS = 4000

/** What was brought is told for this long, in ms: a claim may be overtaken by the next two, and then is not heard. */
const BROUGHT_MS = 6000

/**
 * On a busy processor for so long, and so seldom once the seat was given up, in ms: what floods goes to few there, and who has three
 * neighbours with a dozen each misses half of all claims. Of 48 visitors on two cores such a one fetched what others
 * had brought 20 s before, as it had not heard of it (measured).
 */
const BUSY_BROUGHT_MS = 20_000
const BUSY_FAREWELL_MS = 6000

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

  /** Floods the runs as our claim. `isNew`: they bring what nobody has. */
  say(runs: readonly ChunkRun[], goodputBytesPerSec: number, plan: SeatPlan, isNew: boolean): void {
    this.standing = this.flood({ runs, goodputBytesPerSec, plan })
    if (this.standing !== null)
      this.context.deadlines.set('claim', this.context.nowMs + (isNew ? RENEWAL_MS : IDLE_RENEWAL_MS))
  }

  /** There is something to tell of what we have brought. */
  get hasNews(): boolean {
    const { nowMs } = this.context
    return this.brought.some(({ lastMs }) => nowMs - lastMs < BROUGHT_MS)
  }

  /** Says nothing now, and looks again when it would be said the next time. */
  hold(): void {
    this.context.deadlines.set('claim', this.context.nowMs + IDLE_RENEWAL_MS)
  }

  /** Says that the seat is vacant, where it was claimed. */
  withdraw(plan: SeatPlan): void {
    if (this.standing !== null) this.sayFarewell(plan)
  }

  /** The seat was given up a moment ago: says again what it brought last, for those who missed it. */
  repeatFarewell(plan: SeatPlan): void {
    this.forgetOld()
    if (this.brought.length > 0) this.sayFarewell(plan)
  }

  private sayFarewell(plan: SeatPlan): void {
    const { deadlines, nowMs, lateness } = this.context
    this.flood({ runs: [], goodputBytesPerSec: 0, plan })
    this.standing = null
    if (this.brought.length === 0) deadlines.clear('claim')
    else deadlines.set('claim', nowMs + (lateness.isBusy ? BUSY_FAREWELL_MS : RENEWAL_MS))
  }

  /** Null where nobody knows us yet. */
  private flood({
    runs,
    goodputBytesPerSec,
    plan,
  }: Pick<Claim, 'runs' | 'goodputBytesPerSec' | 'plan'>): Claim | null {
    const { selfId, tag } = this.context
    if (selfId === null) return null
    this.forgetOld()
    const claim: Claim = {
      type: 'claim',
      peer: selfId,
      origin: tag,
      sequence: ++this.sequence,
      hops: 1,
      runs,
      brought: this.brought.map(({ start, count }) => ({ start, count })),
      goodputBytesPerSec: Math.min(2 ** 32 - 1, Math.round(goodputBytesPerSec)),
      plan,
    }
    this.mesh.floods.spread(claim, null)
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
