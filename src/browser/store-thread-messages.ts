/** What the page and a thread that stores for it say to each other. Buffers are handed over, and come back. */

/** Where in the buffer a chunk lies, in bytes, and under which key it is kept. */
export interface PackedChunk {
  readonly key: IDBValidKey
  readonly offset: number
  readonly length: number
}

export interface ToStoreThread {
  readonly type: 'put'
  readonly database: string
  readonly buffer: ArrayBuffer
  readonly chunks: readonly PackedChunk[]
}

export type FromStoreThread =
  | { readonly type: 'begun' }
  /** All of them are kept: they survive the page. */
  | { readonly type: 'kept'; readonly buffer: ArrayBuffer }
  | { readonly type: 'failed' }

/** Null where it is none of ours: a script that is in one file with others says what they say. */
export function parseFromStoreThread(said: unknown): FromStoreThread | null {
  if (typeof said !== 'object' || said === null) return null
  const { type, buffer } = said as Readonly<Record<string, unknown>>
  if (type === 'begun' || type === 'failed') return { type }
  return type === 'kept' && buffer instanceof ArrayBuffer ? { type, buffer } : null
}
