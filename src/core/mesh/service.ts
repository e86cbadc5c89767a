/**
 * What our neighbours ask of us: their queues, and who is being served.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { PeerId } from '../types.ts'
import { MAX_QUEUED_REQUESTS, type Neighbour } from './neighbour.ts'
import { slowServiceMs, takeNextService } from './uploads.ts'

/** The uplink is measured over this time, in ms: several chunks even of a slow one (guess). */
const MEASURE_MS = 3000

export class Service {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  private inventory: Inventory | null = null
  /** What our uplink has carried at best, in bytes a second; 0: not measured yet. */
  private bestBytesPerSec = 0
  private measuredFromMs = 0
  private measuredBytes = 0

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>) {
    this.context = context
    this.neighbours = neighbours
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
      if (inventory.kept.has(chunk) && neighbour.queue.length < MAX_QUEUED_REQUESTS)
        neighbour.queue.push(chunk)
      else refused.push(chunk)
    }
    if (refused.length > 0)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: refused } })
    this.serveMore()
    return true
  }

  cancel(neighbour: Neighbour, chunks: readonly number[]): void {
    for (const chunk of chunks) {
      const place = neighbour.queue.indexOf(chunk)
      if (place >= 0) neighbour.queue.splice(place, 1)
      if (neighbour.serving?.chunk === chunk) this.stop(neighbour)
    }
    this.serveMore()
  }

  /** We do not have this chunk any more: whoever waits for it is told. */
  giveUp(chunk: number): void {
    for (const neighbour of this.neighbours.values()) {
      const place = neighbour.queue.indexOf(chunk)
      const isServed = neighbour.serving?.chunk === chunk
      if (place >= 0) neighbour.queue.splice(place, 1)
      if (isServed) this.stop(neighbour)
      if (place >= 0 || isServed)
        this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: [chunk] } })
    }
    this.serveMore()
  }

  /** The neighbour is gone. */
  stop(neighbour: Neighbour): void {
    if (neighbour.serving === null) return
    this.context.emit({ type: 'unserve', peer: neighbour.id, chunk: neighbour.serving.chunk })
    neighbour.serving = null
  }

  served(peer: PeerId, chunk: number): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour?.serving?.chunk !== chunk) return
    neighbour.serving = null
    this.noteSent(neighbour, this.inventory?.geometry.lengthBytes(chunk) ?? 0)
    this.serveMore()
  }

  unservable(peer: PeerId, chunk: number): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour?.serving?.chunk !== chunk) return
    neighbour.serving = null
    this.context.emit({ type: 'send', peer, message: { type: 'refuse', chunks: [chunk] } })
    this.serveMore()
  }

  serveMore(): void {
    const { inventory } = this
    const { nowMs } = this.context
    if (inventory === null) return
    const slowMs = slowServiceMs(inventory.geometry.chunkBytes, this.bestBytesPerSec)
    for (;;) {
      const next = takeNextService(this.neighbours.values(), inventory.rarity, { nowMs, slowMs })
      if (next === null) break
      next.neighbour.serving = { chunk: next.chunk, sinceMs: nowMs }
      this.context.emit({ type: 'serve', peer: next.neighbour.id, chunk: next.chunk })
    }
    this.awaitSlowServices(slowMs)
  }

  private noteSent(neighbour: Neighbour, bytes: number): void {
    const { nowMs } = this.context
    neighbour.bytesSent += bytes
    this.measuredBytes += bytes
    const elapsedMs = nowMs - this.measuredFromMs
    if (elapsedMs < MEASURE_MS) return
    this.bestBytesPerSec = Math.max(this.bestBytesPerSec, (this.measuredBytes / elapsedMs) * 1000)
    this.measuredFromMs = nowMs
    this.measuredBytes = 0
  }

  /** If somebody waits for a place, look again when the oldest service has become slow. */
  private awaitSlowServices(slowMs: number): void {
    let waits = false
    let slowAtMs = Infinity
    for (const { queue, serving } of this.neighbours.values()) {
      if (queue.length > 0 && serving === null) waits = true
      if (serving !== null && serving.sinceMs + slowMs > this.context.nowMs)
        slowAtMs = Math.min(slowAtMs, serving.sinceMs + slowMs)
    }
    if (waits && slowAtMs < Infinity) this.context.deadlines.setNoLater('service', slowAtMs)
  }
}
