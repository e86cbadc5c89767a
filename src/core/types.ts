/**
 * The few types that everything in the core speaks of.
 */

/** A peer's id: 16 lower-case hex digits, made by the topology server, so that no peer can choose to be another. */
export type PeerId = string & { readonly __brand: 'PeerId' }

/** What a swarm is joined by: 64 lower-case hex digits. Never the URL itself. */
export type Locator = string & { readonly __brand: 'Locator' }

/** `count` chunks from chunk `start` on. */
export interface ChunkRun {
  readonly start: number
  readonly count: number
}

/** What two visitors must agree on before they may exchange chunks. */
export interface FileFacts {
  /** Length of the file in bytes. */
  readonly sizeBytes: number
  /** Length of every chunk but the last, in bytes. */
  readonly chunkBytes: number
  /** The origin's word for this version of the file (strong ETag, else Last-Modified); null where none is readable. */
  readonly validator: string | null
  /** Merkle root over the chunks' digests, 64 hex digits; null where the page has no chunk hashes. */
  readonly root: string | null
}

/** Bytes as the core sees them: it counts them and passes them on, and never looks inside. */
export interface Payload {
  readonly byteLength: number
}

const PEER_ID_PATTERN = /^[0-9a-f]{16}$/
const LOCATOR_PATTERN = /^[0-9a-f]{64}$/

/** The id, if it has the form of one. */
export function parsePeerId(text: unknown): PeerId | null {
  return typeof text === 'string' && PEER_ID_PATTERN.test(text) ? (text as PeerId) : null
}

/** The locator, if it has the form of one. */
export function parseLocator(text: unknown): Locator | null {
  return typeof text === 'string' && LOCATOR_PATTERN.test(text) ? (text as Locator) : null
}

/**
 * Names an origin in claims, in 32 bits: the same for all pages that know it, whatever other mirrors they list. Made
 * outside the core, of the URL and the locator, so that it tells nobody the URL.
 */
export type OriginTag = number
