/**
 * What our neighbours ask of us: their queues, and who is being served.
 *
 * Invariant: `waiting` are exactly the neighbours whose queue is not empty, `served` those that are being served.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { PeerId } from '../types.ts'
import { MAX_QUEUED_REQUESTS, type Neighbour } from './neighbour.ts'
import type { Company } from './only-takes.ts'
import { Reciprocity } from './reciprocity.ts'
import { hasRoom, isServedQuickly, servedAtOnce, slowServiceMs, takeNextService } from './uploads.ts'

/** The uplink is measured over this time at least, in ms: several chunks even of a slow one (guess). */
const MEASURE_MS = 3000

export class Service {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  /** It will soon choose again what to ask of us. */
  private readonly choosesSoon: (neighbour: Neighbour) => void
  /** Whether this chunk may still be asked for: not by whoever has given enough, or is about to leave. */
  accepts: (chunk: number) => boolean = () => true
  private readonly waiting = new Set<Neighbour>()
  readonly served: Set<Neighbour> = new Set()
  private readonly reciprocity: Reciprocity
  private inventory: Inventory | null = null
  private bestBytesPerSec = 0
  /** Services that ended since the last measurement: when the first of them began, and what they sent. */
  private measured = { fromMs: Infinity, bytes: 0 }

  constructor(
    context: Context,
    neighbours: ReadonlyMap<PeerId, Neighbour>,
    choosesSoon: (neighbour: Neighbour) => void,
    company: () => Company,
  ) {
    this.context = context
    this.neighbours = neighbours
    this.choosesSoon = choosesSoon
    this.reciprocity = new Reciprocity(context, neighbours, company)
  }

  /** A neighbour waits for its turn. */
  get isAwaited(): boolean {
    return this.waiting.size > 0
  }

  /** Nobody is being served, or waits. */
  get isIdle(): boolean {
    return this.served.size === 0 && !this.isAwaited
  }

  /** Enough has gone up to say what our uplink carries: before, there is a bound at most, which may be many times that. */
  get isUplinkKnown(): boolean {
    return this.bestBytesPerSec > 0
  }

  /** What our uplink carries at best, in bytes a second; 0: nothing is known yet. */
  get uplinkBytesPerSec(): number {
    if (this.bestBytesPerSec > 0) return this.bestBytesPerSec
    // Of what is under way, not all has gone up in the time that it has been.
    let sinceMs = Infinity
    for (const { serving } of this.served) sinceMs = Math.min(sinceMs, serving?.sinceMs ?? Infinity)
    const elapsedMs = this.context.nowMs - sinceMs
    const chunkBytes = this.inventory?.geometry.chunkBytes ?? 0
    return elapsedMs > 0 ? (this.served.size * chunkBytes * 1000) / elapsedMs : 0
  }

  equip(inventory: Inventory): void {
    this.inventory = inventory
  }

  /** Queues what can be served and refuses the rest. False if there is no such chunk. */
  request(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): boolean {
    const refused: number[] = []
    for (const chunk of chunks) {
      if (!inventory.geometry.contains(chunk)) return false
      if (neighbour.queue.includes(chunk) || neighbour.serving?.chunk === chunk) continue
      if (this.accepts(chunk) && inventory.kept.has(chunk) && neighbour.queue.length < MAX_QUEUED_REQUESTS)
        neighbour.queue.push(chunk)
      else refused.push(chunk)
    }
    if (neighbour.queue.length > 0) this.waiting.add(neighbour)
    if (refused.length > 0)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: refused } })
    this.serveMore()
    return true
  }

  cancel(neighbour: Neighbour, chunks: readonly number[]): void {
    for (const chunk of chunks) {
      this.unqueue(neighbour, chunk)
      if (neighbour.serving?.chunk === chunk) this.stop(neighbour)
    }
    this.serveMore()
  }

  /** We do not have this chunk any more: whoever waits for it is told. */
  giveUp(chunk: number): void {
    for (const neighbour of this.neighbours.values()) {
      const isServed = neighbour.serving?.chunk === chunk
      if (isServed) this.stop(neighbour)
      if (this.unqueue(neighbour, chunk) || isServed)
        this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: [chunk] } })
    }
    this.serveMore()
  }

  /** What is not accepted any more is refused, and stopped if it is under way and `stops`. */
  refuseUnaccepted(stops: boolean): void {
    for (const neighbour of this.neighbours.values()) {
      const refused = neighbour.queue.filter((chunk) => !this.accepts(chunk))
      for (const chunk of refused) this.unqueue(neighbour, chunk)
      const { serving } = neighbour
      if (stops && serving !== null && !this.accepts(serving.chunk)) {
        this.stop(neighbour)
        refused.push(serving.chunk)
      }
      if (refused.length > 0)
        this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: refused } })
    }
    this.serveMore()
  }

  /** The neighbour is gone. */
  forget(neighbour: Neighbour): void {
    this.stop(neighbour)
    this.waiting.delete(neighbour)
    this.reciprocity.forget(neighbour)
  }

  hasServed(peer: PeerId, chunk: number): void {
    const sinceMs = this.neighbours.get(peer)?.serving?.sinceMs ?? this.context.nowMs
    const neighbour = this.finish(peer, chunk)
    if (neighbour === null) return
    this.noteSent(neighbour, this.inventory?.geometry.lengthBytes(chunk) ?? 0, sinceMs)
    this.serveMore()
  }

  unservable(peer: PeerId, chunk: number): void {
    if (this.finish(peer, chunk) === null) return
    this.context.emit({ type: 'send', peer, message: { type: 'refuse', chunks: [chunk] } })
    this.serveMore()
  }

  serveMore(): void {
    const { inventory, waiting, served } = this
    if (inventory === null || waiting.size === 0) return
    const { nowMs, limits, lateness } = this.context
    const { mechanisms } = limits
    const { chunkBytes } = inventory.geometry
    const view = { chunkBytes, bestBytesPerSec: this.bestBytesPerSec, isBusy: lateness.isBusy }
    const slowMs = mechanisms.slowServices ? slowServiceMs(view) : Infinity
    const { rarity } = inventory
    const isLast = (neighbour: Neighbour): boolean => this.reciprocity.isLast(neighbour, inventory)
    const atOnce = servedAtOnce(view)
    while (hasRoom(served, nowMs, slowMs, atOnce)) {
      const quick = [...served].filter((neighbour) => isServedQuickly(neighbour, nowMs, slowMs))
      const next = takeNextService({ waiting, served: quick, rarity, isLast, mechanisms, chunkBytes })
      if (next === null) break
      const { neighbour, chunk } = next
      if (neighbour.queue.length === 0) waiting.delete(neighbour)
      neighbour.serving = { chunk, sinceMs: nowMs }
      served.add(neighbour)
      this.reciprocity.noteService()
      this.context.emit({ type: 'serve', peer: neighbour.id, chunk })
      this.choosesSoon(neighbour)
    }
    if (waiting.size > 0) this.awaitSlowServices(slowMs)
  }

  private stop(neighbour: Neighbour): void {
    if (neighbour.serving === null) return
    this.context.emit({ type: 'unserve', peer: neighbour.id, chunk: neighbour.serving.chunk })
    neighbour.serving = null
    this.served.delete(neighbour)
  }

  /** The service of this chunk is over; the neighbour, or null where there was none. */
  private finish(peer: PeerId, chunk: number): Neighbour | null {
    const neighbour = this.neighbours.get(peer)
    if (neighbour?.serving?.chunk !== chunk) return null
    neighbour.serving = null
    this.served.delete(neighbour)
    return neighbour
  }

  /** False if it did not wait for the chunk. */
  private unqueue(neighbour: Neighbour, chunk: number): boolean {
    const place = neighbour.queue.indexOf(chunk)
    if (place < 0) return false
    neighbour.queue.splice(place, 1)
    if (neighbour.queue.length === 0) {
      this.waiting.delete(neighbour)
      this.choosesSoon(neighbour)
    }
    return true
  }

  /**
   * All of it went up since the service began. If the time since the last service's end were taken instead, services
   * that end at about the same moment would make a slow line seem fast, and each of them slow: 21 were served at once.
   */
  private noteSent(neighbour: Neighbour, bytes: number, sinceMs: number): void {
    const { nowMs } = this.context
    neighbour.bytesSent += bytes
    neighbour.got.add(bytes, nowMs)
    const { measured } = this
    measured.fromMs = Math.min(measured.fromMs, sinceMs)
    measured.bytes += bytes
    const elapsedMs = nowMs - measured.fromMs
    if (elapsedMs < MEASURE_MS) return
    this.bestBytesPerSec = Math.max(this.bestBytesPerSec, (measured.bytes / elapsedMs) * 1000)
    this.measured = { fromMs: Infinity, bytes: 0 }
  }

  /** Somebody waits: looks again when the oldest service that takes a place has become slow. */
  private awaitSlowServices(slowMs: number): void {
    let slowAtMs = Infinity
    for (const { serving } of this.served)
      if (serving !== null && serving.sinceMs + slowMs > this.context.nowMs)
        slowAtMs = Math.min(slowAtMs, serving.sinceMs + slowMs)
    if (slowAtMs < Infinity) this.context.deadlines.setNoLater('service', slowAtMs)
  }
}
