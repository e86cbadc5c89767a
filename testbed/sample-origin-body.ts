/**
 * What the sample origin sends: which slice of the file, and how it gets into the socket under a shaper.
 */

import type { ServerResponse } from 'node:http'

import type { Flow } from './shaper.ts'

/** Most bytes that wait in this process for one socket: what an aborted response wastes on top of the kernel's. */
const SOCKET_BUFFER_BYTES = 64 * 1024

/** A body and its place in the file; `end` excluded. */
export interface Slice {
  readonly start: number
  readonly end: number
  readonly partial: boolean
}

/**
 * What to send for a Range header; null: unsatisfiable. Anything but one well-formed `a-b` or `a-` is ignored, as RFC
 * 9110 allows.
 */
export function sliceFor(range: string | null, sizeBytes: number): Slice | null {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(range ?? '')
  const start = Number(match?.[1])
  const last = match?.[2] ? Number(match[2]) : sizeBytes - 1
  if (match === null || (match[2] && last < start)) return { start: 0, end: sizeBytes, partial: false }
  return start < sizeBytes ? { start, end: Math.min(sizeBytes, last + 1), partial: true } : null
}

/** The body of one response, as the shaper sees it. */
export class BodyFlow implements Flow {
  readonly #body: Uint8Array
  readonly #response: ServerResponse
  readonly #breaksOff: boolean
  readonly #count: (bytes: number) => void
  #sentBytes = 0

  constructor(
    body: Uint8Array,
    response: ServerResponse,
    breaksOff: boolean,
    count: (bytes: number) => void,
  ) {
    this.#body = body
    this.#response = response
    this.#breaksOff = breaksOff
    this.#count = count
  }

  ready(): boolean {
    return (
      this.#sentBytes < this.#body.byteLength &&
      !this.#response.destroyed &&
      this.#response.writableLength < SOCKET_BUFFER_BYTES
    )
  }

  send(maxBytes: number): number {
    const piece = this.#body.subarray(this.#sentBytes, this.#sentBytes + maxBytes)
    this.#sentBytes += piece.byteLength
    this.#response.write(piece, (error) => {
      if (error) return
      this.#count(piece.byteLength)
      if (this.#sentBytes === this.#body.byteLength && this.#breaksOff) this.#response.destroy()
    })
    if (this.#sentBytes === this.#body.byteLength && !this.#breaksOff) this.end()
    return piece.byteLength
  }

  end(): void {
    if (this.#breaksOff) this.#response.destroy()
    else this.#response.end()
  }
}
