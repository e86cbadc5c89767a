/**
 * A manifest: the SHA-256 of every chunk, made by `swarmfetch manifest`. With one, each chunk is verified before it
 * is stored, used or passed on.
 */

import { MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_FILE_BYTES, MIN_CHUNK_BYTES } from '../core/wire/limits.ts'
import type { FileFacts } from '../core/types.ts'
import { fromBase64 } from './base64.ts'
import { merkleRoot } from './merkle.ts'

/** As it stands in the JSON file. */
export interface Manifest {
  /** Of this form: 1. */
  readonly version: 1
  /** Length of the file in bytes. */
  readonly sizeBytes: number
  /** Length of every chunk but the last, in bytes: 16 KiB to 16 MiB. */
  readonly chunkBytes: number
  /** SHA-256 of every chunk, 32 bytes each, concatenated, in base64. */
  readonly hashes: string
  /** SRI of the whole file, for tools; chunks are verified by `hashes`. */
  readonly sha256?: string
}

/** A manifest that was read and found sound. */
export interface ChunkHashes {
  readonly facts: FileFacts
  /** 32 bytes a chunk. */
  readonly digests: Uint8Array
}

/** The manifest's content, or the sentence that says what is wrong with it. */
export function readManifest(manifest: unknown): ChunkHashes | string {
  if (typeof manifest !== 'object' || manifest === null) return 'A manifest is a JSON object.'
  const { version, sizeBytes, chunkBytes, hashes } = manifest as Record<string, unknown>
  if (version !== 1) return 'Only manifests of version 1 can be read.'
  if (!isWithin(sizeBytes, 0, MAX_FILE_BYTES)) return 'The manifest’s sizeBytes is not a size.'
  if (!isWithin(chunkBytes, MIN_CHUNK_BYTES, MAX_CHUNK_BYTES))
    return 'The manifest’s chunkBytes is not between 16 KiB and 16 MiB.'
  const chunkCount = Math.ceil(sizeBytes / chunkBytes)
  if (chunkCount > MAX_CHUNKS) return 'The manifest has too many chunks.'
  const digests = typeof hashes === 'string' ? fromBase64(hashes) : null
  if (digests?.byteLength !== chunkCount * 32) return 'The manifest’s hashes do not fit its size.'
  const root = chunkCount === 0 ? null : merkleRoot(digests)
  return { facts: { sizeBytes, chunkBytes, validator: null, root }, digests }
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}
