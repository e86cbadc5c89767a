/**
 * A machine's line downwards: blocks of neighbours come in over it one after another, and what responses of the origin
 * take of it they do not have.
 */

import type { Machine } from './machine.ts'
import type { HostRuns } from './runs.ts'

export class Downlink {
  private readonly host: Machine
  private readonly runs: HostRuns
  private freeAtMs = 0

  constructor(host: Machine, runs: HostRuns) {
    this.host = host
    this.runs = runs
  }

  /** A block of so many bytes, sent in so many ms, is here but for our own line; when that is through with it, in ms. */
  receive(bytes: number, sentInMs: number): number {
    const { nowMs } = this.host.world.queue
    this.runs.meetMesh()
    const firstByteMs = nowMs - sentInMs
    const startMs = this.freeAtMs > firstByteMs ? this.freeAtMs : firstByteMs
    this.freeAtMs = startMs + bytes / this.meshRoomBytesPerMs()
    return this.freeAtMs > nowMs ? this.freeAtMs : nowMs
  }

  /**
   * While responses of the origin are open, the mesh has the rest of the line, and no less than its fair share; no more
   * than that while responses make up for what came in too fast, or they would never be done with it.
   */
  private meshRoomBytesPerMs(): number {
    const { downBytesPerMs, senders } = this.host
    if (!this.runs.isFetching) return downBytesPerMs
    const fairShare = (downBytesPerMs * Math.max(1, senders)) / (1 + Math.max(1, senders))
    if (this.runs.isMakingUp) return fairShare
    return Math.max(fairShare, downBytesPerMs - this.runs.rateBytesPerMs)
  }
}
