/**
 * Carries out the session's `serve`, `unserve` and `pace`: cuts chunks into blocks and hands them to the links by
 * turns, no faster than the pace, and never so much that the visitor's other traffic would wait long behind it.
 */

import { BytePacer } from '../core/byte-pacer.ts'
import type { SessionInput } from '../core/session-io.ts'
import type { PeerId } from '../core/types.ts'
import { BLOCK_HEADER_BYTES, encodeBlock } from '../core/wire/peer-codec.ts'
import type { Bytes, Clock, Links } from '../ports.ts'
import { UplinkMeter } from './uplink-meter.ts'

export interface UploaderOptions {
  readonly links: Links
  /** Rings for nobody else. */
  readonly clock: Clock
  readonly feed: (input: SessionInput) => void
  readonly read: (chunk: number) => Promise<Bytes | null>
  /** Bytes went out. For the statistics. */
  readonly sent: (peer: PeerId, bytes: number) => void
}

/**
 * All links together hold no more unsent bytes than this, or than what the uplink carries in this time, in ms, if that is
 * more. A link takes several round trips for a chunk (presumably as SCTP bounds its bursts, RFC 9260, section 6.1), so that
 * one has room for little, and the rest must wait in others: with eight visitors behind lines of up to 50 Mb/s, 20 to 80 ms
 * apart, a chunk took 0.4 s, and with no more time than that nothing showed that the line would carry more. Where the line
 * itself is full, the pace keeps what waits short.
 */
const LEAST_UNSENT_BYTES = 128 * 1024
const UNSENT_MS = 1000

/**
 * A block is no longer than this, in bytes: with what waits below the high water mark a link has 256 KiB at most, which is little
 * enough for a new one (webrtc-links.ts), and as fast as longer ones (200 MB over one link: 10 to 11.5 s both).
 */
export const BLOCK_BYTES: number = 128 * 1024

/**
 * Under a pace a block takes no longer than this, in ms, as far as the smallest block allows: it reaches the modem in one
 * piece, and other packets wait behind it (guess: half of what the controller lets queue).
 */
const BLOCK_TAKES_MS = 50
const LEAST_BLOCK_BYTES = 4 * 1024

interface Job {
  readonly chunk: number
  /** Null while it is being read. */
  bytes: Bytes | null
  offset: number
}

interface HeldProbe {
  readonly number: number
  readonly frame: Bytes
}

export class Uploader {
  private readonly options: UploaderOptions
  /** The session serves a neighbour one chunk at a time. By turn. */
  private readonly jobs = new Map<PeerId, Job>()
  /** Whoever may have blocks waiting in its link. */
  private readonly busy = new Set<PeerId>()
  /** Probes that wait for blocks of ours in the same link: they are to tell of the network's queue, not of ours. */
  private readonly probes = new Map<PeerId, HeldProbe>()
  private readonly pacer = new BytePacer()
  private readonly meter = new UplinkMeter()
  /** Every block's frame is written here: new memory for each costs more than the copy, as its pages must be faulted in. */
  private room: Bytes = new Uint8Array(0)
  private isPumping = false

  constructor(options: UploaderOptions) {
    this.options = options
  }

  serve(peer: PeerId, chunk: number): void {
    const job: Job = { chunk, bytes: null, offset: 0 }
    this.jobs.set(peer, job)
    this.options.read(chunk).then(
      (bytes) => this.begin(peer, job, bytes),
      () => this.begin(peer, job, null),
    )
  }

  unserve(peer: PeerId): void {
    this.jobs.delete(peer)
    this.pump()
  }

  /** No more than so many bytes a second; null: as fast as they go. */
  pace(bytesPerSec: number | null): void {
    this.pacer.setRate(bytesPerSec, this.options.clock.nowMs())
    this.pump()
  }

  /** Sends the probe as soon as no block waits before it, and says so if that is later. */
  probe(peer: PeerId, number: number, frame: Bytes): void {
    const { links } = this.options
    if (links.unsentBytes(peer) === 0) return links.send(peer, frame)
    this.probes.set(peer, { number, frame })
    links.wakeAt(peer, 0)
  }

  /** The link has room, or what waited in it has fallen to what was asked for. */
  drained(peer: PeerId): void {
    this.sendProbe(peer)
    this.pump()
  }

  forget(peer: PeerId): void {
    this.probes.delete(peer)
    this.busy.delete(peer)
    this.pump()
  }

  private begin(peer: PeerId, job: Job, bytes: Bytes | null): void {
    if (this.jobs.get(peer) !== job) return
    job.bytes = bytes
    if (bytes === null || this.blockBytes(peer) <= 0) this.settle(peer, job, 'unservable')
    else this.pump()
  }

  private settle(peer: PeerId, job: Job, type: 'served' | 'unservable'): void {
    this.jobs.delete(peer)
    this.options.feed({ type, peer, chunk: job.chunk })
  }

  /** Hands over what may go now, a block a job by turns, and sees to it that it is called again. */
  private pump(): void {
    if (this.isPumping) return
    this.isPumping = true
    let isMoving = true
    while (isMoving) {
      isMoving = false
      for (const [peer, job] of this.jobs)
        if (this.mayGo(peer, job)) isMoving = this.sendBlock(peer, job) || isMoving
    }
    this.isPumping = false
    this.awaitPace()
  }

  private mayGo(peer: PeerId, { bytes }: Job): boolean {
    const { links, clock } = this.options
    if (bytes === null || links.unsentBytes(peer) >= links.highWaterBytes || this.probes.has(peer))
      return false
    const nowMs = clock.nowMs()
    const unsent = this.unsentBytes()
    this.meter.look(unsent, nowMs)
    const excess = unsent + this.blockBytes(peer) + BLOCK_HEADER_BYTES - this.mostUnsentBytes
    if (excess > 0) this.wakeWithRoom(excess)
    return excess <= 0 && this.pacer.readyAtMs(nowMs) <= nowMs
  }

  /** False once the chunk is through. */
  private sendBlock(peer: PeerId, job: Job): boolean {
    const { links, sent, clock } = this.options
    const { bytes, offset } = job
    if (bytes === null) return false
    if (offset >= bytes.byteLength) {
      this.settle(peer, job, 'served')
      return false
    }
    const end = Math.min(bytes.byteLength, offset + this.blockBytes(peer))
    const frame = encodeBlock(job.chunk, offset, bytes, offset, end, this.roomFor(end - offset))
    links.send(peer, frame)
    job.offset = end
    this.busy.add(peer)
    this.meter.handed(frame.byteLength)
    this.pacer.take(frame.byteLength, clock.nowMs())
    sent(peer, end - offset)
    return true
  }

  private roomFor(payloadBytes: number): Bytes {
    const neededBytes = BLOCK_HEADER_BYTES + payloadBytes
    if (this.room.byteLength < neededBytes) this.room = new Uint8Array(neededBytes)
    return this.room
  }

  private sendProbe(peer: PeerId): void {
    const { links, feed } = this.options
    const held = this.probes.get(peer)
    if (held === undefined || links.unsentBytes(peer) > 0) return
    this.probes.delete(peer)
    links.send(peer, held.frame)
    feed({ type: 'probed', number: held.number })
  }

  private get mostUnsentBytes(): number {
    return Math.max(LEAST_UNSENT_BYTES, (this.meter.bytesPerSec * UNSENT_MS) / 1000)
  }

  /** Two blocks fit into what may wait, so that the line does not run dry between them. */
  private blockBytes(peer: PeerId): number {
    const { bytesPerSec } = this.pacer
    const paced = bytesPerSec === null ? Infinity : (bytesPerSec * BLOCK_TAKES_MS) / 1000
    return Math.min(
      BLOCK_BYTES,
      this.options.links.maxFrameBytes(peer) - BLOCK_HEADER_BYTES,
      Math.floor(this.mostUnsentBytes / 2) - BLOCK_HEADER_BYTES,
      Math.max(LEAST_BLOCK_BYTES, Math.floor(paced)),
    )
  }

  private unsentBytes(): number {
    let total = 0
    for (const peer of this.busy) {
      const unsent = this.options.links.unsentBytes(peer)
      if (unsent === 0) this.busy.delete(peer)
      total += unsent
    }
    return total
  }

  /** To be called once so many bytes of what waits have gone out; of a link that holds fewer, once it is empty. */
  private wakeWithRoom(excess: number): void {
    const { links } = this.options
    for (const peer of this.busy)
      links.wakeAt(peer, this.probes.has(peer) ? 0 : Math.max(0, links.unsentBytes(peer) - excess))
  }

  /** One timer, for the next block that the pace lets go. */
  private awaitPace(): void {
    const { clock } = this.options
    const nowMs = clock.nowMs()
    const readyAtMs = this.pacer.readyAtMs(nowMs)
    const waits = this.jobs.size > 0 && readyAtMs > nowMs
    clock.setAlarm(waits ? readyAtMs : null, () => this.pump())
  }
}
