/** Peer ids noted within the last while. Holds no more than a limit: the one noted longest ago is forgotten first. */

import type { PeerId } from '../src/core/types.ts'

export class RecentIds {
  private readonly forMs: number
  private readonly limit: number
  /** In the order in which they were noted. */
  private readonly notedAtMs = new Map<PeerId, number>()

  constructor({ forMs, limit }: { readonly forMs: number; readonly limit: number }) {
    this.forMs = forMs
    this.limit = limit
  }

  get size(): number {
    return this.notedAtMs.size
  }

  note(id: PeerId, nowMs: number): void {
    this.notedAtMs.delete(id)
    this.notedAtMs.set(id, nowMs)
    for (const [oldest, atMs] of this.notedAtMs) {
      if (this.notedAtMs.size <= this.limit && nowMs - atMs < this.forMs) return
      this.notedAtMs.delete(oldest)
    }
  }

  /** Whether it was noted within the last while; it is not any more. */
  take(id: PeerId, nowMs: number): boolean {
    const atMs = this.notedAtMs.get(id)
    this.notedAtMs.delete(id)
    return atMs !== undefined && nowMs - atMs < this.forMs
  }

  has(id: PeerId, nowMs: number): boolean {
    const atMs = this.notedAtMs.get(id)
    return atMs !== undefined && nowMs - atMs < this.forMs
  }
}
