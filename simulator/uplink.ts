/**
 * A host's line upwards, and what carries out `serve` and `unserve` over it, as src/browser/uploader.ts does: services
 * take turns by the block, one block is on the line and one waits, so that what is cancelled stops within two blocks.
 * Control messages leave at once, as packets of many links interleave, but they take the line's time.
 */

import { BytePacer } from '../src/core/byte-pacer.ts'
import type { PeerId } from '../src/core/types.ts'
import { BLOCK_HEADER_BYTES, encodedByteLength } from '../src/core/wire/peer-codec.ts'
import { MAX_BLOCK_BYTES } from '../src/core/wire/limits.ts'
import type { PeerMessage } from '../src/core/wire/peer-messages.ts'
import { BlockTransit } from './block-transit.ts'
import type { Actor, EventHandle } from './event-queue.ts'
import type { LinkEnd } from './link-end.ts'
import type { Machine } from './machine.ts'

/** A block takes the line no longer than this, in ms, as far as the smallest block allows. */
const BLOCK_TAKES_MS = 250

const MIN_BLOCK_BYTES = 16 * 1024

/** Blocks that are on the line or next in it. */
const COMMITTED_BLOCKS = 2

/** A `serve` under way. */
export interface Service {
  readonly end: LinkEnd
  /** The host at the other end, which counts how many send to it. */
  readonly receiver: Machine
  readonly peer: PeerId
  readonly chunk: number
  readonly lengthBytes: number
  committedBytes: number
  isCancelled: boolean
}

export class Uplink implements Actor<null> {
  /** Payload bytes of blocks that left. */
  blockBytes = 0
  private readonly host: Machine
  private readonly fullBytesPerMs: number
  private bytesPerMs: number
  private maxBlockBytes: number
  private freeAtMs = 0
  /** By turn. A service leaves when all its blocks are committed. */
  private readonly services: Service[] = []
  /** All that are not done, by neighbour: the session serves each one chunk at a time. */
  private readonly byPeer = new Map<PeerId, Service>()
  private turn = 0
  /** What the session lets go, and the event that rings when that is the next block. */
  private readonly pacer = new BytePacer()
  private pacing: EventHandle | null = null
  private committed = 0

  constructor(host: Machine, bytesPerSec: number) {
    this.host = host
    this.fullBytesPerMs = this.bytesPerMs = bytesPerSec / 1000
    this.maxBlockBytes = fittingBlockBytes(this.bytesPerMs)
  }

  /** From the next block on it has this share of its rate. */
  setShare(share: number): void {
    this.bytesPerMs = this.fullBytesPerMs * share
    this.maxBlockBytes = fittingBlockBytes(this.bytesPerMs)
  }

  /** Links that held up what was on its way do so no more. */
  resume(): void {
    this.commit()
  }

  /** A message other than a block. */
  send(end: LinkEnd, message: PeerMessage): void {
    const { remote } = end
    if (remote === null) return
    this.host.world.codec.peer(message)
    this.carry(end, encodedByteLength(message), remote, message)
  }

  /** Lets `item` happen to `actor` when so many bytes of control have crossed the link. */
  carry<Item>(end: LinkEnd, bytes: number, actor: Actor<Item>, item: Item): void {
    if (end.isHeldUp) return end.hold(() => this.carry(end, bytes, actor, item))
    const { world } = this.host
    world.tally.controlBytes += bytes
    this.occupy(bytes)
    const arrivalMs = world.queue.nowMs + world.network.takesMs(end.oneWayMs)
    end.lastArrivalMs = Math.max(end.lastArrivalMs, arrivalMs)
    world.queue.at(end.lastArrivalMs, actor, item)
  }

  /** Sends the chunk, or the rest of it from this byte on. What was being sent to this neighbour is dropped. */
  serve(end: LinkEnd, chunk: number, fromByte = 0): Readonly<Service> | null {
    const receiver = end.remote?.host
    if (receiver === undefined) return null
    const lengthBytes = this.host.world.geometry.lengthBytes(chunk)
    const { peer } = end
    const service: Service = {
      end,
      receiver,
      peer,
      chunk,
      lengthBytes,
      committedBytes: fromByte,
      isCancelled: false,
    }
    this.unserve(peer)
    this.services.push(service)
    this.byPeer.set(peer, service)
    receiver.senders++
    this.commit()
    return service
  }

  unserve(peer: PeerId): void {
    const service = this.byPeer.get(peer)
    if (service === undefined) return
    service.isCancelled = true
    this.settle(service)
    const place = this.services.indexOf(service)
    if (place < 0) return
    this.services.splice(place, 1)
    if (place < this.turn) this.turn--
  }

  /** No more than so many bytes of blocks a second; null: what the line takes. */
  setPace(bytesPerSec: number | null): void {
    this.pacer.setRate(bytesPerSec, this.host.world.queue.nowMs)
    if (this.pacing !== null) this.host.world.queue.cancel(this.pacing)
    this.pacing = null
    this.commit()
  }

  /** The next block may go. */
  happen(): void {
    this.pacing = null
    this.commit()
  }

  unserveAll(): void {
    for (const peer of this.byPeer.keys()) this.unserve(peer)
  }

  /** A block has left the line. */
  left(transit: BlockTransit): void {
    const { service, message } = transit
    const isLast = message.offsetBytes + message.payload.byteLength === service.lengthBytes
    this.blockBytes += message.payload.byteLength
    this.host.world.tally.sent(message.payload.byteLength, this.host.isSeed)
    this.committed--
    this.commit()
    if (!isLast || service.isCancelled) return
    this.settle(service)
    this.host.feed({ type: 'served', peer: service.peer, chunk: service.chunk })
  }

  private settle(service: Service): void {
    this.byPeer.delete(service.peer)
    service.receiver.senders--
  }

  private commit(): void {
    while (this.committed < COMMITTED_BLOCKS) {
      const service = this.nextService()
      if (service === null || !this.mayCommit()) return
      this.commitBlock(service)
      if (service.committedBytes < service.lengthBytes) this.turn++
      else this.services.splice(this.turn, 1)
    }
  }

  /** Whose turn it is, of those whose link takes anything. */
  private nextService(): Service | null {
    for (let passed = 0; passed < this.services.length; passed++) {
      if (this.turn >= this.services.length) this.turn = 0
      const service = this.services[this.turn]
      if (service?.end.isHeldUp === false) return service
      this.turn++
    }
    return null
  }

  /** False where the pace lets the next block go only later; then that is tried again. */
  private mayCommit(): boolean {
    const { queue } = this.host.world
    const readyAtMs = this.pacer.readyAtMs(queue.nowMs)
    if (readyAtMs > queue.nowMs) this.pacing ??= queue.at(readyAtMs, this, null)
    return readyAtMs <= queue.nowMs
  }

  private commitBlock(service: Service): void {
    const { world, isPolluter } = this.host
    const { end, chunk, committedBytes, lengthBytes } = service
    const payloadBytes = Math.min(this.maxBlockBytes, lengthBytes - committedBytes)
    const payload = world.payload(payloadBytes, !isPolluter)
    const message = { type: 'block', chunk, offsetBytes: committedBytes, payload } as const
    service.committedBytes += payloadBytes
    this.committed++
    world.codec.peer(message)
    this.pacer.take(payloadBytes, world.queue.nowMs)
    const takesMs = this.occupy(payloadBytes + BLOCK_HEADER_BYTES)
    world.queue.at(this.freeAtMs, new BlockTransit(this, service, end, message, takesMs), null)
  }

  /** Takes the line's time; how long, in ms. */
  private occupy(bytes: number): number {
    const { nowMs } = this.host.world.queue
    const takesMs = bytes / this.bytesPerMs
    this.freeAtMs = (this.freeAtMs > nowMs ? this.freeAtMs : nowMs) + takesMs
    return takesMs
  }
}

/** As in the browser: by the rate, so that others get their turn. */
function fittingBlockBytes(bytesPerMs: number): number {
  return Math.max(MIN_BLOCK_BYTES, Math.min(MAX_BLOCK_BYTES, Math.floor(bytesPerMs * BLOCK_TAKES_MS)))
}
