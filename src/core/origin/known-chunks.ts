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

/**
 * What is only said to be there is believed, and said on, for so long since it was first said, in ms, and never again (guess: twice
 * what 48 visitors with 20 MB take on two cores, whose chunks come near after a minute or two). So the word of what has left, or
 * never was, dies out.
 */
const BELIEVED_MS = 300_000

/**
 * So long after a neighbour has told, in ms, its processor counts as busy (guess: it tells every second while there is news, and a
 * crowd's last news are a good while before its end).
 */
const BUSY_LATELY_MS = 30_000

/** One alone might be lying. */
const FEWEST_BUSY = 2

/** Most chunks for which it is worth a message, of 2 KiB then (guess). */
const MOST_CHUNKS = 16_384

/** Taken from one neighbour: an honest one tells us no more than once a second. */
const BUDGET = { burst: 5, ratePerSec: 1 } as const

/** No time until which a chunk is believed to be there: nobody has said it, or it was seen to leave. */
const UNTOLD = Number.NaN
const GONE = -Infinity

export class KnownChunks {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly firstCopies: FirstCopies
  private readonly budgets = new TokenBuckets<PeerId>(BUDGET)
  /** What each neighbour knows of, as far as we have told it, or it us. */
  private readonly shared = new Map<PeerId, Bitfield>()
  /** When each neighbour told last, in ms: who tells is busy. */
  private readonly toldAtMs = new Map<PeerId, number>()
  /** Null until the file's size is known, and where the file has too many chunks. */
  private inventory: Inventory | null = null
  /** Until when a neighbour's word for a chunk counts, in ms; `UNTOLD` or `GONE`. */
  private believedUntilMs: Float64Array = new Float64Array(0)

  constructor(context: Context, mesh: Mesh, firstCopies: FirstCopies) {
    this.context = context
    this.mesh = mesh
    this.firstCopies = firstCopies
  }

  equip(inventory: Inventory): void {
    const { chunkCount } = inventory.geometry
    if (chunkCount > MOST_CHUNKS) return
    this.inventory = inventory
    this.believedUntilMs = new Float64Array(chunkCount).fill(UNTOLD)
  }

  /** A neighbour has lately said that the chunk is in the swarm, though none of ours may have it. Among takers nobody is believed. */
  isSaidToExist(chunk: number): boolean {
    // What comes of `UNTOLD` and `GONE` is not more than anything.
    return (this.believedUntilMs[chunk] ?? UNTOLD) > this.context.nowMs && !this.mesh.isAmongTakers
  }

  /**
   * Most of our neighbours, of whom each gives, have been short of processor time lately, as they say by telling: then that is what
   * the mesh lacks, even where our own timers ring in time. Of eight hosts on two cores, one or two were never late, and fetched a quarter to two
   * thirds of a copy, since the others gave so little (measured).
   */
  get areOthersBusy(): boolean {
    const { nowMs } = this.context
    const { neighbours, isAmongTakers } = this.mesh
    let busy = 0
    for (const [peer, toldAtMs] of this.toldAtMs)
      if (nowMs - toldAtMs < BUSY_LATELY_MS && neighbours.get(peer)?.hasGiven === true) busy++
    return busy >= FEWEST_BUSY && 2 * busy > neighbours.size && !isAmongTakers
  }

  // ---------------------------------------------------------------------------------------------- telling

  /** Something new may be known, or somebody new be there: on a busy processor it is told before long. */
  wake(): void {
    const { deadlines, lateness, nowMs } = this.context
    if (this.inventory === null || !lateness.isBusy || deadlines.has('known')) return
    deadlines.set('known', nowMs + EVERY_MS)
  }

  /** Tells the neighbour to whom most is new, until all know what we do. */
  onDeadline(): void {
    const { inventory } = this
    if (inventory === null || this.mesh.leaving.isLeaving) return
    const known = this.known(inventory)
    const neighbour = this.leastInformed(known)
    if (neighbour === null) return
    this.sharedWith(neighbour).addAll(known)
    this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'known', bits: known.toBytes() } })
    this.wake()
  }

  /** What we have counts where we give it. */
  private known({ geometry, kept, rarity }: Inventory): Bitfield {
    const { firstCopies, mesh } = this
    const known = new Bitfield(geometry.chunkCount)
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      const isHere = !mesh.announcer.isSilent && kept.has(chunk)
      const isClaimed = firstCopies.wasHeardOf(chunk) && !firstCopies.wasInVain(chunk)
      if (isHere || isClaimed || rarity.holderCount(chunk) > 0 || this.isSaidToExist(chunk)) known.add(chunk)
    }
    return known
  }

  /** Null: there is none that we could tell of anything. Who has the whole file need not hear what there is. */
  private leastInformed(known: Bitfield): Neighbour | null {
    let least: Neighbour | null = null
    let mostNews = 0
    for (const neighbour of this.mesh.neighbours.values()) {
      if (!neighbour.isReady || neighbour.held.isFull) continue
      const shared = this.sharedWith(neighbour)
      shared.addAll(neighbour.held)
      const news = known.countBeyond(shared)
      if (news <= mostNews) continue
      least = neighbour
      mostNews = news
    }
    return least
  }

  // ---------------------------------------------------------------------------------------------- hearing

  /** What a neighbour knows of. It counts for whoever has time (time-to-spare.ts). False if no honest one would have said it. */
  hear(bits: Uint8Array, from: PeerId): boolean {
    const { inventory, context } = this
    if (inventory === null) return true
    const told = Bitfield.parse(bits, inventory.geometry.chunkCount)
    if (told === null) return false
    const neighbour = this.mesh.neighbours.get(from)
    if (neighbour === undefined) return true
    this.toldAtMs.set(from, context.nowMs)
    if (!this.budgets.take(from, context.nowMs)) return true
    for (const chunk of told.chunks())
      if (Number.isNaN(this.believedUntilMs[chunk])) this.believedUntilMs[chunk] = context.nowMs + BELIEVED_MS
    this.sharedWith(neighbour).addAll(told)
    this.wake()
    return true
  }

  /** The last neighbour that had this chunk has left the swarm: who says that it is there may not know. */
  noteGone(chunk: number): void {
    this.believedUntilMs[chunk] = GONE
  }

  /** A neighbour has this chunk, the first of ours. If it was thought to be gone, it was not. */
  noteArrival(chunk: number): void {
    if (this.believedUntilMs[chunk] === GONE) this.believedUntilMs[chunk] = UNTOLD
    this.wake()
  }

  /** The neighbour is gone. */
  forget(peer: PeerId): void {
    this.budgets.forget(peer)
    this.shared.delete(peer)
    this.toldAtMs.delete(peer)
  }

  private sharedWith({ id, held }: Neighbour): Bitfield {
    const shared = this.shared.get(id) ?? new Bitfield(held.size)
    this.shared.set(id, shared)
    return shared
  }
}
