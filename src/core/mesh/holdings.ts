/**
 * Who holds what near us: what neighbours say they have, and what is gone with those who leave.
 *
 * Who was asked and let us down, and never gave anything, holds its chunks for itself: they do not count until it gives
 * one. It is still asked for what others have, too.
 *
 * Invariant: the rarity index counts, for every chunk, exactly the ready neighbours that count and whose `held` has it.
 */

import { Bitfield } from '../bitfield.ts'
import type { Inventory } from '../inventory.ts'
import { DIGEST_BYTES } from '../wire/limits.ts'
import type { Have } from '../wire/peer-messages.ts'
import type { Neighbour } from './neighbour.ts'
import type { Requests } from './requests.ts'
import type { SendersDigests } from './senders-digests.ts'

export interface HoldingsEvents {
  /** A neighbour has this chunk, the first of ours. */
  arrivedNearby(chunk: number): void
  /** The last of our neighbours that had this chunk has left the swarm (`isGone`), or does not give it. */
  vanishedNearby(chunk: number, isGone: boolean): void
}

/** One neighbour in so many that only takes makes us look twice at what others say (guess: the honest seldom seem to). */
const TAKERS_SHARE = 1 / 8

export class Holdings {
  /** Neighbours whose chunks do not count. */
  private takers = 0
  private readonly requests: Requests
  private readonly sendersDigests: SendersDigests
  private readonly events: HoldingsEvents

  constructor(requests: Requests, sendersDigests: SendersDigests, events: HoldingsEvents) {
    this.requests = requests
    this.sendersDigests = sendersDigests
    this.events = events
  }

  /** Of so many neighbours, many only take. */
  isAmongTakers(neighbours: number): boolean {
    return this.takers > TAKERS_SHARE * neighbours
  }

  /** False if no honest neighbour would have said this. */
  hearBitfield(neighbour: Neighbour, bits: Uint8Array, inventory: Inventory): boolean {
    const field = Bitfield.parse(bits, inventory.geometry.chunkCount)
    if (field === null || neighbour.bitfieldSeen || neighbour.held.count > 0) return false
    neighbour.bitfieldSeen = true
    // Where chunks are held against their sender's word, a bit without a digest is worth nothing.
    if (this.sendersDigests.areWanted) return true
    neighbour.held = field
    if (!neighbour.isDiscounted) this.noteAllHeld(neighbour, inventory)
    neighbour.isDry = false
    this.requests.ask(neighbour)
    return true
  }

  /** False if no honest neighbour would have said this. */
  hearHave(neighbour: Neighbour, { chunks, digests }: Have, inventory: Inventory): boolean {
    if (!chunks.every((chunk) => inventory.geometry.contains(chunk))) return false
    const { areWanted } = this.sendersDigests
    if (areWanted && digests === null) return true
    for (const [place, chunk] of chunks.entries()) {
      if (areWanted && digests !== null) {
        const start = place * DIGEST_BYTES
        this.sendersDigests.note(neighbour, chunk, digests.slice(start, start + DIGEST_BYTES))
      }
      if (neighbour.held.add(chunk) && !neighbour.isDiscounted) this.noteHolder(chunk, inventory)
    }
    this.requests.askForNew(neighbour, chunks)
    return true
  }

  /** The neighbour will not send these: it does not have them any more. */
  hearRefusal(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): void {
    for (const chunk of chunks) {
      if (!neighbour.outstanding.has(chunk)) continue
      this.requests.withdraw(neighbour, chunk)
      if (neighbour.held.remove(chunk) && !neighbour.isDiscounted) inventory.rarity.decrement(chunk)
      this.requests.askHolders(chunk)
    }
    this.letDown(neighbour, inventory)
    this.requests.ask(neighbour)
  }

  /** `hasLeft`: as far as can be told, its chunks have left the swarm with it; else it is only our neighbour no more. */
  forget({ held, isDiscounted }: Neighbour, { rarity }: Inventory, hasLeft: boolean): void {
    if (isDiscounted) {
      this.takers--
      return
    }
    for (const chunk of uncounted(held, rarity)) if (hasLeft) this.events.vanishedNearby(chunk, true)
  }

  /** It refused what it said it holds, or let us wait in vain. */
  letDown(neighbour: Neighbour, inventory: Inventory): void {
    if (neighbour.hasGiven || neighbour.isDiscounted) return
    for (const chunk of uncounted(neighbour.held, inventory.rarity)) this.events.vanishedNearby(chunk, false)
    neighbour.isDiscounted = true
    this.takers++
  }

  /** It gave a chunk. */
  restore(neighbour: Neighbour, inventory: Inventory): void {
    if (!neighbour.isDiscounted) return
    neighbour.isDiscounted = false
    this.takers--
    this.noteAllHeld(neighbour, inventory)
  }

  private noteAllHeld({ held }: Neighbour, inventory: Inventory): void {
    for (const chunk of held.chunks()) this.noteHolder(chunk, inventory)
  }

  private noteHolder(chunk: number, inventory: Inventory): void {
    if (inventory.rarity.holderCount(chunk) === 0) this.events.arrivedNearby(chunk)
    inventory.rarity.increment(chunk)
  }
}

/** Counts them out, and gives those that no other neighbour has. */
function* uncounted(held: Bitfield, rarity: Inventory['rarity']): Generator<number> {
  for (const chunk of held.chunks()) {
    rarity.decrement(chunk)
    if (rarity.holderCount(chunk) === 0) yield chunk
  }
}
