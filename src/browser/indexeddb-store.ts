/**
 * Keeps chunks in IndexedDB, one database a download. The keys are the record of what is kept: each names the version
 * of the file and the chunk, and is written in the transaction that writes the chunk. So a crash can leave nothing
 * claimed that is not there, and a page that still writes an older version cannot mix it into a newer one.
 *
 * Chunks of large files are Blobs where the browser takes them: the finished file is composed of pointers to the disk,
 * 100 MB in 30 ms and no memory, where ArrayBuffers take 400 ms and 100 MB (Chromium). But each Blob has to be announced to
 * the browser's own process, which holds up the page's thread, so that chunks of small files are ArrayBuffers: 300 MB in
 * files of 10 MB, chunks of 256 KiB one by one, took 7 to 8.5 s of the processor as Blobs and 2.3 to 2.9 as ArrayBuffers,
 * with the finished files' Blobs.
 */

import { del, delMany, get, getMany, keys, set, setMany } from 'idb-keyval'

import { StoreError } from '../ports.ts'
import type { Bytes, ChunkStore, StoreIdentity, StoredChunk } from '../ports.ts'
import { newBlob } from './chunk-blob.ts'
import { IdbConnection } from './idb-connection.ts'
import { LONG_FILE_BYTES } from './page-threads.ts'
import { StoreIndex } from './store-index.ts'
import type { StoreIndexOptions } from './store-index.ts'
import type { NewThread } from './thread.ts'
import { ThreadedPut } from './threaded-put.ts'

/** How often an open store reports that it is in use, in milliseconds: an hour, half of what counts as in use. */
const TOUCH_INTERVAL_MS: number = 60 * 60 * 1000

/** So much of the locator names the database, in hex digits; the keys hold it whole. */
const LOCATOR_PREFIX_LENGTH = 16

/** Files up to this length are kept as ArrayBuffers, in bytes: about half of it is in memory anyway (chunk-keeper.ts). */
const SMALL_FILE_BYTES = 32 * 1024 * 1024

const PROBE_KEY = 'probe'

export interface IndexedDbStoreOptions extends StoreIndexOptions {
  /** Names a set of stores of its own: several visitors in one browser. Default ''. */
  readonly visitor?: string
  /** Default: for files above 32 MiB, if this browser takes them. */
  readonly keepBlobs?: boolean
  /** Starts threads that write the Blobs of long files. Default null: the page's own does. */
  readonly newThread?: NewThread | null
  /** Which files are long, in bytes. Default 64 MiB, as for their hash. */
  readonly threadedFromBytes?: number
}

export class IndexedDbStore implements ChunkStore {
  readonly kind = 'indexeddb'
  readonly #options: IndexedDbStoreOptions
  #opened: OpenStore | null = null

  constructor(options: IndexedDbStoreOptions = {}) {
    this.#options = options
  }

  get keepsBlobs(): boolean {
    return this.#opened?.keepsBlobs ?? false
  }

  get givesBytesBack(): boolean {
    return this.#opened?.givesBytesBack ?? false
  }

  /** Also deletes stores that nobody has used for a week, without waiting for that. */
  async open(identity: StoreIdentity): Promise<readonly number[]> {
    this.close()
    const opened = new OpenStore(identity, this.#options)
    this.#opened = opened
    try {
      return await opened.start()
    } catch (error) {
      if (this.#opened === opened) this.#opened = null
      opened.close()
      throw error
    }
  }

  async put(chunks: readonly StoredChunk[]): Promise<void> {
    await this.#open().put(chunks)
  }

  async get(index: number): Promise<Bytes | null> {
    return this.#open().get(index)
  }

  async getBlobs(indices: readonly number[]): Promise<(Blob | null)[]> {
    return this.#open().getBlobs(indices)
  }

  async remove(indices: readonly number[]): Promise<void> {
    await this.#open().remove(indices)
  }

  rest(): void {
    this.#opened?.rest()
  }

  async delete(): Promise<void> {
    const opened = this.#open()
    this.#opened = null
    await opened.delete()
  }

  close(): void {
    this.#opened?.close()
    this.#opened = null
  }

  #open(): OpenStore {
    if (this.#opened === null) throw new StoreError('unavailable', 'The store is not open.')
    return this.#opened
  }
}

/** A chunk as IndexedDB holds it. */
type KeptChunk = Blob | ArrayBuffer

/** The store of one identity, from `open()` to `close()`. */
class OpenStore {
  readonly #identity: StoreIdentity
  readonly #visitor: string
  readonly #nowMs: () => number
  readonly #connection: IdbConnection
  readonly #index: StoreIndex
  /** First part of every key: the version of the file. */
  readonly #version: string
  /** Null: all is written in the page's own thread. */
  readonly #threaded: ThreadedPut | null
  /** Null: to be found out. */
  #keepsBlobs: boolean | null
  #touchedAtMs = -Infinity

  constructor(identity: StoreIdentity, options: IndexedDbStoreOptions) {
    const { locator, sizeBytes, chunkBytes, validator } = identity
    this.#identity = identity
    this.#visitor = options.visitor ?? ''
    this.#nowMs = options.nowMs ?? Date.now
    const name = `swarmfetch:${this.#visitor}:${locator.slice(0, LOCATOR_PREFIX_LENGTH)}`
    this.#connection = new IdbConnection(name, options)
    this.#index = new StoreIndex(options)
    this.#version = JSON.stringify([locator, sizeBytes, chunkBytes, validator])
    const isLong = sizeBytes >= (options.threadedFromBytes ?? LONG_FILE_BYTES)
    const newThread = options.newThread ?? null
    this.#threaded = newThread !== null && isLong ? new ThreadedPut(newThread, name) : null
    this.#keepsBlobs = options.keepBlobs ?? (sizeBytes > SMALL_FILE_BYTES ? null : false)
  }

  get keepsBlobs(): boolean {
    return this.#keepsBlobs === true
  }

  /**
   * It copies them. But of Blobs that are made in the page the bytes stay in the browser's memory until the garbage is
   * collected, which takes place only where there is much of it: there, they had better become garbage.
   */
  get givesBytesBack(): boolean {
    return !this.keepsBlobs || (this.#threaded !== null && !this.#threaded.isOfNoUse)
  }

  async start(): Promise<number[]> {
    // The index has its own database, which may hang like any: no waiting for one after the other.
    const [kept] = await Promise.all([this.#findKept(), this.#touch()])
    this.#keepsBlobs ??= await this.#probeBlobs()
    void this.#index.deleteUnused().catch(() => undefined)
    return kept
  }

  async put(chunks: readonly StoredChunk[]): Promise<void> {
    void this.#touch()
    if (await this.#putInThread(chunks)) return
    const entries = chunks.map(({ index, bytes }): [IDBValidKey, KeptChunk] => [
      this.#key(index),
      this.keepsBlobs ? newBlob(bytes) : exactBuffer(bytes),
    ])
    for (;;) {
      try {
        return await this.#connection.run((use) => setMany(entries, use))
      } catch (error) {
        // Each turn deletes a store, so there are at most as many turns as stores.
        if (!isQuota(error) || !(await this.#makeRoom())) throw error
      }
    }
  }

  /** Where that fails, the page tries, and finds out why. */
  async #putInThread(chunks: readonly StoredChunk[]): Promise<boolean> {
    if (this.#threaded === null || !this.keepsBlobs) return false
    return this.#threaded.put(chunks.map(({ index, bytes }) => ({ key: this.#key(index), bytes })))
  }

  async get(index: number): Promise<Bytes | null> {
    void this.#touch()
    try {
      return await this.#connection.run(async (use) => {
        const kept = await get<unknown>(this.#key(index), use)
        if (kept instanceof ArrayBuffer) return new Uint8Array(kept)
        return kept instanceof Blob ? await readBlob(kept) : null
      })
    } catch (error) {
      // The database answers, its file for this chunk does not: one chunk is lost, not the store.
      if (error instanceof StoreError && error.cause instanceof UnreadableBlobError) return null
      throw error
    }
  }

  async getBlobs(indices: readonly number[]): Promise<(Blob | null)[]> {
    void this.#touch()
    const kept = await this.#connection.run((use) => getMany<unknown>(this.#keys(indices), use))
    return kept.map((chunk) => {
      if (chunk instanceof ArrayBuffer) return new Blob([chunk])
      return chunk instanceof Blob ? chunk : null
    })
  }

  async remove(indices: readonly number[]): Promise<void> {
    await this.#connection.run((use) => delMany(this.#keys(indices), use))
  }

  rest(): void {
    this.#threaded?.rest()
  }

  async delete(): Promise<void> {
    this.#threaded?.close()
    this.#connection.close()
    try {
      await this.#index.deleteStore(this.#connection.name)
    } finally {
      this.#index.close()
    }
  }

  close(): void {
    this.#threaded?.close()
    this.#connection.close()
    this.#index.close()
  }

  /** The chunks of this version, ascending. Whatever else is there goes. */
  async #findKept(): Promise<number[]> {
    const chunkCount = Math.ceil(this.#identity.sizeBytes / this.#identity.chunkBytes)
    const kept: number[] = []
    const foreign: IDBValidKey[] = []
    for (const key of await this.#connection.run((use) => keys(use))) {
      const index = Array.isArray(key) && key[0] === this.#version ? key[1] : null
      if (Number.isInteger(index) && Number(index) < chunkCount) kept.push(Number(index))
      else foreign.push(key)
    }
    if (foreign.length > 0) await this.#connection.run((use) => delMany(foreign, use))
    return kept
  }

  /** Safari refuses Blobs in private windows, and has been known to take them and lose what is in them. */
  async #probeBlobs(): Promise<boolean> {
    try {
      return await this.#connection.run(async (use) => {
        await set(PROBE_KEY, new Blob(['swarmfetch']), use)
        const read = await get<unknown>(PROBE_KEY, use)
        await del(PROBE_KEY, use)
        return read instanceof Blob && (await read.text()) === 'swarmfetch'
      })
    } catch {
      return false
    }
  }

  async #makeRoom(): Promise<boolean> {
    return this.#index.deleteOldest().catch(() => false)
  }

  /** Reports use, at most once an hour. The index may fail; the store does not fail with it. */
  async #touch(): Promise<void> {
    const nowMs = this.#nowMs()
    if (nowMs - this.#touchedAtMs < TOUCH_INTERVAL_MS) return
    this.#touchedAtMs = nowMs
    const { locator, sizeBytes } = this.#identity
    const entry = { database: this.#connection.name, visitor: this.#visitor, locator, sizeBytes }
    await this.#index.touch(entry).catch(() => undefined)
  }

  #key(index: number): IDBValidKey {
    return [this.#version, index]
  }

  #keys(indices: readonly number[]): IDBValidKey[] {
    return indices.map((index) => this.#key(index))
  }
}

class UnreadableBlobError extends Error {}

async function readBlob(blob: Blob): Promise<Bytes> {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (cause) {
    throw new UnreadableBlobError('A stored Blob cannot be read.', { cause })
  }
}

/** The bytes in a buffer of their own: IndexedDB would keep the whole buffer that a view looks into. */
function exactBuffer(bytes: Bytes): ArrayBuffer {
  const isWhole = bytes.byteLength === bytes.buffer.byteLength
  return isWhole ? bytes.buffer : bytes.slice().buffer
}

function isQuota(error: unknown): boolean {
  return error instanceof StoreError && error.reason === 'quota'
}
