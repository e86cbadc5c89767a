/**
 * Keeps the mesh close to a random regular graph: now and then the least useful neighbour is exchanged for a peer drawn
 * at random, and who has too many lets one go. The old link is closed after the new one is open, so that the number of
 * neighbours never falls by it; a neighbour that anything is being asked of, or sent to, is never closed.
 */

import type { Context } from '../context.ts'
import type { PeerId } from '../types.ts'
import type { Neighbour } from './neighbour.ts'
import type { Neighbourhood } from './neighbourhood.ts'

/** A neighbour is left this long to show its use, in ms (guess). */
const TRIAL_MS = 20_000

/** With so few neighbours none is let go. */
const FEW_NEIGHBOURS = 3

/** More neighbours than are sought by so many: one is let go. */
const EXCESS = 2

export class Rewiring {
  private readonly context: Context
  private readonly neighbourhood: Neighbourhood
  /** Bytes that each neighbour had given and got when the present period began, and when the one before it did. */
  private readonly marks = new Map<PeerId, { readonly present: number; readonly previous: number }>()
  /** The peer that is to take another's place. */
  private newcomer: PeerId | null = null

  constructor(context: Context, neighbourhood: Neighbourhood) {
    this.context = context
    this.neighbourhood = neighbourhood
  }

  /**
   * The topology server says that these are there. Who has all the neighbours it seeks came only to be counted; but of a
   * part of the mesh that has lost the others, nobody else hears of them: one of these takes a neighbour's place.
   * Without it 300 of 10,000 peers stayed apart while 10% were replaced every 12 s (simulated).
   */
  introduce(peers: readonly PeerId[]): void {
    const { degree, sought } = this.neighbourhood
    if (!this.context.limits.mechanisms.introductions) return
    if (degree >= sought) this.newcomer = this.neighbourhood.connectToOneOf(peers) ?? this.newcomer
  }

  /** Hellos are exchanged with this neighbour. */
  neighbourReady(peer: PeerId): void {
    if (!this.context.deadlines.has('rewire')) this.schedule()
    if (peer !== this.newcomer) return
    this.newcomer = null
    if (this.neighbourhood.degree > this.neighbourhood.sought) this.partWith(this.leastUseful())
  }

  neighbourLost(peer: PeerId): void {
    this.marks.delete(peer)
  }

  onDeadline(): void {
    const { neighbourhood } = this
    const { degree, sought } = neighbourhood
    const victim = this.leastUseful()
    if (victim !== null) {
      const isUseless = neighbourhood.isComplete && neighbourhood.isSeed(victim)
      if (degree > sought + EXCESS || (isUseless && degree > sought)) this.partWith(victim)
      else if (degree >= sought) this.newcomer = neighbourhood.connectBeyond()
    }
    for (const neighbour of neighbourhood.neighbours.values())
      this.marks.set(neighbour.id, {
        present: bytesOf(neighbour),
        previous: this.marks.get(neighbour.id)?.present ?? 0,
      })
    if (neighbourhood.degree > 0) this.schedule()
  }

  private schedule(): void {
    const { deadlines, limits, nowMs, random } = this.context
    if (!limits.mechanisms.rewiring) return
    deadlines.set('rewire', nowMs + limits.rewireMs * random.between(0.5, 1.5))
  }

  private partWith(neighbour: Neighbour | null): void {
    if (neighbour !== null) this.neighbourhood.part(neighbour.id)
  }

  /** The neighbour that gave and got least lately, ties at random; null where none may be let go. */
  private leastUseful(): Neighbour | null {
    if (this.neighbourhood.degree <= FEW_NEIGHBOURS) return null
    const dispensable = [...this.neighbourhood.neighbours.values()].filter((each) => this.isDispensable(each))
    const uses = dispensable.map((neighbour) => this.useOf(neighbour))
    const least = Math.min(...uses)
    const useless = dispensable.filter((_, place) => uses[place] === least)
    return useless.length === 0 ? null : (useless[this.context.random.below(useless.length)] ?? null)
  }

  private isDispensable({ isReady, openedAtMs, outstanding, queue, serving }: Neighbour): boolean {
    if (!isReady || this.context.nowMs - openedAtMs < TRIAL_MS) return false
    return outstanding.size === 0 && queue.length === 0 && serving === null
  }

  /** In this period and the one before it. */
  private useOf(neighbour: Neighbour): number {
    return bytesOf(neighbour) - (this.marks.get(neighbour.id)?.previous ?? 0)
  }
}

function bytesOf({ bytesReceived, bytesSent }: Neighbour): number {
  return bytesReceived + bytesSent
}
