/**
 * A run that is announced before it is begun. On a busy processor claims come late: of 48 visitors on two cores two or three fetched
 * the same chunks, as each began while the others' claims were on their way, one copy in eight (measured). So whoever has time says
 * first what it is about to fetch, and listens until whoever fetches that already, or is about to, should have been heard; as stations
 * that share a channel do before they send. Whoever goes on in a seat need not while nobody else is known to hold one, nor the
 * first of those who do where what is free is little enough for one: those who take one meanwhile will listen, most of them, and the
 * others give theirs up. Whoever goes on announces the next run while the one before is under way, or the origin would stand idle
 * meanwhile: for 0.3 to 1.4 s of the nine that eight visitors took (measured).
 */

import type { Mesh } from '../mesh/mesh.ts'
import type { OriginContext } from './origin-context.ts'
import type { OriginView } from './origin-view.ts'
import type { RunChoice } from './run.ts'
import type { RunFollower } from './run-follower.ts'
import type { RunPlanner } from './run-planner.ts'

/** A claim takes so long on from peer to peer, in ms: it waits for company (`floods.ts`), and then for the processors (guess). */
const HOP_MS = 500

/**
 * Each passes it on to two, so that with every hop twice as many know of it: after so many all who may fetch the same, or most
 * (guess). No more, as whoever hears of it keeps off it meanwhile.
 */
const MOST_HOPS = 3

/** Beside a run under way an announcement stands for so many times as long as others are listened to (guess). */
const STANDS_FOR = 3

export class Announcement {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly planner: RunPlanner
  private readonly follower: RunFollower
  private choice: RunChoice | null = null
  private standsUntilMs = 0

  constructor(context: OriginContext, mesh: Mesh, planner: RunPlanner, follower: RunFollower) {
    this.context = context
    this.mesh = mesh
    this.planner = planner
    this.follower = follower
  }

  /** A run is announced and not begun. */
  get isPending(): boolean {
    return this.choice !== null
  }

  /**
   * The run under way will be over in less than twice the time for which others are to be listened to, as there may have to be another
   * choice. Not in a crowd that takes more than one hop: there it is not the origin that all wait for, and claims that stand for seconds
   * keep from the others what nobody fetches.
   */
  isTimeForNext(view: OriginView): boolean {
    if (!this.follower.endsWithin(2 * HOP_MS) || !this.isToWait(view, false)) return false
    return this.listeningMs === HOP_MS
  }

  /** Announces the run, where that is to be: it begins at the deadline, then. False: it may begin at once. `isNew`: so is the seat. */
  announces(choice: RunChoice, view: OriginView, isNew: boolean): boolean {
    if (!this.isToWait(view, isNew) || choice.isDuplicate) return false
    const { listeningMs } = this
    const { nowMs } = this.context
    if (listeningMs === 0) return false
    const { start, count } = choice.run
    const lead = this.planner.lengths.leadChunks(view.inventory.geometry, false)
    this.choice = choice
    this.follower.announce({ start, count: Math.min(count, lead) })
    this.standsUntilMs = nowMs + STANDS_FOR * listeningMs
    this.context.deadlines.set('listen', nowMs + listeningMs)
    return true
  }

  /** Others have been listened to. */
  get isHeardOut(): boolean {
    return this.isPending && !this.context.deadlines.has('listen')
  }

  /** While the run before it is under way: nobody else brings what was announced, and it is not kept from others for too long. */
  stands(view: OriginView): boolean {
    if (this.choice === null) return false
    if (!this.isHeardOut) return true
    return this.context.nowMs < this.standsUntilMs && view.isFree(this.choice.run.start)
  }

  /**
   * Others have been listened to: the run, as far as nobody else brings it; null where somebody does from its beginning, or a
   * reader waits for something. Who else claims it now may have begun: so we give way, whoever's id is smaller.
   */
  heardOut(view: OriginView): RunChoice | null {
    const { choice } = this
    this.cancel()
    if (choice === null || this.planner.isReaderWaiting(view)) return null
    const { start } = choice.run
    let end = start
    while (end < start + choice.run.count && view.isFree(end)) end++
    if (end === start) return null
    const count = end - start
    return { ...choice, run: { start, count }, turnChunks: Math.min(choice.turnChunks, count) }
  }

  cancel(): void {
    this.choice = null
    this.follower.announced = null
    this.context.deadlines.clear('listen')
  }

  private isToWait(view: OriginView, isNew: boolean): boolean {
    const { context, planner, follower } = this
    if (!context.lateness.isBusy || !view.hasTime || planner.isLiteral) return false
    // Without ranges there is but one run, of which most may be here.
    if (!follower.rangesWork || planner.isReaderWaiting(view)) return false
    return isNew || (planner.seatsHeld > 1 && !(planner.isFirst && planner.seatsNow(view) <= 1))
  }

  /** For each hop beyond our neighbours, in ms; 0 where nobody hears us. */
  private get listeningMs(): number {
    const { readyCount } = this.mesh
    if (readyCount === 0) return 0
    const hops = Math.ceil(Math.log2(this.planner.swarmSizeSeen / (readyCount + 1)))
    return HOP_MS * Math.min(MOST_HOPS, Math.max(0, hops))
  }
}
