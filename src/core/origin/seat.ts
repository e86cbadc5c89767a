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
import { RateMeter } from '../rate.ts'
import type { SessionInput } from '../session-io.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'
import { seatProbability, slotMs } from './backoff.ts'
import type { Claims } from './claims.ts'
import { chooseDuplicateRun, isDuplicateWorthwhile } from './duplicate-run.ts'
import { FIRST_RUN_CHUNKS, firstRun } from './first-run.ts'
import { chooseFreeRun } from './free-run.ts'
import { type FailureVerdict, judgeFailure } from './retry.ts'
import { abortCostMs, newRun, type Run } from './run.ts'

/** A run lasts about this long at the seat's rate, plus 20 round trips, so that the pauses between runs cost 5%. */
const RUN_SEC = 4
const RUN_ROUND_TRIPS = 20

/** A claim reaches as far ahead as its run will get in this time, in seconds (DESIGN). */
const CLAIM_LEAD_SEC = 2

/** Chunks claimed ahead before a rate is known, and at the least. */
const FIRST_LEAD_CHUNKS = FIRST_RUN_CHUNKS
const MIN_LEAD_CHUNKS = 2

/** A claim is said again before the 5 s for which it counts are over. */
const CLAIM_RENEWAL_MS = 2000

/** A response that sends nothing for this long is taken for dead (guess; a shaped origin may pause for seconds). */
const SILENCE_MS = 20_000

/** Neighbours that gave us something within this time are "delivering". */
const MESH_ALIVE_MS = 10_000

const RATE_WINDOW_MS = 3000

export interface SeatMaterial {
  readonly inventory: Inventory
}

export interface SeatEvents {
  /** The origin cannot be had, and nobody else delivers. */
  gaveUp(failure: Extract<SessionInput, { type: 'runFailed' }>): void
}

export class OriginSeat {
  /** Rate at which the origin's bytes arrive. */
  readonly rate: RateMeter = new RateMeter(RATE_WINDOW_MS)
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly claims: Claims
  private readonly events: SeatEvents
  private inventory: Inventory | null = null
  private swarmSize = 1
  private run: Run | null = null
  private nextRunId = 0
  private continueAt: number | null = null
  private isSeated = false
  private isPaused = false
  /** The origin answers ranges; else its one answer is the file from the first byte. */
  private rangesWork = true
  private rttMs = Infinity
  /** The rate of the last run, kept for when none is under way. */
  private lastRateBytesPerSec = 0
  private bestRateBytesPerSec = 0
  private lastWasDuplicate = false
  private attempts = 0
  private hasWorked = false
  private claimSequence = 0
  private claimedEnd = 0
  private standingClaim: Claim | null = null

  constructor(context: Context, mesh: Mesh, claims: Claims, events: SeatEvents) {
    this.context = context
    this.mesh = mesh
    this.claims = claims
    this.events = events
  }

  /** Whether a response is open or asked for. */
  get isFetching(): boolean {
    return this.run !== null
  }

  /** n̂: what the server said, and no fewer than we see. */
  get swarmSizeSeen(): number {
    return Math.max(this.swarmSize, this.mesh.neighbours.size + 1)
  }

  /** The topology server counted this many. */
  noteSwarmSize(count: number): void {
    this.swarmSize = Math.max(1, count)
  }

  // ---------------------------------------------------------------------------------------- taking the seat

  /** Asks for the whole file, to learn its size; the answer becomes the first run. */
  probe(): void {
    if (this.run !== null || this.isPaused) return
    this.isSeated = true
    this.open({ start: 0, count: Infinity })
  }

  /** The file's size is known. A probe under way becomes a run, or is closed where the newcomer's place is elsewhere. */
  equip({ inventory }: SeatMaterial): void {
    this.inventory = inventory
    if (this.run !== null) this.run.end = inventory.geometry.chunkCount
  }

  /** Starts as a newcomer: with a seat if the join index gives one, else by the coin. */
  begin(joinIndex: number): void {
    const { inventory } = this
    if (inventory === null || inventory.isComplete) return
    const { seats } = this.context.limits
    const starters = Math.min(this.swarmSizeSeen, seats)
    if (joinIndex >= seats && this.swarmSizeSeen > seats) return this.leave()
    this.isSeated = true
    const run = firstRun({
      joinIndex: this.swarmSizeSeen === 1 ? 0 : joinIndex % seats,
      starters,
      chunkCount: inventory.geometry.chunkCount,
    })
    if (this.run !== null) {
      if (run.start === 0 || !this.rangesWork) return this.advance(this.run)
      this.abort()
    }
    if (this.rangesWork && this.isFree(run.start)) this.open(run)
    else this.work()
  }

  /** Looks for the next run; gives the seat up where there is none. */
  work(): void {
    const { inventory } = this
    if (inventory === null || this.run !== null || this.isPaused || this.context.deadlines.has('retry')) return
    if (inventory.isComplete) return this.leave()
    if (!this.isSeated) return this.awaitCoin()
    const choice = this.chooseRun(inventory)
    if (choice === null) return this.leave()
    this.open(choice.run, choice.isDuplicate)
  }

  onCoinDeadline(): void {
    const { inventory, context } = this
    if (inventory === null || inventory.isComplete || this.isSeated) return
    const probability = seatProbability({
      seats: context.limits.seats,
      taken: this.claims.seatCount(context.nowMs),
      swarmSize: this.swarmSizeSeen,
    })
    const wins = context.random.fraction() < probability
    if (wins && this.chooseRun(inventory) !== null) {
      this.isSeated = true
      this.work()
    } else this.awaitCoin()
  }

  /** Gives the seat up until there is work again. */
  private leave(): void {
    this.isSeated = false
    this.say([])
    if (this.inventory?.isComplete === true) this.context.deadlines.clear('coin')
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
    run.isOpen = true
    run.lastByteAtMs = context.nowMs
    this.rttMs = Math.min(this.rttMs, Math.max(1, context.nowMs - run.askedAtMs))
    if (input.whole) this.rangesWork = false
    if (this.inventory !== null) this.advance(run)
  }

  progressed(runId: number, bytes: number): void {
    const { run, context } = this
    if (run?.id !== runId) return
    this.attempts = 0
    this.hasWorked = true
    run.lastByteAtMs = context.nowMs
    this.rate.add(bytes, context.nowMs)
    this.lastRateBytesPerSec = this.rate.bytesPerSec(context.nowMs)
    this.bestRateBytesPerSec = Math.max(this.bestRateBytesPerSec, this.lastRateBytesPerSec)
  }

  /** A chunk of the run is whole. True if it is wanted. */
  broughtChunk(runId: number, chunk: number): boolean {
    const { run, inventory } = this
    if (run?.id !== runId || inventory === null || chunk !== run.next) return false
    run.next = chunk + 1
    inventory.release(chunk)
    return inventory.isMissing(chunk)
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
    this.finish(run)
    this.work()
  }

  failed(input: Extract<SessionInput, { type: 'runFailed' }>): FailureVerdict | null {
    const { run, context } = this
    if (run?.id !== input.run) return null
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
        this.events.gaveUp(input)
        break
      case 'retryWhole':
        this.rangesWork = false
        this.onRetryDeadline()
        break
      case 'retry':
        this.say([])
        context.deadlines.set('retry', context.nowMs + verdict.afterMs)
        break
    }
    return verdict
  }

  onRetryDeadline(): void {
    if (this.inventory === null) this.probe()
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

  /** Nothing is missing any more. */
  rest(): void {
    this.abort()
    this.leave()
  }

  /** Only the origin counts from now on: the seat is taken, whoever else holds one. */
  insist(): void {
    this.abort()
    this.isSeated = true
    this.continueAt = null
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
    if (this.inventory === null) this.probe()
    else {
      this.isSeated = true
      this.work()
    }
  }

  // ------------------------------------------------------------------------------------------- the next run

  private chooseRun(inventory: Inventory): { run: ChunkRun; isDuplicate: boolean } | null {
    const { chunkCount } = inventory.geometry
    const { random } = this.context
    const free = chooseFreeRun({
      chunkCount,
      isFree: (chunk) => this.isFree(chunk),
      isApproached: (chunk) => chunk > 0 && this.isTaken(chunk - 1) && !inventory.kept.has(chunk - 1),
      continueAt: this.continueAt,
      readerChunk: this.mesh.readerChunk,
      maxChunks: this.runChunks(inventory),
      seats: Math.min(this.context.limits.seats, this.swarmSizeSeen),
      random,
    })
    if (free !== null) return { run: this.rangesWork ? free : wholeFile(chunkCount), isDuplicate: false }
    if (!this.isDuplicateWorthwhile(inventory)) return null
    const duplicate = chooseDuplicateRun({
      chunkCount,
      isWanted: (chunk) => inventory.isMissing(chunk),
      continueAt: this.continueAt,
      maxChunks: this.runChunks(inventory),
      random,
    })
    if (duplicate === null) return null
    return { run: this.rangesWork ? duplicate : wholeFile(chunkCount), isDuplicate: true }
  }

  /** Length of a run, in chunks. Alone, to the end of the file. */
  private runChunks({ geometry }: Inventory): number {
    if (this.swarmSizeSeen === 1 || !this.mesh.isAsking) return geometry.chunkCount
    const bytesPerSec = this.lastRateBytesPerSec
    if (bytesPerSec === 0) return FIRST_RUN_CHUNKS
    const rttSec = Number.isFinite(this.rttMs) ? this.rttMs / 1000 : 0
    return Math.max(1, Math.round((bytesPerSec * (RUN_SEC + RUN_ROUND_TRIPS * rttSec)) / geometry.chunkBytes))
  }

  /** Nobody has it, asks for it or is about to fetch it. */
  private isFree(chunk: number): boolean {
    const { inventory } = this
    if (inventory === null || !inventory.isMissing(chunk) || inventory.isReserved(chunk)) return false
    return inventory.askedCount(chunk) === 0 && !this.isTaken(chunk)
  }

  /** Others have it or claim it. */
  private isTaken(chunk: number): boolean {
    return this.isElsewhere(chunk) || (this.mesh.isAsking && this.claims.covers(chunk, this.context.nowMs))
  }

  private isElsewhere(chunk: number): boolean {
    const { inventory } = this
    if (inventory === null || !this.mesh.isAsking || inventory.isDoubtful(chunk)) return false
    return inventory.rarity.holderCount(chunk) > 0
  }

  private isDuplicateWorthwhile(inventory: Inventory): boolean {
    const { nowMs, startedAtMs, limits } = this.context
    const { geometry } = inventory
    let missingElsewhereBytes = 0
    let nowhereBytes = 0
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      if (!inventory.isMissing(chunk) || inventory.isReserved(chunk)) continue
      if (this.isElsewhere(chunk)) missingElsewhereBytes += geometry.lengthBytes(chunk)
      else nowhereBytes += geometry.lengthBytes(chunk)
    }
    return isDuplicateWorthwhile({
      missingElsewhereBytes,
      nowhereBytes,
      meshBytesPerSec: this.mesh.downRate.bytesPerSec(nowMs),
      meshSilentSec: (nowMs - (this.mesh.lastBlockAtMs ?? startedAtMs)) / 1000,
      originBytesPerSec: this.bestRateBytesPerSec * Math.min(limits.seats, this.swarmSizeSeen),
      swarmSize: this.swarmSizeSeen,
      elapsedSec: (nowMs - startedAtMs) / 1000,
      fileBytes: geometry.sizeBytes,
      isDuplicating: this.lastWasDuplicate,
    })
  }

  // ---------------------------------------------------------------------------------- following the response

  private open(chunks: ChunkRun, isDuplicate = false): void {
    const { context, inventory } = this
    const run = newRun(this.nextRunId++, chunks, context.nowMs, isDuplicate)
    this.run = run
    this.lastWasDuplicate = isDuplicate
    const reachesEnd = inventory === null || run.end >= inventory.geometry.chunkCount
    const range = reachesEnd ? null : inventory.geometry.byteRange(chunks)
    context.emit({
      type: 'fetch',
      run: run.id,
      firstByte: inventory === null ? 0 : inventory.geometry.firstByte(run.start),
      // Open-ended at the end of the file: the length of the answer confirms the size.
      lastByte: range?.lastByte ?? null,
      firstChunk: run.start,
    })
    context.deadlines.set('originStall', context.nowMs + SILENCE_MS)
    if (inventory !== null) this.reserveAhead(run, inventory)
  }

  /** At a chunk's border: cuts the run short where the rest is needless, else reserves and claims further ahead. */
  private advance(run: Run): void {
    const { inventory } = this
    if (inventory === null) return
    if (this.shouldCut(run, inventory)) {
      this.abort()
      return this.work()
    }
    this.reserveAhead(run, inventory)
  }

  private shouldCut(run: Run, inventory: Inventory): boolean {
    let needless = 0
    while (run.next + needless < run.end && this.isNeedless(run, run.next + needless, inventory)) needless++
    if (needless === 0) return false
    if (run.next + needless >= run.end) return true
    if (!this.rangesWork) return false
    const bytesPerSec = Math.max(1, this.lastRateBytesPerSec)
    const savedMs = ((needless * inventory.geometry.chunkBytes) / bytesPerSec) * 1000
    return savedMs > abortCostMs(this.rttMs, bytesPerSec)
  }

  private isNeedless(run: Run, chunk: number, inventory: Inventory): boolean {
    if (!inventory.isMissing(chunk)) return true
    if (run.isDuplicate || !this.mesh.isAsking) return false
    if (this.isElsewhere(chunk)) return true
    // Both have claimed it: the smaller id fetches it.
    const before = inventory.isReserved(chunk) ? this.context.selfId : null
    return this.claims.covers(chunk, this.context.nowMs, before)
  }

  private reserveAhead(run: Run, inventory: Inventory): void {
    const bytesPerSec = this.lastRateBytesPerSec
    const lead =
      bytesPerSec === 0
        ? FIRST_LEAD_CHUNKS
        : Math.max(MIN_LEAD_CHUNKS, Math.ceil((bytesPerSec * CLAIM_LEAD_SEC) / inventory.geometry.chunkBytes))
    const end = Math.min(run.end, run.next + lead)
    for (let chunk = Math.max(run.next, run.reservedEnd); chunk < end; chunk++) {
      if (this.isNeedless(run, chunk, inventory)) continue
      if (inventory.askedCount(chunk) === 0 || run.isDuplicate) inventory.reserve(chunk)
    }
    run.reservedEnd = Math.max(run.reservedEnd, end)
    // Said once the claimed part is half used up, not for every chunk.
    if (this.claimedEnd < run.next || this.claimedEnd > run.reservedEnd || run.reservedEnd - this.claimedEnd >= lead / 2)
      this.sayReserved(run)
  }

  private sayReserved(run: Run): void {
    this.claimedEnd = run.reservedEnd
    const count = run.reservedEnd - run.next
    this.say(count > 0 ? [{ start: run.next, count }] : [])
  }

  /** Tells the swarm what our seat will bring; nothing: that it is vacant. */
  private say(runs: readonly ChunkRun[]): void {
    const { context } = this
    if (context.selfId === null || (runs.length === 0 && this.claimSequence === 0)) return
    if (runs.length > 0) context.deadlines.set('claim', context.nowMs + CLAIM_RENEWAL_MS)
    else context.deadlines.clear('claim')
    const claim: Claim = { type: 'claim', peer: context.selfId, sequence: ++this.claimSequence, hops: 1, runs }
    this.standingClaim = runs.length > 0 ? claim : null
    this.mesh.flood(claim, null)
  }

  /** Says a standing claim again, to keep it alive. */
  renewClaim(): void {
    if (this.run !== null && this.inventory !== null) this.sayReserved(this.run)
  }

  /** Says the standing claim to a new neighbour. */
  tellClaim(peer: PeerId): void {
    const claim = this.standingClaim
    if (claim !== null) this.context.emit({ type: 'send', peer, message: claim })
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
    if (this.inventory !== null)
      for (let chunk = run.next; chunk < run.reservedEnd; chunk++) this.inventory.release(chunk)
  }

  private get meshDelivers(): boolean {
    const { lastBlockAtMs } = this.mesh
    return lastBlockAtMs !== null && this.context.nowMs - lastBlockAtMs < MESH_ALIVE_MS
  }
}

function wholeFile(chunkCount: number): ChunkRun {
  return { start: 0, count: chunkCount }
}
