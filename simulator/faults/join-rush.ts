/** How everybody comes back to the topology server after an outage: the last one counts. */

import { Rush } from './rush.ts'

export class JoinRush {
  refilledMs: number | null = null
  private socketsBefore = 0
  private backAtMs: number | null = null
  private rush: Rush | null = null

  /** The server goes, with so many sockets. */
  left(sockets: number): void {
    this.socketsBefore = sockets
    this.refilledMs = this.backAtMs = this.rush = null
  }

  cameBack(nowMs: number): void {
    this.backAtMs = nowMs
    this.rush = new Rush(nowMs)
  }

  /** One has joined; so many sockets are there. */
  joined(nowMs: number, sockets: number): void {
    if (this.backAtMs === null || this.refilledMs !== null) return
    this.rush?.note(nowMs)
    if (sockets >= this.socketsBefore) this.refilledMs = nowMs - this.backAtMs
  }

  get peak(): number {
    return this.rush?.peak ?? 0
  }

  get mean(): number {
    return this.rush?.mean ?? 0
  }
}
