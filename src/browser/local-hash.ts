/** A running hash in the thread of whoever asks for it. */

import { type FileHash, HashLostError } from '../ports.ts'

export class LocalHash implements FileHash {
  private readonly add: (bytes: Uint8Array) => unknown
  private readonly end: () => Uint8Array
  private isOver = false

  constructor(add: (bytes: Uint8Array) => unknown, end: () => Uint8Array) {
    this.add = add
    this.end = end
  }

  async update(bytes: Uint8Array): Promise<void> {
    this.check()
    this.add(bytes)
  }

  async digest(): Promise<Uint8Array> {
    this.check()
    this.close()
    return this.end()
  }

  close(): void {
    this.isOver = true
  }

  private check(): void {
    if (this.isOver) throw new HashLostError('This hash has ended.')
  }
}
