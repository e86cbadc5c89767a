/**
 * What we ask of our neighbours, and what becomes of it: pipelining, arriving blocks, stalls, withdrawals.
 *
 * Invariant: the inventory's count of neighbours asked for a chunk is the number of neighbours whose `outstanding`
 * has it.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import { RateMeter } from '../rate.ts'
import type { ChunkSource } from '../session-io.ts'
import type { PeerId } from '../types.ts'
import { UsualTime } from '../usual-time.ts'
import type { Block } from '../wire/peer-messages.ts'
import { chooseChunk, isEndgame, type Sweep } from './choose-chunk.ts'
import type { Neighbour } from './neighbour.ts'
import { type Company, onlyTakes } from './only-takes.ts'

/**
 * A neighbour that owes us chunks and sends nothing for this long has stalled, in ms (guess: many round trips of a bad path,
 * and as long as a claim lives).
 */
const STALL_MS = 5000

/** A neighbour's first chunk may take so long before it is asked for no more, in ms (guess: well before it stalls). */
const TRIAL_MS = 1000

/**
 * Until it begins, it may take this many times as long as a chunk usually takes: where uplinks are scarce, we are not the
 * only one who waits. Bounds how much longer than usual its queue may be (guess: the usual is a mean, of which some take
 * twice; as for first copies). With 5 s always, half of all requests were withdrawn in a swarm of 400 with scarce uplinks,
 * to no avail (simulated).
 */
const STALL_FACTOR = 3

/**
 * But no longer than this, in ms. Bounds how long one that will never begin holds a chunk up, whatever is usual (guess: three
 * chunks of 2 MiB take 50 s through 1 Mb/s; where it is even slower, it is better to ask another).
 */
const LONGEST_STALL_MS = 60_000

/** How often it is asked whether one that stalled only takes, in ms (guess). */
const REVIEW_MS = 1000

/** Where nothing has come for so long, in ms, only the short window counts (guess: the pauses of a slow line are shorter). */
const MESH_SILENT_MS = 5000

/** The mesh's rate says what it can do so long after the first chunk, in ms (guess). */
const MEASURED_AFTER_MS = 1000

/**
 * Window of the measured mesh rate, in ms (the model behind the origin policy, where nothing comes in lumps, uses 3 s); it
 * grows to this (guess). With 3 s all along, scarce uplinks seemed to fail now and then, and duplicates were fetched.
 */
const RATE_WINDOW_MS = 3000
const LONGEST_RATE_WINDOW_MS = 30_000

/** What it tells the mesh. */
export interface RequestEvents {
  /** The neighbour was asked in vain, and only takes. */
  letDown(neighbour: Neighbour, inventory: Inventory): void
  /** What is known of all our neighbours together. */
  company(): Company
  /** The neighbour gave us a chunk. */
  gave(neighbour: Neighbour, inventory: Inventory): void
}

export class Requests {
  private readonly shortRate = new RateMeter(RATE_WINDOW_MS)
  private readonly longRate = new RateMeter(RATE_WINDOW_MS, LONGEST_RATE_WINDOW_MS)
  /** When a neighbour last gave us a whole chunk, in ms; null: never. */
  lastChunkAtMs: number | null = null
  /** The highest rate so far, in bytes a second; null until the mesh has been at work for a moment. */
  bestBytesPerSec: number | null = null
  private firstChunkAtMs: number | null = null
  private lastBytesAtMs: number | null = null
  /** Chunk an in-order reader waits for; null where there is none. */
  readerChunk: number | null = null
  /** Our own run, if it will come to what neighbours have; null where it will not. */
  sweep: () => Sweep | null = () => null
  /** No origin delivers: each has failed, and not delivered since. */
  originsFail: () => boolean = () => false
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  private readonly events: RequestEvents
  private inventory: Inventory | null = null
  /** From asking for a chunk until it is whole. Those who bring many count for much, so that a dribbler hardly shifts it. */
  private readonly usual = new UsualTime()
  private isStopped = false
  private isPaused = false

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>, events: RequestEvents) {
    this.context = context
    this.neighbours = neighbours
    this.events = events
  }

  /** False once only the origin's own bytes count. */
  get trustPeers(): boolean {
    return !this.isStopped
  }

  equip(inventory: Inventory): void {
    this.inventory = inventory
  }

  /** The neighbour has come to hold these: asks for as much as its pipeline takes. */
  askForNew(neighbour: Neighbour, chunks: readonly number[]): void {
    const { inventory } = this
    if (inventory === null) return
    if (chunks.some((chunk) => inventory.rarity.isEligible(chunk))) neighbour.isDry = false
    this.ask(neighbour)
  }

  /** Asks this neighbour for as much as its pipeline takes. */
  ask(neighbour: Neighbour): void {
    const { inventory } = this
    const { nowMs, deadlines, limits } = this.context
    if (this.isStopped || this.isPaused || inventory === null || !neighbour.canBeAsked(nowMs)) return
    if (this.isOnTrial(neighbour)) return
    // Found dry, it stays so until something changes; but the endgame looks at the others' requests, too.
    if (neighbour.isDry && !isEndgame(inventory)) return
    const sweep = this.sweep()
    const originsFail = this.originsFail()
    const amongComplete = this.isAmongComplete()
    const chunks: number[] = []
    while (neighbour.canBeAsked(nowMs)) {
      const chunk = chooseChunk({
        inventory,
        neighbour,
        neighbours: this.neighbours.values(),
        readerChunk: this.readerChunk,
        sweep,
        originsFail,
        amongComplete,
        mechanisms: limits.mechanisms,
        nowMs,
      })
      if (chunk === null) {
        // Beside a run that leads, it has what we do not ask for now.
        neighbour.isDry = sweep?.leads !== true
        break
      }
      if (neighbour.outstanding.size === 0) neighbour.lastProgressMs = nowMs
      neighbour.firstAskedAtMs = Math.min(neighbour.firstAskedAtMs, nowMs)
      neighbour.outstanding.set(chunk, { askedAtMs: nowMs, receivedBytes: 0, furthestBytes: 0 })
      inventory.markAsked(chunk)
      chunks.push(chunk)
    }
    if (chunks.length === 0) return
    this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'request', chunks } })
    deadlines.setNoLater('meshStall', this.stallsAtMs(neighbour))
  }

  private isAmongComplete(): boolean {
    for (const { held } of this.neighbours.values()) if (!held.isFull) return false
    return true
  }

  /**
   * Who was asked a while ago and has never given a whole chunk is not asked for more before one has come: it would hold
   * the first ones up for as long as it begins others.
   */
  private isOnTrial({ hasGiven, outstanding, firstAskedAtMs }: Neighbour): boolean {
    return !hasGiven && outstanding.size > 0 && this.context.nowMs - firstAskedAtMs >= TRIAL_MS
  }

  askAll(): void {
    for (const neighbour of this.neighbours.values()) {
      neighbour.isDry = false
      this.ask(neighbour)
    }
  }

  askHolders(chunk: number): void {
    for (const neighbour of this.neighbours.values()) {
      if (!neighbour.held.has(chunk)) continue
      neighbour.isDry = false
      this.ask(neighbour)
    }
  }

  /** Takes a block. False if no honest neighbour would have sent it. */
  receive(neighbour: Neighbour, { chunk, offsetBytes, payload }: Block, inventory: Inventory): boolean {
    const { nowMs, limits } = this.context
    if (!inventory.geometry.contains(chunk)) return false
    const request = neighbour.outstanding.get(chunk)
    // Not asked for, or not any more: a cancel crossed it.
    if (request === undefined) return true
    if (offsetBytes === 0) request.receivedBytes = 0
    const lengthBytes = inventory.geometry.lengthBytes(chunk)
    // The rest of an answer that was cancelled, if the chunk was then asked for again.
    if (offsetBytes !== request.receivedBytes) return true
    if (offsetBytes + payload.byteLength > lengthBytes) return false
    const hasBegun = request.receivedBytes > 0
    request.receivedBytes += payload.byteLength
    const isWhole = request.receivedBytes === lengthBytes
    neighbour.noteBytes(Math.max(0, request.receivedBytes - request.furthestBytes), nowMs)
    request.furthestBytes = Math.max(request.furthestBytes, request.receivedBytes)
    // From now on it may be silent for less long.
    if (!hasBegun) this.context.deadlines.setNoLater('meshStall', this.stallsAtMs(neighbour))
    this.noteBytes(payload.byteLength)
    this.context.emit({ type: 'assemble', peer: neighbour.id, chunk, offsetBytes, payload })
    if (isWhole) {
      neighbour.lastProgressMs = this.lastChunkAtMs = nowMs
      this.noteBest()
      const tookMs = nowMs - request.askedAtMs
      this.usual.note(tookMs)
      neighbour.noteChunk(inventory.geometry.chunkBytes, nowMs)
      if (limits.mechanisms.pipelines) neighbour.adaptPipeline(tookMs, inventory.geometry.chunkBytes, nowMs)
      this.events.gave(neighbour, inventory)
      this.finish(neighbour, chunk, inventory)
    }
    return true
  }

  /** The chunk came from somewhere: nobody else needs to send it. */
  cancelEverywhere(chunk: number): void {
    if (this.inventory?.askedCount(chunk) === 0) return
    for (const neighbour of this.neighbours.values()) {
      if (!neighbour.outstanding.has(chunk)) continue
      this.withdraw(neighbour, chunk)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'cancel', chunks: [chunk] } })
    }
  }

  /** The neighbour refuses, or is gone: it will not send this. */
  withdraw(neighbour: Neighbour, chunk: number): void {
    if (!neighbour.outstanding.delete(chunk)) return
    this.inventory?.markUnasked(chunk)
    this.context.emit({ type: 'discard', chunk, source: { kind: 'peer', peer: neighbour.id } })
  }

  withdrawAll(neighbour: Neighbour): number[] {
    const chunks = [...neighbour.outstanding.keys()]
    for (const chunk of chunks) this.withdraw(neighbour, chunk)
    return chunks
  }

  /** The neighbour is about to leave: of all that we asked of it, only its last offer will come. */
  turnToLastOffer(neighbour: Neighbour, chunks: readonly number[]): void {
    const offered = new Set(chunks)
    const given = [...neighbour.outstanding.keys()].filter((chunk) => !offered.has(chunk))
    neighbour.lastOffer = chunks
    for (const chunk of given) this.withdraw(neighbour, chunk)
    neighbour.isDry = false
    this.ask(neighbour)
    for (const chunk of given) this.askHolders(chunk)
  }

  /** From now on nothing comes from neighbours. */
  stop(): void {
    this.isStopped = true
    for (const neighbour of this.neighbours.values()) this.cancelAll(neighbour)
  }

  pause(): void {
    this.isPaused = true
    for (const neighbour of this.neighbours.values()) this.cancelAll(neighbour)
  }

  resume(): void {
    this.isPaused = false
    this.askAll()
  }

  /** Neighbours that kept us waiting lose their requests to others, and are asked again after a while. */
  onStallDeadline(): void {
    const { nowMs, deadlines } = this.context
    let hasChanged = false
    for (const neighbour of this.neighbours.values()) {
      if (neighbour.endsShunning(nowMs)) hasChanged = true
      if (neighbour.shunnedUntilMs > nowMs) deadlines.setNoLater('meshStall', neighbour.shunnedUntilMs)
      if (neighbour.stalls > 0) this.reviewStalled(neighbour)
      if (neighbour.outstanding.size === 0) continue
      const stalledAtMs = this.stallsAtMs(neighbour)
      if (nowMs < stalledAtMs) {
        deadlines.setNoLater('meshStall', stalledAtMs)
        continue
      }
      hasChanged = true
      this.cancelAll(neighbour)
      deadlines.setNoLater('meshStall', neighbour.noteStall(nowMs))
      this.reviewStalled(neighbour)
    }
    if (hasChanged) this.askAll()
  }

  /** It kept us waiting: if it has given nothing for too long, it only takes; else that is looked at again. */
  private reviewStalled(neighbour: Neighbour): void {
    const { inventory, context } = this
    if (inventory === null || neighbour.hasGiven || neighbour.isDiscounted) return
    if (onlyTakes(neighbour, inventory, context, this.events.company()))
      this.events.letDown(neighbour, inventory)
    else context.deadlines.setNoLater('meshStall', context.nowMs + REVIEW_MS)
  }

  /** The page slept: whoever seems silent may only have been unheard. */
  forgiveSilence(): void {
    for (const neighbour of this.neighbours.values()) neighbour.lastProgressMs = this.context.nowMs
  }

  /** From asking for a chunk until it is whole, as a rule, in ms. */
  get usualMs(): number {
    return this.usual.ms
  }

  /** Rate at which neighbours' blocks arrive, in bytes a second. */
  get bytesPerSec(): number {
    const { nowMs } = this.context
    const longRate = this.longRate.bytesPerSec(nowMs)
    const isSilent = nowMs - (this.lastBytesAtMs ?? nowMs) >= MESH_SILENT_MS
    return isSilent ? Math.min(longRate, this.shortRate.bytesPerSec(nowMs)) : longRate
  }

  /** Time since neighbours last sent anything of what was asked for, in ms; Infinity: they never did. */
  get silentMs(): number {
    return this.context.nowMs - (this.lastBytesAtMs ?? -Infinity)
  }

  /** So much has come from neighbours. */
  noteBytes(bytes: number): void {
    const { nowMs } = this.context
    this.shortRate.add(bytes, nowMs)
    this.longRate.add(bytes, nowMs)
    this.lastBytesAtMs = nowMs
  }

  private noteBest(): void {
    const { nowMs } = this.context
    this.firstChunkAtMs ??= nowMs
    if (nowMs - this.firstChunkAtMs < MEASURED_AFTER_MS) return
    this.bestBytesPerSec = Math.max(this.bestBytesPerSec ?? 0, this.bytesPerSec)
  }

  /** When the neighbour will have stalled, if it sends nothing until then, in ms. */
  private stallsAtMs(neighbour: Neighbour): number {
    const usualMs = this.context.limits.mechanisms.stallsByUsual ? STALL_FACTOR * this.usual.ms : 0
    const untilBegunMs = Math.min(LONGEST_STALL_MS, Math.max(STALL_MS, usualMs))
    return neighbour.lastProgressMs + (neighbour.hasBegun ? STALL_MS : untilBegunMs)
  }

  private finish(neighbour: Neighbour, chunk: number, inventory: Inventory): void {
    neighbour.outstanding.delete(chunk)
    inventory.markUnasked(chunk)
    const source: ChunkSource = { kind: 'peer', peer: neighbour.id }
    if (inventory.isMissing(chunk)) {
      this.cancelEverywhere(chunk)
      inventory.markChecking(chunk)
      this.context.emit({ type: 'digest', chunk, source })
    } else this.context.emit({ type: 'discard', chunk, source })
    this.ask(neighbour)
  }

  private cancelAll(neighbour: Neighbour): void {
    const chunks = this.withdrawAll(neighbour)
    if (chunks.length > 0)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'cancel', chunks } })
  }
}
