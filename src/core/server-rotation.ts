/**
 * Which topology server is tried next, and after how long a wait: the servers in turn, with exponential back-off and
 * full jitter (a wait drawn from zero to a ceiling, after M. Brooker, "Exponential Backoff and Jitter", 2015). A server
 * that dies loses all its visitors in one instant, and must not get them back in one.
 */

export interface RotationSettings {
  /** Ceiling of the wait after the first round through all servers, in ms; doubles with every further round. 1 s. */
  readonly firstBackOffMs: number
  /** Where the doubling ends, in ms. 60 s. */
  readonly longestBackOffMs: number
  /** The ceiling where the server itself sent everybody away, in ms. 40 s (guess): a restart is no stampede. */
  readonly drainSpreadMs: number
  /** A number in [0, 1). */
  readonly random: () => number
}

/** Codes by which a server sends everybody away: going away (RFC 6455 §7.4.1), restart, try again later (IANA). */
const DRAIN_CODES: ReadonlySet<number> = new Set([1001, 1012, 1013])

export class ServerRotation {
  private readonly urls: readonly string[]
  private readonly settings: RotationSettings
  private index = 0
  private failedRounds = 0
  private isFirstRound = true

  constructor(urls: readonly string[], settings: RotationSettings) {
    this.urls = urls
    this.settings = settings
  }

  /** The server to try now; empty where there is none at all. */
  get url(): string {
    return this.urls[this.index] ?? ''
  }

  /**
   * Moves on; how long to wait before the next attempt, in ms. Nothing in the first round of a visit, since nobody
   * else fails at this moment. `closeCode` is null where the server did not say why.
   */
  failed(closeCode: number | null): number {
    const { firstBackOffMs, longestBackOffMs, drainSpreadMs, random } = this.settings
    this.index++
    const isRoundOver = this.index >= this.urls.length
    if (isRoundOver) this.index = 0
    if (closeCode !== null && DRAIN_CODES.has(closeCode)) return random() * drainSpreadMs
    if (this.isFirstRound && !isRoundOver) return 0
    const ceilingMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** this.failedRounds)
    if (isRoundOver) {
      this.isFirstRound = false
      this.failedRounds++
    }
    return random() * ceilingMs
  }

  /** A server took us in. That alone shortens no wait: it may throw us out again at once. */
  welcomed(): void {
    this.isFirstRound = false
  }

  /** The server has kept us for a while, or the network came back: the next failure is a first one. */
  forgive(): void {
    this.failedRounds = 0
  }
}
