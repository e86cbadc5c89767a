/**
 * The interfaces between the driver, which runs the core in a page, and the world. One adapter a file in `browser/`;
 * `test/contract/` holds one suite a port, run on every adapter. Byte arrays handed over are not copied: whoever
 * receives one may keep it, whoever gave it away does not write to it again.
 */

import type { ClientMessage, IceServer, Join, ServerMessage } from './core/wire/topology-messages.ts'
import type { PeerId } from './core/types.ts'

/** Bytes that live in a plain (unshared) buffer, as WebCrypto, Blob and data channels want them. */
export type Bytes = Uint8Array<ArrayBuffer>

// ---------------------------------------------------------------------------------------------------- origin

/** Bytes `firstByte` to `lastByte`, both included; `lastByte` null: to the end of the file. */
export interface ByteRange {
  readonly firstByte: number
  readonly lastByte: number | null
}

export interface OriginResponse {
  /**
   * 'range': the body starts at the range's first byte. 'whole': the origin ignores ranges (200); the body is the file,
   * from its first byte, whatever was asked for. Whoever has no use for that closes it at once.
   */
  readonly kind: 'range' | 'whole'
  /** Length of the whole file in bytes, where this response tells it (open-ended ranges do), else null. */
  readonly sizeBytes: number | null
  /** Length of the body in bytes, where the origin says it, else null. */
  readonly lengthBytes: number | null
  /** Strong ETag where readable, else Last-Modified, else null. */
  readonly validator: string | null
  readonly body: OriginBody
}

/** The bytes of a response, in order. */
export interface OriginBody {
  /**
   * Fills the beginning of `room` with what has come, a byte at least, and resolves to that part; null at the end. The
   * whole buffer behind `room` is handed over: a part may lie in another one that has taken its place, with all that was in
   * it. Rejects with `OriginError` where the body ends early, or with the signal's reason. Nothing is read ahead.
   */
  read(room: Bytes): Promise<Bytes | null>
  /** Closes the connection. */
  cancel(): Promise<void>
}

export type OriginFailure =
  | 'not-found' // 404, 410
  | 'forbidden' // 401, 403, 451
  | 'cors' // the origin answers, but not to this page
  | 'unreachable' // nothing answers, or the connection broke
  | 'busy' // 429, 503
  | 'range-unsatisfiable' // 416: the file is shorter than was believed
  | 'inconsistent' // encoded body, wrong Content-Range or length
  | 'status' // any other status

/** Why a range could not be had. Never thrown for an abort by the caller's signal: that rejects with its reason. */
export class OriginError extends Error {
  override readonly name = 'OriginError'
  readonly failure: OriginFailure
  /** HTTP status, where one was read. */
  readonly status: number | null
  /** From Retry-After, where readable, else null. */
  readonly retryAfterMs: number | null

  constructor(
    failure: OriginFailure,
    message: string,
    details: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause })
    this.failure = failure
    this.status = details.status ?? null
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

/** An HTTP origin: one URL. */
export interface Origin {
  /** Resolves when the headers are in. Rejects with `OriginError`, or with the signal's reason. */
  open(range: ByteRange, signal: AbortSignal): Promise<OriginResponse>
  /** A request is near: makes the connection for it, if that can be done without one. Never fails. */
  preconnect(): void
}

// ----------------------------------------------------------------------------------------------------- store

export interface StoredChunk {
  readonly index: number
  readonly bytes: Bytes
}

/** Which version of which file a store holds. Stored chunks of another identity are deleted when it is opened. */
export interface StoreIdentity {
  readonly locator: string
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly validator: string | null
}

/** The store failed; what it held may or may not still be there. `quota`: the disk share of this page is used up. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly reason: 'quota' | 'unavailable'

  constructor(reason: 'quota' | 'unavailable', message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** Keeps the chunks of one download. Every method rejects with `StoreError` only. */
export interface ChunkStore {
  readonly kind: 'indexeddb' | 'memory'
  /** Whether `getBlobs` gives what points to a disk: worth having at hand, and free to put together. */
  readonly keepsBlobs: boolean
  /** Whether bytes given to `put` are the caller's again once it has resolved: nobody looks into them any more. */
  readonly givesBytesBack: boolean
  /** Opens or creates; resolves to the indices of the chunks kept from an earlier visit, ascending (a hint). */
  open(identity: StoreIdentity): Promise<readonly number[]>
  /** Keeps these chunks, in one transaction; resolved means they survive the page. A chunk kept twice is replaced. */
  put(chunks: readonly StoredChunk[]): Promise<void>
  /** The chunk's bytes, or null where it is not kept. */
  get(index: number): Promise<Bytes | null>
  /**
   * The chunks as Blobs (disk-backed where the store has a disk), read in as few transactions as can be; null in the
   * place of one that is not kept. Blobs stay readable after `delete()`.
   */
  getBlobs(indices: readonly number[]): Promise<readonly (Blob | null)[]>
  /** Forgets these chunks. */
  remove(indices: readonly number[]): Promise<void>
  /** There is nothing to keep for a while: lets go of what stands by for that, until there is. */
  rest(): void
  /** Deletes everything kept for this identity and closes. */
  delete(): Promise<void>
  /** Lets go of the connection; what is kept stays. Later calls reject. */
  close(): void
}

// ---------------------------------------------------------------------------------------------------- hasher

export type FileHashAlgorithm = 'sha256' | 'sha384' | 'sha512'

/** A running hash of a whole file. Whoever uses it awaits each call before the next; `close` may come at any time. */
export interface FileHash {
  /**
   * Adds these bytes; resolves when it has room for more. Rejects with `HashLostError` where it cannot go on, which may be
   * because of earlier bytes.
   */
  update(bytes: Uint8Array): Promise<void>
  /** Ends it. Rejects with `HashLostError`. */
  digest(): Promise<Uint8Array>
  /** Ends it without a result. Of no effect on one that has ended. */
  close(): void
}

/** A running hash is lost, and with it all that was added: another has to begin anew. */
export class HashLostError extends Error {
  override readonly name = 'HashLostError'
}

export interface Hasher {
  /** SHA-256 of one chunk. */
  digest(bytes: Bytes): Promise<Uint8Array>
  /**
   * A new running hash of a file of this length: in a thread of its own where that is worth it and can be had. WASM where the
   * page's policy lets it, else JavaScript.
   */
  createFileHash(algorithm: FileHashAlgorithm, sizeBytes: number): Promise<FileHash>
}

// ----------------------------------------------------------------------------------------------------- links

export interface LinksEvents {
  /** The data channel is open; frames may be sent. */
  opened(peer: PeerId): void
  /** A frame arrived whole. */
  frame(peer: PeerId, frame: Bytes): void
  /** To be carried to that peer by whoever introduced it. */
  signal(peer: PeerId, data: unknown): void
  /**
   * Unsent bytes fell to the low water mark after `unsentBytes` was at or above the high one, or to what `wakeAt` asked for.
   */
  drained(peer: PeerId): void
  /** The connection failed, was closed by the other side, or never opened. Said once; not after `close()`. */
  closed(peer: PeerId): void
}

export interface LinksOptions {
  /** This visitor's own id. Where both ends connect at once, the smaller id stays the initiator. */
  readonly selfId: PeerId
  readonly iceServers: readonly IceServer[]
  /** Only relayed candidates: hides the visitor's addresses from peers. */
  readonly relayOnly: boolean
}

/** Connections to neighbours: message-oriented, reliable, ordered. */
export interface Links {
  /** Bytes above which a sender of bulk waits for `drained`. */
  readonly highWaterBytes: number
  /** Sets what later connections use. */
  configure(options: LinksOptions): void
  /** Starts a connection as its initiator. */
  connect(peer: PeerId): void
  /** Signalling data from that peer; the first starts a connection as its other side. Hostile: bad data is dropped. */
  signal(peer: PeerId, data: unknown): void
  /**
   * Hands over a frame, which may be written over as soon as this returns; order is kept. Dropped silently where the link is
   * not open.
   */
  send(peer: PeerId, frame: Bytes): void
  /** Bytes handed over and not yet sent. */
  unsentBytes(peer: PeerId): number
  /** Says `drained` once the unsent bytes, more than this now, have fallen to it. Holds for one time; the latest counts. */
  wakeAt(peer: PeerId, unsentBytes: number): void
  /** Largest frame this link takes, in bytes. */
  maxFrameBytes(peer: PeerId): number
  close(peer: PeerId): void
  closeAll(): void
}

/** Makes links, where this browser can; null where it cannot. */
export type LinksFactory = (events: LinksEvents) => Links | null

// -------------------------------------------------------------------------------------------------- topology

export interface TopologyEvents {
  /** A message, parsed and bounded. */
  message(message: ServerMessage): void
  /** The socket is gone. It reconnects by itself, with jitter, and joins again. */
  lost(): void
}

/** The socket to the topology server. */
export interface Topology {
  /**
   * Connects and joins; joins again with the latest facts after every reconnect. Where `join` has no `resume` of its
   * own, the latest welcome's id and token go with it, so that the visitor keeps its id.
   */
  join(join: Join): void
  /** Sent if connected, else dropped. A `facts` report also replaces the facts of later joins. */
  send(message: Exclude<ClientMessage, Join>): void
  /** Says `detach` and closes, without `lost`. Nothing is connected until the next `join`. */
  detach(): void
  /** Says `leave` and closes for good. */
  close(): void
}

export type TopologyFactory = (urls: readonly string[], events: TopologyEvents) => Topology

// ----------------------------------------------------------------------------------------------------- clock

export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number
  /** Calls back once, at or after `atMs`. Replaces the alarm set before. Null: none. */
  setAlarm(atMs: number | null, ring: () => void): void
}
