/**
 * Our seat at one origin: whether we hold one, what it is used for, when it is given up, when to come back.
 *
 * A seat streams run after run while there is work that nobody else does; then it is given up, and Slurpie's coin
 * decides who takes the vacant ones.
 */

import type { DeadlineName } from '../deadlines.ts'
import type { Inventory } from '../inventory.ts'
import type { Sweep } from '../mesh/choose-chunk.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { SessionInput } from '../session-io.ts'
import type { PeerId } from '../types.ts'
import type { SeatPlan } from '../wire/peer-messages.ts'
import { Announcement } from './announcement.ts'
import type { ClaimGossip } from './claim-gossip.ts'
import { OriginLedger } from './ledger.ts'
import { NextRun } from './next-run.ts'
import type { OriginContext } from './origin-context.ts'
import { OriginView } from './origin-view.ts'
import { RunFollower } from './run-follower.ts'
import type { RunChoice } from './run.ts'
import { RunPlanner } from './run-planner.ts'
import { SeatCoin } from './seat-coin.ts'
import type { SeatCount } from './seat-count.ts'
import { type Failure, failureOf, Standing } from './standing.ts'
import { Team, type Teammate } from './team.ts'
import { Tenure } from './tenure.ts'

export interface SeatEvents {
  /** The origin cannot be had, and nobody else delivers. */
  gaveUp(failure: Failure): void
}

export class OriginSeat implements Teammate {
  readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly gossip: ClaimGossip
  private readonly ledger: OriginLedger
  readonly planner: RunPlanner
  readonly follower: RunFollower
  private readonly coin: SeatCoin
  private readonly tenure: Tenure
  private readonly team: Team
  private readonly announcement: Announcement
  private readonly next: NextRun
  private readonly events: SeatEvents
  /** Null until the file's size is known. */
  private view: OriginView | null = null
  private isSeated = false
  private isPaused = false
  readonly standing: Standing = new Standing()

  /** `all`: the seats that this visitor may hold, ours included. */
  constructor(
    context: OriginContext,
    mesh: Mesh,
    gossip: ClaimGossip,
    all: () => readonly OriginSeat[],
    events: SeatEvents,
  ) {
    this.context = context
    this.mesh = mesh
    this.gossip = gossip
    this.ledger = new OriginLedger(context, gossip)
    this.planner = new RunPlanner(context, mesh, this.ledger)
    this.coin = new SeatCoin(context, mesh, this.ledger, this.planner)
    this.follower = new RunFollower(context, mesh, this.planner, () => this.ledger.seatCount.plan)
    this.tenure = new Tenure(context, mesh, this.ledger, this.planner, this.follower, this.coin)
    this.team = new Team(this, all)
    this.announcement = new Announcement(context, mesh, this.planner, this.follower)
    this.next = new NextRun(context, this.planner, this.follower, this.team, this.announcement, this.tenure)
    this.events = events
  }

  /** How many seats the swarm has here. */
  get seatCount(): SeatCount {
    return this.ledger.seatCount
  }

  /** Where our run comes to what others have, if it does. */
  get sweep(): Sweep | null {
    return this.follower.sweep(this.gossip.leechers <= this.ledger.seats && this.planner.isSweeping)
  }

  // ---------------------------------------------------------------------------------------- taking the seat

  /** Asks for the whole file, to learn its size; the answer becomes the first run. */
  probe(): void {
    if (this.follower.isOpen || this.isPaused || this.standing.isBanned) return
    this.isSeated = true
    this.follower.open({ run: { start: 0, count: Infinity }, turnChunks: Infinity, isDuplicate: false })
  }

  /** The file's size is known: a probe under way is a run to its end. */
  equip(inventory: Inventory): void {
    const isFollowed = (chunk: number): boolean => this.team.isFollowed(chunk)
    const hasTime = (view: OriginView): boolean => this.planner.hasTime(view)
    this.view = new OriginView(this.context, this.mesh, this.gossip, inventory, isFollowed, hasTime)
    this.ledger.seatCount.equip(inventory.geometry.chunkCount)
    this.follower.equip(this.view)
  }

  /**
   * Starts as a newcomer: with a seat if the join index gives one, else by the coin. With several origins a newcomer is as
   * good as several, each with a place in the file.
   */
  begin(joinIndex: number, origins: number): void {
    const { view, follower } = this
    if (view === null || view.inventory.isComplete || this.standing.isBanned) return
    const { seats } = this.ledger.seatCount
    this.planner.settle(joinIndex, origins)
    this.coin.noteWork()
    if (this.planner.isLiteral || (joinIndex >= seats && this.gossip.swarmSize > seats)) {
      if (follower.rangesWork || !this.planner.isLiteral) follower.abort()
      return follower.isOpen ? undefined : this.leave()
    }
    this.isSeated = true
    if (this.gossip.swarmSize === 1 && this.context.index > 0) return this.work()
    const run = this.planner.firstRun(view, joinIndex, origins)
    if (follower.isOpen) {
      // A probe that starts where our first run would is that run.
      if (run.start === 0 || !follower.rangesWork) {
        follower.renewTurn(run.count)
        return this.advance()
      }
      follower.abort()
    }
    const { firstPlaces } = this.context.limits.mechanisms
    if (firstPlaces && follower.rangesWork && view.isFree(run.start))
      this.open(this.planner.decideFirst(view, run, joinIndex, origins))
    else this.work()
  }

  /**
   * We have a name and a place while a run is under way, which may be where everybody's is: others hear of it, and the next begins
   * at our place.
   */
  place(joinIndex: number, origins: number): void {
    this.planner.settle(joinIndex, origins)
    if (!this.follower.isOpen || this.planner.isLiteral) return
    this.next.beginAt(joinIndex, origins, this.ledger.seatCount.seats)
    this.follower.renewClaim()
  }

  /** Looks for the next run; gives the seat up where there is none. */
  work(): void {
    const { view } = this
    if (view === null || this.follower.isOpen || this.isPaused || this.standing.isBanned) return
    if (this.context.deadlines.has('retry')) return
    if (this.announcement.isPending && !this.planner.isReaderWaiting(view)) return this.beginAnnounced()
    if (view.inventory.isComplete) return this.leave()
    if (!this.isSeated) return this.awaitCoin()
    const choice = this.next.choose(view)
    if (choice === null) return this.leave()
    this.take(choice, view)
  }

  /** A timer of this origin's has rung. */
  onDeadline(name: DeadlineName): void {
    if (name === 'coin') this.onCoinDeadline()
    else if (name === 'listen') this.beginAnnounced()
    else if (name === 'retry') this.onRetryDeadline()
    else if (name === 'originStall') this.onSilenceDeadline()
    else if (name === 'claim') this.onClaimDeadline()
  }

  private onCoinDeadline(): void {
    const { view } = this
    if (view === null || view.inventory.isComplete || this.isSeated || this.standing.isBanned) return
    const wins = this.coin.wins(view) && !this.planner.isMoreForOthers(view)
    const choice = wins ? this.next.choose(view) : null
    if (choice === null) return this.awaitCoin()
    this.take(choice, view)
  }

  private take(choice: RunChoice, view: OriginView): void {
    const mustWait = !this.team.hasOthers && this.announcement.announces(choice, view, !this.isSeated)
    this.isSeated = true
    this.coin.noteWork()
    if (!mustWait) this.open(choice)
  }

  /** Once others have been listened to, and the run before is over. */
  private beginAnnounced(): void {
    const { view, announcement, follower } = this
    if (view === null || !announcement.isHeardOut) return
    if (follower.isOpen) return this.lookAhead()
    const choice = announcement.heardOut(view)
    if (choice === null) this.goOnElsewhere()
    else if (this.tenure.mustYield(view)) this.leave()
    else this.open(choice)
  }

  private open(choice: RunChoice): void {
    this.announcement.cancel()
    this.next.begun()
    if (choice.isRace !== true) this.team.takeFrom(choice.run.start)
    this.follower.open(choice)
  }

  /** Gives the seat up until there is work again. */
  private leave(): void {
    this.isSeated = false
    this.announcement.cancel()
    this.follower.withdrawClaim()
    if (this.view?.inventory.isComplete === true) this.context.deadlines.clear('coin')
    else this.awaitCoin()
  }

  private awaitCoin(): void {
    if (!this.isPaused && !this.standing.isBanned) this.coin.schedule()
  }

  // -------------------------------------------------------------------------------------------- the response

  isRun(runId: number): boolean {
    return this.follower.isRun(runId)
  }

  /** Headers are in. */
  opened(input: Extract<SessionInput, { type: 'runOpened' }>): void {
    this.follower.opened(input)
  }

  /** What the answer says of the file has been taken in. */
  goOn(runId: number): void {
    if (this.follower.isRun(runId)) this.advance()
  }

  progressed(runId: number, bytes: number): void {
    this.follower.progressed(runId, bytes)
    if (this.follower.isRun(runId) && this.team.hasOthers) this.lookAhead()
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(runId: number, chunk: number): boolean {
    if (!this.follower.isRun(runId)) return false
    this.standing.forgive()
    return this.follower.broughtChunk(runId, chunk)
  }

  /** After a chunk was dealt with: on, or off. */
  afterChunk(runId: number): void {
    if (!this.follower.isRun(runId)) return
    this.lookAtPlan()
    this.advance()
  }

  /** Another seat of ours has brought the chunk: if we were receiving it, too, the rest of it is needless. */
  chunkIsHere(chunk: number): void {
    if (this.follower.rangesWork && this.follower.isReceiving(chunk)) this.advance()
  }

  ended(runId: number): void {
    const { follower } = this
    if (!follower.isRun(runId)) return
    // Less than was asked for, and no word of it: as good as a broken connection, or an origin that serves something else.
    if (!follower.hasBroughtAll(runId)) return this.failed(failureOf(runId, 'inconsistent'))
    follower.finish(runId)
    if (follower.isOpen) return this.advance()
    this.goOnElsewhere()
  }

  /** A run is over, or was cut short. */
  private goOnElsewhere(): void {
    const { view } = this
    const mayLeave = this.isSeated && !this.announcement.isPending && view !== null
    if (mayLeave && this.tenure.isOver(view, !this.team.hasOthers)) this.leave()
    else this.work()
  }

  failed(input: Failure): void {
    const { context, follower } = this
    if (!follower.isRun(input.run)) return
    const wasAhead = follower.isAhead(input.run)
    follower.finish(input.run)
    // What is under way still comes; after it, the origin is asked again.
    if (wasAhead) return
    this.announcement.cancel()
    follower.abort()
    const verdict = this.standing.judge(input, {
      hasWorked: follower.hasWorked,
      othersDeliver: this.planner.meshDelivers || this.team.isHopeful,
      fraction: context.random.fraction(),
    })
    if (verdict.type === 'giveUp') return this.events.gaveUp(input)
    follower.withdrawClaim()
    context.deadlines.set('retry', context.nowMs + verdict.afterMs)
  }

  /** It has not failed so often that others have to be relied on. */
  get isHopeful(): boolean {
    return this.standing.isHopeful(this.follower.hasWorked)
  }

  /** It gives nothing now, and gave nothing when it was asked last. */
  get isFailing(): boolean {
    return !this.follower.isOpen && (this.standing.isBanned || this.standing.failure !== null)
  }

  /** What it serves is not the file, or not by ranges: never again. False if nobody else may be expected to deliver. */
  ban(): boolean {
    if (!this.team.isHopeful) return false
    this.standing.isBanned = true
    this.follower.abort()
    this.leave()
    for (const name of ['coin', 'retry', 'originStall'] as const) this.context.deadlines.clear(name)
    return true
  }

  private onRetryDeadline(): void {
    if (this.view === null) this.probe()
    else this.work()
  }

  private onSilenceDeadline(): void {
    const run = this.follower.takeSilent()
    if (run !== null) this.failed(failureOf(run, 'unreachable'))
  }

  private advance(): void {
    const next = this.view === null ? 'goOn' : this.tenure.decide(this.view)
    if (next !== 'goOn') this.follower.abort()
    if (next === 'yield') this.leave()
    else if (next === 'elsewhere') this.work()
    else if (this.follower.advance()) this.lookAhead()
    else this.goOnElsewhere()
  }

  /** While a run is under way; see `NextRun.isTime`. */
  private lookAhead(): void {
    const { view, announcement, planner } = this
    if (view === null || !this.isSeated || planner.isLiteral || this.context.deadlines.has('retry')) return
    if (announcement.stands(view)) return
    const isTakenBack = announcement.isPending
    announcement.cancel()
    const choice = this.next.isTime(view) ? this.next.choose(view) : null
    if (choice !== null && !choice.isDuplicate) this.take(choice, view)
    else if (isTakenBack) this.follower.renewClaim()
  }

  // ------------------------------------------------------------------------------------------ what others say

  /** A claim to a seat at this origin was news, and said this plan. */
  hearPlan(plan: SeatPlan): void {
    this.ledger.seatCount.hear(plan)
    this.lookAtPlan()
  }

  /** Says the standing claim again, to keep it alive; and looks around, as this comes every few seconds. */
  private onClaimDeadline(): void {
    this.lookAtPlan()
    this.follower.reviewLead()
    if (this.announcement.isHeardOut && this.follower.isOpen) this.lookAhead()
    this.follower.renewClaim()
  }

  /** A new neighbour has to hear what we claim. */
  greet(peer: PeerId): void {
    this.follower.greet(peer)
  }

  /** Notes what the origin gives to all; the holder of a seat with the least id judges the plan. */
  private lookAtPlan(): void {
    const { follower, planner } = this
    const ownBytesPerSec = follower.isOpen ? planner.pace.currentBytesPerSec : null
    if (this.ledger.judgePlan(ownBytesPerSec, planner.pace.roundTripMs)) follower.renewClaim()
  }

  // ------------------------------------------------------------------------------------------ what others want

  /** Nothing is missing any more. */
  rest(): void {
    this.follower.abort()
    this.leave()
  }

  /** After a pause, or where only the origins count: takes the seat, whoever else holds one. */
  insist(): void {
    this.isSeated = !this.standing.isBanned
    this.announcement.cancel()
    this.work()
  }

  pause(): void {
    this.isPaused = true
    this.follower.abort()
    this.leave()
    for (const name of ['coin', 'retry', 'originStall'] as const) this.context.deadlines.clear(name)
  }

  resume(): void {
    this.isPaused = false
    this.standing.forgive()
  }
}
