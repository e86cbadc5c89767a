/**
 * Rate of a flow that arrives in lumps: an exponentially decaying average, corrected for its start, so that the first
 * second does not read as an eighth of the truth.
 *
 * The window may grow with the flow's age. A lump is 2 MiB of a large file, so three seconds of a slow flow are two
 * lumps or five; and the longer it has gone on, the less it matters to hear of a change at once.
 */

/** The first lump is not taken for a rate before this much time has passed, in ms (guess). */
const SHORTEST_AGE_MS = 250

/** Share of the flow's age that a growing window covers (guess). */
const SHARE_OF_AGE = 0.1

export class RateMeter {
  private readonly shortestWindowMs: number
  private readonly longestWindowMs: number
  private decayedBytes = 0
  /** The weight of all time since the start, in ms, decayed alike: of the bytes it makes a rate. */
  private decayedMs = 0
  /** Until when the average is decayed; NaN before anything was added. */
  private lastMs: number = Number.NaN
  private firstMs = 0

  /** `growsToMs`: the window is a tenth of the flow's age, between the two. Default: it does not grow. */
  constructor(windowMs: number, growsToMs: number = windowMs) {
    this.shortestWindowMs = windowMs
    this.longestWindowMs = growsToMs
  }

  add(bytes: number, nowMs: number): void {
    this.decayTo(nowMs)
    this.decayedBytes += bytes
  }

  /** Bytes a second at `nowMs`; 0 before anything was added. */
  bytesPerSec(nowMs: number): number {
    if (Number.isNaN(this.lastMs)) return 0
    this.decayTo(nowMs)
    const windowMs = this.windowAt(nowMs)
    const leastMs = windowMs * (1 - Math.exp(-SHORTEST_AGE_MS / windowMs))
    return (this.decayedBytes / Math.max(leastMs, this.decayedMs)) * 1000
  }

  private decayTo(nowMs: number): void {
    if (Number.isNaN(this.lastMs)) this.firstMs = nowMs
    else if (nowMs > this.lastMs) {
      const windowMs = this.windowAt(nowMs)
      const left = Math.exp((this.lastMs - nowMs) / windowMs)
      this.decayedBytes *= left
      this.decayedMs = this.decayedMs * left + windowMs * (1 - left)
    }
    this.lastMs = nowMs
  }

  private windowAt(nowMs: number): number {
    const grownMs = (nowMs - this.firstMs) * SHARE_OF_AGE
    return Math.min(this.longestWindowMs, Math.max(this.shortestWindowMs, grownMs))
  }
}
