/**
 * What neighbours say that their chunks hash to. Where the page has no chunk hashes, a chunk is held against its sender's
 * own word; two holders that disagree dispute it, and the origin settles who was wrong.
 */

import type { Context } from '../context.ts'
import { type DigestTable, sameDigest } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import type { PeerId } from '../types.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * A neighbour that the origin has proved wrong so often about chunks' digests is let go: it makes us fetch everything from
 * there. Not banned, as it may itself have been lied to (guess: once or twice may be bad luck).
 */
const MAX_WRONG_DIGESTS = 3

export interface SendersDigestsEvents {
  /** Two holders disagree about this chunk. */
  disputed(chunk: number): void
  /** The neighbour was wrong too often to be kept. */
  wasWrong(peer: PeerId): void
}

export class SendersDigests {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  private readonly events: SendersDigestsEvents
  private inventory: Inventory | null = null
  /** Digests of the chunks that we keep. */
  private ours: DigestTable | null = null

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>, events: SendersDigestsEvents) {
    this.context = context
    this.neighbours = neighbours
    this.events = events
  }

  equip(inventory: Inventory, digests: DigestTable): void {
    this.inventory = inventory
    this.ours = digests
  }

  /** The page has no chunk hashes: a chunk is held against what its sender says it hashes to. */
  get areWanted(): boolean {
    return this.context.config.verification === 'sendersDigest'
  }

  /** The neighbour says that its chunk hashes to this. */
  note(neighbour: Neighbour, chunk: number, digest: Uint8Array): void {
    const { inventory, ours } = this
    if (inventory === null || ours === null) return
    neighbour.digests.set(chunk, digest)
    const reference = inventory.kept.has(chunk) ? ours.get(chunk) : this.othersDigest(neighbour, chunk)
    if (reference !== null && !sameDigest(reference, digest)) this.events.disputed(chunk)
  }

  /** The origin has settled what the chunk hashes to. True if somebody who was wrong too often was let go. */
  settle(chunk: number, digest: Uint8Array): boolean {
    const wrong = [...this.neighbours.values()].filter((neighbour) => {
      const said = neighbour.digests.get(chunk)
      return said !== undefined && !sameDigest(said, digest) && ++neighbour.wrongDigests >= MAX_WRONG_DIGESTS
    })
    for (const neighbour of wrong) this.events.wasWrong(neighbour.id)
    return wrong.length > 0
  }

  /** Whether two neighbours still say different things of the chunk. */
  isDisputed(chunk: number): boolean {
    const said = [...this.neighbours.values()].flatMap(({ digests }) => digests.get(chunk) ?? [])
    const [first] = said
    return first !== undefined && said.some((digest) => !sameDigest(first, digest))
  }

  /** What another neighbour says of the chunk, or null. */
  private othersDigest(neighbour: Neighbour, chunk: number): Uint8Array | null {
    for (const other of this.neighbours.values()) {
      const digest = other === neighbour ? undefined : other.digests.get(chunk)
      if (digest !== undefined) return digest
    }
    return null
  }
}
