/**
 * How a client finds others: it announces itself to the tracker, and connects to those it is told of while it has few
 * links. The official client of version 3 starts links while it has fewer than 30 and refuses them at 55, as the
 * specification on wiki.theory.org has it; 55 is WebTorrent's most, too.
 */

import type { PeerId } from '../../src/core/types.ts'
import type { Machine } from '../machine.ts'
import { TOPOLOGY_PLACE } from '../network.ts'
import type { Tracker } from './tracker.ts'

export const STARTS_BELOW_LINKS = 30
export const MAX_LINKS = 55

/** With fewer neighbours than this the tracker is asked again, but no sooner than this, in ms (the first client's defaults). */
const FEW_NEIGHBOURS = 20
const ASK_AGAIN_MS = 300_000

/** It is told that we are still there, in ms: the usual interval of trackers. */
const INTERVAL_MS = 1_800_000

/** After no answer, in ms (guess: WebTorrent's first back-off is 10 s). */
const RETRY_MS = 10_000

/** A connection to the tracker, then the question. */
const ANNOUNCE_RTTS = 2

export interface FindingEvents {
  readonly linkCount: () => number
  readonly wantsMore: () => boolean
  readonly isKnown: (peer: PeerId) => boolean
}

export class Finding {
  private readonly host: Machine
  private readonly tracker: Tracker
  private readonly events: FindingEvents
  private readonly rttMs: number
  private readonly candidates = new Set<PeerId>()
  private readonly starting = new Set<PeerId>()
  private isStopped = false

  constructor(host: Machine, tracker: Tracker, events: FindingEvents) {
    this.host = host
    this.tracker = tracker
    this.events = events
    this.rttMs = host.world.network.rttMs(host.index, TOPOLOGY_PLACE)
  }

  start(): void {
    this.announce()
  }

  stop(quietly: boolean): void {
    const { queue } = this.host.world
    this.isStopped = true
    if (quietly) return
    queue.callAt(queue.nowMs + (ANNOUNCE_RTTS - 0.5) * this.rttMs, () =>
      this.tracker.stopped(this.host.index),
    )
  }

  /** The link is open, or came to nothing. */
  settled(peer: PeerId): void {
    this.starting.delete(peer)
  }

  /** Starts links as far as there are too few. */
  fill(): void {
    for (const peer of this.candidates) {
      if (this.events.linkCount() + this.starting.size >= STARTS_BELOW_LINKS || !this.events.wantsMore())
        return
      this.candidates.delete(peer)
      if (this.events.isKnown(peer) || this.starting.has(peer)) continue
      this.starting.add(peer)
      this.host.links.connect(peer)
    }
  }

  private announce(): void {
    const { queue } = this.host.world
    const askedMs = queue.nowMs + (ANNOUNCE_RTTS - 0.5) * this.rttMs
    queue.callAt(askedMs, () => {
      if (this.isStopped) return
      if (this.tracker.isAway(queue.nowMs)) return this.later(RETRY_MS, () => this.announce())
      const told = this.tracker.announce(this.host.index)
      queue.callAt(queue.nowMs + this.rttMs / 2, () => this.hear(told))
    })
  }

  private hear(told: readonly number[]): void {
    if (this.isStopped) return
    for (const index of told) this.candidates.add(peerIdOf(index))
    this.fill()
    this.askAgain(this.host.world.queue.nowMs)
  }

  private askAgain(answeredMs: number): void {
    this.later(ASK_AGAIN_MS, () => {
      const isDue = this.host.world.queue.nowMs - answeredMs >= INTERVAL_MS
      const isLonely = this.events.wantsMore() && this.events.linkCount() < FEW_NEIGHBOURS
      if (isDue || isLonely) this.announce()
      else this.askAgain(answeredMs)
    })
  }

  private later(ms: number, run: () => void): void {
    const { queue } = this.host.world
    queue.callAt(queue.nowMs + ms, () => {
      if (!this.isStopped) run()
    })
  }
}

/** Ids have the form of the library's. */
export function peerIdOf(index: number): PeerId {
  return index.toString(16).padStart(16, '0') as PeerId
}
