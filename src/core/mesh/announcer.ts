/**
 * Telling neighbours what we hold: all at once in the beginning, then what is new, in batches. Whoever has a chunk
 * already, or has asked us for another and waits its turn, hears of ours with the next news that concern it, or when its
 * turn comes, or after a while, or when there is no more to come. Where uplinks are scarce that leaves one message in
 * six, and nobody waits for what it has or cannot ask for. Of what is rare everybody hears at once.
 */

import type { Context } from '../context.ts'
import type { DigestTable } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import { RARE_HOLDERS } from '../rarity.ts'
import type { PeerId } from '../types.ts'
import { DIGEST_BYTES, MAX_HAVES_PER_MESSAGE } from '../wire/limits.ts'
import type { Neighbour } from './neighbour.ts'

/** Haves are held back this long for company, so that a burst is one message. Short beside any round trip (guess). */
const BATCH_MS = 20

/**
 * On a busy processor what several have, in ms: each message costs the two ends' processors some half a millisecond, and whoever
 * lacks the chunk can ask others (guess: two or three chunks of a crowd of eight).
 */
const BUSY_BATCH_MS = 150

/** News that concern nobody are told when so many have come together (guess: a few per cent of a usual file). */
const MAX_WITHHELD = 16

/**
 * Fewer where the neighbour verifies by digests: what ours hashes to shows who of its other neighbours is wrong (guess; told
 * of each at once, a neighbour got one message a chunk, half of all there were).
 */
const MAX_WITHHELD_DIGESTS = 4

export class Announcer {
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  /** Nothing can be asked of us any more, so nothing is told. */
  isSilent: boolean = false
  private inventory: Inventory | null = null
  private digests: DigestTable | null = null
  private unannounced: number[] = []
  private announcedAtMs = -Infinity

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>) {
    this.context = context
    this.neighbours = neighbours
  }

  equip(inventory: Inventory, digests: DigestTable): void {
    this.inventory = inventory
    this.digests = digests
  }

  /** Everything we hold: one bit a chunk, or with digests where the neighbour verifies by them. */
  greet(neighbour: Neighbour, { kept }: Inventory): void {
    if (kept.count === 0 || this.isSilent) return
    if (neighbour.wantsDigests) return this.tell(neighbour, [...kept.chunks()])
    const message = { type: 'bitfield' as const, bits: kept.toBytes() }
    this.context.emit({ type: 'send', peer: neighbour.id, message })
  }

  /** A chunk is kept: the neighbours hear of it with the next batch. */
  announce(chunk: number): void {
    this.unannounced.push(chunk)
    const dueMs = this.announcedAtMs + this.batchMs(chunk)
    if (this.context.nowMs >= dueMs) this.onDeadline()
    else this.context.deadlines.setNoLater('announce', dueMs)
  }

  private batchMs(chunk: number): number {
    return this.context.lateness.isBusy && !this.isRare(chunk) ? BUSY_BATCH_MS : BATCH_MS
  }

  onDeadline(): void {
    const chunks = this.stillKept(this.unannounced)
    if (chunks.length === 0 || this.isSilent) return
    this.unannounced = []
    this.announcedAtMs = this.context.nowMs
    for (const neighbour of this.neighbours.values()) if (neighbour.isReady) this.offer(neighbour, chunks)
  }

  /** It will soon choose what to ask of us: hears of all that was withheld. */
  catchUp(neighbour: Neighbour): void {
    const { withheld } = neighbour
    if (withheld.length === 0 || this.isSilent) return
    const chunks = this.stillKept([...withheld])
    withheld.length = 0
    if (chunks.length > 0 && neighbour.isReady) this.tell(neighbour, chunks)
  }

  private offer(neighbour: Neighbour, chunks: readonly number[]): void {
    const { withheld } = neighbour
    // Who has everything says so: the mesh treats seeds in another way.
    const isLast = this.inventory?.isComplete === true
    const isTold = isLast || chunks.some((chunk) => this.concerns(neighbour, chunk))
    const { withholding } = this.context.limits.mechanisms
    const most = neighbour.wantsDigests ? MAX_WITHHELD_DIGESTS : MAX_WITHHELD
    if (withholding && !isTold && withheld.length + chunks.length < most) {
      withheld.push(...chunks)
      return
    }
    if (withheld.length === 0) return this.tell(neighbour, chunks)
    this.tell(neighbour, [...this.stillKept(withheld), ...chunks])
    withheld.length = 0
  }

  /** It may ask for the chunk now; or few have it, so that all are to know. */
  private concerns({ held, queue }: Neighbour, chunk: number): boolean {
    if (held.has(chunk)) return false
    return queue.length === 0 || this.isRare(chunk)
  }

  private isRare(chunk: number): boolean {
    return (this.inventory?.rarity.holderCount(chunk) ?? 0) <= RARE_HOLDERS
  }

  /** One that was given up meanwhile is not ours to offer. */
  private stillKept(chunks: readonly number[]): readonly number[] {
    const { inventory } = this
    if (inventory === null) return []
    return chunks.every((chunk) => inventory.kept.has(chunk))
      ? chunks
      : chunks.filter((chunk) => inventory.kept.has(chunk))
  }

  private tell(neighbour: Neighbour, chunks: readonly number[]): void {
    for (let start = 0; start < chunks.length; start += MAX_HAVES_PER_MESSAGE) {
      const part =
        chunks.length <= MAX_HAVES_PER_MESSAGE ? chunks : chunks.slice(start, start + MAX_HAVES_PER_MESSAGE)
      const digests = neighbour.wantsDigests ? this.collectDigests(part) : null
      this.context.emit({
        type: 'send',
        peer: neighbour.id,
        message: { type: 'have', chunks: part, digests },
      })
    }
  }

  /** The chunks' digests in one array; null if one is unknown (a simulated network hashes nothing). */
  private collectDigests(chunks: readonly number[]): Uint8Array | null {
    const collected = new Uint8Array(chunks.length * DIGEST_BYTES)
    for (const [place, chunk] of chunks.entries()) {
      const digest = this.digests?.get(chunk) ?? null
      if (digest === null) return null
      collected.set(digest, place * DIGEST_BYTES)
    }
    return collected
  }
}
