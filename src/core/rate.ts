/**
 * Rate of a flow that arrives in lumps: an exponentially decaying average over `windowMs`, corrected for its start,
 * so that the first second does not read as an eighth of the truth.
 */

/** The first lump is not taken for a rate before this much time has passed, in ms (guess). */
const SHORTEST_AGE_MS = 250

export class RateMeter {
  private readonly windowMs: number
  private decayedBytes = 0
  private lastMs: number | null = null
  private firstMs = 0

  constructor(windowMs: number) {
    this.windowMs = windowMs
  }

  add(bytes: number, nowMs: number): void {
    this.decayTo(nowMs)
    this.decayedBytes += bytes
  }

  /** Bytes a second at `nowMs`; 0 before anything was added. */
  bytesPerSec(nowMs: number): number {
    if (this.lastMs === null) return 0
    this.decayTo(nowMs)
    const ageMs = Math.max(SHORTEST_AGE_MS, nowMs - this.firstMs)
    const weightMs = this.windowMs * (1 - Math.exp(-ageMs / this.windowMs))
    return (this.decayedBytes / weightMs) * 1000
  }

  private decayTo(nowMs: number): void {
    if (this.lastMs === null) this.firstMs = nowMs
    else if (nowMs > this.lastMs) this.decayedBytes *= Math.exp((this.lastMs - nowMs) / this.windowMs)
    this.lastMs = nowMs
  }
}
