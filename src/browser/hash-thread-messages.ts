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
