/**
 * How late our own timers ring: where a processor has more to do than it can, everything that is measured is late, and every
 * message costs more than its bytes.
 */

/** Of each ring the mean takes this share (guess: a second or two of a busy download). */
const SHARE = 1 / 16

/** A ring this late, in ms, is not a busy processor, but a page that sleeps, or whose timers are throttled. */
const MOST_MS = 100

/**
 * The processor is busy beyond this, in ms. Measured with two cores: 1 with one page, 7 with 8 pages that download, at
 * 1.6 cores; 11 to 15 with 16 to 48 of them, which want more than there is.
 */
const BUSY_MS = 8

/**
 * Once it is, it is until the mean has been below this share of that for so many rings (guess: ten seconds of a busy download),
 * as in a crowd somebody always has a quiet moment: of 48 visitors on two cores those who had one fetched two copies for nothing.
 */
const QUIET_SHARE = 0.5
const QUIET_RINGS = 100

/**
 * So long after it was busy last, in ms, it still counts for what the mesh is expected to do (guess): as others on the machine are
 * done, it gives more every second, and has been slow because of them. Of eight hosts on two cores one of the last fetched a tenth
 * to a sixth of a copy of what its neighbours had, and gained nothing, as its line was full (measured).
 */
const LATELY_MS = 30_000

/**
 * At first rings count alike, beside so many in time, as a crowd's first seconds are its busiest; but as many, while the page
 * still loads, for no more than so many ms each (guesses).
 */
const ASSUMED_RINGS = 3
const MOST_AT_FIRST_MS = 30

/** Beyond this, in ms, it is a hidden page, whose timers ring once a second (guess). */
const THROTTLED_MS = 60

export class Lateness {
  private mean = 0
  private rings = 0
  /** In a row; so many at first that nobody begins busy. */
  private quietRings = QUIET_RINGS
  private wasBusyAtMs = -Infinity

  /** A timer rang so much later than it was set for, in ms. */
  note(lateMs: number, nowMs: number): void {
    const firstShare = 1 / (++this.rings + ASSUMED_RINGS)
    const mostMs = this.rings <= ASSUMED_RINGS ? MOST_AT_FIRST_MS : MOST_MS
    this.mean += Math.max(SHARE, firstShare) * (Math.min(mostMs, lateMs) - this.mean)
    if (this.processorMs > (this.isBusy ? QUIET_SHARE * BUSY_MS : BUSY_MS)) this.quietRings = 0
    else this.quietRings++
    if (this.isBusy) this.wasBusyAtMs = nowMs
  }

  /** What the processor is to blame for, in ms. */
  get processorMs(): number {
    return this.mean < THROTTLED_MS ? this.mean : 0
  }

  get isBusy(): boolean {
    return this.quietRings < QUIET_RINGS && this.mean < THROTTLED_MS
  }

  /** It is, or was a while ago. */
  wasBusyLately(nowMs: number): boolean {
    return this.isBusy || nowMs - this.wasBusyAtMs < LATELY_MS
  }
}
