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
  private generation = 0
  private progress: Promise<void> | null = null

  constructor(options: FileCheckOptions) {
    this.options = options
  }

  /** More is kept: hashes as far as it goes. */
  advance(): void {
    this.progress ??= this.run().finally(() => {
      this.progress = null
    })
  }

  /** Something already hashed is not what it was: from the start again. */
  restart(): void {
    this.generation++
    this.hash = null
    this.next = 0
  }

  /** A kept chunk was given up. */
  forget(chunk: number): void {
    if (chunk < this.next) this.restart()
  }

  /** The digest once every chunk is kept; null where one cannot be read any more. */
  async finish(): Promise<Uint8Array | null> {
    if (this.progress !== null) await this.progress
    await this.run()
    if (this.next < this.options.chunkCount) return null
    const hash = this.hash ?? (await this.options.newHash())
    this.restart()
    return hash.digest()
  }

  private async run(): Promise<void> {
    const generation = this.generation
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
