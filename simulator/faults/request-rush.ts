/** Whether those who waited for the origin all come at once when it is back: its busiest seconds, before and after. */

import { Rush } from './rush.ts'
import type { OriginFault } from './trouble.ts'

export class RequestRush {
  private fromMs = Infinity
  private untilMs = -Infinity
  private readonly before = new Rush(0)
  private after = new Rush(0)

  /** When faults of the origin begin and end. */
  watch(faults: readonly OriginFault[]): void {
    for (const { fromMs, untilMs } of faults) {
      this.fromMs = Math.min(this.fromMs, fromMs)
      this.untilMs = Math.max(this.untilMs, untilMs)
    }
    if (faults.length > 0) this.after = new Rush(this.untilMs)
  }

  /** A request has reached the origin. */
  note(nowMs: number): void {
    if (nowMs < this.fromMs) this.before.note(nowMs)
    else if (nowMs >= this.untilMs) this.after.note(nowMs)
  }

  get peakBefore(): number {
    return this.fromMs === Infinity ? 0 : this.before.peak
  }

  get peakAfter(): number {
    return this.fromMs === Infinity ? 0 : this.after.peak
  }
}
