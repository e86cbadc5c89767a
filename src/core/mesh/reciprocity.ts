/**
 * Who is served first where more wait than can be served: those who give.
 *
 * 'givers' is our own: who only takes comes last, and one service in twenty is anybody's. How much a neighbour gives is not
 * asked, as the rarity of chunks is the better guide: a phone gives what it can. 'titForTat' is BitTorrent's (Cohen, "Incentives build robustness in
 * BitTorrent", 2003): the four who gave most over 20 s, reviewed every 10 s, and one more for 30 s, drawn at random,
 * newcomers three times as likely; a seed serves those who take fastest.
 *
 * No timer: who is first is worked out when it is asked for.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { PeerId } from '../types.ts'
import type { Neighbour } from './neighbour.ts'
import { type Company, onlyTakes } from './only-takes.ts'

/** 'givers': one service in so many does not ask who gives. With half of all free riders, they get 5% of an uplink (guess). */
const OPEN_SERVICE_EVERY = 20

/** 'titForTat': neighbours served for what they give, and how long that holds, in ms. */
const REGULAR_SLOTS = 4
const REVIEW_MS = 10_000

/**
 * 'titForTat': how long the optimistic slot is one neighbour's, in ms; how long a neighbour is new, likewise (guess); and
 * how much likelier it is then drawn.
 */
const OPTIMISTIC_MS = 30_000
const NEWCOMER_MS = 30_000
const NEWCOMER_WEIGHT = 3

export class Reciprocity {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  private readonly company: () => Company
  private services = 0
  private reviewedAtMs = -Infinity
  private drawnAtMs = -Infinity
  private optimistic: Neighbour | null = null
  private readonly unchoked = new Set<Neighbour>()

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>, company: () => Company) {
    this.context = context
    this.neighbours = neighbours
    this.company = company
  }

  /** Another service begins. */
  noteService(): void {
    this.services++
  }

  /** Whom those who give come before, in the service that begins now. */
  isLast(neighbour: Neighbour, inventory: Inventory): boolean {
    switch (this.context.limits.reciprocity) {
      case 'none':
        return false
      case 'givers':
        return (
          this.services % OPEN_SERVICE_EVERY !== 0 &&
          onlyTakes(neighbour, inventory, this.context, this.company())
        )
      case 'titForTat':
        this.review(inventory)
        return !this.unchoked.has(neighbour)
    }
  }

  /** The neighbour is gone. */
  forget(neighbour: Neighbour): void {
    this.unchoked.delete(neighbour)
    if (this.optimistic !== neighbour) return
    this.optimistic = null
    this.drawnAtMs = -Infinity
  }

  private review(inventory: Inventory): void {
    const { nowMs } = this.context
    if (nowMs - this.reviewedAtMs < REVIEW_MS) return
    this.reviewedAtMs = nowMs
    const interested = [...this.neighbours.values()].filter(({ isReady, held }) => isReady && !held.isFull)
    const rateOf = ({ gave, got }: Neighbour): number =>
      (inventory.isComplete ? got : gave).bytesPerSec(nowMs)
    interested.sort((a, b) => rateOf(b) - rateOf(a) || (a.id < b.id ? -1 : 1))
    const others = interested.splice(REGULAR_SLOTS)
    if (nowMs - this.drawnAtMs >= OPTIMISTIC_MS || this.optimistic === null) {
      this.drawnAtMs = nowMs
      this.optimistic = this.draw(others)
    }
    this.unchoked.clear()
    for (const neighbour of interested) this.unchoked.add(neighbour)
    if (this.optimistic !== null) this.unchoked.add(this.optimistic)
  }

  /** One of these, or null where there is none. */
  private draw(neighbours: readonly Neighbour[]): Neighbour | null {
    const { nowMs, random } = this.context
    const isNew = ({ openedAtMs }: Neighbour): boolean => nowMs - openedAtMs < NEWCOMER_MS
    const tickets = neighbours.flatMap((each) =>
      Array.from({ length: isNew(each) ? NEWCOMER_WEIGHT : 1 }, () => each),
    )
    return tickets.length === 0 ? null : (tickets[random.below(tickets.length)] ?? null)
  }
}
