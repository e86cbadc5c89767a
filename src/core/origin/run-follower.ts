/**
 * Follows one response of the origin at a time: the chunks that it will bring within the claim's lead are reserved here
 * and claimed in the swarm; beyond that, the mesh may have them. A run is cut short where its rest has become needless.
 *
 * The next one may be asked for before the last bytes of this one are here, so that the round trip in between is not lost
 * (pipelining, in Rodriguez and Biersack, "Dynamic Parallel Access to Replicated Content in the Internet", IEEE/ACM
 * Transactions on Networking 10(4), 2002). Over HTTP/1.1 that is a second connection, as browsers do not pipeline.
 */

import type { Sweep } from '../mesh/choose-chunk.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { SessionInput } from '../session-io.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import type { SeatPlan } from '../wire/peer-messages.ts'
import type { OriginContext } from './origin-context.ts'
import type { OriginView, Prospects } from './origin-view.ts'
import { cutAt, release, Reservations } from './reservations.ts'
import {
  isGushing,
  isOverdone,
  newRun,
  noteBytes,
  reservedOf,
  restChunks,
  restOf,
  type RestOfRun,
  type Run,
  type RunChoice,
  willBring,
} from './run.ts'
import type { RunPlanner } from './run-planner.ts'
import { StandingClaim } from './standing-claim.ts'

/** A response that sends nothing for this long is taken for dead (guess; a shaped origin may pause for seconds). */
const SILENCE_MS = 20_000

/** News of a run may be late by a chunk, or by so many ms: so much sooner the next one is asked for (guess). */
const NEWS_LATE_MS = 250

/** A run that brings so many times as much as the mesh ever did leads (guess: the line is full of it). */
const LEADING_FACTOR = 4

export class RunFollower {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly planner: RunPlanner
  private readonly claim: StandingClaim
  private readonly reservations: Reservations
  private readonly plan: () => SeatPlan
  /** Null until the file's size is known. */
  private view: OriginView | null = null
  private run: Run | null = null
  /** The next one, if it has been asked for already. */
  private ahead: Run | null = null
  /** What is claimed beside them: it is to be asked for once others have been listened to. */
  announced: ChunkRun | null = null
  /** It was asked for ahead, and not given: no more than one response at a time, then. */
  private refusesAhead = false
  /** The run led when the mesh was last asked for something. */
  private hasLed = false
  /** Chunk after the last run: going on from there keeps runs long. */
  continueAt: number | null = null
  /** The origin answers ranges; else its one answer is the file from the first byte. */
  rangesWork: boolean = true
  hasWorked: boolean = false
  /** It has said how long its file is. */
  hasToldSize: boolean = false

  constructor(context: OriginContext, mesh: Mesh, planner: RunPlanner, plan: () => SeatPlan) {
    this.context = context
    this.mesh = mesh
    this.planner = planner
    this.claim = new StandingClaim(context, mesh)
    this.reservations = new Reservations(context, mesh, planner)
    this.plan = plan
  }

  get isOpen(): boolean {
    return this.run !== null
  }

  /** Chunk after the open run, or null. */
  get end(): number | null {
    return this.run?.end ?? null
  }

  isRun(runId: number): boolean {
    return this.run?.id === runId || this.isAhead(runId)
  }

  /** It was asked for ahead, and another is still under way. */
  isAhead(runId: number): boolean {
    return this.ahead?.id === runId
  }

  /** The file's size is known: a probe under way is a run to its end. */
  equip(view: OriginView): void {
    this.view = view
    if (this.run !== null) this.run.end = this.run.askedEnd = view.inventory.geometry.chunkCount
  }

  open(choice: RunChoice): void {
    const { context, view } = this
    const run = newRun(context.nextRunId(), choice, context.nowMs)
    if (this.run === null) this.run = run
    else this.ahead = run
    const geometry = view?.inventory.geometry ?? null
    // Open-ended at the end of the file: the length of the answer confirms the size. So must a mirror's first answer, though
    // its end is of no use: cross-origin, a range with an end does not show how long the whole is.
    if (geometry !== null && context.index > 0 && !this.hasToldSize) run.askedEnd = geometry.chunkCount
    const endsEarly = geometry !== null && run.askedEnd < geometry.chunkCount
    context.emit({
      type: 'fetch',
      run: run.id,
      origin: context.index,
      firstByte: geometry?.firstByte(run.start) ?? 0,
      lastByte: endsEarly ? geometry.byteRange(choice.run).lastByte : null,
      firstChunk: run.start,
    })
    if (run === this.run) context.deadlines.set('originStall', context.nowMs + SILENCE_MS)
    if (view !== null) this.reserveAhead(run, view)
  }

  /** What is under way will be over within a round trip, and nothing is asked for yet. */
  get isNearItsEnd(): boolean {
    const { run, view, planner } = this
    if (run === null || view === null || this.ahead !== null || !this.rangesWork) return false
    if (this.refusesAhead) return false
    const secPerChunk = planner.pace.secPerChunk(view.inventory.geometry)
    if (secPerChunk === null || run.next >= run.end) return false
    const lateMs = Math.min(NEWS_LATE_MS, secPerChunk * 1000)
    return this.restChunks * secPerChunk * 1000 <= planner.pace.roundTripMs + lateMs
  }

  /** What was asked for will be here in less time, in ms, silence included. */
  endsWithin(ms: number): boolean {
    const { run, view, planner, context } = this
    if (run === null || view === null || !this.rangesWork || run.next >= run.end) return false
    const restSec = this.restChunks * (planner.pace.secPerChunk(view.inventory.geometry) ?? Infinity)
    return context.nowMs - run.lastByteAtMs + restSec * 1000 < ms
  }

  /** What was asked for and is not here. */
  get restChunks(): number {
    const { run, ahead, view } = this
    return view === null ? 0 : restChunks(run, view.inventory) + restChunks(ahead, view.inventory)
  }

  /** Headers are in. */
  opened(input: Extract<SessionInput, { type: 'runOpened' }>): void {
    const { context } = this
    const run = this.find(input.run)
    if (run === null) return
    run.lastByteAtMs = run.gushesSinceMs = context.nowMs
    if (input.sizeBytes !== null) this.hasToldSize = true
    this.planner.pace.noteRoundTrip(context.nowMs - run.askedAtMs)
    if (!input.whole) return
    // The one under way goes on; then the whole is asked for anew.
    if (run === this.ahead) return this.close(run)
    // Whatever was asked for, this is the file from its first byte.
    this.rangesWork = false
    this.release(run)
    run.next = run.reservedEnd = 0
    run.end = run.askedEnd = this.view?.inventory.geometry.chunkCount ?? Infinity
    this.mesh.requests.askAll()
  }

  progressed(runId: number, bytes: number): void {
    const { context } = this
    const run = this.find(runId)
    if (run === null) return
    this.hasWorked = true
    noteBytes(run, bytes, context.nowMs)
    this.planner.pace.noteBytes(bytes)
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(runId: number, chunk: number): boolean {
    const { view } = this
    const run = this.find(runId)
    if (run === null || view === null || chunk !== run.next) return false
    run.next = chunk + 1
    run.partBytes = Math.max(0, run.partBytes - view.inventory.geometry.lengthBytes(chunk))
    view.inventory.release(chunk)
    if (!view.isElsewhere(chunk)) this.claim.noteBrought(chunk)
    return view.inventory.isMissing(chunk)
  }

  /** Whether the response that ended brought what was asked for. */
  hasBroughtAll(runId: number): boolean {
    const run = this.find(runId)
    return run !== null && run.next >= run.end
  }

  /** The response has more to bring, or another has been asked for. */
  get isUnderWay(): boolean {
    return this.ahead !== null || (this.run !== null && this.run.next < this.run.end)
  }

  /** Much of it is likely to be on its way. */
  get isGushing(): boolean {
    return this.run !== null && isGushing(this.run, this.context.nowMs)
  }

  /** The seat's turn is over, though the response is not. */
  get isTurnOver(): boolean {
    return this.run !== null && this.run.next >= this.run.turnEnd
  }

  /** Another turn, of so many chunks from here. */
  renewTurn(chunks: number): void {
    if (this.run !== null) this.run.turnEnd = this.run.next + chunks
  }

  // ------------------------------------------------------------------------------ beside other seats of ours

  /** The run will bring this chunk before its turn is over. */
  isFollowing(chunk: number): boolean {
    if (!this.rangesWork) return false
    return willBring(this.run, chunk) || willBring(this.ahead, chunk)
  }

  /** It is receiving this chunk. */
  isReceiving(chunk: number): boolean {
    return this.run?.next === chunk || this.ahead?.next === chunk
  }

  /** What is left of the run's turn, or of the one asked for ahead; null where there is nothing that another could take over. */
  get openRun(): RestOfRun | null {
    const { run, ahead, view, context } = this
    return view === null || !this.rangesWork ? null : restOf(run, ahead, view.inventory, context.nowMs)
  }

  /** Another seat of ours fetches from this chunk on. */
  endAt(chunk: number): void {
    const { view, run, ahead } = this
    if (view === null || !this.rangesWork) return
    if (run !== null) cutAt(chunk, run, view.inventory)
    if (ahead !== null) cutAt(chunk, ahead, view.inventory)
  }

  get isDuplicating(): boolean {
    return this.run?.isDuplicate === true
  }

  /** The run, if it comes to what others have: it is a duplicate one, or everybody fetches. Else null. */
  sweep(everybodyFetches: boolean): Sweep | null {
    const { run } = this
    const { farEnd, lead } = this.context.limits.mechanisms
    if (!farEnd || run === null || !this.rangesWork || !(run.isDuplicate || everybodyFetches)) return null
    const meshBytesPerSec = this.mesh.requests.bestBytesPerSec ?? Infinity
    const leads = lead && this.planner.pace.currentBytesPerSec > LEADING_FACTOR * meshBytesPerSec
    if (leads) this.hasLed = true
    return { from: run.next, leads }
  }

  /** At a chunk's border: reserves and claims further ahead; or cuts the run short where the rest is needless: false. */
  advance(): boolean {
    const { run, view } = this
    if (run === null || view === null) return true
    if (this.ahead !== null && isOverdone(this.ahead)) this.close(this.ahead)
    if (run.next >= run.end) {
      return run.end === run.askedEnd || this.goOnToNext(run)
    }
    const prospects = this.planner.prospects(view)
    if (this.shouldCut(run, view, prospects)) {
      view.noteCut()
      return this.goOnToNext(run)
    }
    this.reserveAhead(run, view, prospects)
    return true
  }

  /** Closes what is open. */
  abort(): void {
    while (this.run !== null) this.close(this.run)
  }

  /** This run is done with. False if no other was asked for. */
  private goOnToNext(run: Run): boolean {
    this.close(run)
    return this.run !== null && this.advance()
  }

  private close(run: Run): void {
    this.context.emit({ type: 'abort', run: run.id })
    this.finish(run.id)
  }

  /** The response is over: the next one, if it has been asked for, is the one under way. */
  finish(runId: number): void {
    const run = this.find(runId)
    if (run === null) return
    if (run === this.run) {
      this.run = this.ahead
      this.continueAt = run.next
      if (this.run === null) this.context.deadlines.clear('originStall')
      else this.context.deadlines.set('originStall', this.run.lastByteAtMs + SILENCE_MS)
    } else if (run.next < run.end) this.refusesAhead = true
    this.ahead = null
    this.release(run)
    // What was ours to fetch may be a neighbour's to give.
    this.hasLed = false
    this.mesh.requests.askAll()
  }

  /** The run whose response has been silent for too long, closed; or null. */
  takeSilent(): number | null {
    const { run, context } = this
    if (run === null) return null
    const dueAtMs = run.lastByteAtMs + SILENCE_MS
    if (context.nowMs < dueAtMs) {
      context.deadlines.set('originStall', dueAtMs)
      return null
    }
    context.emit({ type: 'abort', run: run.id })
    return run.id
  }

  /** The page slept: silence was ours. */
  forgiveSilence(): void {
    const { nowMs } = this.context
    for (const run of [this.run, this.ahead]) if (run !== null) run.lastByteAtMs = run.gushesSinceMs = nowMs
  }

  /** Where the run led, it may have slowed down: the mesh then has more to do. */
  reviewLead(): void {
    if (!this.hasLed) return
    this.hasLed = false
    this.mesh.requests.askAll()
  }

  /** Says of a run that it is about to be asked for, until `announced` is null again. */
  announce(run: ChunkRun): void {
    this.announced = run
    if (this.view !== null) this.sayReserved(this.view)
  }

  /** Says the standing claim again, to keep it alive or with news; or what was brought, where none stands. */
  renewClaim(): void {
    if (this.run === null && this.announced === null) this.claim.repeatFarewell(this.plan())
    else if (this.view !== null) this.sayReserved(this.view)
  }

  /** The seat is given up. */
  withdrawClaim(): void {
    this.claim.withdraw(this.plan())
  }

  /** A new neighbour has to hear what we claim. */
  greet(peer: PeerId): void {
    this.claim.tell(peer)
  }

  private shouldCut(run: Run, view: OriginView, prospects: Prospects): boolean {
    // Without ranges there is no coming back to what was left out: all of the rest must be with neighbours.
    if (!this.rangesWork) return !run.isDuplicate && view.isAllElsewhere(run.next)
    if (!this.context.limits.mechanisms.cuts) return false
    let end = run.next
    while (end < run.end && view.isNeedless(run, end, prospects)) end++
    return end > run.next && this.planner.isEnoughToLeave(run, run.next, end, view.inventory.geometry)
  }

  private reserveAhead(run: Run, view: OriginView, prospects = this.planner.prospects(view)): void {
    const { inventory } = view
    const lead = this.planner.lengths.leadChunks(inventory.geometry, run.isDuplicate)
    this.reservations.review(run, lead, view, prospects)
    // Said once the claimed part is half used up, not for every chunk; where it keeps nobody away, when it is used up.
    const spentAt = run.isDuplicate ? run.next - 3 * lead : run.next
    const isStale = run === this.ahead || this.claim.end <= spentAt || this.claim.end > run.reservedEnd
    const isHalfUsed = !run.isDuplicate && run.reservedEnd - this.claim.end >= lead / 2
    if (isStale || isHalfUsed) this.sayReserved(view)
  }

  private sayReserved(view: OriginView): void {
    const runs = [this.run, this.ahead].flatMap(reservedOf)
    if (this.announced !== null) runs.push(this.announced)
    if (runs.length === 0) return this.claim.withdraw(this.plan())
    const isNew = runs.some((run) => view.isNewIn(run))
    // Where all went to the origin, so many claims kept the processors busy that the mesh had none for chunks (measured).
    if (!isNew && this.planner.isNobodysBusiness && !this.claim.hasNews) return this.claim.hold()
    this.say(runs, isNew)
  }

  private say(runs: readonly ChunkRun[], isNew: boolean): void {
    const { pace, seatsHeld: seats } = this.planner
    const goodputBytesPerSec = pace.currentBytesPerSec
    this.claim.say({ runs, goodputBytesPerSec, plan: this.plan(), isNew, seats })
  }

  private find(runId: number): Run | null {
    if (this.run?.id === runId) return this.run
    return this.ahead?.id === runId ? this.ahead : null
  }

  private release(run: Run): void {
    if (this.view !== null) release(run, this.view.inventory)
  }
}
