/**
 * Keeps the chunks of a download: in memory until they are stored, in the store from then on, and a few of the latest
 * in memory all the same, since neighbours ask for what is new. Writes go in groups, as a transaction costs more than
 * its bytes: what comes slowly is gathered for a moment. A store that fails is replaced by memory: what it held stays
 * readable as long as it can be read.
 */

import type { Geometry } from '../core/geometry.ts'
import type { Bytes, ChunkStore, StoredChunk, StoreIdentity } from '../ports.ts'
import { ServingCache } from './serving-cache.ts'
import { type Loan, SpareBuffers } from './spare-buffers.ts'

/** A group is written when it has this many bytes (Chromium aborts transactions that run long; 2–8 MB are safe and fast, measured). */
const GROUP_BYTES = 4 * 1024 * 1024

/**
 * Or when its first chunk has waited for so long since the last write, in ms: a page that is ended loses what came in that time, and
 * has to fetch it again (a guess, weighed against the cost: about 17 chunks come in that time in a crowd of 16 on two cores, 4 in one
 * of 48; a megabyte in chunks of 64 KiB takes 15 ms of the processor one by one, 6 by fives, 4 to 5 by fifteens, Chromium).
 */
const GATHER_MS = 1000

/** Whoever brings more waits while so many bytes are not stored yet. */
const MAX_UNSTORED_BYTES = 8 * 1024 * 1024

/**
 * Blobs of stored chunks that are kept at hand, so that putting the file together does not begin with reading them all:
 * that took 70 ms for 400 chunks (measured). A handle is small; beyond this many they are read at the end (guess).
 */
const MAX_BLOBS_AT_HAND = 2048

export interface KeeperOptions {
  readonly geometry: Geometry
  readonly identity: StoreIdentity
  /** The store wished for. */
  readonly store: ChunkStore
  /** What takes over if it fails. */
  readonly fallback: () => ChunkStore
  /** A chunk that was kept cannot be read any more. */
  readonly lost: (chunk: number) => void
  /** Whether somebody will borrow the chunk once more, whoever else reads it. Default: nobody. */
  readonly isAwaited?: (chunk: number) => boolean
  /** How long chunks wait for others to be stored with them, in ms. Default 1000; 0: not at all. */
  readonly gatherMs?: number
}

export class ChunkKeeper {
  private readonly options: KeeperOptions
  /** The store in use, and before it those that failed but may still be read. */
  private readonly stores: ChunkStore[] = []
  private readonly unstored = new Map<number, Bytes>()
  private readonly cache = new ServingCache({
    isAwaited: (chunk) => this.isAwaited(chunk),
    evicted: (bytes) => this.recycle(bytes),
  })
  private readonly spares = new SpareBuffers()
  private readonly blobsAtHand = new Map<number, Blob>()
  /** Given up, but perhaps still in a store. */
  private readonly removals = new Set<number>()
  /** How often each chunk was kept or given up. */
  private readonly versions = new Map<number, number>()
  /** Even memory is used up: what is not stored stays where it is. */
  private isFull = false
  private unstoredBytes = 0
  private writing: Promise<void> | null = null
  /** Rings when the first of those that are gathered has waited long enough. */
  private gathering: ReturnType<typeof setTimeout> | null = null
  /** The first of those that are not stored has waited long enough, or was waiting when the store failed. */
  private isDue = false
  /** Nothing is gathered until all is written. */
  private isFlushing = false
  private gatherMs: number
  private readonly roomWaiters: (() => void)[] = []
  private readonly opening: Promise<readonly number[]>
  private isClosed = false

  constructor(options: KeeperOptions) {
    this.options = options
    this.gatherMs = options.gatherMs ?? GATHER_MS
    this.opening = this.open()
  }

  /** Chunks left by an earlier visit. */
  whenOpen(): Promise<readonly number[]> {
    return this.opening
  }

  /** Which kind of store is in use. */
  get storage(): ChunkStore['kind'] | null {
    return this.stores.at(-1)?.kind ?? null
  }

  /** Takes a chunk; it can be read from now on. */
  keep(chunk: number, bytes: Bytes): void {
    if (this.isClosed) return
    this.removals.delete(chunk)
    this.noteChange(chunk)
    const before = this.unstored.get(chunk)
    this.unstored.set(chunk, bytes)
    this.unstoredBytes += bytes.byteLength - (before?.byteLength ?? 0)
    this.writeNext()
  }

  forget(chunk: number): void {
    this.dropUnstored(chunk)
    this.noteChange(chunk)
    this.removals.add(chunk)
    this.writeNext()
  }

  /** Room for a chunk to come, with anything in it. */
  newBuffer(lengthBytes: number): Bytes {
    return this.spares.take(lengthBytes)
  }

  /** The chunk's bytes, or null where it is not kept. */
  get(chunk: number): Promise<Bytes | null> {
    return this.find(chunk, (bytes) => this.spares.share(bytes))
  }

  /** As `get`, for whoever awaits the chunk, and says when he is done with it. */
  borrow(chunk: number): Promise<Loan | null> {
    return this.find(chunk, (bytes) => {
      const loan = this.spares.lend(bytes)
      const giveBack = (): void => {
        loan.giveBack()
        this.cache.noteRead(chunk)
      }
      return { bytes, giveBack }
    })
  }

  /** Resolves when there is room for more. */
  async whenRoom(): Promise<void> {
    while (this.isCrowded) await new Promise<void>((resolve) => this.roomWaiters.push(resolve))
  }

  /**
   * The whole file: a Blob of the stored Blobs, and of those bytes that are in memory where there are none. Null, and `lost`
   * called, where a chunk cannot be read.
   */
  async blob(type: string): Promise<Blob | null> {
    await this.opening
    const { chunkCount } = this.options.geometry
    const parts: (Blob | Bytes)[] = []
    const absent: number[] = []
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const part = this.unstored.get(chunk) ?? this.blobsAtHand.get(chunk) ?? this.cache.get(chunk)
      if (part === undefined) absent.push(chunk)
      else parts[chunk] = part instanceof Blob ? part : this.spares.share(part)
    }
    for (const store of this.stores.toReversed()) {
      const wanted = absent.filter((chunk) => parts[chunk] === undefined && !this.removals.has(chunk))
      for (const [chunk, blob] of await this.readBlobs(store, wanted)) parts[chunk] = blob
    }
    const lost = absent.filter((chunk) => parts[chunk] === undefined)
    for (const chunk of lost) this.options.lost(chunk)
    return lost.length > 0 ? null : new Blob(parts, { type })
  }

  /** Those that can be read. Where they are not on a disk they are read into memory: a group at a time. */
  private async readBlobs(store: ChunkStore, wanted: readonly number[]): Promise<Map<number, Blob>> {
    const { geometry } = this.options
    const atOnce = store.keepsBlobs ? wanted.length : Math.ceil(GROUP_BYTES / geometry.chunkBytes)
    const read = new Map<number, Blob>()
    for (let start = 0; start < wanted.length; start += atOnce) {
      const group = wanted.slice(start, start + atOnce)
      const blobs = await store.getBlobs(group).catch(() => [])
      for (const [place, blob] of blobs.entries()) {
        const chunk = group[place]
        if (chunk !== undefined && blob?.size === geometry.lengthBytes(chunk)) read.set(chunk, blob)
      }
    }
    return read
  }

  /** Little more will come: writes what was gathered. */
  flush(): void {
    this.isFlushing = this.unstored.size > 0
    this.writeNext()
    void this.whenWritten().then(() => this.stores.at(-1)?.rest())
  }

  /** Writes what is not written, then lets go of the store. */
  async close(): Promise<void> {
    await this.opening
    this.gatherMs = 0
    this.writeNext()
    await this.whenWritten()
    this.release()
    for (const store of this.stores) store.close()
  }

  /** Deletes everything. Blobs that were handed out stay readable. */
  async delete(): Promise<void> {
    this.release()
    await this.opening
    await this.writing
    for (const store of this.stores) await store.delete().catch(() => {})
  }

  private async whenWritten(): Promise<void> {
    await this.opening
    while (this.writing !== null) await this.writing
  }

  private get isCrowded(): boolean {
    return this.unstoredBytes > MAX_UNSTORED_BYTES && !this.isClosed && !this.isFull
  }

  /** `hold` is called as soon as the bytes are found: later they may have been used for something else. */
  private async find<Held>(chunk: number, hold: (bytes: Bytes) => Held): Promise<Held | null> {
    const inMemory = this.inMemory(chunk)
    if (inMemory !== undefined) return hold(inMemory)
    await this.opening
    const version = this.versions.get(chunk)
    const readers = [
      () => this.readAtHand(chunk),
      ...this.stores.toReversed().map((store) => () => store.get(chunk)),
    ]
    for (const read of readers) {
      if (this.removals.has(chunk)) return null
      const bytes = await read().catch(() => null)
      if (this.versions.get(chunk) !== version) return this.find(chunk, hold)
      if (bytes?.byteLength !== this.options.geometry.lengthBytes(chunk)) continue
      const held = hold(bytes)
      this.addToCache(chunk, bytes)
      return held
    }
    // It may have been written while we looked elsewhere.
    const written = this.inMemory(chunk)
    return written === undefined ? null : hold(written)
  }

  /** Where the store has no Blobs, the file is put together of what is in memory, and the rest is read. */
  private isAwaited(chunk: number): boolean {
    return this.stores.at(-1)?.keepsBlobs === false || this.options.isAwaited?.(chunk) === true
  }

  private inMemory(chunk: number): Bytes | undefined {
    return this.unstored.get(chunk) ?? this.cache.get(chunk)
  }

  /** Without asking the store where it is. */
  private async readAtHand(chunk: number): Promise<Bytes | null> {
    const buffer = await this.blobsAtHand.get(chunk)?.arrayBuffer()
    return buffer === undefined ? null : new Uint8Array(buffer)
  }

  private release(): void {
    this.isClosed = true
    this.stopGathering()
    this.removals.clear()
    this.blobsAtHand.clear()
    this.unstored.clear()
    this.cache.clear()
    this.makeRoom()
  }

  private async open(): Promise<readonly number[]> {
    const { store, identity } = this.options
    try {
      const kept = await store.open(identity)
      this.stores.push(store)
      return kept.filter((chunk) => this.options.geometry.contains(chunk))
    } catch {
      await this.fallBack()
      return []
    }
  }

  private async fallBack(): Promise<void> {
    this.stores.at(-1)?.rest()
    const store = this.options.fallback()
    await store.open(this.options.identity)
    this.stores.push(store)
  }

  private writeNext(): void {
    const isIdle = this.removals.size === 0 && (this.unstored.size === 0 || this.isFull)
    if (this.writing !== null || isIdle || this.gathers()) return
    this.writing = this.writeGroup().finally(() => {
      this.writing = null
      this.makeRoom()
      this.writeNext()
    })
  }

  /** More may come that goes with what there is; whoever asks is called again. */
  private gathers(): boolean {
    const isEnough = this.removals.size > 0 || this.unstoredBytes >= GROUP_BYTES
    if (isEnough || this.isDue || this.isFlushing || this.gatherMs === 0) return false
    this.gathering ??= setTimeout(() => {
      this.isDue = true
      this.writeNext()
    }, this.gatherMs)
    return true
  }

  private stopGathering(): void {
    if (this.gathering !== null) clearTimeout(this.gathering)
    this.gathering = null
    this.isDue = false
  }

  private async writeGroup(): Promise<void> {
    await this.opening
    if (this.removals.size > 0) return this.removeGroup()
    this.stopGathering()
    const group: StoredChunk[] = []
    let groupBytes = 0
    for (const [index, bytes] of this.unstored) {
      if (groupBytes >= GROUP_BYTES) break
      group.push({ index, bytes })
      groupBytes += bytes.byteLength
    }
    if (group.length === 0) return
    try {
      await this.stores.at(-1)?.put(group)
    } catch {
      // Full or broken: memory takes over; the group is written there by the next turn.
      if (this.stores.at(-1)?.kind !== 'memory') {
        this.isDue = true
        return this.fallBack()
      }
      this.isFull = true
      return
    }
    await this.fetchBlobs(group)
    for (const { index, bytes } of group) {
      if (this.unstored.get(index) !== bytes) {
        this.blobsAtHand.delete(index)
        continue
      }
      this.dropUnstored(index)
      this.addToCache(index, bytes)
    }
    if (this.unstored.size === 0) this.isFlushing = false
  }

  /** Takes the Blobs of what was just stored at hand. A failure costs nothing: they are read at the end. */
  private async fetchBlobs(group: readonly StoredChunk[]): Promise<void> {
    const store = this.stores.at(-1)
    if (store?.keepsBlobs !== true || this.options.geometry.chunkCount > MAX_BLOBS_AT_HAND) return
    const indices = group.map(({ index }) => index)
    for (const [chunk, blob] of await this.readBlobs(store, indices)) this.blobsAtHand.set(chunk, blob)
  }

  private async removeGroup(): Promise<void> {
    const group = [...this.removals]
    for (const store of this.stores) await store.remove(group).catch(() => {})
    for (const chunk of group) this.removals.delete(chunk)
  }

  /** What was read before is not what is kept after. */
  private noteChange(chunk: number): void {
    this.cache.drop(chunk)
    this.blobsAtHand.delete(chunk)
    this.versions.set(chunk, (this.versions.get(chunk) ?? 0) + 1)
  }

  private dropUnstored(chunk: number): void {
    this.unstoredBytes -= this.unstored.get(chunk)?.byteLength ?? 0
    this.unstored.delete(chunk)
  }

  private addToCache(chunk: number, bytes: Bytes): void {
    if (this.stores.at(-1)?.kind !== 'memory') this.cache.add(chunk, bytes)
  }

  private recycle(bytes: Bytes): void {
    if (this.stores.at(-1)?.givesBytesBack === true) this.spares.giveUp(bytes)
  }

  private makeRoom(): void {
    if (this.isCrowded) return
    for (const resume of this.roomWaiters.splice(0)) resume()
  }
}
