/**
 * The running hash of a file in a thread of its own: the page copies bytes into one of a few buffers that go back and forth,
 * which takes it a twentieth of the time that hashing does.
 */

import { type FileHash, type FileHashAlgorithm, HashLostError } from '../ports.ts'
import { parseFromHashThread, type ToHashThread } from './hash-thread-messages.ts'
import { listenTo } from './page-threads.ts'
import type { NewThread } from './thread.ts'

/** Buffers on their way at most: one is hashed, the others wait for that (guess). */
const MAX_BUFFERS = 4

/** A thread that has not begun after so long, in ms, is not waited for (guess: it takes 50 ms on two idle cores). */
const BEGINS_WITHIN_MS = 5000

/** One that says nothing for so long, in ms, though it has something to do, is given up (guess: 16 MiB take a tenth of a second). */
const ANSWERS_WITHIN_MS = 30_000

/** Null where the page's policy allows no such thread, or it does not begin. `failed` is called then, and where it is lost. */
export async function beginThreadedHash(
  newThread: NewThread,
  algorithm: FileHashAlgorithm,
  failed: () => void,
): Promise<FileHash | null> {
  try {
    const hash = new ThreadedHash(newThread('swarmfetch-hash-1'), failed)
    await hash.begin(algorithm)
    return hash
  } catch {
    failed()
    return null
  }
}

class ThreadedHash implements FileHash {
  private readonly worker: Worker
  private readonly failed: () => void
  private readonly free: ArrayBuffer[] = []
  private buffersMade = 0
  private hasBegun = false
  private isOver = false
  private answer: Uint8Array | null = null
  /** Wakes the one call that waits for something to happen. */
  private wake: () => void = () => {}

  constructor(worker: Worker, failed: () => void) {
    this.worker = worker
    this.failed = failed
    listenTo(
      worker,
      (said) => this.hear(said),
      () => this.fail(),
    )
  }

  begin(algorithm: FileHashAlgorithm): Promise<void> {
    this.say({ type: 'begin', algorithm })
    return this.until(() => this.hasBegun, BEGINS_WITHIN_MS)
  }

  async update(bytes: Uint8Array): Promise<void> {
    try {
      const buffer = this.takeBuffer(bytes.byteLength)
      new Uint8Array(buffer).set(bytes)
      this.say({ type: 'update', buffer, lengthBytes: bytes.byteLength }, [buffer])
    } catch {
      // No memory for a buffer, say: these bytes are missing from now on.
      this.fail()
    }
    await this.until(() => this.free.length > 0 || this.buffersMade < MAX_BUFFERS)
  }

  async digest(): Promise<Uint8Array> {
    this.say({ type: 'digest' })
    await this.until(() => this.answer !== null)
    this.close()
    if (this.answer === null) throw lost()
    return this.answer
  }

  close(): void {
    this.isOver = true
    this.worker.terminate()
    this.wake()
  }

  private hear(said: unknown): void {
    const message = parseFromHashThread(said)
    switch (message?.type) {
      case undefined:
        return
      case 'begun':
        this.hasBegun = true
        break
      case 'updated':
        this.free.push(message.buffer)
        break
      case 'digest':
        this.answer = message.digest
        break
      case 'failed':
        this.fail()
    }
    this.wake()
  }

  private fail(): void {
    if (this.isOver) return
    this.failed()
    this.close()
  }

  private say(message: ToHashThread, transfer: ArrayBuffer[] = []): void {
    if (this.isOver) throw lost()
    this.worker.postMessage(message, transfer)
  }

  private async until(isTrue: () => boolean, withinMs: number = ANSWERS_WITHIN_MS): Promise<void> {
    while (!isTrue() || this.isOver) {
      if (this.isOver) throw lost()
      const timer = setTimeout(() => this.fail(), withinMs)
      await new Promise<void>((resolve) => (this.wake = resolve))
      clearTimeout(timer)
    }
  }

  /** One that came back, if it is long enough. */
  private takeBuffer(lengthBytes: number): ArrayBuffer {
    const buffer = this.free.pop()
    if (buffer !== undefined && buffer.byteLength >= lengthBytes) return buffer
    if (buffer === undefined) this.buffersMade++
    return new ArrayBuffer(lengthBytes)
  }
}

function lost(): HashLostError {
  return new HashLostError('The thread that hashes is gone.')
}
