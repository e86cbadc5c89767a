/**
 * The most that the caller lets us give: so many times the file. Once that is given, nothing is served any more, and
 * neighbours hear of nothing that they could ask for; what is under way still goes out.
 *
 * It is held against the length of the file, not against what has come so far: whoever has the first chunks is the
 * only one who can give them on, and would have to stop at once.
 */

import type { Announcer } from './announcer.ts'
import type { Service } from './service.ts'

export class UploadBudget {
  private readonly maxRatio: number | null
  private readonly service: Service
  private readonly announcer: Announcer
  private budgetBytes = Infinity
  private spentBytes = 0

  /** `maxRatio` null: no limit. */
  constructor(maxRatio: number | null, service: Service, announcer: Announcer) {
    this.maxRatio = maxRatio
    this.service = service
    this.announcer = announcer
  }

  get isSpent(): boolean {
    return this.spentBytes >= this.budgetBytes
  }

  equip(sizeBytes: number): void {
    if (this.maxRatio === null) return
    this.budgetBytes = this.maxRatio * sizeBytes
    if (this.isSpent) this.stop()
  }

  spend(bytes: number): void {
    const wasSpent = this.isSpent
    this.spentBytes += bytes
    if (this.isSpent && !wasSpent) this.stop()
  }

  private stop(): void {
    this.announcer.isSilent = true
    this.service.accepts = () => false
    this.service.refuseUnaccepted(false)
  }
}
