/**
 * Buffers of chunks, used again once nobody can look into them: new memory for each costs page faults, and a visitor on a fast
 * line leaves 200 MB of garbage before it is collected (Chromium). What is used again is a new object that has taken the
 * memory over; whoever still held the old one, by a defect, would find it empty, and never another chunk in it.
 */

import type { Bytes } from '../ports.ts'

/** No more is kept in reserve, in bytes: about what is stored at once, and so given up at once (chunk-keeper.ts). Longer chunks never are. */
const MAX_SPARE_BYTES = 8 * 1024 * 1024

/** Bytes that somebody looks at for a while. */
export interface Loan {
  readonly bytes: Bytes
  /** They are not looked at any more. Whoever forgets to say so leaves them to the garbage collector. */
  giveBack(): void
}

export class SpareBuffers {
  private readonly spares: ArrayBuffer[] = []
  private spareBytes = 0
  /** How many look into each at present; Infinity: who knows. */
  private readonly readers = new WeakMap<ArrayBuffer, number>()

  /** Room of this length, with anything in it. */
  take(lengthBytes: number): Bytes {
    const place = this.spares.findLastIndex(({ byteLength }) => byteLength === lengthBytes)
    const [spare] = place < 0 ? [] : this.spares.splice(place, 1)
    if (spare === undefined) return new Uint8Array(lengthBytes)
    this.spareBytes -= lengthBytes
    return new Uint8Array(spare)
  }

  /** They go to somebody who never says when he is done. */
  share(bytes: Bytes): Bytes {
    this.readers.set(bytes.buffer, Infinity)
    return bytes
  }

  lend(bytes: Bytes): Loan {
    const { buffer } = bytes
    this.readers.set(buffer, this.readersOf(buffer) + 1)
    let isLent = true
    return {
      bytes,
      giveBack: () => {
        if (isLent) this.readers.set(buffer, this.readersOf(buffer) - 1)
        isLent = false
      },
    }
  }

  /** Their owner does not need them any more. */
  giveUp({ buffer, byteLength }: Bytes): void {
    if (byteLength < buffer.byteLength || this.readersOf(buffer) > 0) return
    // Freed at once, where the browser can do that (Chromium from 114 on, Firefox from 122, Safari from 17.4).
    if (this.spareBytes + byteLength > MAX_SPARE_BYTES) return void buffer.transfer?.(0)
    this.spares.push(structuredClone(buffer, { transfer: [buffer] }))
    this.spareBytes += byteLength
  }

  private readersOf(buffer: ArrayBuffer): number {
    return this.readers.get(buffer) ?? 0
  }
}
