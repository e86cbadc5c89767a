/**
 * Chunks that are not whole yet, or whole and not judged yet, by where they come from. One buffer a chunk; a chunk
 * that arrives in a single block stays a view into the received frame and is never copied.
 */

import type { ChunkSource } from '../core/session-io.ts'
import type { Geometry } from '../core/geometry.ts'
import type { Bytes } from '../ports.ts'

export class Assembly {
  private readonly geometry: Geometry
  private readonly newBuffer: (lengthBytes: number) => Bytes
  private readonly buffers = new Map<string, Bytes>()

  /** `newBuffer` makes room for a chunk; what is in it does not matter, as every byte of it is written. */
  constructor(geometry: Geometry, newBuffer: (lengthBytes: number) => Bytes) {
    this.geometry = geometry
    this.newBuffer = newBuffer
  }

  /** Adds a part. Offsets and lengths were checked by the session. */
  add(chunk: number, source: ChunkSource, offsetBytes: number, part: Bytes): void {
    const key = keyOf(chunk, source)
    const lengthBytes = this.geometry.lengthBytes(chunk)
    if (part.byteLength === lengthBytes) {
      this.buffers.set(key, part)
      return
    }
    const existing = this.buffers.get(key)
    const buffer = existing ?? this.newBuffer(lengthBytes)
    if (existing === undefined) this.buffers.set(key, buffer)
    buffer.set(part, offsetBytes)
  }

  /** A whole chunk from elsewhere, handed over. */
  put(chunk: number, source: ChunkSource, bytes: Bytes): void {
    this.buffers.set(keyOf(chunk, source), bytes)
  }

  get(chunk: number, source: ChunkSource): Bytes | null {
    return this.buffers.get(keyOf(chunk, source)) ?? null
  }

  take(chunk: number, source: ChunkSource): Bytes | null {
    const bytes = this.get(chunk, source)
    this.discard(chunk, source)
    return bytes
  }

  discard(chunk: number, source: ChunkSource): void {
    this.buffers.delete(keyOf(chunk, source))
  }

  clear(): void {
    this.buffers.clear()
  }
}

function keyOf(chunk: number, source: ChunkSource): string {
  switch (source.kind) {
    case 'peer':
      return `${source.peer}:${chunk}`
    case 'origin':
    case 'mirror':
      return `origin${source.run}:${chunk}`
    case 'store':
      return `store:${chunk}`
  }
}
