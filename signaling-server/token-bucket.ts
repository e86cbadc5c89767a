/** A rate limit that lets bursts pass: holds up to `burst` tokens, gains `ratePerSec` a second, a take costs one. */
export interface TokenRate {
  readonly ratePerSec: number
  readonly burst: number
}

export class TokenBucket {
  private readonly rate: TokenRate
  private tokens: number
  private filledAtMs: number

  constructor(rate: TokenRate, nowMs: number) {
    this.rate = rate
    this.tokens = rate.burst
    this.filledAtMs = nowMs
  }

  /** Whether there was a token to take. */
  take(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.filledAtMs) / 1000) * this.rate.ratePerSec
    this.tokens = Math.min(this.rate.burst, this.tokens + gained)
    this.filledAtMs = nowMs
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}
