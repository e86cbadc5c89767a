/**
 * How fast to upload, so that the visitor's other traffic does not have to wait behind it: LEDBAT (RFC 6817; BEP 29),
 * by rate instead of by window, as a page cannot touch the congestion control of its channels. Where packets queue for
 * longer than the target, uploads slow down in proportion; below it, they grow. Until that happens there is no limit,
 * and none either once what is sent stays far below it.
 */

/** Time that packets may queue, in ms: LEDBAT++'s (draft-irtf-iccrg-ledbat-plus-plus); RFC 6817 §2.5 allows 100. */
export const TARGET_DELAY_MS = 60

/** The base delay is the least in so long, in ms, seen in so many stretches (BEP 29: the last two minutes). */
export const BASE_HISTORY_MS = 120_000
const BASE_STRETCHES = 12

/**
 * The present delay is the least of so many samples (RFC 6817 §3.4.2 asks for a minimum of a few): one for each path, as
 * what queues at our own line is met on all of them, but two at least. Samples come four times a second: with three of one
 * path, a modem's buffer was full for five seconds before uploads slowed down. With two of many, neighbours with busy
 * processors seemed to be a queue: eight pages on two cores took 9.5 s for what takes 8.8 (both measured).
 */
const LEAST_SAMPLES = 2
const MOST_SAMPLES = 4

/** So many times as many on a busy processor: what waits for it does so now and then, what queues at the line always (guess). */
const BUSY_FACTOR = 3

/** Least rate, in bytes a second: LEDBAT's least window of two packets each 250 ms (RFC 6817 §2.5; the time is a guess). */
export const LEAST_BYTES_PER_SEC = 12_000

/**
 * Growth with empty queues, as a share of the rate a second, and decrease per delay of twice the target. Both are
 * guesses: LEDBAT grows by packets, and hears of each; samples come a few times a second here.
 */
const GROWTH_PER_SEC = 0.2
const DECREASE = 0.5

/**
 * Up to this share of the rate at which packets last began to queue, it grows so fast (guesses; CUBIC, RFC 9438, comes back
 * to where it was in the same way): by a fifth a second alone, a line was used by half, as each time it was found again
 * only after four seconds. Each shrinking without growth between counts for less room to come back to.
 */
const REGAINED_SHARE = 0.9
const REGAIN_PER_SEC = 1
const FADES = 0.8

/** One sample shrinks the rate to no less than this share, as a loss does LEDBAT's window (RFC 6817 §2.4.2). */
const LEAST_SHARE = 0.5

/** A queue that has become shorter by this share since the last sample drains: the rate is low enough (guess). */
const DRAINS = 0.1

/** Samples further apart than this count as so far, in ms: nothing is known of the time between (guess). */
const LONGEST_STEP_MS = 1000

/**
 * A limit this many times what is sent limits nothing (RFC 6817 §2.4.1 grows only by what is used). What is sent is known
 * as an average over ten seconds, above which a limit that grows by a fifth a second is 2.8 times even where it is used.
 */
const UNUSED_FACTOR = 4

/** The delays of one path, one way or round: what of them is queueing. */
export class PathDelay {
  private readonly minima: { readonly stretch: number; ms: number }[] = []

  get isKnown(): boolean {
    return this.minima.length > 0
  }

  /** Takes a delay, up to a constant; returns what it has more than the least of the last two minutes, in ms. */
  note(delayMs: number, nowMs: number): number {
    const stretch = Math.floor((nowMs * BASE_STRETCHES) / BASE_HISTORY_MS)
    const latest = this.minima.at(-1)
    if (latest?.stretch === stretch) latest.ms = Math.min(latest.ms, delayMs)
    else this.minima.push({ stretch, ms: delayMs })
    while ((this.minima[0]?.stretch ?? stretch) <= stretch - BASE_STRETCHES) this.minima.shift()
    return delayMs - Math.min(...this.minima.map(({ ms }) => ms))
  }
}

export interface DelaySample {
  /** What packets queue for now, in ms. */
  readonly queueMs: number
  /** When the packet was sent that tells it, in ms. */
  readonly sentAtMs: number
  /** What is being sent, in bytes a second. */
  readonly sentBytesPerSec: number
  /** Paths that samples come of at present. */
  readonly paths: number
  /** The processor has more to do than it can. */
  readonly isBusy: boolean
}

export class UploadPace {
  private limit: number | null = null
  /** The rate at which packets began to queue, in bytes a second. Set with each limit that there was none before. */
  private queuedAt = 0
  /** Since it shrank last. */
  private hasGrown = false
  private recentMs: number[] = []
  private lastAtMs = -Infinity
  private shrunkAtMs = -Infinity

  /** Bytes a second; null: no limit. */
  get bytesPerSec(): number | null {
    return this.limit
  }

  /** Packets queue for so long that the next sample is awaited eagerly. */
  get isAlarmed(): boolean {
    return this.limit !== null || (this.recentMs.at(-1) ?? 0) > TARGET_DELAY_MS / 2
  }

  note({ queueMs, sentAtMs, sentBytesPerSec, paths, isBusy }: DelaySample, nowMs: number): void {
    const stepMs = Math.min(LONGEST_STEP_MS, nowMs - this.lastAtMs)
    const isDraining = queueMs < (1 - DRAINS) * (this.recentMs.at(-1) ?? 0)
    this.lastAtMs = nowMs
    this.recentMs = [...this.recentMs, queueMs].slice(-BUSY_FACTOR * MOST_SAMPLES)
    // One late answer shows nothing; so many in a row do.
    const usual = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, paths))
    const samples = isBusy ? BUSY_FACTOR * usual : usual
    if (this.recentMs.length < samples) return
    const offTarget = 1 - Math.min(...this.recentMs.slice(-samples)) / TARGET_DELAY_MS
    if (offTarget < 0) {
      if (this.limit === null || !isDraining) this.shrink(offTarget, sentAtMs, sentBytesPerSec, nowMs)
    } else if (this.limit !== null) this.grow(this.limit, offTarget * (stepMs / 1000), sentBytesPerSec)
  }

  /** Nothing has been uploaded for long: what was known is old. */
  rest(): void {
    this.limit = null
    this.recentMs = []
  }

  /** Once a round trip: what was sent before the rate shrank last does not show what came of it. */
  private shrink(offTarget: number, sentAtMs: number, sentBytesPerSec: number, nowMs: number): void {
    if (sentAtMs < this.shrunkAtMs) return
    this.shrunkAtMs = nowMs
    // Without a limit the queue was filled as fast as it goes, as in slow start.
    const share = this.limit === null ? LEAST_SHARE : Math.max(LEAST_SHARE, 1 + DECREASE * offTarget)
    const bytesPerSec = Math.min(this.limit ?? Infinity, sentBytesPerSec)
    // At first, what waits in buffers counts as sent.
    if (this.limit === null) this.queuedAt = FADES * bytesPerSec
    else this.queuedAt = this.hasGrown ? bytesPerSec : Math.max(bytesPerSec, FADES * this.queuedAt)
    this.hasGrown = false
    this.limit = Math.max(LEAST_BYTES_PER_SEC, bytesPerSec * share)
  }

  private grow(limit: number, step: number, sentBytesPerSec: number): void {
    this.hasGrown = true
    const known = REGAINED_SHARE * this.queuedAt
    const regained = Math.min(known, limit * (1 + REGAIN_PER_SEC * step))
    const grown = Math.max(regained, limit * (1 + GROWTH_PER_SEC * step))
    this.limit = grown > UNUSED_FACTOR * Math.max(LEAST_BYTES_PER_SEC, sentBytesPerSec) ? null : grown
  }
}
