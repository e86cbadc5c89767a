/**
 * Carries out the session's `fetch` and `abort`: reads each response as a stream and hands out its chunks as they
 * complete.
 */

import { Geometry } from '../core/geometry.ts'
import { invariant } from '../core/invariant.ts'
import type { ChunkSource, RunId, SessionInput, SessionOutput } from '../core/session-io.ts'
import { type Bytes, type Origin, OriginError, type OriginResponse } from '../ports.ts'

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
        if (!abort.signal.aborted) this.options.feed(failureOf(output.run, error))
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
    const { run, firstByte, lastByte, firstChunk } = output
    const { origins, feed, geometry } = this.options
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
    const reader = new ChunkReader(known, whole ? 0 : firstChunk)
    for await (const piece of response.body) {
      if (!hidesSize) count(piece.byteLength)
      for (const { chunk, bytes } of reader.take(piece)) {
        if (signal.aborted) return
        this.options.deliver(sourceOf(output), chunk, bytes)
        feed({ type: 'runChunk', run, chunk })
      }
      if (signal.aborted) return
      await this.options.whenRoom()
    }
    if (!signal.aborted) feed({ type: 'runEnded', run })
  }
}

/** As the session names it. */
function sourceOf({ run, origin }: Fetch): ChunkSource {
  return origin === 0 ? { kind: 'origin', run } : { kind: 'mirror', run, origin }
}

/** Cuts a stream into chunks: each byte is copied once, into its chunk's buffer. */
class ChunkReader {
  private readonly geometry: Geometry
  private chunk: number
  private buffer: Bytes | null = null
  private filledBytes = 0

  constructor(geometry: Geometry, firstChunk: number) {
    this.geometry = geometry
    this.chunk = firstChunk
  }

  *take(piece: Bytes): Generator<{ chunk: number; bytes: Bytes }> {
    let offset = 0
    while (offset < piece.byteLength && this.chunk < this.geometry.chunkCount) {
      this.buffer ??= new Uint8Array(this.geometry.lengthBytes(this.chunk))
      const part = piece.subarray(offset, offset + this.buffer.byteLength - this.filledBytes)
      this.buffer.set(part, this.filledBytes)
      this.filledBytes += part.byteLength
      offset += part.byteLength
      if (this.filledBytes < this.buffer.byteLength) continue
      const whole = { chunk: this.chunk++, bytes: this.buffer }
      this.buffer = null
      this.filledBytes = 0
      yield whole
    }
  }
}

/** An answer without a length has one when it has ended: read into Blobs, which the browser keeps on disk. */
async function readToTheEnd(
  response: OriginResponse,
  count: (bytes: number) => void,
): Promise<OriginResponse> {
  const parts: Blob[] = []
  for await (const piece of response.body) {
    parts.push(new Blob([piece]))
    count(piece.byteLength)
  }
  const file = new Blob(parts)
  return { ...response, kind: 'whole', sizeBytes: file.size, lengthBytes: file.size, body: file.stream() }
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
