/** What is wrong with the origin now: whom it refuses, at what rate it sends, when it breaks connections off. */

import type { EventQueue } from '../event-queue.ts'
import type { OriginFault } from './trouble.ts'

/** An answer without the file. */
export interface Refusal {
  readonly status: 429 | 503
  /** As far as the page can read it, in ms. */
  readonly retryAfterMs: number | null
}

/** What the faults do to the origin. */
export interface OriginControls {
  setRateShare(share: number): void
  /** Breaks one of the open responses, if there is any. */
  breakOne(): void
}

export class OriginFaults {
  private readonly faults: readonly OriginFault[]

  constructor(faults: readonly OriginFault[]) {
    this.faults = faults
  }

  /** How the origin answers a request now; null: as it should. */
  refusal(nowMs: number): Refusal | null {
    for (const fault of this.faults) {
      if (nowMs < fault.fromMs || nowMs >= fault.untilMs) continue
      if (fault.kind === 'unavailable') return { status: 503, retryAfterMs: null }
      if (fault.kind === 'tooMany')
        return { status: 429, retryAfterMs: fault.isReadable ? fault.retryAfterMs : null }
    }
    return null
  }

  schedule(queue: EventQueue, controls: OriginControls): void {
    for (const fault of this.faults) {
      if (fault.kind === 'slow') {
        for (const atMs of [fault.fromMs, fault.untilMs])
          queue.callAt(atMs, () => controls.setRateShare(this.rateShare(atMs)))
      } else if (fault.kind === 'cuts') {
        for (let atMs = fault.fromMs; atMs < fault.untilMs; atMs += fault.everyMs)
          queue.callAt(atMs, () => controls.breakOne())
      }
    }
  }

  /** The slowest fault counts. */
  private rateShare(nowMs: number): number {
    return this.faults.reduce(
      (share, fault) =>
        fault.kind === 'slow' && nowMs >= fault.fromMs && nowMs < fault.untilMs
          ? Math.min(share, fault.rateShare)
          : share,
      1,
    )
  }
}
