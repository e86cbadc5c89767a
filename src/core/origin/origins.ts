/**
 * The origins that the file can be had from, each with a seat of its own; and what is there once for all of them: the
 * swarm's claims, its first copies, its size.
 */

import type { Context } from '../context.ts'
import { invariant } from '../invariant.ts'
import type { Inventory } from '../inventory.ts'
import type { Sweep } from '../mesh/choose-chunk.ts'
import type { GroupSizeReport } from '../mesh/group-size.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkSource, SessionInput } from '../session-io.ts'
import type { PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'
import { ClaimGossip } from './claim-gossip.ts'
import type { KnownChunks } from './known-chunks.ts'
import { OriginContext } from './origin-context.ts'
import { OriginSeat, type SeatEvents } from './seat.ts'

/**
 * What takes longer than this, in seconds, and so many round trips, is slow: another request costs a twentieth of it at most
 * (guess: a second, or twenty round trips, as a response begins slowly and seems slow as long as it does).
 */
const SLOW_SEC = 20
const SLOW_ROUND_TRIPS = 400

export class Origins {
  private readonly context: Context
  private readonly gossip: ClaimGossip
  private readonly seats: readonly OriginSeat[]
  private runs = 0
  private inventory: Inventory | null = null
  private hasGivenUp = false

  constructor(context: Context, mesh: Mesh, events: SeatEvents) {
    this.context = context
    this.gossip = new ClaimGossip(context, mesh)
    this.seats = (context.config.origins ?? [0]).map((tag, index) => {
      const own = new OriginContext(context, index, tag, () => this.runs++)
      return new OriginSeat(own, mesh, this.gossip, () => this.seats, {
        // What the URL itself says is what the caller knows of.
        gaveUp: (failure) => {
          this.hasGivenUp = true
          events.gaveUp(this.first.standing.failure ?? failure)
        },
      })
    })
    mesh.requests.sweep = () => this.sweep()
    mesh.requests.originsFail = () => this.seats.every(({ isFailing }) => isFailing)
  }

  // --------------------------------------------------------------------------------------------- the swarm

  /** What neighbours tell each other to be in the swarm. */
  get known(): KnownChunks {
    return this.gossip.known
  }

  /** What is under way brings the rest so slowly that to close it and to ask elsewhere costs next to nothing of the time. */
  get isSlow(): boolean {
    const open = this.seats.filter(({ follower }) => follower.isOpen)
    // Without ranges all would have to come anew.
    if (open.length === 0 || open.some(({ follower }) => !follower.rangesWork)) return false
    const bytesPerSec = open.reduce((sum, { planner }) => sum + planner.pace.currentBytesPerSec, 0)
    const slowSec = Math.max(SLOW_SEC, (SLOW_ROUND_TRIPS * this.distanceMs) / 1000)
    return bytesPerSec * slowSec < (this.inventory?.missingBytes ?? 0)
  }

  /** To the farthest of those that are asked and back, in ms; 0: unknown. */
  get distanceMs(): number {
    const open = this.seats.filter(({ follower }) => follower.isOpen)
    return Math.max(0, ...open.map(({ planner }) => planner.pace.distanceMs))
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
    return this.first.seatCount.settled
  }

  /** The topology server counted this many, and remembers so many seats. */
  noteSwarm(count: number, seatsHint: number | null): void {
    this.gossip.noteServerCount(count)
    if (seatsHint !== null) this.first.seatCount.hint(seatsHint)
  }

  /** A copy of another's claim, by this neighbour. False if no honest neighbour would have passed it on. */
  hearClaim(claim: Claim, from: PeerId): boolean {
    const verdict = this.gossip.hear(claim, from)
    if (verdict === 'news')
      this.seats.find(({ context }) => context.tag === claim.origin)?.hearPlan(claim.plan)
    return verdict !== 'malformed'
  }

  /** The peer is gone, and its claims with it. */
  dropClaims(peer: PeerId): void {
    this.gossip.drop(peer)
  }

  /** A neighbour has this chunk, the first of ours. */
  noteArrival(chunk: number): void {
    this.gossip.firstCopies.noteArrival(chunk, this.context.nowMs)
    this.known.noteArrival(chunk)
  }

  /** The last neighbour that had this chunk is gone, or does not give it: it may have been the last of all. */
  noteVanished(chunk: number, isGone: boolean): void {
    this.gossip.firstCopies.forget(chunk)
    if (isGone) this.known.noteGone(chunk)
  }

  /** A new neighbour has to hear what we claim, and what others do. */
  greet(peer: PeerId): void {
    this.gossip.greet(peer)
    for (const seat of this.seats) seat.greet(peer)
  }

  // --------------------------------------------------------------------------------------------- the seats

  /** Asks for the whole file, to learn its size; the answer becomes the first run. */
  probe(): void {
    this.first.probe()
  }

  /** The file's size is known. */
  equip(inventory: Inventory): void {
    this.inventory = inventory
    this.closeOtherProbes()
    this.gossip.equip(inventory)
    for (const seat of this.seats) seat.equip(inventory)
  }

  begin(joinIndex: number): void {
    for (const seat of this.seats) seat.begin(joinIndex, this.seats.length)
  }

  /** Our place has become known while runs are under way. */
  place(joinIndex: number): void {
    for (const seat of this.seats) seat.place(joinIndex, this.seats.length)
  }

  /** Looks for what is to be fetched next, wherever a seat stands idle. */
  work(): void {
    for (const seat of this.seats) seat.work()
  }

  /** Nothing is missing any more. */
  rest(): void {
    for (const seat of this.seats) seat.rest()
  }

  /** Only the origins count from now on: the seats are taken, whoever else holds any. */
  insist(): void {
    for (const seat of this.seats) seat.insist()
  }

  pause(): void {
    for (const seat of this.seats) seat.pause()
  }

  resume(): void {
    for (const seat of this.seats) seat.resume()
  }

  /** After a pause: takes the seats again. */
  restart(): void {
    if (this.inventory === null) return this.probeElsewhere()
    for (const seat of this.seats) seat.insist()
  }

  // ------------------------------------------------------------------------------------------ the responses

  /** Headers are in. */
  opened(input: Extract<SessionInput, { type: 'runOpened' }>): void {
    this.seatOf(input.run)?.opened(input)
  }

  /** What the answer says of the file has been taken in. */
  goOn(run: number): void {
    this.seatOf(run)?.goOn(run)
  }

  progressed(run: number, bytes: number): void {
    this.seatOf(run)?.progressed(run, bytes)
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(run: number, chunk: number): boolean {
    return this.seatOf(run)?.broughtChunk(run, chunk) ?? false
  }

  /** After a chunk was dealt with: on, or off. */
  afterChunk(run: number, chunk: number): void {
    const own = this.seatOf(run)
    own?.afterChunk(run)
    for (const seat of this.seats) if (seat !== own) seat.chunkIsHere(chunk)
  }

  ended(run: number): void {
    this.seatOf(run)?.ended(run)
  }

  failed(input: Extract<SessionInput, { type: 'runFailed' }>): void {
    this.seatOf(input.run)?.failed(input)
    this.lookElsewhere()
  }

  /** Where this run goes to; 0 is the URL itself. */
  indexOf(run: number): number {
    return this.seatOf(run)?.context.index ?? 0
  }

  sourceOf(run: number): ChunkSource {
    const origin = this.indexOf(run)
    return origin === 0 ? { kind: 'origin', run } : { kind: 'mirror', run, origin }
  }

  /**
   * A mirror without ranges has nothing to add to a download that is under way elsewhere; one that does not say how long its
   * file is cannot be told from one that has another file.
   */
  isUseless({ run, whole, sizeBytes }: Extract<SessionInput, { type: 'runOpened' }>): boolean {
    const seat = this.seatOf(run)
    if (seat === undefined || seat === this.first || this.inventory === null) return false
    return whole || (sizeBytes === null && !seat.follower.hasToldSize)
  }

  /** This origin serves another file, or none by ranges. False if no other may be expected to deliver. */
  ban(index: number): boolean {
    if (this.seats[index]?.ban() !== true) return false
    this.lookElsewhere()
    return true
  }

  /** From now on the URL itself alone counts; where it gives nothing, the last mirror does. False if that is so already. */
  banMirrors(): boolean {
    const mirrors = this.seats.filter(({ context, standing }) => context.index > 0 && !standing.isBanned)
    return mirrors.filter(({ context }) => this.ban(context.index)).length > 0
  }

  // --------------------------------------------------------------------------------------------------- time

  nextDeadlineMs(): number | null {
    let earliestMs: number | null = null
    for (const { context } of this.seats) {
      const dueMs = context.deadlines.next()
      if (dueMs !== null && (earliestMs === null || dueMs < earliestMs)) earliestMs = dueMs
    }
    return earliestMs
  }

  tick(): void {
    for (const seat of this.seats)
      for (const due of seat.context.deadlines.takeDue(this.context.nowMs)) {
        seat.onDeadline(due)
        if (due === 'originStall' && !seat.follower.isOpen) this.lookElsewhere()
      }
  }

  clearDeadlines(): void {
    for (const { context } of this.seats) context.deadlines.clearAll()
  }

  /** The page slept: silence was ours. */
  forgiveSilence(): void {
    for (const { follower } of this.seats) follower.forgiveSilence()
  }

  private get first(): OriginSeat {
    const [first] = this.seats
    invariant(first !== undefined, 'There is at least one origin.')
    return first
  }

  /** One of them has failed. */
  private lookElsewhere(): void {
    if (this.hasGivenUp) return
    if (this.inventory !== null) this.work()
    else this.probeElsewhere()
  }

  /** The size is unknown, and nobody is being asked: the next that has not failed. */
  private probeElsewhere(): void {
    if (this.seats.some(({ follower }) => follower.isOpen)) return
    for (const seat of this.seats)
      if (seat.isHopeful && !seat.context.deadlines.has('retry')) return seat.probe()
  }

  /** Of those that were asked for the whole file one goes on with it, the one that told the size; the others have parts. */
  private closeOtherProbes(): void {
    const open = this.seats.map(({ follower }) => follower).filter(({ isOpen }) => isOpen)
    const first = open.find(({ hasToldSize }) => hasToldSize) ?? open[0]
    for (const follower of open) if (follower !== first) follower.abort()
  }

  private seatOf(run: number): OriginSeat | undefined {
    return this.seats.find((seat) => seat.isRun(run))
  }

  /** Where a run of ours comes to what others have; of several runs the first one counts. */
  private sweep(): Sweep | null {
    const isOnly = this.seats.filter(({ follower }) => follower.isOpen).length === 1
    for (const { sweep } of this.seats) if (sweep !== null) return { ...sweep, isOnly }
    return null
  }
}
