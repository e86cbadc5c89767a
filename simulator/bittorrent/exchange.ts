/**
 * A client's dealings with its neighbours and the web seed: what it is told and tells, whom it serves, what it asks for,
 * and what becomes of what comes.
 */

import { Bitfield } from '../../src/core/bitfield.ts'
import type { Random } from '../../src/core/random.ts'
import type { PeerId } from '../../src/core/types.ts'
import type { Block } from '../../src/core/wire/peer-messages.ts'
import type { Actor, EventHandle } from '../event-queue.ts'
import type { SimPayload } from '../machine.ts'
import type { HostRuns } from '../runs.ts'
import { Choker, REVIEW_MS } from './choking.ts'
import type { Client } from './client.ts'
import { Neighbour } from './neighbour.ts'
import type { Pieces } from './pieces.ts'
import { Requests } from './requests.ts'
import { Serving } from './serving.ts'
import { WebSeed } from './web-seed.ts'
import { wireBytes, type WireMessage } from './wire.ts'

export class Exchange implements Actor<null> {
  private readonly client: Client
  private readonly pieces: Pieces
  private readonly neighbours = new Map<PeerId, Neighbour>()
  private readonly banned = new Set<PeerId>()
  private readonly webSeed: WebSeed
  private readonly requests: Requests
  private readonly serving: Serving
  private readonly choker: Choker<Neighbour>
  private readonly firstReviewMs: number
  private review: EventHandle | null = null
  private isStopped = false

  constructor(client: Client, { pieces, runs }: { pieces: Pieces; runs: HostRuns }, random: Random) {
    const { queue, order } = client.world
    this.client = client
    this.pieces = pieces
    this.webSeed = new WebSeed(order, pieces, { runs, queue })
    this.serving = new Serving(client.uplink)
    this.requests = new Requests(pieces, {
      nowMs: () => queue.nowMs,
      send: (to, message) => this.send(to, message),
    })
    this.choker = new Choker(
      {
        neighbours: () => this.neighbours.values(),
        bytesPerSec: ({ sent, received }) => (pieces.isComplete ? sent : received).bytesPerSec(queue.nowMs),
        choke: (neighbour) => this.choke(neighbour),
        unchoke: (neighbour) => this.unchoke(neighbour),
      },
      random.fork(),
      queue.nowMs,
    )
    this.firstReviewMs = random.fraction() * REVIEW_MS
  }

  get neighbourCount(): number {
    return this.neighbours.size
  }

  /** A neighbour, or one that will not be listened to again. */
  isKnown(peer: PeerId): boolean {
    return this.neighbours.has(peer) || this.banned.has(peer)
  }

  start(): void {
    this.review = this.client.world.queue.after(this.firstReviewMs, this, null)
    this.fillAll()
  }

  stop(): void {
    this.isStopped = true
    if (this.review !== null) this.client.world.queue.cancel(this.review)
    this.review = null
  }

  /** Time for a review. */
  happen(): void {
    const { queue } = this.client.world
    for (const neighbour of this.neighbours.values()) this.serving.count(neighbour)
    this.choker.review(queue.nowMs)
    for (const { sent, received } of this.neighbours.values()) {
      sent.mark(queue.nowMs)
      received.mark(queue.nowMs)
    }
    this.review = queue.after(REVIEW_MS, this, null)
  }

  linkOpened(peer: PeerId): void {
    const { links, world } = this.client
    const end = links.openEnd(peer)
    if (end === null) return
    if (this.banned.has(peer)) return links.close(peer)
    const neighbour = new Neighbour(end, world.geometry.chunkCount, world.queue.nowMs)
    this.neighbours.set(peer, neighbour)
    this.send(neighbour, { type: 'bitfield', bits: this.pieces.have.toBytes() })
  }

  linkClosed(peer: PeerId): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour !== undefined) this.drop(neighbour)
  }

  hear(peer: PeerId, message: WireMessage): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    switch (message.type) {
      case 'bitfield':
        for (const piece of Bitfield.parse(message.bits, neighbour.has.size)?.chunks() ?? [])
          this.noteHas(neighbour, piece)
        return this.afterNews(neighbour)
      case 'have':
        this.noteHas(neighbour, message.chunk)
        return this.afterNews(neighbour)
      case 'haveAll':
        for (let piece = 0; piece < this.pieces.have.size; piece++) this.noteHas(neighbour, piece)
        return this.afterNews(neighbour)
      case 'interested':
      case 'uninterested':
        neighbour.isInterested = message.type === 'interested'
        return this.choker.changed(neighbour, this.client.world.queue.nowMs)
      case 'choke':
        neighbour.chokesUs = true
        this.requests.forget(neighbour)
        return this.fillAll()
      case 'unchoke':
        neighbour.chokesUs = false
        return this.requests.fill(neighbour)
      case 'request':
        if (neighbour.isServed && this.pieces.have.has(message.chunk)) this.serving.add(neighbour, message)
        return
      case 'cancel':
        return this.serving.cancel(neighbour, message.chunk)
    }
  }

  // ------------------------------------------------------------------------------------------------ what comes in

  blockCame(peer: PeerId, { chunk, offsetBytes, payload }: Block): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    const { byteLength: bytes, isGenuine } = payload as SimPayload
    const isWhole = this.requests.take(neighbour, { chunk, offsetBytes, bytes, isGenuine })
    if (!isWhole) return this.requests.fill(neighbour)
    this.verify(chunk)
    this.fillAll()
  }

  /** So many bytes more of the web seed's range have come. */
  rangeProgressed(run: number, bytes: number): void {
    const ended = this.webSeed.progressed(run, bytes)
    for (const piece of ended) if (this.pieces.isWhole(piece)) this.verify(piece)
    if (ended.length > 0) this.fillAll()
  }

  /** A range of the web seed has come to its end. */
  rangeEnded(run: number): void {
    this.webSeed.ended(run)
    this.fillAll()
  }

  /** A piece is whole: its hash is as the torrent says, or its sender is never listened to again. */
  private verify(piece: number): void {
    const { pieces, webSeed, requests, neighbours } = this
    const isBrought = pieces.isBrought(piece)
    const spoiler = pieces.verify(piece)
    if (spoiler === null) {
      if (isBrought) webSeed.cancel(piece)
      if (isBrought) for (const neighbour of neighbours.values()) requests.cancel(neighbour, piece)
      return this.gained(piece)
    }
    this.banned.add(spoiler)
    const neighbour = neighbours.get(spoiler)
    if (neighbour !== undefined) this.close(neighbour)
  }

  private gained(piece: number): void {
    const { world } = this.client
    world.tally.chunksKept++
    const have = { type: 'have', chunk: piece } as const
    for (const neighbour of this.neighbours.values()) {
      if (!neighbour.has.has(piece)) this.send(neighbour, have)
      else if (--neighbour.wanted === 0) this.sayInterest(neighbour)
    }
    if (!this.pieces.isComplete) return
    for (const neighbour of this.neighbours.values()) {
      this.send(neighbour, { type: 'haveAll' })
      if (neighbour.has.isFull) this.close(neighbour)
    }
    world.completed(this.client)
  }

  private noteHas(neighbour: Neighbour, piece: number): void {
    if (!neighbour.has.add(piece)) return
    this.pieces.rarity.increment(piece)
    if (!this.pieces.have.has(piece)) neighbour.wanted++
  }

  private afterNews(neighbour: Neighbour): void {
    if (this.pieces.isComplete && neighbour.has.isFull) return this.close(neighbour)
    this.sayInterest(neighbour)
    this.requests.fill(neighbour)
  }

  // ------------------------------------------------------------------------------------------------- what goes out

  /** One of the neighbour's pieces has left the line. */
  served(peer: PeerId): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour !== undefined) this.serving.served(neighbour)
  }

  private send(to: Neighbour, message: WireMessage): void {
    const { remote } = to.end
    const { uplink, world } = this.client
    if (remote !== null) uplink.carry(to.end, wireBytes(message), world.delivery, { end: remote, message })
  }

  private sayInterest(neighbour: Neighbour): void {
    const isWanted = neighbour.wanted > 0
    if (isWanted === neighbour.isWanted) return
    neighbour.isWanted = isWanted
    this.send(neighbour, { type: isWanted ? 'interested' : 'uninterested' })
  }

  /** Asks everybody for what they could bring: pieces may have come free. */
  private fillAll(): void {
    if (this.isStopped || this.pieces.isComplete) return
    this.webSeed.fill()
    for (const neighbour of this.neighbours.values()) this.requests.fill(neighbour)
  }

  private choke(neighbour: Neighbour): void {
    neighbour.isServed = false
    this.serving.clear(neighbour)
    this.send(neighbour, { type: 'choke' })
  }

  private unchoke(neighbour: Neighbour): void {
    neighbour.isServed = true
    this.send(neighbour, { type: 'unchoke' })
  }

  private close(neighbour: Neighbour): void {
    this.client.links.close(neighbour.peer)
    this.drop(neighbour)
  }

  private drop(neighbour: Neighbour): void {
    this.neighbours.delete(neighbour.peer)
    for (const piece of neighbour.has.chunks()) this.pieces.rarity.decrement(piece)
    this.requests.forget(neighbour)
    this.serving.clear(neighbour)
    neighbour.chokesUs = true
    neighbour.isInterested = false
    this.choker.changed(neighbour, this.client.world.queue.nowMs)
    this.fillAll()
  }
}
