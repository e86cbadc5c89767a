/**
 * Whom a client serves (BEP 3, "choking and optimistic unchoking"; Legout et al., "Rarest first and choke algorithms are
 * enough", IMC 2006): of those who want something the four with the best rate, looked at every 10 s, and one more
 * whatever its rate, another every 30 s, for which those who connected since the last one are three times as likely.
 *
 * BEP 3 leaves open what is done between reviews. Here a slot that comes free is given away at once, to the best of
 * those who wait, as the first client did.
 */

import type { Random } from '../../src/core/random.ts'

/** Served for their rate. BEP 3: four. */
export const REGULAR_SLOTS = 4

/** Time between reviews, in ms. BEP 3: ten seconds. */
export const REVIEW_MS = 10_000

/** Time that one is served optimistically, in ms. BEP 3: thirty seconds. */
export const OPTIMISTIC_MS = 30_000

/** So many times as likely is a newcomer to be served optimistically. BEP 3: three. */
export const NEWCOMER_WEIGHT = 3

/** A neighbour, as far as choking it goes. */
export interface Chokable {
  readonly connectedMs: number
  /** It wants something that we have. */
  readonly isInterested: boolean
}

export interface ChokerEvents<N extends Chokable> {
  readonly neighbours: () => Iterable<N>
  /** What a neighbour gives us, or takes of us where we give only. */
  readonly bytesPerSec: (neighbour: N) => number
  readonly choke: (neighbour: N) => void
  readonly unchoke: (neighbour: N) => void
}

export class Choker<N extends Chokable> {
  private readonly events: ChokerEvents<N>
  private readonly random: Random
  private readonly regular = new Set<N>()
  private optimistic: N | null = null
  /** When an optimistic slot was last given to somebody else, in ms. */
  private rotatedMs: number

  constructor(events: ChokerEvents<N>, random: Random, nowMs: number) {
    this.events = events
    this.random = random
    this.rotatedMs = nowMs
  }

  serves(neighbour: N): boolean {
    return this.optimistic === neighbour || this.regular.has(neighbour)
  }

  /** To be called every `REVIEW_MS`. */
  review(nowMs: number): void {
    const before = new Set(this.served())
    const interested = [...this.events.neighbours()].filter(({ isInterested }) => isInterested)
    this.regular.clear()
    for (const one of best(interested, REGULAR_SLOTS, this.events.bytesPerSec, this.random))
      this.regular.add(one)
    this.reviewOptimistic(interested, nowMs)
    for (const one of before) if (!this.serves(one)) this.events.choke(one)
    for (const one of this.served()) if (!before.has(one)) this.events.unchoke(one)
  }

  /** The neighbour wants something, or nothing any more, or is gone. */
  changed(neighbour: N, nowMs: number): void {
    if (neighbour.isInterested) {
      if (!this.serves(neighbour)) this.fill(nowMs)
    } else if (this.serves(neighbour)) {
      this.regular.delete(neighbour)
      if (this.optimistic === neighbour) this.optimistic = null
      this.events.choke(neighbour)
      this.fill(nowMs)
    }
  }

  private *served(): Iterable<N> {
    yield* this.regular
    if (this.optimistic !== null) yield this.optimistic
  }

  private reviewOptimistic(interested: readonly N[], nowMs: number): void {
    const isDue = nowMs - this.rotatedMs >= OPTIMISTIC_MS
    const current = this.optimistic
    if (!isDue && current !== null && current.isInterested && !this.regular.has(current)) return
    const others = interested.filter((one) => !this.regular.has(one))
    this.optimistic = drawOptimistic(others, this.rotatedMs, this.random)
    if (isDue) this.rotatedMs = nowMs
  }

  /** Gives free slots to those who wait. */
  private fill(nowMs: number): void {
    if (this.regular.size >= REGULAR_SLOTS && this.optimistic !== null) return
    const waiting = [...this.events.neighbours()].filter((one) => one.isInterested && !this.serves(one))
    const chosen = best(waiting, REGULAR_SLOTS - this.regular.size, this.events.bytesPerSec, this.random)
    for (const one of chosen) {
      this.regular.add(one)
      this.events.unchoke(one)
    }
    if (this.optimistic !== null) return
    this.optimistic = drawOptimistic(
      waiting.filter((one) => !this.regular.has(one)),
      this.rotatedMs,
      this.random,
    )
    if (this.optimistic === null) return
    this.events.unchoke(this.optimistic)
    if (nowMs - this.rotatedMs >= OPTIMISTIC_MS) this.rotatedMs = nowMs
  }
}

/** Those with the best rate, ties at random. */
export function best<N>(
  candidates: readonly N[],
  count: number,
  bytesPerSec: (candidate: N) => number,
  random: Random,
): readonly N[] {
  if (count <= 0) return []
  return candidates
    .map((one) => ({ one, rate: bytesPerSec(one), tie: random.uint32() }))
    .sort((a, b) => b.rate - a.rate || a.tie - b.tie)
    .slice(0, count)
    .map(({ one }) => one)
}

/** One of them, those who connected after the last rotation three times as likely; null: there is none. */
export function drawOptimistic<N extends Chokable>(
  candidates: readonly N[],
  rotatedMs: number,
  random: Random,
): N | null {
  const weightOf = ({ connectedMs }: N): number => (connectedMs >= rotatedMs ? NEWCOMER_WEIGHT : 1)
  let rest = random.below(
    Math.max(
      1,
      candidates.reduce((total, one) => total + weightOf(one), 0),
    ),
  )
  for (const one of candidates) if ((rest -= weightOf(one)) < 0) return one
  return null
}
