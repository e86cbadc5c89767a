/**
 * A block on its way: it leaves the sender's line, crosses, and comes in over the receiver's line when that is free.
 */

import type { Block } from '../src/core/wire/peer-messages.ts'
import type { Actor } from './event-queue.ts'
import type { LinkEnd } from './link-end.ts'
import type { Service, Uplink } from './uplink.ts'

type Stage = 'leaving' | 'crossing' | 'arriving'

export class BlockTransit implements Actor<null> {
  readonly service: Service
  readonly message: Block
  private readonly uplink: Uplink
  private readonly end: LinkEnd
  /** What it took the sender's line, in ms. */
  private readonly sentInMs: number
  private stage: Stage = 'leaving'
  private receiving: LinkEnd | null = null

  constructor(uplink: Uplink, service: Service, end: LinkEnd, message: Block, sentInMs: number) {
    this.uplink = uplink
    this.service = service
    this.end = end
    this.message = message
    this.sentInMs = sentInMs
  }

  happen(): void {
    if (this.stage === 'leaving') this.leave()
    else if (this.stage === 'crossing') this.cross()
    else this.arrive()
  }

  private leave(): void {
    const { end } = this
    this.receiving = end.remote
    this.stage = 'crossing'
    if (end.isHeldUp) end.holdBlock(this)
    else this.goAcross()
    this.uplink.left(this)
  }

  /** On its way to the other end. */
  goAcross(): void {
    const { end } = this
    const { queue, network } = end.host.world
    if (this.receiving !== null) {
      const arrivalMs = queue.nowMs + network.takesMs(end.oneWayMs)
      end.lastBlockArrivalMs = Math.max(end.lastBlockArrivalMs, arrivalMs)
      queue.at(end.lastBlockArrivalMs, this, null)
    }
  }

  /**
   * The last byte is here. The receiver's line has worked on it since the first byte came, or since it was free; where
   * it is not through with it, the block is whole only then.
   */
  private cross(): void {
    const { receiving } = this
    if (receiving === null || receiving.state !== 'open') return
    const { host } = receiving
    const doneMs = host.receive(this.message.payload.byteLength, this.sentInMs)
    this.stage = 'arriving'
    if (doneMs <= host.world.queue.nowMs) this.arrive()
    else host.world.queue.at(doneMs, this, null)
  }

  private arrive(): void {
    const { receiving, message } = this
    if (receiving === null || receiving.state !== 'open') return
    receiving.host.tookIn(message.payload.byteLength)
    receiving.happen(message)
  }
}
