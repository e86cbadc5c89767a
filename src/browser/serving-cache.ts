/** The chunks that were stored or read last, in memory all the same, since neighbours ask for what is new. */

import type { Bytes } from '../ports.ts'

const MAX_BYTES = 16 * 1024 * 1024

export class ServingCache {
  private readonly chunks = new Map<number, Bytes>()
  private readonly evicted: (bytes: Bytes) => void
  private heldBytes = 0

  /** `evicted` takes what had to make room. */
  constructor(evicted: (bytes: Bytes) => void) {
    this.evicted = evicted
  }

  get(chunk: number): Bytes | undefined {
    return this.chunks.get(chunk)
  }

  /** A map keeps the order of insertion: the first is the one that was added longest ago. */
  add(chunk: number, bytes: Bytes): void {
    this.drop(chunk)
    this.chunks.set(chunk, bytes)
    this.heldBytes += bytes.byteLength
    for (const [oldest, oldBytes] of this.chunks) {
      if (this.heldBytes <= MAX_BYTES) break
      this.drop(oldest)
      this.evicted(oldBytes)
    }
  }

  drop(chunk: number): void {
    this.heldBytes -= this.chunks.get(chunk)?.byteLength ?? 0
    this.chunks.delete(chunk)
  }

  clear(): void {
    this.chunks.clear()
    this.heldBytes = 0
  }
}
