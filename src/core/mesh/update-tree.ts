/**
 * Slurpie's update tree: which chunks exist among the peers we have heard of, and who has a certain one.
 *
 * A complete binary tree in one flat array. Each leaf is one peer's chunks, one bit each; each inner node is the OR of
 * its two children. So the root tells what is nowhere, and a search for a chunk's holders goes down only where its bit
 * is set. A new leaf is OR-ed upwards, and no further than something changes.
 *
 * All of it is hearsay: a peer that the tree names may be gone, or may never have had the chunk.
 */

import { invariant } from '../invariant.ts'
import type { Random } from '../random.ts'
import type { PeerId } from '../types.ts'

const WORD_BITS = 32

/** Node 1 is the root; the children of node i are 2i and 2i + 1. */
const ROOT = 1

/** Words from `start` up to `end`, `end` left out, that have changed; empty where `start >= end`. */
interface Span {
  readonly start: number
  readonly end: number
}

export class UpdateTree {
  readonly capacity: number
  private readonly chunkCount: number
  /** Words of one node. */
  private readonly width: number
  /** Number of leaves: a power of two, no fewer than `capacity`. The leaves are the last nodes. */
  private readonly leaves: number
  /** All nodes' bits: chunk 0 is the highest bit of a node's first word. Spare bits are zero. */
  private readonly words: Uint32Array
  private readonly leafOf = new Map<PeerId, number>()
  private readonly peerAt: (PeerId | null)[]
  private readonly vacant: number[] = []

  /** For so many chunks and at most `capacity` peers. Takes at most capacity × chunkCount / 2 bytes, typically half of it. */
  constructor(options: { readonly chunkCount: number; readonly capacity: number }) {
    this.chunkCount = options.chunkCount
    this.capacity = options.capacity
    this.width = Math.ceil(this.chunkCount / WORD_BITS)
    this.leaves = 2 ** Math.ceil(Math.log2(Math.max(1, this.capacity)))
    this.words = new Uint32Array(2 * this.leaves * this.width)
    this.peerAt = Array.from({ length: this.leaves }, () => null)
    for (let leaf = this.capacity - 1; leaf >= 0; leaf--) this.vacant.push(leaf)
  }

  /** Peers in the tree. */
  get size(): number {
    return this.leafOf.size
  }

  get isFull(): boolean {
    return this.vacant.length === 0
  }

  has(peer: PeerId): boolean {
    return this.leafOf.has(peer)
  }

  /** Puts the peer's chunks in place of those it had. `bits`: as in a bit field off the wire, of the right length. */
  put(peer: PeerId, bits: Uint8Array): void {
    invariant(bits.length === Math.ceil(this.chunkCount / 8), 'A leaf has one bit for each chunk.')
    const leaf = this.leafOf.get(peer) ?? this.occupy(peer)
    this.write(leaf, bits)
  }

  /** Takes the peer out; nothing happens where it is not in. */
  remove(peer: PeerId): void {
    const leaf = this.leafOf.get(peer)
    if (leaf === undefined) return
    this.write(leaf, null)
    this.leafOf.delete(peer)
    this.peerAt[leaf] = null
    this.vacant.push(leaf)
  }

  /** Whether anybody in the tree has the chunk. */
  existsAnywhere(chunk: number): boolean {
    return this.hasBit(ROOT, chunk)
  }

  /** The chunks that nobody in the tree has, ascending. */
  *nowhere(): Generator<number> {
    for (let word = 0; word < this.width; word++) {
      let absent = ~this.wordAt(ROOT, word)
      while (absent !== 0) {
        const bit = Math.clz32(absent)
        const chunk = word * WORD_BITS + bit
        if (chunk >= this.chunkCount) return
        yield chunk
        absent &= ~highBit(bit)
      }
    }
  }

  /** The peers that have the chunk, each found in O(log capacity). The tree must not change meanwhile. */
  *whoHas(chunk: number): Generator<PeerId> {
    const path = this.existsAnywhere(chunk) ? [ROOT] : []
    for (let node = path.pop(); node !== undefined; node = path.pop()) {
      if (node >= this.leaves) {
        const peer = this.peerAt[node - this.leaves] ?? null
        if (peer !== null) yield peer
        continue
      }
      const left = 2 * node
      if (this.hasBit(left + 1, chunk)) path.push(left + 1)
      if (this.hasBit(left, chunk)) path.push(left)
    }
  }

  /** One of those that have the chunk, each as likely as any other; null where there is none. */
  randomHolder(chunk: number, random: Random): PeerId | null {
    const holders = [...this.whoHas(chunk)]
    return holders.length === 0 ? null : (holders[random.below(holders.length)] ?? null)
  }

  // ------------------------------------------------------------------------------------------------------- nodes

  private occupy(peer: PeerId): number {
    const leaf = this.vacant.pop()
    invariant(leaf !== undefined, 'Somebody is taken out before one more is put into a full tree.')
    this.leafOf.set(peer, leaf)
    this.peerAt[leaf] = peer
    return leaf
  }

  /** Writes a leaf, null being no chunks, and mends its ancestors. */
  private write(leaf: number, bits: Uint8Array | null): void {
    let node = this.leaves + leaf
    let changed = this.refresh(node, { start: 0, end: this.width }, (word) =>
      bits === null ? 0 : packWord(bits, word),
    )
    while (node > ROOT && changed.start < changed.end) {
      node >>= 1
      const left = 2 * node
      changed = this.refresh(node, changed, (word) => this.wordAt(left, word) | this.wordAt(left + 1, word))
    }
  }

  /** Sets the node's words in the span; tells between which of them something is different now. */
  private refresh(node: number, { start, end }: Span, wordOf: (word: number) => number): Span {
    let first = end
    let last = start - 1
    for (let word = start; word < end; word++) {
      const fresh = wordOf(word) >>> 0
      if (fresh === this.wordAt(node, word)) continue
      this.words[node * this.width + word] = fresh
      if (first === end) first = word
      last = word
    }
    return { start: first, end: last + 1 }
  }

  private hasBit(node: number, chunk: number): boolean {
    if (chunk < 0 || chunk >= this.chunkCount) return false
    return (this.wordAt(node, Math.floor(chunk / WORD_BITS)) & highBit(chunk % WORD_BITS)) !== 0
  }

  private wordAt(node: number, word: number): number {
    return this.words[node * this.width + word] ?? 0
  }
}

/** The bit at this place, counted from the highest. */
function highBit(place: number): number {
  return 1 << (WORD_BITS - 1 - place)
}

function packWord(bits: Uint8Array, word: number): number {
  const at = word * 4
  const [first = 0, second = 0, third = 0, fourth = 0] = [bits[at], bits[at + 1], bits[at + 2], bits[at + 3]]
  return (first << 24) | (second << 16) | (third << 8) | fourth
}
