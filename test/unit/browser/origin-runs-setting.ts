/** Runs from an origin whose answers the test sends, and what came of them. */

import { bodyOf } from '../../../src/browser/fetch-body.ts'
import { OriginRuns } from '../../../src/browser/origin-runs.ts'
import type { Geometry } from '../../../src/core/geometry.ts'
import type { SessionInput } from '../../../src/core/session-io.ts'
import type { ByteRange, Bytes, Origin, OriginResponse } from '../../../src/ports.ts'
import { fileBytes, type Gate, geometryOf, newBuffer, settle } from './chunks.ts'

export const CHUNKS = 5
export const GEOMETRY: Geometry = geometryOf(CHUNKS)
export const FILE: Bytes = fileBytes(GEOMETRY)

/** An origin whose answers the test sends, piece by piece. */
class HandOrigin implements Origin {
  preconnect(): void {}

  readonly ranges: ByteRange[] = []
  signal: AbortSignal | null = null
  failure: unknown = null
  response: Partial<OriginResponse> = {}
  pulls = 0
  isCancelled = false
  private controller: ReadableStreamDefaultController<Bytes> | null = null

  async open(range: ByteRange, signal: AbortSignal): Promise<OriginResponse> {
    this.ranges.push(range)
    this.signal = signal
    await Promise.resolve()
    if (this.failure !== null) throw this.failure
    const body = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.controller = controller
        },
        pull: () => {
          this.pulls++
        },
        cancel: () => {
          this.isCancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    return {
      kind: 'range',
      sizeBytes: GEOMETRY.sizeBytes,
      lengthBytes: GEOMETRY.sizeBytes,
      validator: '"v1"',
      body: bodyOf(body),
      ...this.response,
    }
  }

  send(bytes: Bytes): void {
    this.controller?.enqueue(bytes)
  }

  end(): void {
    this.controller?.close()
  }

  break(error: unknown): void {
    this.controller?.error(error)
  }
}

export class Setting {
  readonly origin = new HandOrigin()
  readonly fed: SessionInput[] = []
  readonly delivered: { run: number; chunk: number; bytes: Bytes }[] = []
  readonly runs: OriginRuns
  geometry: Geometry | null = GEOMETRY
  receivedBytes = 0
  roomGate: Gate | null = null
  /** What else happens as a chunk is taken. */
  deliver: () => void = () => {}
  /** What the session does about an input. */
  react: (input: SessionInput) => void = () => {}

  constructor() {
    this.runs = new OriginRuns({
      origins: [this.origin],
      feed: (input) => {
        this.fed.push(input)
        this.react(input)
      },
      geometry: () => this.geometry,
      deliver: (source, chunk, bytes) => {
        this.deliver()
        if (source.kind === 'origin') this.delivered.push({ run: source.run, chunk, bytes })
      },
      received: (bytes) => {
        this.receivedBytes += bytes
      },
      newBuffer,
      whenRoom: async () => this.roomGate?.passed,
    })
  }

  async fetch(firstChunk = 0, lastByte: number | null = null): Promise<void> {
    const firstByte = GEOMETRY.firstByte(firstChunk)
    this.runs.fetch({ type: 'fetch', run: 7, origin: 0, firstByte, lastByte, firstChunk })
    await settle()
  }

  get types(): string[] {
    return this.fed.map(({ type }) => type)
  }
}
