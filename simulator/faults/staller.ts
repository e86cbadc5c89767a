/**
 * Claims to have every chunk and takes every request, to keep those who ask waiting: it sends one block and stops, or
 * goes on byte by byte, so that it never seems silent.
 */

import type { Geometry } from '../../src/core/geometry.ts'
import type { Session } from '../../src/core/session.ts'
import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'
import type { PeerId } from '../../src/core/types.ts'
import type { SimPayload } from '../machine.ts'
import { Boast } from './boast.ts'
import { isRequest, type Means, type Mind } from './mind.ts'

/** One byte so often, in ms. */
const DRIBBLE_EVERY_MS = 1000

/** The block after which nothing comes, in bytes: the smallest that pages send. */
const BLOCK_BYTES = 16 * 1024

export class Staller implements Mind {
  private readonly session: Session
  private readonly geometry: Geometry
  private readonly boast: Boast
  private readonly dribbles: boolean
  /** Bytes sent of the chunk that each neighbour waits for. */
  private readonly begun = new Map<PeerId, { readonly chunk: number; sentBytes: number }>()
  private dribblesAtMs = Infinity

  constructor({ session, geometry, random }: Means) {
    this.session = session
    this.geometry = geometry
    this.boast = new Boast(geometry)
    this.dribbles = random.fraction() < 0.5
  }

  handle(input: SessionInput, nowMs: number): SessionOutput[] {
    const drops = this.dribblesAtMs <= nowMs ? this.dribble(nowMs) : []
    if (isRequest(input)) return [...drops, ...this.begin(input.peer, input.message.chunks, nowMs)]
    if (input.type === 'linkClosed') this.begun.delete(input.peer)
    if (input.type === 'message' && input.message.type === 'cancel')
      this.forget(input.peer, input.message.chunks)
    return [...drops, ...this.boast.over(this.session.handle(input, nowMs))]
  }

  nextDeadlineMs(): number | null {
    const sessionsMs = this.session.nextDeadlineMs() ?? Infinity
    const nextMs = Math.min(sessionsMs, this.dribblesAtMs)
    return nextMs === Infinity ? null : nextMs
  }

  private begin(peer: PeerId, chunks: readonly number[], nowMs: number): SessionOutput[] {
    const [chunk] = chunks
    if (chunk === undefined || this.begun.has(peer)) return []
    const bytes = this.dribbles ? 1 : Math.min(BLOCK_BYTES, this.geometry.lengthBytes(chunk) - 1)
    if (bytes < 1) return []
    this.begun.set(peer, { chunk, sentBytes: bytes })
    if (this.dribbles) this.dribblesAtMs = Math.min(this.dribblesAtMs, nowMs + DRIBBLE_EVERY_MS)
    return [blockOf(peer, chunk, 0, bytes)]
  }

  private dribble(nowMs: number): SessionOutput[] {
    this.dribblesAtMs = this.begun.size === 0 ? Infinity : nowMs + DRIBBLE_EVERY_MS
    return [...this.begun].flatMap(([peer, begun]) =>
      // Never whole: the last byte would be the end of it.
      begun.sentBytes + 1 < this.geometry.lengthBytes(begun.chunk)
        ? [blockOf(peer, begun.chunk, begun.sentBytes++, 1)]
        : [],
    )
  }

  private forget(peer: PeerId, chunks: readonly number[]): void {
    const begun = this.begun.get(peer)
    if (begun !== undefined && chunks.includes(begun.chunk)) this.begun.delete(peer)
  }
}

function blockOf(peer: PeerId, chunk: number, offsetBytes: number, byteLength: number): SessionOutput {
  const payload: SimPayload = { byteLength, isGenuine: true }
  return { type: 'send', peer, message: { type: 'block', chunk, offsetBytes, payload } }
}
