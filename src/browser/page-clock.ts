import type { Clock } from '../ports.ts'

/** Longest that one setTimeout is asked to wait, in ms: beyond 2³¹ it would ring at once. */
const LONGEST_WAIT_MS = 60_000

/** The page's monotonic clock, and one timer. */
export class PageClock implements Clock {
  private timer: ReturnType<typeof setTimeout> | null = null

  nowMs(): number {
    return performance.now()
  }

  setAlarm(atMs: number | null, ring: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (atMs === null) return
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(atMs - this.nowMs())))
    this.timer = setTimeout(ring, waitMs)
  }
}
