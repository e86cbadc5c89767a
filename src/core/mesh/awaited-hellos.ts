/**
 * Whose hello we wait for: neighbours that we have greeted and that have not answered yet. Who takes too long is let go.
 */

import type { Context } from '../context.ts'
import type { PeerId } from '../types.ts'

/** Who has not said hello so long after we did is let go, in ms. */
const HELLO_WITHIN_MS = 15_000

export class AwaitedHellos {
  private readonly context: Context
  private readonly tookTooLong: (peer: PeerId) => void
  /** Since when. */
  private readonly awaited = new Map<PeerId, number>()

  constructor(context: Context, tookTooLong: (peer: PeerId) => void) {
    this.context = context
    this.tookTooLong = tookTooLong
  }

  /** We have said hello: now it has some time to do so. */
  greeted(peer: PeerId): void {
    const { deadlines, nowMs } = this.context
    this.awaited.set(peer, nowMs)
    deadlines.setNoLater('hello', nowMs + HELLO_WITHIN_MS)
  }

  /** It has said hello, or is gone. */
  forget(peer: PeerId): void {
    this.awaited.delete(peer)
  }

  onDeadline(): void {
    const { deadlines, nowMs } = this.context
    for (const [peer, sinceMs] of this.awaited) {
      if (nowMs >= sinceMs + HELLO_WITHIN_MS) this.tookTooLong(peer)
      else deadlines.setNoLater('hello', sinceMs + HELLO_WITHIN_MS)
    }
  }

  /** The page slept: their hellos may only have been unheard. */
  forgiveSilence(): void {
    for (const peer of this.awaited.keys()) this.awaited.set(peer, this.context.nowMs)
  }
}
