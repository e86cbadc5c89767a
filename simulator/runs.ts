/**
 * A host's responses of the origins: carries out `fetch` and `abort`, and says what arrives as the real driver does. While
 * one is open, the host's line is shared between it and the mesh.
 */

import { invariant } from '../src/core/invariant.ts'
import type { RunId, SessionInput, SessionOutput } from '../src/core/session-io.ts'
import type { Actor, EventHandle } from './event-queue.ts'
import type { Machine } from './machine.ts'
import { OriginClient } from './origin-client.ts'
import { placeOfOrigin } from './network.ts'
import type { SimOrigin, SimResponse } from './sim-origin.ts'

/** How often the line's sharing is looked at again while a response is open, in ms. */
const REVIEW_MS = 250

/** The same for a host without links, which has nothing to share: often enough that no slow response seems silent. */
const LONE_REVIEW_MS = 5000

/** Share of the line that responses have while they make up for what the mesh took too much. */
const LEAST_SHARE = 0.02

/** Smaller changes of the share than this part of it are let be. */
const IGNORED_CHANGE = 0.1

type Fetch = Extract<SessionOutput, { type: 'fetch' }>

interface Run {
  readonly origin: SimOrigin
  readonly response: SimResponse
  firstChunk: number
  lengthBytes: number
  arrivedBytes: number
  /** Whole chunks among them. */
  chunks: number
}

export class HostRuns implements Actor<null> {
  /** Bytes of the origin that arrived. */
  bytes = 0
  private readonly host: Machine
  private readonly clients: readonly OriginClient[]
  private readonly runs = new Map<RunId, Run>()
  private review: EventHandle | null = null
  private isLone = false
  private meshBytesAtReview = 0
  private bytesAtReview = 0
  /** What came in faster than the line is, or slower, as blocks take longer than a review: responses make up for it. */
  private excessBytes = 0
  private reviewedAtMs = 0
  /** What the mesh leaves of the line. */
  private roomBytesPerMs: number

  constructor(host: Machine) {
    this.host = host
    this.clients = host.world.origins.map(({ model }, place) => {
      const rttMs = model.rttMs ?? host.world.network.rttMs(host.index, placeOfOrigin(place))
      return new OriginClient(rttMs, host.downBytesPerMs)
    })
    this.roomBytesPerMs = host.downBytesPerMs
  }

  get isFetching(): boolean {
    return this.runs.size > 0
  }

  /** More came in lately than the line carries. */
  get isMakingUp(): boolean {
    return this.excessBytes > 0
  }

  /** Bytes a ms that the open responses get now. */
  get rateBytesPerMs(): number {
    let rate = 0
    for (const { origin, response } of this.runs.values()) rate += origin.rateBytesPerMs(response)
    return rate
  }

  preconnect(place: number): void {
    this.clients[place]?.preconnect(this.host.world.queue.nowMs)
  }

  fetch({ run, origin: place, firstByte, lastByte, firstChunk }: Fetch): void {
    const { world } = this.host
    const [origin, client] = [world.origins[place], this.clients[place]]
    invariant(origin !== undefined && client !== undefined, 'There is such an origin.')
    const { sizeBytes, chunkBytes } = world.geometry
    const lengthBytes = (lastByte === null ? sizeBytes : lastByte + 1) - firstByte
    const response = origin.ask({
      client,
      lengthBytes,
      stepBytes: chunkBytes,
      opened: () => {
        const size = lastByte === null ? sizeBytes : null
        this.host.feed({ type: 'runOpened', run, sizeBytes: size, validator: null, whole: false })
      },
      arrived: (bytes) => this.arrived(run, bytes),
      refused: ({ status, retryAfterMs }) => this.failed({ run, failure: 'busy', status, retryAfterMs }),
      broke: () => this.failed({ run, failure: 'unreachable', status: null, retryAfterMs: null }),
    })
    this.runs.set(run, { origin, response, firstChunk, lengthBytes, arrivedBytes: 0, chunks: 0 })
    this.startReviews()
    if (this.runs.size > 1) this.shareRoom()
  }

  abort(run: RunId): void {
    const known = this.runs.get(run)
    if (known === undefined) return
    this.runs.delete(run)
    known.origin.cut(known.response)
    this.shareRoom()
  }

  abortAll(): void {
    for (const run of this.runs.keys()) this.abort(run)
    if (this.review !== null) this.host.world.queue.cancel(this.review)
    this.review = null
  }

  private arrived(run: RunId, bytes: number): void {
    const known = this.runs.get(run)
    if (known === undefined) return
    const { chunkBytes } = this.host.world.geometry
    const news = bytes - known.arrivedBytes
    known.arrivedBytes = bytes
    this.bytes += news
    if (news > 0) this.host.feed({ type: 'runProgressed', run, bytes: news })
    const isEnd = bytes >= known.lengthBytes
    const whole = isEnd ? Math.ceil(bytes / chunkBytes) : Math.floor(bytes / chunkBytes)
    while (known.chunks < whole && this.runs.has(run))
      this.host.feed({ type: 'runChunk', run, chunk: known.firstChunk + known.chunks++ })
    if (!isEnd || !this.runs.delete(run)) return
    this.shareRoom()
    this.host.feed({ type: 'runEnded', run })
  }

  private failed(failure: Omit<Extract<SessionInput, { type: 'runFailed' }>, 'type'>): void {
    if (!this.runs.delete(failure.run)) return
    this.shareRoom()
    this.host.feed({ type: 'runFailed', ...failure })
  }

  /** A neighbour's block comes in: a line that had but one response to carry is shared from now on. */
  meetMesh(): void {
    if (this.review === null || !this.isLone) return
    this.host.world.queue.cancel(this.review)
    this.review = null
    this.startReviews()
  }

  private startReviews(): void {
    if (this.review !== null) return
    this.isLone = false
    this.roomBytesPerMs = this.host.downBytesPerMs
    this.meshBytesAtReview = this.host.bytesFromPeers
    this.bytesAtReview = this.bytes
    this.reviewedAtMs = this.host.world.queue.nowMs
    this.review = this.host.world.queue.after(REVIEW_MS, this, null)
  }

  happen(): void {
    this.review = null
    if (this.runs.size === 0) return
    const { world, bytesFromPeers, senders, links } = this.host
    const meshBytes = bytesFromPeers - this.meshBytesAtReview
    // Where a block takes longer than this, the mesh is not idle because none has arrived.
    if (meshBytes > 0 || senders === 0) this.reviewRoom(meshBytes)
    for (const { origin, response } of this.runs.values()) origin.report(response)
    this.isLone = links.size === 0 && this.runs.size < 2
    this.review = world.queue.after(this.isLone ? LONE_REVIEW_MS : REVIEW_MS, this, null)
  }

  private reviewRoom(meshBytes: number): void {
    const { world, bytesFromPeers, downBytesPerMs, senders } = this.host
    const { nowMs } = world.queue
    const elapsedMs = nowMs - this.reviewedAtMs
    const cameBytes = meshBytes + this.bytes - this.bytesAtReview
    const lineBytes = downBytesPerMs * elapsedMs
    this.excessBytes = Math.max(-lineBytes, this.excessBytes + cameBytes - lineBytes)
    this.meshBytesAtReview = bytesFromPeers
    this.bytesAtReview = this.bytes
    this.reviewedAtMs = nowMs
    const left = downBytesPerMs - meshBytes / elapsedMs - Math.max(0, this.excessBytes) / REVIEW_MS
    const leastShare = this.excessBytes > 0 ? LEAST_SHARE : 1 / (1 + senders)
    this.roomBytesPerMs = Math.max(left, leastShare * downBytesPerMs)
    this.shareRoom()
  }

  /** Each response has what the others leave of the room, as one may still be starting, and no less than its fair share. */
  private shareRoom(): void {
    const total = this.rateBytesPerMs
    for (const { origin, response } of this.runs.values()) {
      const others = total - origin.rateBytesPerMs(response)
      const room = Math.max(this.roomBytesPerMs / this.runs.size, this.roomBytesPerMs - others)
      if (Math.abs(room - response.lineBytesPerMs) > IGNORED_CHANGE * response.lineBytesPerMs)
        origin.setLine(response, room)
    }
  }
}
