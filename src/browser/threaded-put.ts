/**
 * Writes chunks in a thread of its own. A Blob made of bytes takes as much memory of the browser until the object that stands
 * for it is collected, which is not before much other garbage is there; a thread that ends leaves nothing. So each
 * thread takes a share of the file, and another the next. The page's own thread copies the bytes, and is spared the rest.
 */

import { parseFromStoreThread, type PackedChunk, type ToStoreThread } from './store-thread-messages.ts'
import { listenTo } from './page-threads.ts'
import type { NewThread } from './thread.ts'
import type { Bytes } from '../ports.ts'

/** A thread is replaced after so many bytes (guess: it takes some 30 ms of a processor to start one, and 300 to store this much). */
const BYTES_A_THREAD = 64 * 1024 * 1024

/** Where the next does not begin, no more than so many: then the garbage collector has to be relied on again. */
const MOST_BYTES_A_THREAD = 2 * BYTES_A_THREAD

/** One that has not answered after so long for each MiB, in ms, is given up (guess: 4 MB to a slow SD card take 4,000). */
const ANSWERS_WITHIN_MS_A_MIB = 2500
const ANSWERS_WITHIN_MS = 10_000

export interface KeyedBytes {
  readonly key: IDBValidKey
  readonly bytes: Bytes
}

export class ThreadedPut {
  private readonly newThread: NewThread
  private readonly database: string
  /** The one in use; before the first has begun, null. */
  private current: Thread | null = null
  /** It is in use once it has begun. */
  private next: Thread | null = null
  /** It goes back and forth, from one thread to the other. */
  private buffer: ArrayBuffer | null = null
  private isPutting = false
  private declinedBytes = 0
  private isOver = false

  constructor(newThread: NewThread, database: string) {
    this.newThread = newThread
    this.database = database
  }

  /** No thread is to be had any more, or they come too late for what is to be kept. */
  get isOfNoUse(): boolean {
    return this.isOver || this.declinedBytes >= BYTES_A_THREAD
  }

  /**
   * Whether the chunks are kept, in one transaction. Where not, the caller has to see to it: at once, unless a thread that has
   * begun does not answer.
   */
  async put(chunks: readonly KeyedBytes[]): Promise<boolean> {
    const lengthBytes = chunks.reduce((total, { bytes }) => total + bytes.byteLength, 0)
    const isKept = !this.isOver && !this.isPutting && (await this.attempt(chunks, lengthBytes))
    if (!isKept) this.declinedBytes += lengthBytes
    return isKept
  }

  /** Nothing is to be kept for a while: ends the threads. */
  rest(): void {
    this.current?.end()
    this.next?.end()
    this.current = null
    this.next = null
    this.buffer = null
  }

  /** Ends the threads. What they have not written may or may not be kept. */
  close(): void {
    this.isOver = true
    this.rest()
  }

  private async attempt(chunks: readonly KeyedBytes[], lengthBytes: number): Promise<boolean> {
    const thread = this.threadAtWork()
    if (thread === null) return false
    this.isPutting = true
    const buffer = await this.putBy(thread, chunks, lengthBytes)
    this.isPutting = false
    if (thread === this.current) {
      this.buffer = buffer
      if (buffer === null) this.close()
    }
    return buffer !== null
  }

  private async putBy(
    thread: Thread,
    chunks: readonly KeyedBytes[],
    lengthBytes: number,
  ): Promise<ArrayBuffer | null> {
    try {
      return await thread.put(this.pack(chunks, lengthBytes), lengthBytes)
    } catch {
      // There is no memory for a buffer, say.
      return null
    }
  }

  /** One that has begun; if need be, the next is started, and not waited for. */
  private threadAtWork(): Thread | null {
    if (this.next?.hasBegun === true) {
      this.current?.end()
      this.current = this.next
      this.next = null
    }
    const isWorn = this.current === null || this.current.takenBytes >= BYTES_A_THREAD
    if (isWorn) this.next ??= this.start()
    if (this.next?.isOver === true || (this.current?.takenBytes ?? 0) >= MOST_BYTES_A_THREAD) this.close()
    return this.isOver ? null : this.current
  }

  private start(): Thread | null {
    try {
      return new Thread(this.newThread('swarmfetch-store-1'))
    } catch {
      this.close()
      return null
    }
  }

  private pack(chunks: readonly KeyedBytes[], lengthBytes: number): ToStoreThread {
    const last = this.buffer
    const buffer = last !== null && last.byteLength >= lengthBytes ? last : new ArrayBuffer(lengthBytes)
    const room = new Uint8Array(buffer)
    const packed: PackedChunk[] = []
    let offset = 0
    for (const { key, bytes } of chunks) {
      room.set(bytes, offset)
      packed.push({ key, offset, length: bytes.byteLength })
      offset += bytes.byteLength
    }
    return { type: 'put', database: this.database, buffer, chunks: packed }
  }
}

/** One worker, from its start to its end. */
class Thread {
  private readonly worker: Worker
  hasBegun = false
  isOver = false
  takenBytes = 0
  /** Takes the buffer that comes back; null where none does. */
  private answer: (buffer: ArrayBuffer | null) => void = () => {}

  constructor(worker: Worker) {
    this.worker = worker
    listenTo(
      worker,
      (said) => this.hear(said),
      () => this.end(),
    )
  }

  /** Resolves to the buffer, once all of it is kept; to null where that is not to be had. */
  async put(message: ToStoreThread, lengthBytes: number): Promise<ArrayBuffer | null> {
    this.takenBytes += lengthBytes
    const withinMs = Math.max(ANSWERS_WITHIN_MS, (lengthBytes / 2 ** 20) * ANSWERS_WITHIN_MS_A_MIB)
    const timer = setTimeout(() => this.end(), withinMs)
    try {
      return await new Promise<ArrayBuffer | null>((resolve) => {
        this.answer = resolve
        if (this.isOver) resolve(null)
        else this.worker.postMessage(message, [message.buffer])
      })
    } finally {
      clearTimeout(timer)
    }
  }

  end(): void {
    this.isOver = true
    this.worker.terminate()
    this.answer(null)
  }

  private hear(said: unknown): void {
    const message = parseFromStoreThread(said)
    if (message?.type === 'begun') this.hasBegun = true
    if (message?.type === 'kept') this.answer(message.buffer)
    if (message?.type === 'failed') this.end()
  }
}
