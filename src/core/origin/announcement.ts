/**
 * A run that is announced before it is begun. On a busy processor claims come late: of 48 visitors on two cores two or three fetched
 * the same chunks, as each began while the others' claims were on their way, one copy in eight (measured). So whoever has time says
 * first what it is about to fetch, and listens until whoever fetches that already, or is about to, must have been heard; as stations
 * that share a channel do before they send. Whoever goes on in a seat while nobody else is known to hold one need not: those who take one
 * meanwhile will listen.
 */

import type { Mesh } from '../mesh/mesh.ts'
import type { OriginLedger } from './ledger.ts'
import type { OriginContext } from './origin-context.ts'
import type { OriginView } from './origin-view.ts'
import type { RunChoice } from './run.ts'
import type { RunFollower } from './run-follower.ts'

/** A claim takes so long from peer to peer, in ms: it waits for company (`floods.ts`), and then for the processors (guess). */
const HOP_MS = 500

/** It is passed on to two by each, so that a hop doubles those who know of it; all do after so many, or nearly (guess: a claim is renewed then). */
const MOST_HOPS = 3

export class Announcement {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly ledger: OriginLedger
  private readonly follower: RunFollower
  private choice: RunChoice | null = null

  constructor(context: OriginContext, mesh: Mesh, ledger: OriginLedger, follower: RunFollower) {
    this.context = context
    this.mesh = mesh
    this.ledger = ledger
    this.follower = follower
  }

  /** A run is announced and not begun. */
  get isPending(): boolean {
    return this.choice !== null
  }

  /**
   * Announces the run, if that has to be: then it begins at the deadline. False: it may begin at once. `isNew`: the seat has just been
   * taken.
   */
  precedes(choice: RunChoice, view: OriginView, isNew: boolean): boolean {
    const { lateness, deadlines, limits, nowMs } = this.context
    const knowsClaims = typeof limits.originLoad !== 'number'
    const hops = this.hopsToAll
    if (!isNew && this.ledger.heldSeats === 0) return false
    if (!lateness.isBusy || !view.hasTime || !knowsClaims || choice.isDuplicate || hops === 0) return false
    this.choice = choice
    this.follower.announce(choice.run)
    deadlines.set('listen', nowMs + HOP_MS * hops)
    return true
  }

  /** Others have been listened to: the run, as far as nobody else brings it; null where somebody does from its beginning. */
  heardOut(view: OriginView): RunChoice | null {
    const { choice } = this
    this.cancel()
    if (choice === null) return null
    const { start } = choice.run
    let end = start
    while (end < start + choice.run.count && view.isFree(end)) end++
    if (end === start) return null
    const count = end - start
    return { ...choice, run: { start, count }, turnChunks: Math.min(choice.turnChunks, count) }
  }

  cancel(): void {
    this.choice = null
    this.context.deadlines.clear('listen')
  }

  /** Hops from our neighbours to everybody. */
  private get hopsToAll(): number {
    const hops = Math.ceil(Math.log2(this.ledger.gossip.swarmSize / (this.mesh.neighbours.size + 1)))
    return Math.min(MOST_HOPS, Math.max(0, hops))
  }
}
