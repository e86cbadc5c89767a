/**
 * Our seat at the origin: whether we hold one, what it is used for, when it is given up, when to come back.
 *
 * A seat streams run after run while there is work that nobody else does; then it is given up, and Slurpie's coin
 * decides who takes the vacant ones.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { GroupSizeReport } from '../mesh/group-size.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { SessionInput } from '../session-io.ts'
import type { PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'
import { ClaimGossip } from './claim-gossip.ts'
import { firstRun } from './first-run.ts'
import { OriginView } from './origin-view.ts'
import { judgeFailure } from './retry.ts'
import { RunFollower } from './run-follower.ts'
import type { RunChoice } from './run.ts'
import { RunPlanner } from './run-planner.ts'
import { SeatCoin } from './seat-coin.ts'

/** Neighbours that gave us something within this time are "delivering". */
const MESH_ALIVE_MS = 10_000

export interface SeatEvents {
  /** The origin cannot be had, and nobody else delivers. */
  gaveUp(failure: Extract<SessionInput, { type: 'runFailed' }>): void
}

export class OriginSeat {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly gossip: ClaimGossip
  private readonly planner: RunPlanner
  private readonly coin: SeatCoin
  private readonly follower: RunFollower
  private readonly events: SeatEvents
  /** Null until the file's size is known. */
  private view: OriginView | null = null
  private isSeated = false
  private isPaused = false
  private attempts = 0

  constructor(context: Context, mesh: Mesh, events: SeatEvents) {
    this.context = context
    this.mesh = mesh
    this.gossip = new ClaimGossip(context, mesh)
    this.planner = new RunPlanner(context, mesh, this.gossip)
    this.coin = new SeatCoin(context, mesh, this.gossip, this.planner)
    this.follower = new RunFollower(context, mesh, this.planner, () => this.gossip.seatCount.plan)
    this.events = events
    mesh.requests.sweep = () => this.follower.sweep(this.gossip.leechers <= this.gossip.seatCount.seats)
  }

  /** n̂, ourselves included. */
  get swarmSizeSeen(): number {
    return this.gossip.swarmSize
  }

  /** Every estimate of n there is, for reports. */
  get groupSize(): GroupSizeReport {
    return this.gossip.groupSize.report(this.context.nowMs)
  }

  /** The k that the swarm last settled on; null where it has tried none yet, or is trying another. */
  get settledSeats(): number | null {
    const { version, phase, seats } = this.gossip.seatCount.plan
    return version === 0 || phase !== 'steady' ? null : seats
  }

  /** The topology server counted this many, and remembers so many seats. */
  noteSwarm(count: number, seatsHint: number | null): void {
    this.gossip.noteServerCount(count)
    if (seatsHint !== null) this.gossip.seatCount.hint(seatsHint)
  }

  // ---------------------------------------------------------------------------------------- taking the seat

  /** Asks for the whole file, to learn its size; the answer becomes the first run. */
  probe(): void {
    if (this.follower.isOpen || this.isPaused) return
    this.isSeated = true
    this.follower.open({ run: { start: 0, count: Infinity }, turnChunks: Infinity, isDuplicate: false })
  }

  /** The file's size is known: a probe under way is a run to its end. */
  equip(inventory: Inventory): void {
    this.gossip.equip(inventory.geometry)
    this.view = new OriginView(this.context, this.mesh, this.gossip, inventory)
    this.follower.equip(this.view)
  }

  /** Starts as a newcomer: with a seat if the join index gives one, else by the coin. */
  begin(joinIndex: number): void {
    const { view, follower } = this
    if (view === null || view.inventory.isComplete) return
    const { seats } = this.gossip.seatCount
    this.coin.noteWork()
    if (this.isLiteral || (joinIndex >= seats && this.swarmSizeSeen > seats)) {
      if (follower.rangesWork || !this.isLiteral) follower.abort()
      return follower.isOpen ? undefined : this.leave()
    }
    this.isSeated = true
    const run = firstRun({
      joinIndex: this.swarmSizeSeen === 1 ? 0 : joinIndex % seats,
      starters: this.planner.seatsInUse,
      chunkCount: view.inventory.geometry.chunkCount,
    })
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
      follower.open(this.planner.decide(view, run, false))
    else this.work()
  }

  /** Looks for the next run; gives the seat up where there is none. */
  work(): void {
    const { view } = this
    if (view === null || this.follower.isOpen || this.isPaused || this.context.deadlines.has('retry')) return
    if (view.inventory.isComplete) return this.leave()
    if (!this.isSeated) return this.awaitCoin()
    const choice = this.chooseRun(view)
    if (choice === null) return this.leave()
    this.take(choice)
  }

  onCoinDeadline(): void {
    const { view } = this
    if (view === null || view.inventory.isComplete || this.isSeated) return
    const wins = this.coin.wins(view)
    const choice = wins ? this.chooseRun(view) : null
    if (choice === null) return this.awaitCoin()
    this.isSeated = true
    this.take(choice)
  }

  private take(choice: RunChoice): void {
    this.coin.noteWork()
    this.follower.open(choice)
  }

  /** Gives the seat up until there is work again. */
  private leave(): void {
    this.isSeated = false
    this.follower.withdrawClaim()
    if (this.view?.inventory.isComplete === true) this.context.deadlines.clear('coin')
    else this.awaitCoin()
  }

  private awaitCoin(): void {
    if (!this.isPaused) this.coin.schedule()
  }

  /** Slurpie's k/n and nothing else. */
  private get isLiteral(): boolean {
    return typeof this.context.limits.originLoad === 'number'
  }

  // -------------------------------------------------------------------------------------------- the response

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
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(runId: number, chunk: number): boolean {
    if (!this.follower.isRun(runId)) return false
    this.attempts = 0
    return this.follower.broughtChunk(chunk)
  }

  /** After a chunk was dealt with: on, or off. */
  afterChunk(runId: number): void {
    if (!this.follower.isRun(runId)) return
    this.lookAtPlan()
    this.advance()
  }

  ended(runId: number): void {
    const { follower } = this
    if (!follower.isRun(runId)) return
    // Less than was asked for, and no word of it: as good as a broken connection, or an origin that serves something else.
    if (!follower.hasBroughtAll)
      return this.failed({
        type: 'runFailed',
        run: runId,
        failure: 'inconsistent',
        status: null,
        retryAfterMs: null,
      })
    follower.finish()
    if (this.isSeated && this.mustYield()) return this.leave()
    this.work()
  }

  failed(input: Extract<SessionInput, { type: 'runFailed' }>): void {
    const { context, follower } = this
    if (!follower.isRun(input.run)) return
    follower.finish()
    this.attempts++
    const verdict = judgeFailure({
      failure: input.failure,
      attempts: this.attempts,
      retryAfterMs: input.retryAfterMs,
      hasWorked: follower.hasWorked,
      meshDelivers: this.meshDelivers,
      fraction: context.random.fraction(),
    })
    switch (verdict.type) {
      case 'giveUp':
        return this.events.gaveUp(input)
      case 'retry':
        follower.withdrawClaim()
        return context.deadlines.set('retry', context.nowMs + verdict.afterMs)
    }
  }

  onRetryDeadline(): void {
    if (this.view === null) this.probe()
    else this.work()
  }

  onSilenceDeadline(): void {
    const run = this.follower.takeSilent()
    if (run !== null)
      this.failed({ type: 'runFailed', run, failure: 'unreachable', status: null, retryAfterMs: null })
  }

  /** The page slept: silence was ours. */
  forgiveSilence(): void {
    this.follower.forgiveSilence()
  }

  private advance(): void {
    const next = this.follower.isTurnOver ? this.afterTurn() : 'goOn'
    if (next !== 'goOn') this.follower.abort()
    if (next === 'yield') this.leave()
    else if (next === 'elsewhere' || !this.follower.advance()) this.work()
  }

  /** At the end of a turn: whether this response is still the best use of our seat, and the seat ours. */
  private afterTurn(): 'goOn' | 'elsewhere' | 'yield' {
    const { view, follower } = this
    if (view === null || !follower.rangesWork) return 'goOn'
    if (this.mustYield()) return 'yield'
    if (this.planner.isReaderWaiting(view)) return 'elsewhere'
    if (follower.isDuplicating && !this.planner.isDuplicateWorthwhile(view, true)) return 'elsewhere'
    follower.renewTurn(this.planner.runChunks(view.inventory.geometry))
    return 'goOn'
  }

  /** At a run's end: there are more seats taken than there should be. */
  private mustYield(): boolean {
    const { context, view } = this
    const { seats } = this.gossip.seatCount
    if (view === null || this.gossip.leechers <= seats || !this.mesh.requests.trustPeers) return false
    if (this.isLiteral) return context.random.fraction() >= this.coin.chance(view)
    if (context.selfId === null) return false
    const isOneTooMany = this.gossip.claims.seatsBefore(context.selfId, context.nowMs) >= seats
    return isOneTooMany && this.planner.seatsNow(view) === seats
  }

  // ------------------------------------------------------------------------------------------ what others say

  /** A copy of another's claim, by this neighbour. False if no honest neighbour would have passed it on. */
  hearClaim(claim: Claim, from: PeerId): boolean {
    const verdict = this.gossip.hear(claim, from)
    if (verdict === 'news') this.lookAtPlan()
    return verdict !== 'malformed'
  }

  /** The peer is gone, and its claims with it. */
  dropClaims(peer: PeerId): void {
    this.gossip.drop(peer)
  }

  /** A neighbour has this chunk, the first of ours. */
  noteArrival(chunk: number): void {
    this.gossip.firstCopies.noteArrival(chunk, this.context.nowMs)
  }

  /** The last neighbour that had this chunk is gone: it may have been the last of all. */
  noteVanished(chunk: number): void {
    this.gossip.firstCopies.forget(chunk)
  }

  /** Says the standing claim again, to keep it alive; and looks around, as this comes every few seconds. */
  onClaimDeadline(): void {
    this.lookAtPlan()
    this.follower.reviewLead()
    this.follower.renewClaim()
  }

  /** A new neighbour has to hear what we claim, and what others do. */
  greet(peer: PeerId): void {
    this.gossip.greet(peer)
    this.follower.greet(peer)
  }

  /** Notes what the origin gives to all; the holder of a seat with the least id judges the plan. */
  private lookAtPlan(): void {
    const { nowMs, selfId } = this.context
    const own = this.follower.isOpen ? 1 : 0
    this.gossip.seatCount.goodput.note(
      {
        bytesPerSec: this.gossip.claims.goodputBytesPerSec(nowMs) + own * this.planner.currentBytesPerSec,
        openSeats: this.gossip.claims.seatCount(nowMs) + own,
      },
      nowMs,
    )
    if (own === 0 || selfId === null || this.gossip.claims.seatsBefore(selfId, nowMs) > 0) return
    if (this.gossip.seatCount.judge(this.swarmSizeSeen, this.planner.roundTripMs)) this.follower.renewClaim()
  }

  // ------------------------------------------------------------------------------------------ what others want

  /** Nothing is missing any more. */
  rest(): void {
    this.follower.abort()
    this.leave()
  }

  /** Only the origin counts from now on: the seat is taken, whoever else holds one. */
  insist(): void {
    this.isSeated = true
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
    this.attempts = 0
  }

  /** After a pause: takes the seat again. */
  restart(): void {
    if (this.view === null) return this.probe()
    this.isSeated = true
    this.work()
  }

  /** What to fetch next. Without ranges there is but one run, the file: not to be begun anew while the mesh delivers. */
  private chooseRun(view: OriginView): RunChoice | null {
    const choice = this.planner.choose(view, this.follower.continueAt)
    if (choice === null || this.follower.rangesWork) return choice
    if (choice.isDuplicate && !this.planner.isMeshSilent(view)) return null
    return { ...choice, run: { start: 0, count: view.inventory.geometry.chunkCount }, turnChunks: Infinity }
  }

  private get meshDelivers(): boolean {
    const { lastChunkAtMs } = this.mesh.requests
    return lastChunkAtMs !== null && this.context.nowMs - lastChunkAtMs < MESH_ALIVE_MS
  }
}
