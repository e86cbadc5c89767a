/**
 * Whether what somebody fetches from an origin ever comes to anybody else. Whoever takes a seat and gives nothing keeps
 * others from fetching by what it claims, and from the seats. Of a neighbour we know by what it gave us; of all others by
 * what became of the first copies they told of.
 *
 * A hint, and only asked for where many neighbours only take: among the honest, copies are but late. Nobody is kept from
 * anything by it: what such a claimant says counts for nothing, and others sit down beside it.
 */

import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun, PeerId } from '../types.ts'

/** Claimants whose first copies are remembered (guess: seats, twice and twice again). */
const MAX_CLAIMANTS = 256

/** First copies of each that are remembered: the latest (guess: ten seconds of a seat at an origin of 40 Mb/s). */
const MAX_COPIES = 64

/** So many first copies that came to nobody tell something; two may be bad luck (guess). */
const ENOUGH_IN_VAIN = 3

/** Who passes on less than one in so many of what it fetches is as good as one who gives nothing (guess). */
const PASSED_ON_SHARE = 1 / 3

/** What our neighbours have shown. */
type Surroundings = Pick<Mesh, 'isAmongTakers' | 'giversShare' | 'neighbours'>

/** One first copy: told at this time, in ms; or what became of it. */
type Fate = number | 'arrived' | 'inVain' | 'ours'

export class Claimants {
  private readonly mesh: Surroundings
  private inventory: Inventory | null = null
  /** By claimant, the longest unheard first; then by chunk, the first told first. */
  private readonly copies = new Map<PeerId, Map<number, Fate>>()

  constructor(mesh: Surroundings) {
    this.mesh = mesh
  }

  equip(inventory: Inventory): void {
    this.inventory = inventory
  }

  /** This peer says that it has fetched these. Those that are near already tell nothing. */
  hear(peer: PeerId, runs: readonly ChunkRun[], nowMs: number): void {
    const copies = this.copies.get(peer) ?? new Map<number, Fate>()
    this.copies.delete(peer)
    this.copies.set(peer, copies)
    forgetFirst(this.copies, MAX_CLAIMANTS)
    for (const { start, count } of runs)
      for (let chunk = start; chunk < start + Math.min(count, MAX_COPIES); chunk++)
        if (!copies.has(chunk)) copies.set(chunk, this.isNear(chunk, peer) ? 'ours' : nowMs)
    forgetFirst(copies, MAX_COPIES)
  }

  /**
   * The chance that what it fetches comes to others, 0 to 1. `patienceMs`: how long a first copy may take to come near. Of whom
   * nothing is known is believed what neighbours have shown: so many of all give.
   */
  beliefIn(peer: PeerId, patienceMs: number, nowMs: number): number {
    if (!this.mesh.isAmongTakers) return 1
    const neighbour = this.mesh.neighbours.get(peer)
    if (neighbour?.hasGiven === true) return 1
    if (neighbour?.isDiscounted === true) return 0
    let arrived = 0
    let inVain = 0
    const copies = this.copies.get(peer) ?? new Map<number, Fate>()
    for (const [chunk, fate] of copies) {
      const now = this.fateOf(chunk, fate, peer, nowMs - patienceMs)
      copies.set(chunk, now)
      if (now === 'arrived') arrived++
      else if (now === 'inVain') inVain++
    }
    if (inVain >= ENOUGH_IN_VAIN && arrived < PASSED_ON_SHARE * (arrived + inVain)) return 0
    return arrived > 0 ? 1 : this.mesh.giversShare
  }

  private fateOf(chunk: number, fate: Fate, peer: PeerId, lateMs: number): Fate {
    if (typeof fate !== 'number') return fate
    if (this.isNear(chunk, peer)) return 'arrived'
    if (this.inventory?.kept.has(chunk) === true) return 'ours'
    return fate < lateMs ? 'inVain' : fate
  }

  /** A neighbour other than this has the chunk. */
  private isNear(chunk: number, peer: PeerId): boolean {
    const neighbour = this.mesh.neighbours.get(peer)
    const own = neighbour !== undefined && !neighbour.isDiscounted && neighbour.held.has(chunk) ? 1 : 0
    return (this.inventory?.rarity.holderCount(chunk) ?? 0) > own
  }
}

function forgetFirst(map: Map<unknown, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
