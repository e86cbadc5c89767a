/**
 * Our seat at the origin: whether we hold one, which run we fetch, when to cut it short, when to come back.
 *
 * A seat streams run after run while there is work that nobody else does; then it is given up, and Slurpie's coin
 * decides who takes the vacant ones. The chunks a run will bring within the claim's lead are reserved here and
 * claimed in the swarm; beyond that, the mesh may have them.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { SessionInput } from '../session-io.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import { seatProbability, slotMs } from './backoff.ts'
import type { Claims } from './claims.ts'
import { firstRun } from './first-run.ts'
import { OriginView } from './origin-view.ts'
import { judgeFailure } from './retry.ts'
import { newRun, type Run } from './run.ts'
import { type RunChoice, RunPlanner } from './run-planner.ts'
import { StandingClaim } from './standing-claim.ts'

/** A response that sends nothing for this long is taken for dead (guess; a shaped origin may pause for seconds). */
const SILENCE_MS = 20_000

/** Neighbours that gave us something within this time are "delivering". */
const MESH_ALIVE_MS = 10_000

export interface SeatEvents {
  /** The origin cannot be had, and nobody else delivers. */
  gaveUp(failure: Extract<SessionInput, { type: 'runFailed' }>): void
}

export class OriginSeat {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly claims: Claims
  private readonly claim: StandingClaim
  private readonly planner: RunPlanner
  private readonly events: SeatEvents
  /** Null until the file's size is known. */
  private view: OriginView | null = null
  private run: Run | null = null
  private nextRunId = 0
  private continueAt: number | null = null
  private isSeated = false
  private isPaused = false
  /** The origin answers ranges; else its one answer is the file from the first byte. */
  private rangesWork = true
  private attempts = 0
  private hasWorked = false

  constructor(context: Context, mesh: Mesh, claims: Claims, events: SeatEvents) {
    this.context = context
    this.mesh = mesh
    this.claims = claims
    this.claim = new StandingClaim(context, mesh)
    this.planner = new RunPlanner(context, mesh)
    this.events = events
  }

  /** n̂: what the server said, and no fewer than we see. */
  get swarmSizeSeen(): number {
    return this.planner.swarmSizeSeen
  }

  /** The topology server counted this many. */
  noteSwarmSize(count: number): void {
    this.planner.noteSwarmSize(count)
  }

  // ---------------------------------------------------------------------------------------- taking the seat

  /** Asks for the whole file, to learn its size; the answer becomes the first run. */
  probe(): void {
    if (this.run !== null || this.isPaused) return
    this.isSeated = true
    this.open({ start: 0, count: Infinity })
  }

  /** The file's size is known: a probe under way is a run to its end. */
  equip(inventory: Inventory): void {
    this.view = new OriginView(this.context, this.mesh, this.claims, inventory)
    if (this.run !== null) this.run.end = inventory.geometry.chunkCount
  }

  /** Starts as a newcomer: with a seat if the join index gives one, else by the coin. */
  begin(joinIndex: number): void {
    const { view } = this
    if (view === null || view.inventory.isComplete) return
    const { seats } = this.context.limits
    if (joinIndex >= seats && this.swarmSizeSeen > seats) {
      this.abort()
      return this.leave()
    }
    this.isSeated = true
    const run = firstRun({
      joinIndex: this.swarmSizeSeen === 1 ? 0 : joinIndex % seats,
      starters: this.planner.seatsInUse,
      chunkCount: view.inventory.geometry.chunkCount,
    })
    if (this.run !== null) {
      // A probe that starts where our first run would is that run.
      if (run.start === 0 || !this.rangesWork) return this.advance(this.run)
      this.abort()
    }
    if (this.rangesWork && view.isFree(run.start)) this.open(run)
    else this.work()
  }

  /** Looks for the next run; gives the seat up where there is none. */
  work(): void {
    const { view } = this
    if (view === null || this.run !== null || this.isPaused || this.context.deadlines.has('retry')) return
    if (view.inventory.isComplete) return this.leave()
    if (!this.isSeated) return this.awaitCoin()
    const choice = this.chooseRun(view)
    if (choice === null) return this.leave()
    this.open(choice.run, choice.isDuplicate)
  }

  onCoinDeadline(): void {
    const { context, view } = this
    if (view === null || view.inventory.isComplete || this.isSeated) return
    const probability = seatProbability({
      seats: context.limits.seats,
      taken: this.claims.seatCount(context.nowMs),
      swarmSize: this.swarmSizeSeen,
      meshIsSilent: this.planner.isMeshSilent(view),
    })
    const wins = !this.mesh.requests.trustPeers || context.random.fraction() < probability
    const choice = wins ? this.chooseRun(view) : null
    if (choice === null) return this.awaitCoin()
    this.isSeated = true
    this.open(choice.run, choice.isDuplicate)
  }

  /** Gives the seat up until there is work again. */
  private leave(): void {
    this.isSeated = false
    this.claim.say(null)
    if (this.view?.inventory.isComplete === true) this.context.deadlines.clear('coin')
    else this.awaitCoin()
  }

  private awaitCoin(): void {
    const { deadlines, nowMs, random } = this.context
    if (!this.isPaused) deadlines.set('coin', nowMs + slotMs(random.fraction()))
  }

  // -------------------------------------------------------------------------------------------- the response

  /** Headers are in. */
  opened(input: Extract<SessionInput, { type: 'runOpened' }>): void {
    const { run, context } = this
    if (run?.id !== input.run) return
    run.lastByteAtMs = context.nowMs
    this.planner.noteRoundTrip(context.nowMs - run.askedAtMs)
    if (!input.whole) return
    // Whatever was asked for, this is the file from its first byte.
    this.rangesWork = false
    this.release(run)
    run.next = run.reservedEnd = 0
    run.end = this.view?.inventory.geometry.chunkCount ?? Infinity
  }

  /** What the answer says of the file has been taken in. */
  goOn(runId: number): void {
    const { run } = this
    if (run?.id === runId) this.advance(run)
  }

  progressed(runId: number, bytes: number): void {
    const { run, context } = this
    if (run?.id !== runId) return
    this.hasWorked = true
    run.lastByteAtMs = context.nowMs
    this.planner.noteBytes(bytes)
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(runId: number, chunk: number): boolean {
    const { run, view } = this
    if (run?.id !== runId || view === null || chunk !== run.next) return false
    run.next = chunk + 1
    this.attempts = 0
    view.inventory.release(chunk)
    return view.inventory.isMissing(chunk)
  }

  /** After a chunk was dealt with: on, or off. */
  afterChunk(runId: number): void {
    const { run } = this
    if (run?.id !== runId || run.next >= run.end) return
    this.advance(run)
  }

  ended(runId: number): void {
    const { run } = this
    if (run?.id !== runId) return
    // Less than was asked for, and no word of it: as good as a broken connection, or an origin that serves something else.
    if (run.next < run.end)
      return this.failed({
        type: 'runFailed',
        run: runId,
        failure: 'inconsistent',
        status: null,
        retryAfterMs: null,
      })
    this.finish(run)
    this.work()
  }

  failed(input: Extract<SessionInput, { type: 'runFailed' }>): void {
    const { run, context } = this
    if (run?.id !== input.run) return
    this.finish(run)
    this.attempts++
    const verdict = judgeFailure({
      failure: input.failure,
      attempts: this.attempts,
      retryAfterMs: input.retryAfterMs,
      hasWorked: this.hasWorked,
      meshDelivers: this.meshDelivers,
      fraction: context.random.fraction(),
    })
    switch (verdict.type) {
      case 'giveUp':
        return this.events.gaveUp(input)
      case 'retry':
        this.claim.say(null)
        return context.deadlines.set('retry', context.nowMs + verdict.afterMs)
    }
  }

  onRetryDeadline(): void {
    if (this.view === null) this.probe()
    else this.work()
  }

  onSilenceDeadline(): void {
    const { run, context } = this
    if (run === null) return
    const dueAtMs = run.lastByteAtMs + SILENCE_MS
    if (context.nowMs < dueAtMs) return context.deadlines.set('originStall', dueAtMs)
    context.emit({ type: 'abort', run: run.id })
    this.failed({ type: 'runFailed', run: run.id, failure: 'unreachable', status: null, retryAfterMs: null })
  }

  /** The page slept: silence was ours. */
  forgiveSilence(): void {
    if (this.run !== null) this.run.lastByteAtMs = this.context.nowMs
  }

  /** Says the standing claim again, to keep it alive. */
  onClaimDeadline(): void {
    if (this.run !== null && this.view !== null) this.sayReserved(this.run)
  }

  /** A new neighbour has to hear what we claim. */
  greet(peer: PeerId): void {
    this.claim.tell(peer)
  }

  // ------------------------------------------------------------------------------------------ what others want

  /** Nothing is missing any more. */
  rest(): void {
    this.abort()
    this.leave()
  }

  /** Only the origin counts from now on: the seat is taken, whoever else holds one. */
  insist(): void {
    this.isSeated = true
    this.work()
  }

  pause(): void {
    this.isPaused = true
    this.abort()
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
    const choice = this.planner.choose(view, this.continueAt)
    if (choice === null || this.rangesWork) return choice
    if (choice.isDuplicate && !this.planner.isMeshSilent(view)) return null
    return { ...choice, run: { start: 0, count: view.inventory.geometry.chunkCount } }
  }

  // ---------------------------------------------------------------------------------- following the response

  private open(chunks: ChunkRun, isDuplicate = false): void {
    const { context, view } = this
    const run = newRun(this.nextRunId++, chunks, context.nowMs, isDuplicate)
    this.run = run
    const geometry = view?.inventory.geometry ?? null
    // Open-ended at the end of the file: the length of the answer confirms the size.
    const endsEarly = geometry !== null && run.end < geometry.chunkCount
    context.emit({
      type: 'fetch',
      run: run.id,
      firstByte: geometry?.firstByte(run.start) ?? 0,
      lastByte: endsEarly ? geometry.byteRange(chunks).lastByte : null,
      firstChunk: run.start,
    })
    context.deadlines.set('originStall', context.nowMs + SILENCE_MS)
    if (view !== null) this.reserveAhead(run, view)
  }

  /** At a chunk's border: cuts the run short where the rest is needless, else reserves and claims further ahead. */
  private advance(run: Run): void {
    const { view } = this
    if (view === null) return
    if (this.shouldCut(run, view)) {
      view.noteCut()
      this.abort()
      return this.work()
    }
    this.reserveAhead(run, view)
  }

  private shouldCut(run: Run, view: OriginView): boolean {
    // Without ranges there is no coming back to what was left out: all of the rest must be with neighbours.
    if (!this.rangesWork) return !run.isDuplicate && view.isAllElsewhere(run.next)
    let needless = 0
    while (run.next + needless < run.end && view.isNeedless(run, run.next + needless)) needless++
    if (needless === 0) return false
    return run.next + needless >= run.end || this.planner.isWorthCutting(needless, view.inventory.geometry)
  }

  private reserveAhead(run: Run, view: OriginView): void {
    const { inventory } = view
    const lead = this.planner.leadChunks(inventory.geometry)
    const end = Math.min(run.end, run.next + lead)
    for (let chunk = Math.max(run.next, run.reservedEnd); chunk < end; chunk++)
      if (!view.isNeedless(run, chunk) && (inventory.askedCount(chunk) === 0 || run.isDuplicate))
        inventory.reserve(chunk)
    run.reservedEnd = Math.max(run.reservedEnd, end)
    // Said once the claimed part is half used up, not for every chunk.
    const isStale = this.claim.end <= run.next || this.claim.end > run.reservedEnd
    if (isStale || run.reservedEnd - this.claim.end >= lead / 2) this.sayReserved(run)
  }

  private sayReserved(run: Run): void {
    const count = run.reservedEnd - run.next
    this.claim.say(count > 0 ? { start: run.next, count } : null)
  }

  private abort(): void {
    if (this.run === null) return
    this.context.emit({ type: 'abort', run: this.run.id })
    this.finish(this.run)
  }

  private finish(run: Run): void {
    this.run = null
    this.continueAt = run.next
    this.context.deadlines.clear('originStall')
    this.release(run)
    // What was ours to fetch may be a neighbour's to give.
    if (run.reservedEnd > run.next) this.mesh.requests.askAll()
  }

  private release(run: Run): void {
    if (this.view === null) return
    for (let chunk = run.next; chunk < run.reservedEnd; chunk++) this.view.inventory.release(chunk)
  }

  private get meshDelivers(): boolean {
    const { lastChunkAtMs } = this.mesh.requests
    return lastChunkAtMs !== null && this.context.nowMs - lastChunkAtMs < MESH_ALIVE_MS
  }
}
