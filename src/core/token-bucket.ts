/**
 * A budget that refills: so many at once, so many a second in the long run. For what others may cost us.
 */

export interface BudgetLimits {
  /** Most that can be taken at once. */
  readonly burst: number
  readonly perSec: number
}

export class TokenBucket {
  private readonly limits: BudgetLimits
  private tokens: number
  private refilledAtMs: number

  /** Starts full. */
  constructor(limits: BudgetLimits, nowMs: number) {
    this.limits = limits
    this.tokens = limits.burst
    this.refilledAtMs = nowMs
  }

  /** Takes one; false if there is none left, and then nothing is taken. */
  take(nowMs: number): boolean {
    const { burst, perSec } = this.limits
    const elapsedMs = Math.max(0, nowMs - this.refilledAtMs)
    this.tokens = Math.min(burst, this.tokens + (elapsedMs * perSec) / 1000)
    this.refilledAtMs += elapsedMs
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}
