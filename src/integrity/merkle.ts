/**
 * The Merkle tree hash of RFC 9162 §2.1.1 over the chunks' SHA-256 digests: leaf H(0x00 ‖ digest), node
 * H(0x01 ‖ left ‖ right), split at the largest power of two below the number of leaves.
 */

import { sha256 } from '@noble/hashes/sha2.js'

const DIGEST_BYTES = 32
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** The root, 64 hex digits, over at least one digest of 32 bytes. */
export function merkleRoot(digests: Uint8Array): string {
  let hex = ''
  for (const byte of subtree(digests)) hex += byte.toString(16).padStart(2, '0')
  return hex
}

function subtree(digests: Uint8Array): Uint8Array {
  const leaves = digests.byteLength / DIGEST_BYTES
  if (leaves === 1) return hash(LEAF_PREFIX, digests)
  let split = 1
  while (split * 2 < leaves) split *= 2
  const cut = split * DIGEST_BYTES
  return hash(NODE_PREFIX, subtree(digests.subarray(0, cut)), subtree(digests.subarray(cut)))
}

function hash(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const running = sha256.create().update(Uint8Array.of(prefix))
  for (const part of parts) running.update(part)
  return running.digest()
}
