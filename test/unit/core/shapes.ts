/** What tests of the core speak of: peers, a file, digests. */

import { Random } from '../../../src/core/random.ts'
import type { FileFacts, PeerId } from '../../../src/core/types.ts'

export const CHUNK_BYTES: number = 64 * 1024

/** The nth peer; ids sort as the numbers do. */
export function peer(number: number): PeerId {
  return number.toString(16).padStart(16, '0') as PeerId
}

/** A file of so many chunks, the last one 1,000 bytes short of a whole one. */
export function fileOf(chunks: number, overrides: Partial<FileFacts> = {}): FileFacts {
  return {
    sizeBytes: Math.max(0, chunks * CHUNK_BYTES - 1000),
    chunkBytes: CHUNK_BYTES,
    validator: '"v1"',
    root: null,
    ...overrides,
  }
}

/** What stands for the SHA-256 of the chunk's true bytes. */
export function genuineDigest(chunk: number): Uint8Array {
  const random = new Random(chunk)
  return Uint8Array.from({ length: 32 }, () => random.below(256))
}

/** What stands for the SHA-256 of other bytes than the chunk's. */
export function forgedDigest(chunk: number): Uint8Array {
  return genuineDigest(chunk + 1_000_000)
}

/** The digests of these chunks, one after the other, as a `have` or a manifest holds them. */
export function digestsOf(
  chunks: readonly number[],
  digestOf: (chunk: number) => Uint8Array = genuineDigest,
): Uint8Array {
  const all = new Uint8Array(chunks.length * 32)
  for (const [place, chunk] of chunks.entries()) all.set(digestOf(chunk), place * 32)
  return all
}

/** `start`, `start + 1`, … below `end`. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset)
}

/** The chunks as a bit field for the wire. */
export function bitsOf(chunks: readonly number[], chunkCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(chunkCount / 8))
  for (const chunk of chunks) bits[chunk >> 3] = (bits[chunk >> 3] ?? 0) | (128 >> (chunk & 7))
  return bits
}
