/**
 * What floods the swarm: claims, which each peer passes on once, to some of its neighbours. Where the processor is busy, those
 * of others wait for company.
 */

import type { Context } from '../context.ts'
import type { PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * Neighbours that a flooded message is passed on to. Three at random reach 94% of the peers (x = 1 − e^−3x), and what
 * matters is said three times; to pass it to all of sixteen would cost five times as much.
 */
export const FLOOD_FANOUT = 3

/**
 * On a busy processor, what floods goes out together, so often, in ms: sent at once, it is one packet. A small message by
 * itself took 0.46 to 0.70 ms of the processors at both ends, one of five together 0.22 to 0.26 (measured in Chromium). Bounds
 * how late claims come, over four or five hops: below the 5 s for which they count (guess). The first after a pause waits for nobody:
 * who has not heard of a claim may make the same.
 */
const TOGETHER_EVERY_MS = 300

/** And to so few: 80% hear of a claim at once, and all but a few with the next (x = 1 − e^−2x). */
const BUSY_FANOUT = 2

interface Held {
  readonly claim: Claim
  readonly except: PeerId
}

export class Floods {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  /** By claimer and origin: a newer claim takes the place of an older one. */
  private readonly held = new Map<string, Held>()

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>) {
    this.context = context
    this.neighbours = neighbours
  }

  /**
   * Says a claim of ours, at once. On a busy processor, where each passes on to few, to all neighbours: of eight visitors two or three
   * missed that a seat was given up, and waited up to four seconds for whoever had it (measured). It costs little beside the rest
   * of its way; elsewhere it made no difference (simulated).
   */
  say(claim: Claim): void {
    const fanOut = this.context.lateness.isBusy ? Infinity : FLOOD_FANOUT
    this.send(claim, null, this.drawTargets(null, fanOut))
  }

  /** Passes a claim on, but not to where it came from: to all, or to some at random where they are many. */
  spread(claim: Claim, except: PeerId): void {
    const { lateness, deadlines } = this.context
    if (!lateness.isBusy) return this.send(claim, except, this.drawTargets(except, FLOOD_FANOUT))
    if (deadlines.has('flood')) this.held.set(`${claim.peer}@${claim.origin}`, { claim, except })
    else this.sendTogether([{ claim, except }])
  }

  onDeadline(): void {
    const held = [...this.held.values()]
    this.held.clear()
    if (held.length > 0) this.sendTogether(held)
  }

  /** To the same few; what comes next waits for company. */
  private sendTogether(claims: readonly Held[]): void {
    const { deadlines, nowMs } = this.context
    const [first, ...others] = claims
    const targets = this.drawTargets(others.length === 0 ? (first?.except ?? null) : null, BUSY_FANOUT)
    for (const { claim, except } of claims) this.send(claim, except, targets)
    deadlines.set('flood', nowMs + TOGETHER_EVERY_MS)
  }

  private send(message: Claim, except: PeerId | null, targets: readonly PeerId[]): void {
    for (const peer of targets) if (peer !== except) this.context.emit({ type: 'send', peer, message })
  }

  private drawTargets(except: PeerId | null, fanOut: number): PeerId[] {
    const others: PeerId[] = []
    for (const { id, isReady } of this.neighbours.values()) if (isReady && id !== except) others.push(id)
    const { random, limits } = this.context
    if (!limits.mechanisms.sparseFloods || others.length <= fanOut) return others
    return random.some(others, fanOut)
  }
}
