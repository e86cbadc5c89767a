/**
 * How long an honest host leaves chunks with neighbours that lie or stall: from asking until it asks no more, by a
 * cancel, a refusal, or the end of the link.
 */

import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'
import type { PeerId } from '../../src/core/types.ts'

export class RequestWatch {
  private readonly held: (ms: number) => void
  /** When each chunk was asked for. */
  private readonly asked = new Map<PeerId, Map<number, number>>()

  constructor(held: (ms: number) => void) {
    this.held = held
  }

  /** `isBad`: the neighbour will not send what it is asked for. */
  sent({ peer, message }: Extract<SessionOutput, { type: 'send' }>, isBad: boolean, nowMs: number): void {
    if (message.type === 'cancel') this.settle(peer, message.chunks, nowMs)
    if (message.type !== 'request' || !isBad) return
    const chunks = this.asked.get(peer) ?? new Map<number, number>()
    this.asked.set(peer, chunks)
    for (const chunk of message.chunks) chunks.set(chunk, nowMs)
  }

  heard(input: SessionInput, nowMs: number): void {
    if (input.type === 'linkClosed') this.settleAll(input.peer, nowMs)
    if (input.type === 'message' && input.message.type === 'refuse')
      this.settle(input.peer, input.message.chunks, nowMs)
  }

  settleAll(peer: PeerId, nowMs: number): void {
    this.settle(peer, [...(this.asked.get(peer)?.keys() ?? [])], nowMs)
    this.asked.delete(peer)
  }

  private settle(peer: PeerId, chunks: readonly number[], nowMs: number): void {
    const asked = this.asked.get(peer)
    if (asked === undefined) return
    for (const chunk of chunks) {
      const askedAtMs = asked.get(chunk)
      if (askedAtMs !== undefined) this.held(nowMs - askedAtMs)
      asked.delete(chunk)
    }
  }
}
