/**
 * The hash of the whole file, taken in order while chunks still arrive: whenever the next chunk is kept, it is hashed,
 * so that little is left to do at the end. What has to come from the disk is asked for a few chunks ahead.
 */

import { type FileHash, HashLostError } from '../ports.ts'
import type { Loan } from './spare-buffers.ts'

export interface FileCheckOptions {
  readonly chunkCount: number
  readonly newHash: () => Promise<FileHash>
  /** Whether the chunk is kept and may be hashed. */
  readonly isKept: (chunk: number) => boolean
  readonly borrow: (chunk: number) => Promise<Loan | null>
}

/** Chunks that are read at the same time (guess: enough to keep the disk at work while one is hashed). */
const READ_AT_ONCE = 4

export class FileCheck {
  private readonly options: FileCheckOptions
  private hash: FileHash | null = null
  private next = 0
  private isClosed = false
  /** The digest was taken, and nothing was kept since. */
  private isOver = false
  /** Counts how often something that may have been read was given up: what was read before is not hashed after it. */
  private generation = 0
  private progress: Promise<void> | null = null
  private ending: Promise<Uint8Array | null> | null = null

  constructor(options: FileCheckOptions) {
    this.options = options
  }

  /** The chunk that is hashed next. */
  get position(): number {
    return this.next
  }

  /** It is not in the hash yet. */
  awaits(chunk: number): boolean {
    return !this.isClosed && !this.isOver && chunk >= this.next
  }

  /** More is kept: hashes as far as it goes. */
  advance(): void {
    this.isOver = false
    if (this.progress !== null) return
    this.progress = this.run().finally(() => {
      this.progress = null
    })
    // Of a defect, whoever waits for the end hears.
    this.progress.catch(() => {})
  }

  /** Ends it for good: `finish` resolves to null. */
  close(): void {
    this.isClosed = true
    this.restart()
  }

  /** What was hashed does not count any more. The next chunk that is kept, or the end, begins anew. */
  restart(): void {
    this.generation++
    this.hash?.close()
    this.hash = null
    this.next = 0
  }

  /** A kept chunk was given up: if it is hashed, or being read to be, that was in vain. */
  forget(chunk: number): void {
    if (chunk < this.next) this.restart()
    else if (chunk < this.next + READ_AT_ONCE) this.generation++
  }

  /** The digest once every chunk is kept; null where one cannot be read any more. */
  finish(): Promise<Uint8Array | null> {
    this.ending ??= this.end().finally(() => {
      this.ending = null
    })
    return this.ending
  }

  private async end(): Promise<Uint8Array | null> {
    while (!this.isClosed) {
      // One that is under way may have looked for the last chunk before it came.
      await this.progress
      const { next, generation } = this
      this.advance()
      await this.progress
      if (this.next === this.options.chunkCount && this.hash !== null) {
        const ended = this.generation
        const digest = await unlessLost(this.hash.digest())
        const isWhole = this.generation === ended
        this.restart()
        this.isOver = digest !== null && isWhole
        if (this.isOver) return digest
        continue
      }
      if (this.next === next && this.generation === generation) return null
    }
    return null
  }

  private async run(): Promise<void> {
    if (this.isClosed) return
    const { generation } = this
    const hash = this.hash ?? (await this.options.newHash())
    if (generation !== this.generation) return hash.close()
    this.hash = hash
    try {
      await this.hashOn(hash, generation)
    } catch (error) {
      // It may or may not have taken what it was given.
      this.restart()
      if (!(error instanceof HashLostError)) throw error
    }
  }

  private async hashOn(hash: FileHash, generation: number): Promise<void> {
    const loans: Promise<Loan | null>[] = []
    for (;;) {
      while (loans.length < READ_AT_ONCE && this.isReadable(this.next + loans.length))
        loans.push(this.options.borrow(this.next + loans.length))
      const loan = (await loans.shift()) ?? null
      if (loan === null || generation !== this.generation) return
      // Whatever is given up from now on is in the hash.
      this.next++
      await hash.update(loan.bytes)
      loan.giveBack()
      if (generation !== this.generation) return
    }
  }

  private isReadable(chunk: number): boolean {
    return chunk < this.options.chunkCount && this.options.isKept(chunk)
  }
}

/** Null where the hash is lost; any other failure is a defect. */
function unlessLost<Value>(promise: Promise<Value>): Promise<Value | null> {
  return promise.catch((error: unknown) => {
    if (error instanceof HashLostError) return null
    throw error
  })
}
