/**
 * Keeps chunks in memory: for browsers without IndexedDB, and for visitors who want nothing on their disk. Nothing
 * survives the page.
 */

import { StoreError } from '../ports.ts'
import type { Bytes, ChunkStore, StoreIdentity, StoredChunk } from '../ports.ts'

/** Default of `maxBytes`: 1 GiB (guess: a tab of a 32-bit or mobile browser dies at 1–2 GiB). */
const DEFAULT_MAX_BYTES: number = 1024 * 1024 * 1024

export interface MemoryStoreOptions {
  /** Most bytes to keep; a `put()` beyond that rejects with 'quota' and changes nothing. Default 1 GiB. */
  readonly maxBytes?: number
}

export class MemoryStore implements ChunkStore {
  readonly kind = 'memory'
  readonly keepsBlobs = false
  readonly givesBytesBack = false
  readonly #maxBytes: number
  #chunks: Map<number, Bytes> | null = null
  #keptBytes = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
  }

  async open(_identity: StoreIdentity): Promise<readonly number[]> {
    this.#chunks = new Map()
    this.#keptBytes = 0
    return []
  }

  async put(chunks: readonly StoredChunk[]): Promise<void> {
    const kept = this.#opened()
    const latest = new Map(chunks.map(({ index, bytes }) => [index, bytes]))
    let addedBytes = 0
    for (const [index, bytes] of latest) addedBytes += bytes.byteLength - (kept.get(index)?.byteLength ?? 0)
    if (this.#keptBytes + addedBytes > this.#maxBytes) {
      throw new StoreError('quota', `No more than ${this.#maxBytes} bytes are kept in memory.`)
    }
    for (const [index, bytes] of latest) kept.set(index, bytes)
    this.#keptBytes += addedBytes
  }

  async get(index: number): Promise<Bytes | null> {
    return this.#opened().get(index) ?? null
  }

  async getBlobs(indices: readonly number[]): Promise<(Blob | null)[]> {
    const kept = this.#opened()
    return indices.map((index) => {
      const bytes = kept.get(index)
      return bytes === undefined ? null : new Blob([bytes])
    })
  }

  async remove(indices: readonly number[]): Promise<void> {
    const kept = this.#opened()
    for (const index of indices) {
      this.#keptBytes -= kept.get(index)?.byteLength ?? 0
      kept.delete(index)
    }
  }

  rest(): void {}

  async delete(): Promise<void> {
    this.#opened()
    this.close()
  }

  close(): void {
    this.#chunks = null
    this.#keptBytes = 0
  }

  #opened(): Map<number, Bytes> {
    if (this.#chunks === null) throw new StoreError('unavailable', 'The store is not open.')
    return this.#chunks
  }
}
