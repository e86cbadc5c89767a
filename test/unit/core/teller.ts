/** One peer that tells of itself and hears of others by updates, as tests want to speak of it. */

import type { Context } from '../../../src/core/context.ts'
import { Geometry } from '../../../src/core/geometry.ts'
import { Inventory } from '../../../src/core/inventory.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Updates } from '../../../src/core/mesh/updates.ts'
import { Random } from '../../../src/core/random.ts'
import type { PeerId } from '../../../src/core/types.ts'
import type { Update } from '../../../src/core/wire/peer-messages.ts'
import { newContext } from './parts.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'
import { SELF } from './visitor.ts'

/** Chunks of the file that tellers speak of, unless a test says otherwise. */
export const CHUNKS = 20

export interface Sent {
  readonly to: PeerId
  readonly update: Update
}

/** One peer's updates, and what came of them. */
export class Teller {
  readonly neighbours = new Map<PeerId, Neighbour>()
  readonly updates: Updates
  readonly inventory: Inventory
  readonly heardOf: { peer: PeerId; via: PeerId; isSeed: boolean }[] = []
  readonly context: Context
  sent: Sent[] = []
  sought = 8
  /** How often it was said that there are too many neighbours. */
  shed = 0

  constructor({
    chunks = CHUNKS,
    seed = 1,
    selfId = SELF,
  }: { chunks?: number; seed?: number; selfId?: PeerId } = {}) {
    this.context = {
      ...newContext(),
      random: new Random(seed),
      selfId,
      emit: (output) => {
        if (output.type === 'send' && output.message.type === 'update')
          this.sent.push({ to: output.peer, update: output.message })
      },
    }
    this.inventory = new Inventory(new Geometry(fileOf(chunks)), this.context.random.fork())
    this.updates = new Updates(this.context, this.neighbours, {
      heardOf: (id, via, isSeed) => this.heardOf.push({ peer: id, via, isSeed }),
      sought: () => this.sought,
      haveTooMany: () => void this.shed++,
    })
    this.updates.equip(this.inventory)
  }

  /** So many neighbours more are ready. */
  meet(...numbers: readonly number[]): void {
    for (const number of numbers) {
      const neighbour = new Neighbour(peer(number), this.inventory.geometry.chunkCount, this.context.nowMs)
      neighbour.isReady = true
      this.neighbours.set(neighbour.id, neighbour)
      this.updates.neighbourReady()
    }
  }

  lose(number: number): void {
    const neighbour = this.neighbours.get(peer(number))
    if (neighbour === undefined) return
    this.neighbours.delete(neighbour.id)
    this.updates.neighbourLost(neighbour)
  }

  hear(from: number, update: Update): boolean {
    return this.updates.hear(peer(from), update)
  }

  get dueMs(): number | null {
    return this.context.deadlines.next()
  }

  /** Lets the next update of ours be due. Returns what is sent. */
  ring(): Sent[] {
    this.context.nowMs = this.dueMs ?? this.context.nowMs
    const already = this.sent.length
    for (const _ of this.context.deadlines.takeDue(this.context.nowMs)) this.updates.onDeadline()
    return this.sent.slice(already)
  }

  untilNextMs(): number {
    return (this.dueMs ?? Infinity) - this.context.nowMs
  }

  /** We have the whole file. */
  complete(): void {
    for (const chunk of range(0, this.inventory.geometry.chunkCount))
      this.inventory.markKept(chunk, { kind: 'store' })
  }

  /** The neighbour has the whole file. */
  fill(number: number): void {
    for (const chunk of range(0, this.inventory.geometry.chunkCount))
      this.neighbours.get(peer(number))?.held.add(chunk)
  }

  /** Chunks of this size in MB have come from a neighbour. */
  receive(megabytes: number): void {
    const [neighbour] = this.neighbours.values()
    neighbour?.noteBytes(megabytes * 1_000_000, this.context.nowMs)
  }
}

export function updateOf(author: number, sequence: number, chunks: readonly number[] = [], hops = 1): Update {
  return { type: 'update', peer: peer(author), sequence, hops, degree: 8, bits: bitsOf(chunks, CHUNKS) }
}

/** Takes in updates of 125,015 bytes each. */
export function hearLarge(large: Teller, count: number): void {
  const bits = new Uint8Array(125_000)
  for (const sequence of range(0, count))
    large.hear(1, { type: 'update', peer: peer(77), sequence, hops: 3, degree: 8, bits })
}

/** Hears of so many, a second apart, from its neighbour 1. */
export function hearOf(host: Teller, count: number): void {
  for (const number of range(0, count)) {
    host.context.nowMs += 1000
    host.hear(1, updateOf(1000 + number, 1, [number % CHUNKS]))
  }
}
