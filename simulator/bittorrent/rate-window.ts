/**
 * Bytes counted, and their rate since the review before last. Reviews come every 10 s, so that at a review this is the
 * rolling rate over 20 s by which BitTorrent chokes (Cohen, "Incentives build robustness in BitTorrent", 2003).
 */

/** A rate is never taken over less, in ms: the first block would make it endless (guess). */
const SHORTEST_MS = 1000

export class RateWindow {
  totalBytes = 0
  private olderBytes = 0
  private olderMs: number
  private newerBytes = 0
  private newerMs: number

  constructor(nowMs: number) {
    this.olderMs = nowMs
    this.newerMs = nowMs
  }

  bytesPerSec(nowMs: number): number {
    return ((this.totalBytes - this.olderBytes) / Math.max(SHORTEST_MS, nowMs - this.olderMs)) * 1000
  }

  /** A review has taken place. */
  mark(nowMs: number): void {
    this.olderBytes = this.newerBytes
    this.olderMs = this.newerMs
    this.newerBytes = this.totalBytes
    this.newerMs = nowMs
  }
}
