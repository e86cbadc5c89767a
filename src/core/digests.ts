/**
 * SHA-256 digests of chunks: all of them where the page brought them, else those of the chunks we hold.
 */

import { DIGEST_BYTES } from './wire/limits.ts'

export class DigestTable {
  private readonly bytes: Uint8Array
  private readonly known: Uint8Array

  constructor(chunkCount: number, given: Uint8Array | null) {
    this.bytes = given ?? new Uint8Array(chunkCount * DIGEST_BYTES)
    this.known = new Uint8Array(chunkCount).fill(given === null ? 0 : 1)
  }

  /** A view of the chunk's digest, or null where it is not known. */
  get(chunk: number): Uint8Array | null {
    return this.known[chunk] === 1
      ? this.bytes.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES)
      : null
  }

  set(chunk: number, digest: Uint8Array): void {
    this.bytes.set(digest, chunk * DIGEST_BYTES)
    this.known[chunk] = 1
  }
}

export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < DIGEST_BYTES; index++) if (a[index] !== b[index]) return false
  return true
}
