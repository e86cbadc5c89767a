/**
 * One end of a link: carries messages in order to the other end, and holds up what is sent while the network is cut.
 */

import type { PeerId } from '../src/core/types.ts'
import type { PeerMessage } from '../src/core/wire/peer-messages.ts'
import type { BlockTransit } from './block-transit.ts'
import type { Actor, EventHandle } from './event-queue.ts'
import type { Machine } from './machine.ts'

/** Messages happen to it: those of the other end. */
export class LinkEnd implements Actor<PeerMessage> {
  readonly host: Machine
  /** What the host knows the other side by. */
  readonly peer: PeerId
  readonly attempt: Attempt
  readonly isInitiator: boolean
  state: 'starting' | 'open' | 'closed' = 'starting'
  /** One way, in ms. */
  oneWayMs: number = 0
  remote: LinkEnd | null = null
  /** When the last message sent so far arrives, in ms: none overtakes another. */
  lastArrivalMs: number = 0
  lastBlockArrivalMs: number = 0
  timeout: EventHandle | null = null
  /** What waits for the network to be whole again, as it is sent until it arrives; null: it is whole. */
  private heldUp: { readonly sends: (() => void)[]; readonly blocks: BlockTransit[] } | null = null

  constructor(host: Machine, peer: PeerId, attempt: Attempt, isInitiator: boolean) {
    this.host = host
    this.peer = peer
    this.attempt = attempt
    this.isInitiator = isInitiator
  }

  get isHeldUp(): boolean {
    return this.heldUp !== null
  }

  /** A message, as what will send it. */
  hold(send: () => void): void {
    this.heldUp?.sends.push(send)
  }

  holdBlock(block: BlockTransit): void {
    this.heldUp?.blocks.push(block)
  }

  /** The network between the ends is cut: what is sent waits, and after a while the link is given up. */
  holdUp(patienceMs: number): void {
    if (this.heldUp !== null) return
    this.heldUp = { sends: [], blocks: [] }
    this.timeout = this.host.world.queue.after(patienceMs, TIMEOUT, this)
  }

  /** The network is whole again: all that waited goes its way. */
  resume(): void {
    const { heldUp, remote } = this
    if (heldUp === null) return
    this.heldUp = null
    this.stopWaiting()
    if (remote?.state !== 'open') return loseAfter(this, this.oneWayMs)
    for (const send of heldUp.sends) send()
    for (const block of heldUp.blocks) block.goAcross()
  }

  /** It is over. */
  forget(): void {
    this.heldUp = null
    this.stopWaiting()
  }

  stopWaiting(): void {
    if (this.timeout !== null) this.host.world.queue.cancel(this.timeout)
    this.timeout = null
  }

  happen(message: PeerMessage): void {
    if (this.state === 'open') this.host.feed({ type: 'message', peer: this.peer, message })
  }
}

/** A link being set up: by its session number either side finds the other. */
export interface Attempt {
  readonly session: number
  offerer: LinkEnd | null
  answerer: LinkEnd | null
}

export function loseAfter(end: LinkEnd, delayMs: number): void {
  end.host.world.queue.after(delayMs, LOSE, end)
}

const LOSE: Actor<LinkEnd> = { happen: (end) => end.host.links.lose(end) }

export const TIMEOUT: Actor<LinkEnd> = {
  happen: (end) => {
    end.timeout = null
    end.host.links.lose(end)
  },
}
