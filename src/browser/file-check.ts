/**
 * The hash of the whole file, taken in order while chunks still arrive: whenever the next chunk is kept, it is hashed,
 * so that little is left to do at the end.
 */

import type { Bytes, FileHash } from '../ports.ts'

export interface FileCheckOptions {
  readonly chunkCount: number
  readonly newHash: () => Promise<FileHash>
  /** Whether the chunk is kept and may be hashed. */
  readonly isKept: (chunk: number) => boolean
  readonly read: (chunk: number) => Promise<Bytes | null>
}

export class FileCheck {
  private readonly options: FileCheckOptions
  private hash: FileHash | null = null
  private next = 0
  /** Counts the new starts: what was read before one is not hashed after it. */
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

  /** More is kept: hashes as far as it goes. */
  advance(): void {
    this.progress ??= this.run().finally(() => {
      this.progress = null
    })
  }

  /** From the start again. */
  restart(): void {
    this.generation++
    this.hash = null
    this.next = 0
  }

  /** A kept chunk was given up: if it is hashed, or being read to be, that was in vain. */
  forget(chunk: number): void {
    if (chunk <= this.next) this.restart()
  }

  /** The digest once every chunk is kept; null where one cannot be read any more. */
  finish(): Promise<Uint8Array | null> {
    this.ending ??= this.end().finally(() => {
      this.ending = null
    })
    return this.ending
  }

  private async end(): Promise<Uint8Array | null> {
    for (;;) {
      // One that is under way may have looked for the last chunk before it came.
      await this.progress
      const { next, generation } = this
      this.advance()
      await this.progress
      if (this.next === this.options.chunkCount && this.hash !== null) {
        const digest = this.hash.digest()
        this.restart()
        return digest
      }
      if (this.next === next && this.generation === generation) return null
    }
  }

  private async run(): Promise<void> {
    const { generation } = this
    const hash = this.hash ?? (await this.options.newHash())
    if (generation !== this.generation) return
    this.hash = hash
    while (this.next < this.options.chunkCount && this.options.isKept(this.next)) {
      const bytes = await this.options.read(this.next)
      if (bytes === null || generation !== this.generation) return
      hash.update(bytes)
      this.next++
    }
  }
}
