/**
 * Carries out the session's `fetch` and `abort`: reads each response as a stream and hands out its chunks as they
 * complete.
 */

import { Geometry } from '../core/geometry.ts'
import { invariant } from '../core/invariant.ts'
import type { ChunkSource, RunId, SessionInput, SessionOutput } from '../core/session-io.ts'
import { type Bytes, type Origin, OriginError, type OriginResponse } from '../ports.ts'
import { bodyOf } from './fetch-body.ts'

/** Room for what comes after the last chunk, and for an answer of unknown length, in bytes (guesses). */
const EXCESS_BYTES = 4 * 1024
const UNKNOWN_LENGTH_ROOM_BYTES = 256 * 1024

export interface OriginRunsOptions {
  /** The URL itself, then its mirrors. */
  readonly origins: readonly Origin[]
  readonly feed: (input: SessionInput) => void
  /** Null until the file's size is known. */
  readonly geometry: () => Geometry | null
  /** Takes a whole chunk, before the session hears of it. */
  readonly deliver: (source: ChunkSource, chunk: number, bytes: Bytes) => void
  /** Bytes came in, by this origin. For the statistics. */
  readonly received: (bytes: number, origin: number) => void
  /** Room for a chunk, with anything in it. */
  readonly newBuffer: (lengthBytes: number) => Bytes
  /** Resolves when the store keeps up. */
  readonly whenRoom: () => Promise<void>
}

type Fetch = Extract<SessionOutput, { type: 'fetch' }>

export class OriginRuns {
  private readonly options: OriginRunsOptions
  private readonly aborts = new Map<RunId, AbortController>()

  constructor(options: OriginRunsOptions) {
    this.options = options
  }

  preconnect(origin: number): void {
    this.options.origins[origin]?.preconnect()
  }

  fetch(output: Fetch): void {
    const abort = new AbortController()
    this.aborts.set(output.run, abort)
    this.follow(output, abort.signal)
      .catch((error: unknown) => {
        const isWanted = !abort.signal.aborted
        // Whatever failed, it may not have been the connection.
        abort.abort()
        if (isWanted) this.options.feed(failureOf(output.run, error))
      })
      .finally(() => this.aborts.delete(output.run))
  }

  abort(run: RunId): void {
    this.aborts.get(run)?.abort()
    this.aborts.delete(run)
  }

  abortAll(): void {
    for (const run of this.aborts.keys()) this.abort(run)
  }

  private async follow(output: Fetch, signal: AbortSignal): Promise<void> {
    const { run, firstByte, lastByte } = output
    const { origins, feed, geometry, newBuffer } = this.options
    const origin = origins[output.origin]
    invariant(origin !== undefined, 'There is an origin of every tag.')
    const count = (bytes: number): void => {
      this.options.received(bytes, output.origin)
      feed({ type: 'runProgressed', run, bytes })
    }
    let response = await origin.open({ firstByte, lastByte }, signal)
    const hidesSize = response.sizeBytes === null && geometry() === null
    if (hidesSize) response = await readToTheEnd(response, count)
    if (signal.aborted) return
    const whole = response.kind === 'whole'
    feed({ type: 'runOpened', run, sizeBytes: response.sizeBytes, validator: response.validator, whole })
    const known = geometry()
    // The session may have closed the run on what it just heard, or have no use for it.
    if (signal.aborted || known === null) return await response.body.cancel()
    const filler = new ChunkFiller(known, chunksOf(output, whole, known), newBuffer)
    for (;;) {
      const part = await response.body.read(filler.room)
      if (signal.aborted) return await response.body.cancel()
      if (part === null) break
      if (!hidesSize) count(part.byteLength)
      const ready = filler.filled(part)
      if (ready !== null) {
        this.options.deliver(sourceOf(output), ready.chunk, ready.bytes)
        feed({ type: 'runChunk', run, chunk: ready.chunk })
      }
      if (signal.aborted) return await response.body.cancel()
      await this.options.whenRoom()
    }
    feed({ type: 'runEnded', run })
  }
}

/** As the session names it. */
function sourceOf({ run, origin }: Fetch): ChunkSource {
  return origin === 0 ? { kind: 'origin', run } : { kind: 'mirror', run, origin }
}

/** Which chunks are to come; `end` is not among them any more. */
interface Extent {
  readonly first: number
  readonly end: number
}

function chunksOf({ firstChunk, lastByte }: Fetch, whole: boolean, geometry: Geometry): Extent {
  const first = whole ? 0 : firstChunk
  if (whole || lastByte === null) return { first, end: geometry.chunkCount }
  return { first, end: Math.ceil((lastByte + 1) / geometry.chunkBytes) }
}

/** Has a stream fill one chunk's buffer after the other. */
class ChunkFiller {
  private readonly geometry: Geometry
  private readonly end: number
  private readonly newBuffer: (lengthBytes: number) => Bytes
  private chunk: number
  private buffer: Bytes | null = null
  private filledBytes = 0

  constructor(geometry: Geometry, { first, end }: Extent, newBuffer: (lengthBytes: number) => Bytes) {
    this.geometry = geometry
    this.newBuffer = newBuffer
    this.chunk = first
    this.end = end
  }

  /** Where the next bytes belong. What comes after the last chunk is read, too, as the stream is to end, and forgotten. */
  get room(): Bytes {
    if (this.chunk >= this.end) return new Uint8Array(EXCESS_BYTES)
    this.buffer ??= this.newBuffer(this.geometry.lengthBytes(this.chunk))
    return this.buffer.subarray(this.filledBytes)
  }

  /** This part of the room was filled: the chunk, if that makes it whole. */
  filled(part: Bytes): { chunk: number; bytes: Bytes } | null {
    if (this.chunk >= this.end) return null
    const bytes = new Uint8Array(part.buffer)
    this.filledBytes += part.byteLength
    this.buffer = bytes
    if (this.filledBytes < bytes.byteLength) return null
    this.buffer = null
    this.filledBytes = 0
    return { chunk: this.chunk++, bytes }
  }
}

/**
 * An answer without a length has one when it has ended: read into Blobs, which the browser keeps on disk, by way of one
 * buffer.
 */
async function readToTheEnd(
  response: OriginResponse,
  count: (bytes: number) => void,
): Promise<OriginResponse> {
  const parts: Blob[] = []
  let room: Bytes = new Uint8Array(UNKNOWN_LENGTH_ROOM_BYTES)
  for (let part = await response.body.read(room); part !== null; part = await response.body.read(room)) {
    parts.push(new Blob([part]))
    count(part.byteLength)
    room = new Uint8Array(part.buffer)
  }
  const file = new Blob(parts)
  const body = bodyOf(file.stream())
  return { ...response, kind: 'whole', sizeBytes: file.size, lengthBytes: file.size, body }
}

function failureOf(run: RunId, error: unknown): SessionInput {
  const known = error instanceof OriginError ? error : null
  return {
    type: 'runFailed',
    run,
    failure: known?.failure ?? 'unreachable',
    status: known?.status ?? null,
    retryAfterMs: known?.retryAfterMs ?? null,
  }
}
