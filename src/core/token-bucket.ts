/**
 * A budget that refills: so many at once, so many a second in the long run. For what others may cost us.
 */

export interface TokenRate {
  /** Most that can be taken at once. */
  readonly burst: number
  readonly ratePerSec: number
}

export class TokenBucket {
  private readonly limits: TokenRate
  private tokens: number
  private refilledAtMs: number

  /** Starts full. */
  constructor(limits: TokenRate, nowMs: number) {
    this.limits = limits
    this.tokens = limits.burst
    this.refilledAtMs = nowMs
  }

  /** Takes one; false if there is none left, and then nothing is taken. */
  take(nowMs: number): boolean {
    const { burst, ratePerSec } = this.limits
    const elapsedMs = Math.max(0, nowMs - this.refilledAtMs)
    this.tokens = Math.min(burst, this.tokens + (elapsedMs * ratePerSec) / 1000)
    this.refilledAtMs += elapsedMs
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}

/** A bucket of the same size for each of several others, made when it is first taken from. */
export class TokenBuckets<Key> {
  private readonly limits: TokenRate
  private readonly buckets = new Map<Key, TokenBucket>()

  constructor(limits: TokenRate) {
    this.limits = limits
  }

  /** Takes one of this one's; false if there is none left. */
  take(key: Key, nowMs: number): boolean {
    let bucket = this.buckets.get(key)
    if (bucket === undefined) {
      bucket = new TokenBucket(this.limits, nowMs)
      this.buckets.set(key, bucket)
    }
    return bucket.take(nowMs)
  }

  /** It is gone: if it comes back, it starts full. */
  forget(key: Key): void {
    this.buckets.delete(key)
  }
}
