/** A store that a test can hold up, break and look into. */

import { MemoryStore } from '../../../src/browser/memory-store.ts'
import {
  type Bytes,
  type ChunkStore,
  type StoredChunk,
  StoreError,
  type StoreIdentity,
} from '../../../src/ports.ts'
import type { Gate } from './chunks.ts'

export class FaultyStore implements ChunkStore {
  readonly kind: ChunkStore['kind']
  keepsBlobs: boolean
  /** Like a disk, it copies what it is given then. */
  givesBytesBack = false
  /** Indices of each group that was to be kept, in order. */
  readonly groups: number[][] = []
  /** Groups wait for this before they are kept. */
  putGate: Gate | null = null
  /** Reads wait for this after they have read. */
  getGate: Gate | null = null
  /** Blobs wait for this after they were read. */
  blobsGate: Gate | null = null
  /** The nth `put`, counted from 1, and all later ones reject. */
  failsFromPut = Infinity
  /** How often it was told to rest. */
  rests = 0
  opens = true
  reads = true
  private readonly inner: MemoryStore
  private readonly before: readonly StoredChunk[]

  /** `before`: what an earlier visit left. */
  constructor(
    kind: ChunkStore['kind'] = 'indexeddb',
    before: readonly StoredChunk[] = [],
    maxBytes = Infinity,
  ) {
    this.kind = kind
    this.keepsBlobs = kind === 'indexeddb'
    this.before = before
    this.inner = new MemoryStore({ maxBytes })
  }

  async open(identity: StoreIdentity): Promise<readonly number[]> {
    if (!this.opens) throw new StoreError('unavailable', 'It does not open.')
    await this.inner.open(identity)
    await this.inner.put(this.before)
    return this.before.map(({ index }) => index)
  }

  async put(chunks: readonly StoredChunk[]): Promise<void> {
    this.groups.push(chunks.map(({ index }) => index))
    const isBroken = this.groups.length >= this.failsFromPut
    await this.putGate?.passed
    if (isBroken) throw new StoreError('quota', 'It is full.')
    await this.inner.put(chunks.map(({ index, bytes }) => ({ index, bytes: this.handedOver(bytes) })))
  }

  async get(index: number): Promise<Bytes | null> {
    if (!this.reads) throw new StoreError('unavailable', 'It cannot be read.')
    const bytes = await this.inner.get(index)
    await this.getGate?.passed
    return bytes === null ? null : this.handedOver(bytes)
  }

  async getBlobs(indices: readonly number[]): Promise<readonly (Blob | null)[]> {
    if (!this.reads) throw new StoreError('unavailable', 'It cannot be read.')
    const blobs = await this.inner.getBlobs(indices)
    await this.blobsGate?.passed
    return blobs
  }

  remove(indices: readonly number[]): Promise<void> {
    return this.inner.remove(indices)
  }

  rest(): void {
    this.rests++
  }

  delete(): Promise<void> {
    return this.inner.delete()
  }

  close(): void {
    this.inner.close()
  }

  private handedOver(bytes: Bytes): Bytes {
    return this.givesBytesBack ? bytes.slice() : bytes
  }
}
