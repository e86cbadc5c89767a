/**
 * What the visitor's uplink carries, found out by looking on: of what was handed to the links, what does not wait there
 * any more has gone out. The best of late counts: where little was sent, it is not the line that is seen.
 */

/** Measured over so long, in ms: many blocks of any line that is worth measuring (guess). */
const MEASURE_MS = 500

/** What the best stretch so far counts for at the next one, so that a line that became slower is noticed (guess). */
const FADE = 0.9

export class UplinkMeter {
  private best = 0
  private fromMs: number | null = null
  private goneAtStart = 0
  private handedBytes = 0

  /** Bytes a second; 0 before anything is known. */
  get bytesPerSec(): number {
    return this.best
  }

  handed(bytes: number): void {
    this.handedBytes += bytes
  }

  /** Looks at how much still waits. */
  look(unsentBytes: number, nowMs: number): void {
    const gone = this.handedBytes - unsentBytes
    if (this.fromMs === null) {
      this.fromMs = nowMs
      this.goneAtStart = gone
    } else if (nowMs - this.fromMs >= MEASURE_MS) {
      const rate = ((gone - this.goneAtStart) / (nowMs - this.fromMs)) * 1000
      this.best = Math.max(rate, this.best * FADE)
      this.fromMs = null
    }
  }
}
