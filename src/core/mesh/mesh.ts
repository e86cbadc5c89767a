/**
 * Our neighbours: greeting them, and what they say. Finding and losing them is in `neighbourhood.ts`, what they hold in
 * `holdings.ts`, what we ask of them in `requests.ts`, what they ask of us in `service.ts`, what we tell them in
 * `announcer.ts`, what they carry to others in `signalling.ts`.
 */

import type { Context } from '../context.ts'
import type { DigestTable } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import type { FileFacts, PeerId } from '../types.ts'
import { MAX_RELAY_HOPS, PROTOCOL_VERSION } from '../wire/limits.ts'
import { type Claim, FEATURE, type Hello, type PeerMessage } from '../wire/peer-messages.ts'
import { Announcer } from './announcer.ts'
import { neighboursWanted } from './bandwidth.ts'
import { Floods } from './floods.ts'
import { agree, helloOf } from './handshake.ts'
import { Holdings, type HoldingsEvents } from './holdings.ts'
import { Leaving } from './leaving.ts'
import type { Neighbour } from './neighbour.ts'
import { Neighbourhood } from './neighbourhood.ts'
import type { Company } from './only-takes.ts'
import { Pacing } from './pacing.ts'
import { Requests } from './requests.ts'
import { ReversePaths } from './reverse-paths.ts'
import { Rewiring } from './rewiring.ts'
import { SendersDigests } from './senders-digests.ts'
import { Service } from './service.ts'
import { Signalling } from './signalling.ts'
import { Updates } from './updates.ts'
import { UploadBudget } from './upload-budget.ts'

/** After so many chunks the number of neighbours is looked at (guess). */
const DEGREE_REVIEW_CHUNKS = 8

/** What the mesh needs once the file's size is known. */
export interface MeshMaterial {
  readonly facts: FileFacts
  readonly inventory: Inventory
  readonly digests: DigestTable
}

/** What the mesh tells the session, and asks it. */
export interface MeshEvents extends HoldingsEvents {
  /** The topology server can be spoken to. */
  isAttached(): boolean
  /** A hello came before we know the file's size ourselves. */
  heardHello(hello: Hello): void
  /** False if no honest neighbour would have passed it on. */
  heardClaim(claim: Claim, from: PeerId): boolean
  /** What a neighbour knows to be in the swarm, one bit a chunk. False if no honest one would have said it. */
  heardKnown(bits: Uint8Array, from: PeerId): boolean
  /** Hellos are exchanged. */
  neighbourReady(peer: PeerId): void
  neighbourLost(peer: PeerId): void
  /** Two holders disagree about this chunk. */
  disputed(chunk: number): void
}

export class Mesh {
  readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  readonly requests: Requests
  readonly service: Service
  readonly pacing: Pacing
  readonly floods: Floods
  readonly leaving: Leaving
  readonly announcer: Announcer
  readonly neighbourhood: Neighbourhood
  readonly rewiring: Rewiring
  readonly signalling: Signalling
  readonly updates: Updates
  readonly sendersDigests: SendersDigests
  private readonly context: Context
  private readonly events: MeshEvents
  private readonly paths = new ReversePaths()
  private readonly holdings: Holdings
  private readonly uploads: UploadBudget
  private material: MeshMaterial | null = null
  private chunksBrought = 0

  constructor(context: Context, events: MeshEvents) {
    this.context = context
    this.events = events
    this.neighbourhood = new Neighbourhood(context, this.paths, {
      met: (neighbour) => {
        if (this.material !== null) this.sayHello(neighbour, this.material)
      },
      lost: (neighbour, withoutWord) => this.forget(neighbour, withoutWord),
      isComplete: () => this.material?.inventory.isComplete === true,
      reaches: (peer) => this.signalling.reaches(peer),
      hasAnswered: (peer) => this.signalling.hasAnswered(peer),
    })
    this.neighbours = this.neighbourhood.neighbours
    this.rewiring = new Rewiring(context, this.neighbourhood)
    this.signalling = new Signalling(context, {
      neighbours: this.neighbours,
      paths: this.paths,
      heardOf: (peer, via) => this.noteHeardVia(peer, via),
      isAttached: () => events.isAttached(),
      isBanned: (peer) => this.neighbourhood.isBanned(peer),
    })
    const company = (): Company => ({
      isAmongTakers: this.isAmongTakers,
      usualMs: this.requests.usualMs,
    })
    this.requests = new Requests(context, this.neighbours, {
      letDown: (neighbour, inventory) => {
        this.holdings.letDown(neighbour, inventory)
        this.neighbourhood.connectMore()
      },
      company,
      gave: (neighbour, inventory) => this.holdings.restore(neighbour, inventory),
    })
    this.floods = new Floods(context, this.neighbours)
    this.announcer = new Announcer(context, this.neighbours)
    this.service = new Service(
      context,
      this.neighbours,
      (neighbour) => this.announcer.catchUp(neighbour),
      company,
    )
    this.pacing = new Pacing(context, this.service.served)
    this.uploads = new UploadBudget(context.limits.maxUploadRatio, this.service, this.announcer)
    this.leaving = new Leaving(context, {
      neighbours: this.neighbours,
      service: this.service,
      announcer: this.announcer,
      existsElsewhere: (chunk) => this.updates.tree?.existsAnywhere(chunk) === true,
    })
    this.updates = new Updates(context, this.neighbours, {
      heardOf: (peer, via, isSeed) => this.noteHeardVia(peer, via, isSeed),
      sought: () => this.neighbourhood.sought,
      haveTooMany: () =>
        this.neighbourhood.seek(Math.min(this.neighbourhood.sought, context.limits.neighbours)),
    })
    this.sendersDigests = new SendersDigests(context, this.neighbours, {
      disputed: (chunk) => events.disputed(chunk),
      wasWrong: (peer) => this.drop(peer),
    })
    this.holdings = new Holdings(this.requests, this.sendersDigests, events)
  }

  /** Neighbours that hellos are exchanged with. */
  get readyCount(): number {
    let count = 0
    for (const { isReady } of this.neighbours.values()) if (isReady) count++
    return count
  }

  /** Of the neighbours that have shown what they are, so many give. */
  get giversShare(): number {
    let givers = 0
    let takers = 0
    for (const { hasGiven, isDiscounted } of this.neighbours.values()) {
      if (hasGiven) givers++
      else if (isDiscounted) takers++
    }
    return givers + takers === 0 ? 1 : givers / (givers + takers)
  }

  /** Many of our neighbours only take. */
  get isAmongTakers(): boolean {
    return this.holdings.isAmongTakers(this.neighbours.size)
  }

  /** There is no neighbour yet, but somebody is being connected to. */
  get isFindingFirst(): boolean {
    return this.readyCount === 0 && (this.neighbours.size > 0 || this.neighbourhood.isConnecting)
  }

  /** When the first of the neighbours with whom hellos are exchanged was met, in ms; Infinity: there are none. */
  get firstMetAtMs(): number {
    let firstMs = Infinity
    for (const { isReady, openedAtMs } of this.neighbours.values())
      if (isReady) firstMs = Math.min(firstMs, openedAtMs)
    return firstMs
  }

  /** The file's size is known: hellos can be said. */
  equip(material: MeshMaterial): void {
    this.material = material
    this.requests.equip(material.inventory)
    this.service.equip(material.inventory)
    this.uploads.equip(material.facts.sizeBytes)
    this.pacing.equip(material.inventory.geometry.chunkBytes)
    this.announcer.equip(material.inventory, material.digests)
    this.updates.equip(material.inventory)
    this.sendersDigests.equip(material.inventory, material.digests)
    this.neighbourhood.equip(material.inventory.geometry.chunkCount)
    for (const neighbour of this.neighbours.values()) this.sayHello(neighbour, material)
  }

  // ------------------------------------------------------------------------------- finding and losing neighbours

  /** Peers that the topology server says are there. */
  introduce(peers: readonly PeerId[]): void {
    this.signalling.introduce(peers)
    this.neighbourhood.introduce(peers)
    this.rewiring.introduce(peers)
  }

  /**
   * News of a peer came by this neighbour: that is the way to it, and it may become a neighbour, too. Only news, never
   * another copy of what flooded. `isSeed`: it has the whole file; null where nothing was said of that.
   */
  noteHeardVia(peer: PeerId, via: PeerId, isSeed: boolean | null = null): void {
    if (peer === this.context.selfId) return
    this.paths.note(peer, via, isSeed, this.context.nowMs)
    this.neighbourhood.heardOf(peer)
  }

  /** A neighbour brought another chunk: now and then it is time to see whether there should be more of them. */
  noteChunk(): void {
    if (++this.chunksBrought % DEGREE_REVIEW_CHUNKS !== 0) return
    if (!this.context.limits.mechanisms.moreNeighbours) return
    const { sought } = this.neighbourhood
    const wanted = neighboursWanted(this.neighbours.values(), {
      usual: this.context.limits.neighbours,
      sought,
      isBusy: this.context.lateness.isBusy,
    })
    if (wanted !== sought) this.neighbourhood.seek(wanted)
  }

  /** We have given as much as the caller lets us. */
  get hasGivenEnough(): boolean {
    return this.uploads.isSpent
  }

  /** A `serve` was carried out. */
  hasServed(peer: PeerId, chunk: number): void {
    if (this.neighbours.get(peer)?.serving?.chunk === chunk) {
      const bytes = this.material?.inventory.geometry.lengthBytes(chunk) ?? 0
      this.pacing.noteSent(bytes)
      this.uploads.spend(bytes)
      this.leaving.served(chunk)
    }
    this.service.hasServed(peer, chunk)
  }

  /** Offers what would be gone with us, unless we may give no more; `leaving.isDone` says when to part. */
  leave(): void {
    this.neighbourhood.close()
    this.leaving.begin(this.uploads.isSpent ? null : (this.material?.inventory ?? null))
  }

  /** The topology server says that this peer has gone. */
  peerGone(peer: PeerId): void {
    this.signalling.peerGone(peer)
    this.neighbourhood.peerGone(peer)
  }

  /** The page slept: whoever seems silent may only have been unheard. */
  forgiveSilence(): void {
    this.requests.forgiveSilence()
    this.neighbourhood.hellos.forgiveSilence()
    this.pacing.forgiveSilence()
  }

  /** Ends the link and never opens it again: the neighbour broke the protocol or sent a wrong chunk. */
  ban(peer: PeerId): void {
    this.neighbourhood.ban(peer)
  }

  drop(peer: PeerId): void {
    this.neighbourhood.drop(peer)
  }

  private forget(neighbour: Neighbour, withoutWord: boolean): void {
    this.requests.withdrawAll(neighbour)
    this.service.forget(neighbour)
    this.rewiring.neighbourLost(neighbour.id)
    this.signalling.neighbourLost(neighbour.id)
    this.pacing.forget(neighbour.id)
    this.updates.neighbourLost(neighbour)
    if (this.material !== null) this.holdings.forget(neighbour, this.material.inventory, withoutWord)
    this.events.neighbourLost(neighbour.id)
    this.requests.askAll()
    this.service.serveMore()
  }

  // ----------------------------------------------------------------------------------------------- what they say

  /** A message of a neighbour. Whoever breaks the protocol is banned. */
  hear(peer: PeerId, message: PeerMessage): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    if (message.type === 'hello') return this.hearHello(neighbour, message)
    if (message.type === 'goodbye') return this.neighbourhood.drop(peer, neighbour.lastOffer !== null)
    if (!neighbour.isReady || this.material === null) return this.ban(peer)
    const isAllowed = this.hearReady(neighbour, message, this.material)
    if (!isAllowed) this.ban(peer)
  }

  private sayHello(neighbour: Neighbour, { facts }: MeshMaterial): void {
    if (neighbour.helloSent) return
    neighbour.helloSent = true
    this.neighbourhood.hellos.greeted(neighbour.id)
    const message = helloOf(facts, this.sendersDigests.areWanted)
    this.context.emit({ type: 'send', peer: neighbour.id, message })
  }

  private hearHello(neighbour: Neighbour, hello: Hello): void {
    if (neighbour.isReady) return this.ban(neighbour.id)
    if (hello.version !== PROTOCOL_VERSION) return this.drop(neighbour.id)
    if (this.material === null) this.events.heardHello(hello)
    if (this.material === null || !agree(this.material.facts, hello)) return this.drop(neighbour.id)
    neighbour.wantsDigests = (hello.features & FEATURE.wantsDigests) !== 0
    neighbour.isReady = true
    this.neighbourhood.hellos.forget(neighbour.id)
    this.pacing.meet(neighbour)
    this.announcer.greet(neighbour, this.material.inventory)
    this.updates.neighbourReady()
    this.rewiring.neighbourReady(neighbour.id)
    this.events.neighbourReady(neighbour.id)
  }

  /** False if no honest neighbour would have said this. */
  private hearReady(
    neighbour: Neighbour,
    message: Exclude<PeerMessage, { type: 'hello' | 'goodbye' }>,
    { inventory }: MeshMaterial,
  ): boolean {
    switch (message.type) {
      case 'bitfield':
        return this.holdings.hearBitfield(neighbour, message.bits, inventory)
      case 'have':
        return this.holdings.hearHave(neighbour, message, inventory)
      case 'request':
        return this.hearRequest(neighbour, message.chunks, inventory)
      case 'cancel':
        this.service.cancel(neighbour, message.chunks)
        return true
      case 'refuse':
        this.holdings.hearRefusal(neighbour, message.chunks, inventory)
        return true
      case 'block':
        return this.requests.receive(neighbour, message, inventory)
      case 'claim':
        if (message.hops === 0) this.neighbourhood.speaksAs(neighbour, message.peer)
        return this.events.heardClaim(message, neighbour.id)
      case 'known':
        return this.events.heardKnown(message.bits, neighbour.id)
      case 'update':
        if (message.hops <= 1) this.neighbourhood.speaksAs(neighbour, message.peer)
        return this.updates.hear(neighbour.id, message)
      case 'relay':
        if (message.ttl === MAX_RELAY_HOPS) this.neighbourhood.speaksAs(neighbour, message.from)
        this.signalling.hear(neighbour.id, message)
        return true
      case 'probe':
        this.pacing.hearProbe(neighbour.id, message.number)
        return true
      case 'echo':
        this.pacing.hearEcho(neighbour, message)
        return true
      case 'leaving':
        return this.hearLeaving(neighbour, message.chunks, inventory)
    }
  }

  private hearRequest(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): boolean {
    const isAllowed = this.service.request(neighbour, chunks, inventory)
    this.pacing.noteServing()
    return isAllowed
  }

  /** False if there is no such chunk, or it left before. */
  private hearLeaving(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): boolean {
    if (neighbour.lastOffer !== null || !chunks.every((chunk) => inventory.geometry.contains(chunk)))
      return false
    this.requests.turnToLastOffer(neighbour, chunks)
    // It may not have told of all of them, having held the news back.
    return this.holdings.hearHave(neighbour, { type: 'have', chunks, digests: null }, inventory)
  }
}
