/**
 * A token bucket for blocks: says when the next may go, so that in the long run no more goes than the rate. A block may
 * go as soon as all before it are paid for, and is paid for afterwards, whatever its length.
 */

/** A driver that was late may catch up on so much, in ms (guess: a busy page; a timer that rings once a second loses the rest). */
const CATCH_UP_MS = 250

export class BytePacer {
  private rate: number | null = null
  /** Bytes that may go at once; below zero: what is not paid for yet. Counts only while there is a rate. */
  private credit = 0
  private refilledAtMs = 0

  get bytesPerSec(): number | null {
    return this.rate
  }

  /** Null: no limit. */
  setRate(bytesPerSec: number | null, nowMs: number): void {
    this.refill(nowMs)
    if (this.rate === null) this.credit = 0
    this.rate = bytesPerSec
  }

  /** So many bytes go. */
  take(bytes: number, nowMs: number): void {
    this.refill(nowMs)
    if (this.rate !== null) this.credit -= bytes
  }

  /** When the next block may go, in ms; now, if it may. */
  readyAtMs(nowMs: number): number {
    this.refill(nowMs)
    if (this.rate === null || this.credit >= 0) return nowMs
    return nowMs + (-this.credit / this.rate) * 1000
  }

  private refill(nowMs: number): void {
    const earned = ((this.rate ?? 0) * (nowMs - this.refilledAtMs)) / 1000
    this.refilledAtMs = nowMs
    if (this.rate === null) return
    // A hair too little, by rounding, would make the timer ring again for nothing.
    const most = (this.rate * CATCH_UP_MS) / 1000
    const credit = this.credit + earned
    this.credit = credit > -1e-3 && credit < 0 ? 0 : Math.min(most, credit)
  }
}
