/**
 * Where the processor is the limit, claims get lost in the crowd: they are held back, passed on to fewer, and links come late. What
 * each knows to be in the swarm is then told from neighbour to neighbour, so that all come to know of all within a few rounds,
 * whoever missed what (anti-entropy, in Demers et al., "Epidemic algorithms for replicated database maintenance", PODC 1987).
 * Of 48 visitors on two cores, 22 of 57 runs after the first ten seconds fetched what had been in the swarm for up to
 * half a minute, and those who fetched it had never heard of it (measured).
 */

import { Bitfield } from '../bitfield.ts'
import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Neighbour } from '../mesh/neighbour.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../types.ts'
import type { FirstCopies } from './first-copies.ts'

/** One neighbour is told every so often, in ms (guess: ten rounds of two neighbours each in a crowd's first twenty seconds). */
const EVERY_MS = 1000

/** Most chunks for which it is worth a message, of 2 KiB then (guess). */
const MOST_CHUNKS = 16_384

/** Taken from one neighbour: an honest one tells us no more than once a second. */
const BUDGET = { burst: 5, ratePerSec: 1 } as const

export class Hearsay {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly firstCopies: FirstCopies
  private readonly budgets = new TokenBuckets<PeerId>(BUDGET)
  /** What each neighbour knows of, as far as we have told it, or it us. */
  private readonly shared = new Map<PeerId, Bitfield>()
  /** Null until the file's size is known, and where the file has too many chunks. */
  private inventory: Inventory | null = null

  constructor(context: Context, mesh: Mesh, firstCopies: FirstCopies) {
    this.context = context
    this.mesh = mesh
    this.firstCopies = firstCopies
  }

  equip(inventory: Inventory): void {
    if (inventory.geometry.chunkCount <= MOST_CHUNKS) this.inventory = inventory
  }

  /** Something new may be known, or somebody new be there: on a busy processor it is told before long. */
  wake(): void {
    const { deadlines, lateness, nowMs } = this.context
    if (lateness.isBusy && !deadlines.has('known')) deadlines.set('known', nowMs + EVERY_MS)
  }

  /** Tells the neighbour that knows least, until all know what we do. */
  onDeadline(): void {
    const { inventory } = this
    if (inventory === null) return
    const known = this.known(inventory)
    const neighbour = this.leastInformed(known)
    if (neighbour === null) return
    this.sharedWith(neighbour.id, known.size).addAll(known)
    this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'known', bits: known.toBytes() } })
    this.wake()
  }

  /** What a neighbour knows of. Whoever is not busy goes by claims alone. False if no honest one would have said it. */
  hear(bits: Uint8Array, from: PeerId): boolean {
    const { inventory, context, firstCopies } = this
    if (inventory === null) return true
    const told = Bitfield.parse(bits, inventory.geometry.chunkCount)
    if (told === null) return false
    if (!context.lateness.isBusy || !this.budgets.take(from, context.nowMs)) return true
    for (const chunk of told.chunks()) firstCopies.hearOf(chunk, context.nowMs)
    this.sharedWith(from, told.size).addAll(told)
    this.wake()
    return true
  }

  forget(peer: PeerId): void {
    this.budgets.forget(peer)
    this.shared.delete(peer)
  }

  private known({ geometry, kept, rarity }: Inventory): Bitfield {
    const known = new Bitfield(geometry.chunkCount)
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      const isNear = kept.has(chunk) || rarity.holderCount(chunk) > 0
      const isSaid = this.firstCopies.wasHeardOf(chunk) && !this.firstCopies.wasInVain(chunk)
      if (isNear || isSaid) known.add(chunk)
    }
    return known
  }

  private sharedWith(peer: PeerId, chunkCount: number): Bitfield {
    const shared = this.shared.get(peer) ?? new Bitfield(chunkCount)
    this.shared.set(peer, shared)
    return shared
  }

  /** Null: there is none that we could tell of anything. Who has the whole file need not hear what there is. */
  private leastInformed(known: Bitfield): Neighbour | null {
    let least: Neighbour | null = null
    let mostNews = 0
    for (const neighbour of this.mesh.neighbours.values()) {
      if (!neighbour.isReady || neighbour.held.isFull) continue
      const news = known.countBeyond(this.sharedWith(neighbour.id, known.size))
      if (news <= mostNews) continue
      least = neighbour
      mostNews = news
    }
    return least
  }
}
