/**
 * A shaped line in real time: hands each frame on when it is due, or as soon afterwards as the process gets to it.
 */

import { type LineOptions, ShapedLine } from './shaped-line.ts'

export class TimedLine<T> {
  private readonly line: ShapedLine<T> | null
  private readonly deliver: (frame: T) => void
  private readonly late: (byMs: number) => void
  private timer: NodeJS.Timeout | null = null

  /** Options null: straight through. `late`: hears by how much a frame was, in ms. */
  constructor(options: LineOptions | null, deliver: (frame: T) => void, late: (byMs: number) => void) {
    this.line = options === null ? null : new ShapedLine<T>(options)
    this.deliver = deliver
    this.late = late
  }

  /** False: it was dropped. */
  offer(frame: T, lengthBytes: number): boolean {
    if (this.line === null) {
      this.deliver(frame)
      return true
    }
    const isTaken = this.line.offer(frame, lengthBytes, performance.now())
    this.wait(this.line)
    return isTaken
  }

  /** How long a frame would wait that is offered now, in ms. */
  queueMs(): number {
    return this.line?.queueMs(performance.now()) ?? 0
  }

  private wait(line: ShapedLine<T>): void {
    const nextMs = line.nextArrivalMs
    if (nextMs === null || this.timer !== null) return
    this.timer = setTimeout(() => this.deliverDue(line), nextMs - performance.now())
  }

  private deliverDue(line: ShapedLine<T>): void {
    this.timer = null
    const nowMs = performance.now()
    this.late(nowMs - (line.nextArrivalMs ?? nowMs))
    for (const frame of line.arrived(nowMs)) this.deliver(frame)
    this.wait(line)
  }
}
