/**
 * A line shared max–min fairly among flows, each of which has a cap of its own: everybody gets the level `w`, or their
 * cap where that is less, and `w` is as high as the line allows (Bertsekas & Gallager, "Data Networks", §6.5.2).
 *
 * Flows at the level are served in virtual time, `service` being what each of them has been given; flows at their cap
 * run in real time. So a change costs O(log n), and nobody else's finish has to be computed anew. Rates are in bytes a
 * ms.
 */

import { SlotHeap } from './slot-heap.ts'

/** One flow: made by `open`. */
export interface Flow {
  readonly slot: number
  capBytesPerMs: number
  isAtCap: boolean
  /** Bytes sent up to `settledAt`: a time for a flow at its cap, else a value of `service`. */
  settledBytes: number
  settledAt: number
  /** Bytes sent at which somebody wants to know. */
  markBytes: number
}

/** Marks so near, in ms of the flow's rate, are reached: finer than the clock can tell a day's times apart. */
const CLOCK_GRAIN_MS = 1e-6

export class FairShare {
  private rateBytesPerMs: number
  private readonly flows: (Flow | null)[] = []
  private readonly freeSlots: number[] = []
  private readonly levelByMark: SlotHeap = new SlotHeap()
  private readonly levelByCap: SlotHeap = new SlotHeap()
  private readonly cappedByMark: SlotHeap = new SlotHeap()
  /** Greatest cap first: keys are negative caps. */
  private readonly cappedByCap: SlotHeap = new SlotHeap()
  private cappedBytesPerMs = 0
  private service = 0
  private level = Infinity
  private nowMs = 0
  private closedBytes = 0
  /** Flows that came to be held by their cap since this was last taken. */
  private held: Flow[] = []

  constructor(rateBytesPerMs: number) {
    this.rateBytesPerMs = rateBytesPerMs
  }

  get count(): number {
    return this.levelByCap.size + this.cappedByCap.size
  }

  open(capBytesPerMs: number, markBytes: number, nowMs: number): Flow {
    this.advance(nowMs)
    const slot = this.freeSlots.pop() ?? this.flows.length
    const flow: Flow = {
      slot,
      capBytesPerMs,
      isAtCap: false,
      settledBytes: 0,
      settledAt: this.service,
      markBytes,
    }
    this.flows[slot] = flow
    this.toLevel(flow)
    this.balance()
    return flow
  }

  close(flow: Flow, nowMs: number): void {
    this.advance(nowMs)
    this.closedBytes += this.settle(flow)
    this.takeOut(flow)
    this.flows[flow.slot] = null
    this.freeSlots.push(flow.slot)
    this.balance()
  }

  setCap(flow: Flow, capBytesPerMs: number, nowMs: number): void {
    this.advance(nowMs)
    this.settle(flow)
    this.takeOut(flow)
    flow.capBytesPerMs = capBytesPerMs
    this.toLevel(flow)
    this.balance()
  }

  /** The line has another rate from now on. */
  setRate(bytesPerMs: number, nowMs: number): void {
    this.advance(nowMs)
    this.rateBytesPerMs = bytesPerMs
    this.balance()
  }

  setMark(flow: Flow, markBytes: number): void {
    flow.markBytes = markBytes
    this.queueMark(flow)
  }

  sentBytes(flow: Flow, nowMs: number): number {
    this.advance(nowMs)
    return this.settle(flow)
  }

  /** Bytes a ms that the flow gets now. */
  rateOf(flow: Flow): number {
    return flow.isAtCap ? flow.capBytesPerMs : this.level
  }

  /** Bytes of all flows, closed ones included. Who looks changes nothing, not even the rounding of later sums. */
  totalBytes(nowMs: number): number {
    const service = this.serviceAt(nowMs)
    let total = this.closedBytes
    for (const flow of this.flows) if (flow !== null) total += sentUntil(flow, nowMs, service)
    return total
  }

  /** When the next mark is reached, in ms; Infinity: never, as it stands. */
  nextMarkMs(): number {
    const gap = this.levelByMark.firstKey - this.service
    const levelMs = gap === Infinity ? Infinity : this.nowMs + Math.max(0, gap) / this.level
    return Math.min(levelMs, this.cappedByMark.firstKey)
  }

  /** Takes a flow whose mark is reached; it waits for its next mark, or to be closed. */
  takeMarked(nowMs: number): Flow | null {
    this.advance(nowMs)
    let slot = -1
    const levelRest = this.levelByMark.firstKey - this.service
    if (levelRest < Infinity && levelRest <= CLOCK_GRAIN_MS * (this.level + 1)) slot = this.levelByMark.first
    else if (this.cappedByMark.firstKey - nowMs <= CLOCK_GRAIN_MS) slot = this.cappedByMark.first
    const flow = this.flows[slot] ?? null
    if (flow === null) return null
    flow.settledBytes = flow.markBytes
    flow.settledAt = flow.isAtCap ? this.nowMs : this.service
    this.setMark(flow, Infinity)
    return flow
  }

  /** Flows that came to be held by their own cap since the last call. */
  takeHeld(): Flow[] {
    const { held } = this
    if (held.length > 0) this.held = []
    return held
  }

  private advance(nowMs: number): void {
    this.service = this.serviceAt(nowMs)
    this.nowMs = nowMs
  }

  private serviceAt(nowMs: number): number {
    return this.levelByCap.size > 0 ? this.service + (nowMs - this.nowMs) * this.level : this.service
  }

  /** Brings `settledBytes` up to now. */
  private settle(flow: Flow): number {
    flow.settledBytes = sentUntil(flow, this.nowMs, this.service)
    flow.settledAt = flow.isAtCap ? this.nowMs : this.service
    return flow.settledBytes
  }

  /** Finds the level: those above it whose caps bind, those capped who should be at it. */
  private balance(): void {
    this.findLevel()
    while (this.cappedByCap.size > 0 && -this.cappedByCap.firstKey > this.level) {
      const flow = this.flows[this.cappedByCap.first]
      if (flow === null || flow === undefined) return
      this.settle(flow)
      this.takeOut(flow)
      this.toLevel(flow)
      this.findLevel()
    }
    while (this.levelByCap.firstKey <= this.level && this.levelByCap.size > 0) {
      const flow = this.flows[this.levelByCap.first]
      if (flow === null || flow === undefined) return
      this.settle(flow)
      this.takeOut(flow)
      this.toCap(flow)
      this.findLevel()
    }
  }

  private findLevel(): void {
    const count = this.levelByCap.size
    if (this.cappedByCap.size === 0) this.cappedBytesPerMs = 0
    const rest = this.rateBytesPerMs - this.cappedBytesPerMs
    if (count > 0) this.level = rest / count
    else this.level = rest < -1e-9 * this.rateBytesPerMs ? 0 : Infinity
  }

  private takeOut(flow: Flow): void {
    const { slot } = flow
    if (flow.isAtCap) {
      this.cappedByMark.remove(slot)
      this.cappedByCap.remove(slot)
      this.cappedBytesPerMs -= flow.capBytesPerMs
    } else {
      this.levelByMark.remove(slot)
      this.levelByCap.remove(slot)
    }
  }

  private toLevel(flow: Flow): void {
    flow.isAtCap = false
    flow.settledAt = this.service
    this.levelByCap.set(flow.slot, flow.capBytesPerMs)
    this.queueMark(flow)
  }

  private toCap(flow: Flow): void {
    flow.isAtCap = true
    flow.settledAt = this.nowMs
    this.cappedByCap.set(flow.slot, -flow.capBytesPerMs)
    this.cappedBytesPerMs += flow.capBytesPerMs
    this.queueMark(flow)
    this.held.push(flow)
  }

  private queueMark(flow: Flow): void {
    const restBytes = flow.markBytes - flow.settledBytes
    const queue = flow.isAtCap ? this.cappedByMark : this.levelByMark
    if (restBytes === Infinity) queue.remove(flow.slot)
    else queue.set(flow.slot, flow.settledAt + (flow.isAtCap ? restBytes / flow.capBytesPerMs : restBytes))
  }
}

function sentUntil(flow: Flow, nowMs: number, service: number): number {
  const { isAtCap, capBytesPerMs, settledAt, settledBytes, markBytes } = flow
  const sent = isAtCap ? (nowMs - settledAt) * capBytesPerMs : service - settledAt
  // Rounding must not carry a flow past its mark before it is taken.
  return Math.min(markBytes, settledBytes + sent)
}
