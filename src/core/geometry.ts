/**
 * How a file is cut into chunks. Every chunk has the same length but the last, which is what remains; an empty file
 * has none.
 */

import { invariant } from './invariant.ts'
import type { ChunkRun } from './types.ts'

/** Smallest default chunk of a large file: 64 KiB, so that it does not drown in messages. */
const SMALLEST_USUAL_CHUNK_BYTES = 64 * 1024

/**
 * A small file is cut into 64 at least, down to chunks of 16 KiB, one message each. With sixteen chunks of 64 KiB, a
 * crowd that came faster than the origin could send and left when done lost its last chunk again and again: 1.3 to 5.5
 * times the time of quiet hours instead of 1.07 to 1.09 (1 MB at 1 Mb/s, two a second; simulated).
 */
const LEAST_CHUNK_COUNT = 64
const SMALLEST_DEFAULT_CHUNK_BYTES = 16 * 1024

/**
 * Largest default chunk: 2 MiB. A chunk is passed on once it is whole: in a data centre, where the origin is as fast as each
 * host's line, 3 GB took 300 hosts 1.096 times their links' limit (median) with chunks of 4 MiB, 1.055 with 2, 1.039 with 1 and half
 * again as many messages (simulated). And it does not occupy a slow uplink for long.
 */
const LARGEST_DEFAULT_CHUNK_BYTES = 2 * 1024 * 1024

/**
 * Number of chunks aimed at. The pipeline through a swarm of N takes (F/u)(1 + ⌊log₂N⌋/M) (Mundinger, Weber, Weiss):
 * with M of 512 or so, ten thousand peers lose 3%, and a bit field is still 64 bytes.
 */
const TARGET_CHUNK_COUNT = 512

/**
 * Chunk length in bytes where no manifest says otherwise: clamp(2^⌈log₂(size/512)⌉, 64 KiB, 2 MiB), and of files under
 * 4 MiB clamp(2^⌊log₂(size/64)⌋, 16 KiB, 64 KiB).
 */
export function defaultChunkBytes(sizeBytes: number): number {
  let chunkBytes = SMALLEST_DEFAULT_CHUNK_BYTES
  while (chunkBytes < SMALLEST_USUAL_CHUNK_BYTES && 2 * chunkBytes * LEAST_CHUNK_COUNT <= sizeBytes)
    chunkBytes *= 2
  while (chunkBytes < LARGEST_DEFAULT_CHUNK_BYTES && chunkBytes * TARGET_CHUNK_COUNT < sizeBytes)
    chunkBytes *= 2
  return chunkBytes
}

export class Geometry {
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly chunkCount: number

  constructor({ sizeBytes, chunkBytes }: { sizeBytes: number; chunkBytes: number }) {
    invariant(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, 'A size is a whole number of bytes.')
    invariant(Number.isSafeInteger(chunkBytes) && chunkBytes > 0, 'A chunk has at least one byte.')
    this.sizeBytes = sizeBytes
    this.chunkBytes = chunkBytes
    this.chunkCount = Math.ceil(sizeBytes / chunkBytes)
  }

  /** Whether there is such a chunk. For indices that come from outside. */
  contains(chunk: number): boolean {
    return Number.isInteger(chunk) && chunk >= 0 && chunk < this.chunkCount
  }

  /** Whether all of the run lies within the file. For runs that come from outside. */
  containsRun({ start, count }: ChunkRun): boolean {
    return count > 0 && this.contains(start) && this.contains(start + count - 1)
  }

  /** Offset of the chunk's first byte in the file. */
  firstByte(chunk: number): number {
    return chunk * this.chunkBytes
  }

  /** Length of this chunk in bytes. */
  lengthBytes(chunk: number): number {
    return Math.min(this.chunkBytes, this.sizeBytes - chunk * this.chunkBytes)
  }

  /** First and last byte of a run, both included, as a Range header wants them. */
  byteRange(run: ChunkRun): { firstByte: number; lastByte: number } {
    invariant(run.count > 0 && run.start + run.count <= this.chunkCount, 'A run lies within the file.')
    return {
      firstByte: this.firstByte(run.start),
      lastByte: Math.min(this.sizeBytes, this.firstByte(run.start + run.count)) - 1,
    }
  }
}
