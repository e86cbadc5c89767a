import type { Clock } from '../ports.ts'

/** Longest that one setTimeout is asked to wait, in ms: beyond 2³¹ it would ring at once. */
const LONGEST_WAIT_MS = 60_000

interface Alarm {
  readonly atMs: number
  readonly ring: () => void
}

/**
 * The page's monotonic clock, and one timer. An alarm that is put off leaves its timer as it is, which sees to the rest
 * when it rings: alarms are put off with every message, and each setTimeout is a message to the browser's scheduler.
 */
export class PageClock implements Clock {
  private alarm: Alarm | null = null
  private timer: ReturnType<typeof setTimeout> | null = null
  private timerAtMs = Infinity

  nowMs(): number {
    return performance.now()
  }

  setAlarm(atMs: number | null, ring: () => void): void {
    this.alarm = atMs === null ? null : { atMs, ring }
    if (this.alarm === null || this.alarm.atMs < this.timerAtMs || isHidden()) this.rewind()
  }

  private rewind(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.timerAtMs = Infinity
    if (this.alarm === null) return
    const nowMs = this.nowMs()
    this.timerAtMs = Math.min(this.alarm.atMs, nowMs + LONGEST_WAIT_MS)
    const waitMs = Math.max(0, Math.ceil(this.timerAtMs - nowMs))
    this.timer = setTimeout(() => this.wake(), waitMs)
  }

  private wake(): void {
    this.timer = null
    this.timerAtMs = Infinity
    const { alarm } = this
    if (alarm === null || alarm.atMs > this.nowMs()) return this.rewind()
    this.alarm = null
    alarm.ring()
  }
}

/** A hidden page's timers may be held up for a minute where they were set by timers, and for a second where not (Chromium). */
function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden'
}
