/**
 * Subresource Integrity (W3C, "Subresource Integrity", §3): `sha256-…`, `sha384-…`, `sha512-…` in base64, several
 * separated by spaces; of those, the ones with the strongest algorithm count, and any one of them may match.
 */

import type { FileHashAlgorithm } from '../ports.ts'
import { fromBase64 } from './base64.ts'

/** What the whole file must hash to. */
export interface WholeFileHash {
  readonly algorithm: FileHashAlgorithm
  matches(digest: Uint8Array): boolean
}

const DIGEST_BYTES: Record<FileHashAlgorithm, number> = { sha256: 32, sha384: 48, sha512: 64 }
const STRONGEST_FIRST: readonly FileHashAlgorithm[] = ['sha512', 'sha384', 'sha256']

/** Longest metadata that is looked at, in characters. */
const MAX_LENGTH = 4096

/** The hash that SRI metadata names; null where it names none that this browser can check. */
export function parseSri(metadata: string): WholeFileHash | null {
  if (metadata.length > MAX_LENGTH) return null
  const digests = new Map<FileHashAlgorithm, Uint8Array[]>()
  for (const item of metadata.trim().split(/\s+/)) {
    const [, name, encoded] = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?\S*)?$/.exec(item) ?? []
    if (name === undefined || encoded === undefined) continue
    const algorithm = name as FileHashAlgorithm
    const digest = fromBase64(encoded)
    if (digest?.byteLength !== DIGEST_BYTES[algorithm]) continue
    digests.set(algorithm, [...(digests.get(algorithm) ?? []), digest])
  }
  for (const algorithm of STRONGEST_FIRST) {
    const candidates = digests.get(algorithm)
    if (candidates !== undefined)
      return { algorithm, matches: (digest) => candidates.some((candidate) => areEqual(candidate, digest)) }
  }
  return null
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}
