/** What the page and the thread that hashes for it say to each other. Buffers are handed over, and come back. */

import type { FileHashAlgorithm } from '../ports.ts'

export type ToHashThread =
  | { readonly type: 'begin'; readonly algorithm: FileHashAlgorithm }
  /** The first so many bytes of the buffer. */
  | { readonly type: 'update'; readonly buffer: ArrayBuffer; readonly lengthBytes: number }
  | { readonly type: 'digest' }

export type FromHashThread =
  | { readonly type: 'begun' }
  | { readonly type: 'updated'; readonly buffer: ArrayBuffer }
  | { readonly type: 'digest'; readonly digest: Uint8Array }
  | { readonly type: 'failed' }

/** Null where it is none of ours: a script that is in one file with others says what they say. */
export function parseFromHashThread(said: unknown): FromHashThread | null {
  if (typeof said !== 'object' || said === null) return null
  const { type, buffer, digest } = said as Readonly<Record<string, unknown>>
  if (type === 'begun' || type === 'failed') return { type }
  if (type === 'updated' && buffer instanceof ArrayBuffer) return { type, buffer }
  if (type === 'digest' && digest instanceof Uint8Array) return { type, digest }
  return null
}
