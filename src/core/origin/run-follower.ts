/**
 * Follows one response of the origin at a time: the chunks that it will bring within the claim's lead are reserved here
 * and claimed in the swarm; beyond that, the mesh may have them. A run is cut short where its rest has become needless.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Sweep } from '../mesh/choose-chunk.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { SessionInput } from '../session-io.ts'
import type { PeerId } from '../types.ts'
import type { SeatPlan } from '../wire/peer-messages.ts'
import type { OriginView } from './origin-view.ts'
import { newRun, type Run, type RunChoice } from './run.ts'
import type { RunPlanner } from './run-planner.ts'
import { StandingClaim } from './standing-claim.ts'

/** A response that sends nothing for this long is taken for dead (guess; a shaped origin may pause for seconds). */
const SILENCE_MS = 20_000

/** A run that brings so many times as much as the mesh ever did leads (guess: the line is full of it). */
const LEADING_FACTOR = 4

export class RunFollower {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly planner: RunPlanner
  private readonly claim: StandingClaim
  private readonly plan: () => SeatPlan
  /** Null until the file's size is known. */
  private view: OriginView | null = null
  private run: Run | null = null
  private nextRunId = 0
  /** The run led when the mesh was last asked for something. */
  private hasLed = false
  /** Chunk after the last run: going on from there keeps runs long. */
  continueAt: number | null = null
  /** The origin answers ranges; else its one answer is the file from the first byte. */
  rangesWork: boolean = true
  hasWorked: boolean = false

  constructor(context: Context, mesh: Mesh, planner: RunPlanner, plan: () => SeatPlan) {
    this.context = context
    this.mesh = mesh
    this.planner = planner
    this.claim = new StandingClaim(context, mesh)
    this.plan = plan
  }

  get isOpen(): boolean {
    return this.run !== null
  }

  /** First chunk of the open run, or null. */
  get start(): number | null {
    return this.run?.start ?? null
  }

  isRun(runId: number): boolean {
    return this.run?.id === runId
  }

  /** The file's size is known: a probe under way is a run to its end. */
  equip(view: OriginView): void {
    this.view = view
    if (this.run !== null) this.run.end = view.inventory.geometry.chunkCount
  }

  open(choice: RunChoice): void {
    const { context, view } = this
    const run = newRun(this.nextRunId++, choice, context.nowMs)
    this.run = run
    const geometry = view?.inventory.geometry ?? null
    // Open-ended at the end of the file: the length of the answer confirms the size.
    const endsEarly = geometry !== null && run.end < geometry.chunkCount
    context.emit({
      type: 'fetch',
      run: run.id,
      firstByte: geometry?.firstByte(run.start) ?? 0,
      lastByte: endsEarly ? geometry.byteRange(choice.run).lastByte : null,
      firstChunk: run.start,
    })
    context.deadlines.set('originStall', context.nowMs + SILENCE_MS)
    if (view !== null) this.reserveAhead(run, view)
  }

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
    this.mesh.requests.askAll()
  }

  progressed(runId: number, bytes: number): void {
    const { run, context } = this
    if (run?.id !== runId) return
    this.hasWorked = true
    run.lastByteAtMs = context.nowMs
    this.planner.noteBytes(bytes)
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(chunk: number): boolean {
    const { run, view } = this
    if (run === null || view === null || chunk !== run.next) return false
    run.next = chunk + 1
    view.inventory.release(chunk)
    if (!view.isElsewhere(chunk)) this.claim.noteBrought(chunk)
    return view.inventory.isMissing(chunk)
  }

  /** Whether the response that ended brought what was asked for. */
  get hasBroughtAll(): boolean {
    return this.run !== null && this.run.next >= this.run.end
  }

  /** The seat's turn is over, though the response is not. */
  get isTurnOver(): boolean {
    return this.run !== null && this.run.next >= this.run.turnEnd
  }

  /** Another turn, of so many chunks from here. */
  renewTurn(chunks: number): void {
    if (this.run !== null) this.run.turnEnd = this.run.next + chunks
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
    const leads = lead && this.planner.currentBytesPerSec > LEADING_FACTOR * meshBytesPerSec
    if (leads) this.hasLed = true
    return { from: run.next, leads }
  }

  /** At a chunk's border: reserves and claims further ahead; or cuts the run short where the rest is needless: false. */
  advance(): boolean {
    const { run, view } = this
    if (run === null || view === null || run.next >= run.end) return true
    if (this.shouldCut(run, view)) {
      view.noteCut()
      this.abort()
      return false
    }
    this.reserveAhead(run, view)
    return true
  }

  /** Closes the response, if one is open. */
  abort(): void {
    if (this.run === null) return
    this.context.emit({ type: 'abort', run: this.run.id })
    this.finish()
  }

  /** The response is over. */
  finish(): void {
    const { run } = this
    if (run === null) return
    this.run = null
    this.continueAt = run.next
    this.context.deadlines.clear('originStall')
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
    if (this.run !== null) this.run.lastByteAtMs = this.context.nowMs
  }

  /** Where the run led, it may have slowed down: the mesh then has more to do. */
  reviewLead(): void {
    if (!this.hasLed) return
    this.hasLed = false
    this.mesh.requests.askAll()
  }

  /** Says the standing claim again, to keep it alive or with news; or what was brought, where none stands. */
  renewClaim(): void {
    if (this.run === null) this.claim.repeatFarewell(this.plan())
    else if (this.view !== null) this.sayReserved(this.run)
  }

  /** The seat is given up. */
  withdrawClaim(): void {
    this.claim.withdraw(this.plan())
  }

  /** A new neighbour has to hear what we claim. */
  greet(peer: PeerId): void {
    this.claim.tell(peer)
  }

  private shouldCut(run: Run, view: OriginView): boolean {
    // Without ranges there is no coming back to what was left out: all of the rest must be with neighbours.
    if (!this.rangesWork) return !run.isDuplicate && view.isAllElsewhere(run.next)
    if (!this.context.limits.mechanisms.cuts) return false
    const duplicatesPay = this.askOnce(view)
    let end = run.next
    while (end < run.end && view.isNeedless(run, end, duplicatesPay)) end++
    return end > run.next && this.isEnough(run.next, end, run, view)
  }

  /** Not to bring these chunks is reason to leave the run. */
  private isEnough(start: number, end: number, run: Run, { inventory }: OriginView): boolean {
    return end >= run.end || this.planner.isWorthCutting(end - start, inventory.geometry)
  }

  /** Another claims so much from this chunk on that we shall go elsewhere. */
  private isGivenUp(chunk: number, run: Run, view: OriginView): boolean {
    if (run.isDuplicate) return false
    let end = chunk
    while (end < run.end && view.isOthers(end)) end++
    return end > chunk && this.isEnough(chunk, end, run, view)
  }

  private askOnce(view: OriginView): () => boolean {
    let answer: boolean | null = null
    return () => (answer ??= this.planner.isDuplicateWorthwhile(view, true))
  }

  private reserveAhead(run: Run, view: OriginView): void {
    const { inventory } = view
    const lead = this.planner.leadChunks(inventory.geometry)
    const duplicatesPay = this.askOnce(view)
    let chunk = Math.max(run.next, run.reservedEnd)
    for (; chunk < Math.min(run.end, run.next + lead); chunk++) {
      if (this.isGivenUp(chunk, run, view)) break
      if (!view.isNeedless(run, chunk, duplicatesPay) && isOurs(inventory, chunk, run))
        inventory.reserve(chunk)
    }
    run.reservedEnd = Math.max(run.reservedEnd, chunk)
    // Said once the claimed part is half used up, not for every chunk; where it keeps nobody away, when it is used up.
    const isStale = this.claim.end <= run.next || this.claim.end > run.reservedEnd
    const isHalfUsed = !run.isDuplicate && run.reservedEnd - this.claim.end >= lead / 2
    if (isStale || isHalfUsed) this.sayReserved(run)
  }

  private sayReserved(run: Run): void {
    // While the run goes on, so does the claim: it says that the seat is taken.
    const count = Math.max(1, run.reservedEnd - run.next)
    const claimed = { start: run.next, count }
    if (run.next >= run.end) this.claim.withdraw(this.plan())
    else this.claim.say(claimed, this.planner.currentBytesPerSec, this.plan(), !run.isDuplicate)
  }

  private release(run: Run): void {
    if (this.view === null) return
    for (let chunk = run.next; chunk < run.reservedEnd; chunk++) this.view.inventory.release(chunk)
  }
}

/** What a neighbour is asked for already is left to it, unless the mesh is too slow. */
function isOurs(inventory: Inventory, chunk: number, run: Run): boolean {
  return inventory.askedCount(chunk) === 0 || run.isDuplicate
}
