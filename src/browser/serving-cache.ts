/**
 * Chunks in memory that are stored, too: those that were stored or read last, since neighbours ask for what is new; and of
 * those before them what is sure to be read once more.
 */

import type { Bytes } from '../ports.ts'

const MAX_BYTES = 16 * 1024 * 1024

/**
 * Chunks come in any order, and are hashed in the file's. Where one of the first came last, sixteen visitors on two cores read 35 of
 * 306 from IndexedDB after it, which took each of them 0.8 to 1.5 s of 20; to hash what was in memory took 0.1 (measured). So much
 * more is kept for it: all of a small file (indexeddb-store.ts), and of a longer one what there is room for (a guess).
 */
const MAX_AWAITED_BYTES = 16 * 1024 * 1024

export interface ServingCacheOptions {
  /** Whether somebody is sure to read the chunk once more. */
  readonly isAwaited: (chunk: number) => boolean
  /** Takes what had to make room, or is not awaited any more. */
  readonly evicted: (bytes: Bytes) => void
}

export class ServingCache {
  private readonly latest: Shelf
  private readonly awaited: Shelf
  private readonly options: ServingCacheOptions

  constructor(options: ServingCacheOptions) {
    const { isAwaited, evicted } = options
    this.options = options
    this.awaited = new Shelf(MAX_AWAITED_BYTES, (_chunk, bytes) => evicted(bytes))
    this.latest = new Shelf(MAX_BYTES, (chunk, bytes) => {
      if (isAwaited(chunk)) this.awaited.add(chunk, bytes)
      else evicted(bytes)
    })
  }

  get(chunk: number): Bytes | undefined {
    return this.latest.get(chunk) ?? this.awaited.get(chunk)
  }

  add(chunk: number, bytes: Bytes): void {
    this.drop(chunk)
    this.latest.add(chunk, bytes)
  }

  /** Somebody has read the chunk: unless it is to be read once more, it need not stay. */
  noteRead(chunk: number): void {
    const bytes = this.awaited.get(chunk)
    if (bytes === undefined || this.options.isAwaited(chunk)) return
    this.awaited.drop(chunk)
    this.options.evicted(bytes)
  }

  drop(chunk: number): void {
    this.latest.drop(chunk)
    this.awaited.drop(chunk)
  }

  clear(): void {
    this.latest.clear()
    this.awaited.clear()
  }
}

/** So many bytes of chunks: whichever was added longest ago makes room. */
class Shelf {
  private readonly chunks = new Map<number, Bytes>()
  private readonly maxBytes: number
  private readonly madeRoom: (chunk: number, bytes: Bytes) => void
  private heldBytes = 0

  constructor(maxBytes: number, madeRoom: (chunk: number, bytes: Bytes) => void) {
    this.maxBytes = maxBytes
    this.madeRoom = madeRoom
  }

  get(chunk: number): Bytes | undefined {
    return this.chunks.get(chunk)
  }

  /** One that is not here. A map keeps the order of insertion. */
  add(chunk: number, bytes: Bytes): void {
    this.chunks.set(chunk, bytes)
    this.heldBytes += bytes.byteLength
    for (const [oldest, oldBytes] of this.chunks) {
      if (this.heldBytes <= this.maxBytes) break
      this.drop(oldest)
      this.madeRoom(oldest, oldBytes)
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
