/**
 * Stand-ins for SHA-256: they tell chunks, and genuine from spoilt, apart.
 */

import { DIGEST_BYTES } from '../src/core/wire/limits.ts'

export function digestOf(chunk: number, isGenuine: boolean): Uint8Array {
  const digest = new Uint8Array(DIGEST_BYTES)
  new DataView(digest.buffer).setUint32(0, chunk)
  digest[DIGEST_BYTES - 1] = isGenuine ? 1 : 2
  return digest
}

export function genuineDigests(chunkCount: number): Uint8Array {
  const digests = new Uint8Array(chunkCount * DIGEST_BYTES)
  for (let chunk = 0; chunk < chunkCount; chunk++) digests.set(digestOf(chunk, true), chunk * DIGEST_BYTES)
  return digests
}
