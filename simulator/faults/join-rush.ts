/**
 * How everybody comes back to the topology server after an outage: the last one counts. As many joins as there were
 * sockets are taken for those that come back; later ones are what a swarm without sockets does anyhow.
 */

import { DEFAULT_ROOMS_LIMITS } from '../../signaling-server/rooms-limits.ts'
import { Rush } from './rush.ts'

export class JoinRush {
  /** From the server's return until its window was full again, in ms. */
  refilledMs: number | null = null
  private awaited = 0
  private windowSockets = 0
  private backAtMs: number | null = null
  private rush: Rush | null = null

  /** The server goes, with so many sockets. */
  left(sockets: number): void {
    this.awaited = sockets
    this.windowSockets = Math.min(sockets, DEFAULT_ROOMS_LIMITS.window)
    this.refilledMs = this.backAtMs = this.rush = null
  }

  cameBack(nowMs: number): void {
    this.backAtMs = nowMs
    this.rush = new Rush(nowMs)
  }

  /** One has joined; so many sockets are there. */
  joined(nowMs: number, sockets: number): void {
    if (this.backAtMs === null) return
    if (this.awaited-- > 0) this.rush?.note(nowMs)
    if (sockets >= this.windowSockets) this.refilledMs ??= nowMs - this.backAtMs
  }

  get peak(): number {
    return this.rush?.peak ?? 0
  }

  get mean(): number {
    return this.rush?.mean ?? 0
  }
}
