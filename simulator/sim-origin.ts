/**
 * An origin whose uplink is shared equally among its open responses. Processor sharing in virtual service: `served`
 * counts the bytes that each open response has been given so far, so that opening, closing and finishing one chunk
 * need no pass over the others.
 */

import type { EventQueue } from './event-queue.ts'

/** What one response has still to send, in the order of the file. */
export interface SimResponse {
  /** Lengths of the chunks to come, in bytes. */
  readonly chunkBytes: Iterator<number>
  /** The next chunk is out. */
  readonly onChunk: () => void
  readonly onEnd: () => void
}

interface Open {
  readonly response: SimResponse
  /** `served` at which the chunk under way is out. */
  doneAt: number
  startedAt: number
}

export class SimOrigin {
  /** Bytes sent so far, those of chunks in part included. */
  bytesSent = 0
  requests = 0
  openMax = 0
  private readonly queue: EventQueue
  private readonly bytesPerMs: number
  private readonly open = new Map<number, Open>()
  private served = 0
  private updatedMs = 0
  private nextId = 0
  /** Invalidates a wake-up that was set before the number of responses changed. */
  private generation = 0

  constructor(queue: EventQueue, bytesPerSec: number) {
    this.queue = queue
    this.bytesPerMs = bytesPerSec / 1000
  }

  get openCount(): number {
    return this.open.size
  }

  start(response: SimResponse): number {
    this.update()
    const id = this.nextId++
    this.requests++
    const first = response.chunkBytes.next()
    if (first.done === true) {
      this.queue.after(0, response.onEnd)
      return id
    }
    this.open.set(id, { response, startedAt: this.served, doneAt: this.served + first.value })
    this.openMax = Math.max(this.openMax, this.open.size)
    this.wake()
    return id
  }

  stop(id: number): void {
    this.update()
    const entry = this.open.get(id)
    if (entry === undefined) return
    this.bytesSent += this.served - entry.startedAt
    this.open.delete(id)
    this.wake()
  }

  private update(): void {
    if (this.open.size > 0)
      this.served += ((this.queue.nowMs - this.updatedMs) * this.bytesPerMs) / this.open.size
    this.updatedMs = this.queue.nowMs
  }

  private wake(): void {
    const generation = ++this.generation
    let least = Infinity
    for (const { doneAt } of this.open.values()) least = Math.min(least, doneAt)
    if (least === Infinity) return
    const waitMs = ((least - this.served) * this.open.size) / this.bytesPerMs
    this.queue.after(waitMs, () => {
      if (generation === this.generation) this.deliver(least)
    })
  }

  private deliver(upTo: number): void {
    this.update()
    this.served = Math.max(this.served, upTo)
    const due = [...this.open].filter(([, entry]) => entry.doneAt <= this.served)
    for (const [id, entry] of due) {
      this.bytesSent += entry.doneAt - entry.startedAt
      const next = entry.response.chunkBytes.next()
      entry.startedAt = entry.doneAt
      if (next.done === true) this.open.delete(id)
      else entry.doneAt += next.value
      this.queue.after(0, entry.response.onChunk)
      if (next.done === true) this.queue.after(0, entry.response.onEnd)
    }
    this.wake()
  }
}
