/** A chunk as a Blob, for the database. */

import type { Bytes } from '../ports.ts'

/**
 * Blobs are made of parts of this length, in bytes, that an allocator keeps at hand: Chromium's maps pages anew for what is longer
 * than some 900 KiB, and to fault them in takes longer than to copy. Blobs of 1 MiB were written at 202 MB/s from one part, at 305
 * from four (measured).
 */
const PART_BYTES = 256 * 1024

export function newBlob(bytes: Bytes): Blob {
  const parts: Bytes[] = []
  for (let offset = 0; offset < bytes.byteLength; offset += PART_BYTES)
    parts.push(bytes.subarray(offset, offset + PART_BYTES))
  return new Blob(parts)
}
