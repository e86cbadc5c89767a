/**
 * A run that is announced before it is begun. On a busy processor claims come late: of 48 visitors on two cores two or three fetched
 * the same chunks, as each began while the others' claims were on their way, one copy in eight (measured). So whoever has time says
 * first what it is about to fetch, and listens until whoever fetches that already, or is about to, should have been heard; as stations
 * that share a channel do before they send. Whoever goes on in a seat need not while nobody else is known to hold one, nor the
 * first of those who do where what is free is little enough for one: those who take one meanwhile will listen, most of them, and the
 * others give theirs up. Whoever goes on announces the next run while the one before is under way, or the origin would stand idle
 * meanwhile: for a second and a half of the ten that eight visitors took, where their runs ended together (measured).
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
 * (guess). No more: a claim of which nothing came is taken back after 2 s.
 */
const MOST_HOPS = 3

export class Announcement {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly planner: RunPlanner
  private readonly follower: RunFollower
  private choice: RunChoice | null = null

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
   * Before the end of a run under way for so long, in ms, the next one is to be announced; 0: not at all. Twice as long as others are
   * listened to, as there may have to be another choice.
   */
  aheadMs(view: OriginView): number {
    return this.isToWait(view, false) ? 2 * HOP_MS * this.hopsToAll : 0
  }

  /** Announces the run, where that is to be: it begins at the deadline, then. False: it may begin at once. `isNew`: so is the seat. */
  announces(choice: RunChoice, view: OriginView, isNew: boolean): boolean {
    if (!this.isToWait(view, isNew) || choice.isDuplicate) return false
    const hops = this.hopsToAll
    if (hops === 0) return false
    const { start, count } = choice.run
    const lead = this.planner.lengths.leadChunks(view.inventory.geometry, false)
    this.choice = choice
    this.follower.announce({ start, count: Math.min(count, lead) })
    this.context.deadlines.set('listen', this.context.nowMs + HOP_MS * hops)
    return true
  }

  /** Others have been listened to. */
  get isHeardOut(): boolean {
    return this.isPending && !this.context.deadlines.has('listen')
  }

  /** The run before it is still under way: where somebody else brings what was announced, there is time for another choice. */
  review(view: OriginView): void {
    if (this.choice !== null && !view.isFree(this.choice.run.start)) this.cancel()
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

  /** Hops beyond our neighbours; 0 where nobody hears us. */
  private get hopsToAll(): number {
    const { readyCount } = this.mesh
    if (readyCount === 0) return 0
    const hops = Math.ceil(Math.log2(this.planner.swarmSizeSeen / (readyCount + 1)))
    return Math.min(MOST_HOPS, Math.max(0, hops))
  }
}
