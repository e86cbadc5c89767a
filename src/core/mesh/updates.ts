/**
 * Updates: every peer tells some peers around it, now and then, which chunks it has and how many neighbours. From what
 * is heard we know whom else to connect to, by which way, what exists in the swarm, and how densely it is connected.
 *
 * An update is passed on by each receiver to a few neighbours, a few hops far, once. So one costs at most 39 messages
 * however large the swarm is, and a peer gets about as many in the time in which it sends one of its own.
 *
 * All of it is a hint. Whoever passes an update on could have made it up; nothing is ever refused to, or withheld
 * from, the origin's decisions because of one alone.
 */

import { Bitfield } from '../bitfield.ts'
import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Random } from '../random.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../types.ts'
import type { Update } from '../wire/peer-messages.ts'
import { updateByteLength } from '../wire/update-codec.ts'
import { Bandwidth, BANDWIDTH } from './bandwidth.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Neighbour } from './neighbour.ts'
import { UPDATE_PACE } from './update-pace.ts'
import { UpdateTree } from './update-tree.ts'

export const UPDATES = {
  /** Links an update may cross, and neighbours each receiver passes it to: 3 + 9 + 27 = 39 messages (guess). */
  hopLimit: 3,
  fanOut: 3,
  /**
   * Memory for the chunks of peers whose newest update is kept (`Bandwidth.cached`), in bytes. With more than 131,072
   * chunks fewer than 128 fit: 16 with a million.
   */
  maxTreeBytes: 4_194_304,
  /** How long an update counts, in ms: as long as the slowest pace has between two of them. */
  lifetimeMs: 120_000,
  /** Peers whose last sequence is remembered, so that no copy is taken twice. Four times those cached. */
  maxSequences: 256,
  /** Updates taken from one neighbour: at once, and a second. At the fastest pace an honest one passes on about 1. */
  budget: { burst: 20, ratePerSec: 5 },
  /** Largest degree believed, in median degrees: nobody accepts more than twice what it seeks. */
  maxMedians: 2,
} as const

/** What it tells the mesh, and asks of it. */
export interface UpdateEvents {
  /** Something new of that peer came by this neighbour. `isSeed`: it says that it has every chunk. */
  heardOf(peer: PeerId, via: PeerId, isSeed: boolean): void
  /** Neighbours sought. */
  sought(): number
  /** Bandwidth is so short that neighbours beyond the usual number have to go. */
  haveTooMany(): void
}

interface Heard {
  readonly degree: number
  readonly heardAtMs: number
}

export class Updates {
  readonly bandwidth: Bandwidth = new Bandwidth()
  private readonly context: Context
  private readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  private readonly events: UpdateEvents
  private readonly random: Random
  /** Both null until the file's size is known. */
  private inventory: Inventory | null = null
  private chunksOfPeers: UpdateTree | null = null
  /** Exactly the peers in the tree, the longest unheard first. */
  private readonly heard = new Map<PeerId, Heard>()
  private readonly sequences = new ExpiringMap<PeerId, number>(UPDATES.lifetimeMs, UPDATES.maxSequences)
  private readonly budgets = new TokenBuckets<PeerId>(UPDATES.budget)
  private sequence = 0
  /** Among seeds: when our next update is due. */
  private idleUntilMs = -Infinity
  /** Since the last update of ours: bytes of updates, sent and received. */
  private controlBytes = 0
  /** Bytes of chunks that had been moved at the last update of ours; and by neighbours that are gone. */
  private movedBefore = 0
  private movedWithLost = 0

  constructor(context: Context, neighbours: ReadonlyMap<PeerId, Neighbour>, events: UpdateEvents) {
    this.context = context
    this.neighbours = neighbours
    this.events = events
    this.random = context.random.fork()
  }

  equip(inventory: Inventory): void {
    const { chunkCount } = inventory.geometry
    this.inventory = inventory
    this.chunksOfPeers = new UpdateTree({ chunkCount, capacity: treeCapacity(chunkCount) })
  }

  // ------------------------------------------------------------------------------------------- what is known

  /** Which chunks the peers that were heard of have, without what is too old; null: the file is not known, or nobody asks. */
  get tree(): UpdateTree | null {
    this.expire()
    return this.context.limits.mechanisms.updateTree ? this.chunksOfPeers : null
  }

  /** Peers that were heard of, the longest unheard first. Some may be neighbours. */
  heardPeers(): PeerId[] {
    this.expire()
    return [...this.heard.keys()]
  }

  /** Mean number of neighbours: ours, and what the peers that were heard of say. Few liars do not move it much. */
  get meanDegree(): number {
    this.expire()
    const degrees = [this.ready().length, ...[...this.heard.values()].map(({ degree }) => degree)]
    degrees.sort((a, b) => a - b)
    const most = UPDATES.maxMedians * (degrees[degrees.length >> 1] ?? 0)
    return degrees.reduce((sum, degree) => sum + Math.min(most, degree), 0) / degrees.length
  }

  // ------------------------------------------------------------------------------------------- neighbours

  /** Hellos are exchanged: the first one is soon told of us. */
  neighbourReady(): void {
    const { deadlines, nowMs } = this.context
    const { soonestMs, latestSoonMs } = UPDATE_PACE
    if (!deadlines.has('update'))
      deadlines.set('update', nowMs + this.random.between(soonestMs, latestSoonMs))
    else if (nowMs < this.idleUntilMs)
      deadlines.setNoLater('update', this.nextMs(this.bandwidth.pace.everyMs))
  }

  neighbourLost(neighbour: Neighbour): void {
    this.movedWithLost += neighbour.bytesReceived + neighbour.bytesSent
    this.budgets.forget(neighbour.id)
    this.forget(neighbour.id)
  }

  /** An update came from this neighbour. False if no honest one would have passed it on. */
  hear(from: PeerId, update: Update): boolean {
    const { inventory, context } = this
    if (inventory === null) return true
    const chunks = Bitfield.parse(update.bits, inventory.geometry.chunkCount)
    if (chunks === null) return false
    this.controlBytes += updateByteLength(update)
    if (!this.budgets.take(from, context.nowMs) || !this.isNews(update)) return true
    this.sequences.set(update.peer, update.sequence, context.nowMs)
    this.remember(update)
    this.events.heardOf(update.peer, from, chunks.isFull)
    const hops = Math.max(1, update.hops)
    if (hops < UPDATES.hopLimit) this.spread({ ...update, hops: hops + 1 }, from)
    return true
  }

  // ------------------------------------------------------------------------------------------- our own

  onDeadline(): void {
    const { selfId, deadlines, limits, nowMs } = this.context
    const { inventory } = this
    if (!limits.mechanisms.updates) return
    const degree = this.ready().length
    // The next neighbour to be ready starts it again.
    if (selfId === null || inventory === null || inventory.geometry.chunkCount === 0 || degree === 0) return
    const isIdle = inventory.isComplete && this.neighboursAreComplete()
    if (isIdle && nowMs < this.idleUntilMs) return deadlines.set('update', this.idleUntilMs)
    this.expire()
    if (limits.mechanisms.updatePace) this.reviewBandwidth(degree, inventory.isComplete)
    const bits = inventory.kept.toBytes()
    const told = { peer: selfId, sequence: ++this.sequence, hops: 1, degree: Math.min(255, degree), bits }
    this.spread({ type: 'update', ...told }, null)
    const nextMs = this.nextMs(isIdle ? UPDATE_PACE.mostEveryMs : this.bandwidth.pace.everyMs)
    this.idleUntilMs = isIdle ? nextMs : -Infinity
    deadlines.set('update', nextMs)
  }

  private nextMs(everyMs: number): number {
    const { jitter } = UPDATE_PACE
    return this.context.nowMs + everyMs * this.random.between(1 - jitter, 1 + jitter)
  }

  /** Among seeds there is nothing to be found: they speak up rarely, until a neighbour comes that is none. */
  private neighboursAreComplete(): boolean {
    for (const { isReady, held } of this.neighbours.values()) if (isReady && !held.isFull) return false
    return true
  }

  private reviewBandwidth(degree: number, isComplete: boolean): void {
    const { bandwidth, controlBytes, events } = this
    const moved = this.movedBytes()
    const movedBytes = moved - this.movedBefore
    const wasThrottled = bandwidth.isThrottled
    const state = bandwidth.review({
      controlBytes,
      movedBytes,
      degree,
      sought: events.sought(),
      isComplete,
      isBusy: this.context.lateness.isBusy,
    })
    if (state === 'short' && wasThrottled) events.haveTooMany()
    this.controlBytes = 0
    this.movedBefore = moved
    this.forgetBeyond(bandwidth.cached)
  }

  private movedBytes(): number {
    let bytes = this.movedWithLost
    for (const { bytesReceived, bytesSent } of this.neighbours.values()) bytes += bytesReceived + bytesSent
    return bytes
  }

  /** Sends it to a few neighbours drawn at random, but not to where it came from or whom it is about. */
  private spread(update: Update, from: PeerId | null): void {
    const others = this.ready().filter((peer) => peer !== from && peer !== update.peer)
    for (const peer of this.random.some(others, UPDATES.fanOut)) {
      this.controlBytes += updateByteLength(update)
      this.context.emit({ type: 'send', peer, message: update })
    }
  }

  private ready(): PeerId[] {
    return [...this.neighbours.values()].flatMap(({ id, isReady }) => (isReady ? [id] : []))
  }

  // ------------------------------------------------------------------------------------------- the cache

  private isNews({ peer, sequence }: Update): boolean {
    const known = this.sequences.get(peer, this.context.nowMs)
    return peer !== this.context.selfId && (known === undefined || sequence > known)
  }

  private remember({ peer, degree, bits }: Update): void {
    this.expire()
    this.heard.delete(peer)
    if (this.chunksOfPeers?.isFull === true && !this.chunksOfPeers.has(peer))
      this.forgetBeyond(this.chunksOfPeers.capacity - 1)
    this.heard.set(peer, { degree, heardAtMs: this.context.nowMs })
    this.chunksOfPeers?.put(peer, bits)
    this.forgetBeyond(this.bandwidth.cached)
  }

  /** Keeps so many, those heard of last. */
  private forgetBeyond(count: number): void {
    for (const peer of this.heard.keys()) {
      if (this.heard.size <= count) return
      this.forget(peer)
    }
  }

  private expire(): void {
    for (const [peer, { heardAtMs }] of this.heard) {
      if (this.context.nowMs - heardAtMs < UPDATES.lifetimeMs) return
      this.forget(peer)
    }
  }

  private forget(peer: PeerId): void {
    this.heard.delete(peer)
    this.chunksOfPeers?.remove(peer)
  }
}

/** Peers whose chunks fit into the memory for them: a power of two. */
function treeCapacity(chunkCount: number): number {
  const leafBytes = Math.max(4, 4 * Math.ceil(chunkCount / 32))
  const fitting = 2 ** Math.floor(Math.log2(UPDATES.maxTreeBytes / (2 * leafBytes)))
  return Math.min(BANDWIDTH.mostCached, fitting)
}
