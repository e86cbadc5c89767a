/**
 * One direction of an access line: a modem with a finite first-in-first-out buffer, a rate, and the way's delay behind it.
 * Works on frames in virtual time, so that whoever is late in asking is late with some frames but true to the rate.
 */

export interface LineOptions {
  readonly rateBitsPerSec: number
  /** What the modem keeps, as time on the line, in ms; what would wait longer is dropped. */
  readonly bufferMs: number
  /** From the modem to the other end, in ms. */
  readonly delayMs: number
}

interface Travelling<T> {
  readonly frame: T
  readonly arrivesAtMs: number
}

export class ShapedLine<T> {
  private readonly options: LineOptions
  private readonly travelling: Travelling<T>[] = []
  /** When the modem will have sent all that it took. */
  private freeAtMs = -Infinity

  constructor(options: LineOptions) {
    this.options = options
  }

  /** False: it was dropped. */
  offer(frame: T, lengthBytes: number, nowMs: number): boolean {
    const { rateBitsPerSec, bufferMs, delayMs } = this.options
    if (this.queueMs(nowMs) > bufferMs) return false
    this.freeAtMs = Math.max(this.freeAtMs, nowMs) + (lengthBytes * 8000) / rateBitsPerSec
    this.travelling.push({ frame, arrivesAtMs: this.freeAtMs + delayMs })
    return true
  }

  /** How long a frame would wait that is offered now, in ms. */
  queueMs(nowMs: number): number {
    return Math.max(0, this.freeAtMs - nowMs)
  }

  /** Null: nothing is on its way. */
  get nextArrivalMs(): number | null {
    return this.travelling[0]?.arrivesAtMs ?? null
  }

  /** What has arrived by now, in order; each once. */
  arrived(nowMs: number): T[] {
    const frames: T[] = []
    for (let next = this.travelling[0]; next !== undefined; next = this.travelling[0]) {
      if (next.arrivesAtMs > nowMs) break
      frames.push(next.frame)
      this.travelling.shift()
    }
    return frames
  }
}
