/**
 * Leaving in peace: chunks that only we have, as far as we know, are offered to those who lack them before we go, for
 * two seconds at most. Each goes to one neighbour; whoever else asks for it is refused and finds it there. We are gone
 * once every one of them has another holder, or nobody is left to take them, or the time is over.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { PeerId } from '../types.ts'
import { MAX_CHUNKS_PER_LEAVING } from '../wire/limits.ts'
import type { Announcer } from './announcer.ts'
import type { Neighbour } from './neighbour.ts'
import type { Service } from './service.ts'

/** Nobody who wants to go is kept for longer than this, in ms (guess: what a closing page may still take). */
export const LEAVE_WITHIN_MS = 2000

export interface LeavingParts {
  readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  readonly service: Service
  readonly announcer: Announcer
  /** Somebody who is not our neighbour has it, as far as the mesh told. */
  readonly existsElsewhere: (chunk: number) => boolean
}

export class Leaving {
  private readonly context: Context
  private readonly parts: LeavingParts
  private inventory: Inventory | null = null
  /** Chunks that nobody else has yet, and those of them that have not gone out. */
  private rare = new Set<number>()
  private owed = new Set<number>()
  /** Those who have heard that we leave. */
  private readonly told = new Set<PeerId>()
  /** It has begun. */
  isLeaving: boolean = false

  constructor(context: Context, parts: LeavingParts) {
    this.context = context
    this.parts = parts
  }

  /** Offers what would be gone with us. `inventory` null: we know nothing of the file, or may give nothing of it. */
  begin(inventory: Inventory | null): void {
    const { service, announcer } = this.parts
    this.inventory = inventory
    this.isLeaving = true
    this.context.deadlines.clearAll()
    const takers = this.takers()
    const { farewells } = this.context.limits.mechanisms
    const rare = !farewells || inventory === null || takers.length === 0 ? [] : this.findRare(inventory)
    this.rare = new Set(rare)
    this.owed = new Set(rare)
    service.accepts = (chunk) => this.owed.has(chunk)
    if (rare.length === 0) return
    announcer.isSilent = false
    announcer.onDeadline()
    for (const [place, taker] of takers.entries()) {
      announcer.catchUp(taker)
      this.offer(taker, rotated(rare, Math.floor((place * rare.length) / takers.length)))
    }
    service.refuseUnaccepted(true)
    this.context.deadlines.set('leave', this.context.nowMs + LEAVE_WITHIN_MS)
  }

  /** The chunk has gone out to somebody. */
  served(chunk: number): void {
    if (this.owed.delete(chunk)) this.parts.service.refuseUnaccepted(false)
  }

  /** Whether there is nothing left to stay for. */
  get isDone(): boolean {
    const { inventory } = this
    if (!this.isLeaving) return false
    for (const chunk of this.rare)
      if (inventory === null || inventory.rarity.holderCount(chunk) > 0 || !inventory.kept.has(chunk))
        this.rare.delete(chunk)
    return this.rare.size === 0 || this.takers().length === 0 || !this.context.deadlines.has('leave')
  }

  /** Parts from everybody. Whoever lacks something is told that we leave the swarm, not only him. */
  part(): void {
    const { emit, deadlines } = this.context
    for (const taker of this.takers()) if (!this.told.has(taker.id)) this.offer(taker, [])
    for (const peer of this.parts.neighbours.keys()) {
      emit({ type: 'send', peer, message: { type: 'goodbye' } })
      emit({ type: 'disconnect', peer })
    }
    deadlines.clearAll()
    emit({ type: 'left' })
  }

  /** What neither a neighbour nor anybody we heard of has; of too many, some at random. */
  private findRare({ kept, rarity }: Inventory): readonly number[] {
    const rare: number[] = []
    for (const chunk of kept.chunks())
      if (rarity.holderCount(chunk) === 0 && !this.parts.existsElsewhere(chunk)) rare.push(chunk)
    if (rare.length <= MAX_CHUNKS_PER_LEAVING) return rare
    return rotated(rare, this.context.random.below(rare.length)).slice(0, MAX_CHUNKS_PER_LEAVING)
  }

  /** Neighbours that lack something. */
  private takers(): Neighbour[] {
    return [...this.parts.neighbours.values()].filter(({ isReady, held }) => isReady && !held.isFull)
  }

  private offer({ id }: Neighbour, chunks: readonly number[]): void {
    this.told.add(id)
    this.context.emit({ type: 'send', peer: id, message: { type: 'leaving', chunks } })
  }
}

/** The same, begun elsewhere: so each neighbour asks for another one first. */
function rotated(chunks: readonly number[], from: number): readonly number[] {
  return [...chunks.slice(from), ...chunks.slice(0, from)]
}
