/**
 * Our neighbours: finding, greeting and losing them, and what they say. What we ask of them is in `requests.ts`, what
 * they ask of us in `service.ts`, what we tell them in `announcer.ts`.
 *
 * Invariant: the rarity index counts, for every chunk, exactly the ready neighbours whose `held` has it.
 */

import { Bitfield } from '../bitfield.ts'
import type { Context } from '../context.ts'
import { type DigestTable, sameDigest } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import type { FileFacts, PeerId } from '../types.ts'
import { DIGEST_BYTES, PROTOCOL_VERSION } from '../wire/limits.ts'
import { type Claim, FEATURE, type Have, type Hello, type PeerMessage } from '../wire/peer-messages.ts'
import { Announcer } from './announcer.ts'
import { agree, helloOf } from './handshake.ts'
import { Neighbour } from './neighbour.ts'
import { Requests } from './requests.ts'
import { Service } from './service.ts'

/** Most peers we keep in mind to connect to. */
const MAX_CANDIDATES = 256

/** Most attempts to connect to one peer, and the pause before the next, in ms (guess: a busy machine, a lost packet). */
const MAX_ATTEMPTS = 3
const ATTEMPT_PAUSE_MS = 1000

/**
 * A neighbour that the origin has proved wrong so often about chunks' digests is let go: it makes us fetch everything from
 * there. Not banned, as it may itself have been lied to (guess: once or twice may be bad luck).
 */
const MAX_WRONG_DIGESTS = 3

/** What the mesh needs once the file's size is known. */
export interface MeshMaterial {
  readonly facts: FileFacts
  readonly inventory: Inventory
  readonly digests: DigestTable
}

/** What the mesh tells the session. */
export interface MeshEvents {
  /** A hello came before we know the file's size ourselves. */
  heardHello(hello: Hello): void
  heardClaim(claim: Claim, from: PeerId): void
  /** Hellos are exchanged. */
  neighbourReady(peer: PeerId): void
  neighbourLost(peer: PeerId): void
  /** Two holders disagree about this chunk. */
  disputed(chunk: number): void
}

export class Mesh {
  readonly neighbours: Map<PeerId, Neighbour> = new Map()
  readonly requests: Requests
  readonly service: Service
  readonly announcer: Announcer
  private readonly context: Context
  private readonly events: MeshEvents
  private material: MeshMaterial | null = null
  /** Peers to connect to, and how often it was tried in vain. */
  private readonly candidates = new Map<PeerId, number>()
  /** Peers that an attempt is under way for, and its number. */
  private readonly connecting = new Map<PeerId, number>()
  /** Peers that wait for their next attempt. */
  private readonly resting = new Map<PeerId, number>()
  private readonly banned = new Set<PeerId>()

  constructor(context: Context, events: MeshEvents) {
    this.context = context
    this.events = events
    this.requests = new Requests(context, this.neighbours)
    this.service = new Service(context, this.neighbours)
    this.announcer = new Announcer(context, this.neighbours)
  }

  /** The file's size is known: hellos can be said. */
  equip(material: MeshMaterial): void {
    this.material = material
    this.requests.equip(material.inventory)
    this.service.equip(material.inventory)
    this.announcer.equip(material.inventory, material.digests)
    for (const neighbour of this.neighbours.values()) {
      neighbour.held = new Bitfield(material.inventory.geometry.chunkCount)
      this.sayHello(neighbour, material)
    }
  }

  // ------------------------------------------------------------------------------- finding and losing neighbours

  /** Peers that the topology server says are there. */
  introduce(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      if (this.candidates.size >= MAX_CANDIDATES) break
      if (!this.isKnown(peer)) this.candidates.set(peer, 0)
    }
    this.connectMore()
  }

  linkOpened(peer: PeerId): void {
    this.connecting.delete(peer)
    this.resting.delete(peer)
    this.candidates.delete(peer)
    if (this.banned.has(peer) || this.neighbours.size >= 2 * this.context.limits.neighbours) {
      this.context.emit({ type: 'disconnect', peer })
      return
    }
    const chunkCount = this.material?.inventory.geometry.chunkCount ?? 0
    const neighbour = new Neighbour(peer, chunkCount, this.context.nowMs)
    this.neighbours.set(peer, neighbour)
    if (this.material !== null) this.sayHello(neighbour, this.material)
  }

  linkClosed(peer: PeerId): void {
    const attempts = this.connecting.get(peer)
    this.connecting.delete(peer)
    const neighbour = this.neighbours.get(peer)
    if (neighbour !== undefined) this.forget(neighbour)
    if (attempts !== undefined && attempts + 1 < MAX_ATTEMPTS) {
      this.resting.set(peer, attempts + 1)
      this.context.deadlines.setNoLater('reconnect', this.context.nowMs + ATTEMPT_PAUSE_MS)
    }
    this.connectMore()
  }

  /** The topology server says that this peer has gone. */
  peerGone(peer: PeerId): void {
    this.connecting.delete(peer)
    this.resting.delete(peer)
    this.candidates.delete(peer)
    if (!this.neighbours.has(peer)) this.context.emit({ type: 'disconnect', peer })
    this.connectMore()
  }

  onReconnectDeadline(): void {
    for (const [peer, attempts] of this.resting) this.candidates.set(peer, attempts)
    this.resting.clear()
    this.connectMore()
  }

  /** Ends the link and never opens it again: the neighbour broke the protocol or sent a wrong chunk. */
  ban(peer: PeerId): void {
    this.banned.add(peer)
    this.drop(peer)
  }

  drop(peer: PeerId): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    this.context.emit({ type: 'disconnect', peer })
    this.forget(neighbour)
    this.connectMore()
  }

  /** Ourselves, or somebody we are connected to, about to connect to, or will not connect to. */
  private isKnown(peer: PeerId): boolean {
    if (peer === this.context.selfId || this.neighbours.has(peer) || this.banned.has(peer)) return true
    return this.candidates.has(peer) || this.connecting.has(peer) || this.resting.has(peer)
  }

  private connectMore(): void {
    for (const [peer, attempts] of this.candidates) {
      if (this.neighbours.size + this.connecting.size >= this.context.limits.neighbours) return
      this.candidates.delete(peer)
      if (this.neighbours.has(peer)) continue
      this.connecting.set(peer, attempts)
      this.context.emit({ type: 'connect', peer })
    }
  }

  private forget(neighbour: Neighbour): void {
    this.neighbours.delete(neighbour.id)
    this.requests.withdrawAll(neighbour)
    this.service.stop(neighbour)
    if (this.material !== null)
      for (const chunk of neighbour.held.chunks()) this.material.inventory.rarity.decrement(chunk)
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
    if (message.type === 'goodbye') return this.drop(peer)
    if (!neighbour.isReady || this.material === null) return this.ban(peer)
    const isAllowed = this.hearReady(neighbour, message, this.material)
    if (!isAllowed) this.ban(peer)
  }

  /** Passes a flooded message on to every neighbour but the one it came from. */
  flood(message: PeerMessage, except: PeerId | null): void {
    for (const neighbour of this.neighbours.values())
      if (neighbour.isReady && neighbour.id !== except)
        this.context.emit({ type: 'send', peer: neighbour.id, message })
  }

  private sayHello(neighbour: Neighbour, { facts }: MeshMaterial): void {
    if (neighbour.helloSent) return
    neighbour.helloSent = true
    this.context.emit({ type: 'send', peer: neighbour.id, message: helloOf(facts, this.wantsDigests) })
  }

  private hearHello(neighbour: Neighbour, hello: Hello): void {
    if (neighbour.isReady) return this.ban(neighbour.id)
    if (hello.version !== PROTOCOL_VERSION) return this.drop(neighbour.id)
    if (this.material === null) this.events.heardHello(hello)
    if (this.material === null || !agree(this.material.facts, hello)) return this.drop(neighbour.id)
    neighbour.wantsDigests = (hello.features & FEATURE.wantsDigests) !== 0
    neighbour.isReady = true
    this.announcer.greet(neighbour, this.material.inventory)
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
        return this.hearBitfield(neighbour, message.bits, inventory)
      case 'have':
        return this.hearHave(neighbour, message, inventory)
      case 'request':
        return this.service.request(neighbour, message.chunks, inventory)
      case 'cancel':
        this.service.cancel(neighbour, message.chunks)
        return true
      case 'refuse':
        this.hearRefusal(neighbour, message.chunks, inventory)
        return true
      case 'block':
        return this.requests.receive(neighbour, message, inventory)
      case 'claim':
        this.events.heardClaim(message, neighbour.id)
        return true
      case 'update':
      case 'relay':
        return true
    }
  }

  private hearBitfield(neighbour: Neighbour, bits: Uint8Array, inventory: Inventory): boolean {
    const field = Bitfield.parse(bits, inventory.geometry.chunkCount)
    if (field === null || neighbour.bitfieldSeen || neighbour.held.count > 0) return false
    neighbour.bitfieldSeen = true
    // Where chunks are held against their sender's word, a bit without a digest is worth nothing.
    if (this.wantsDigests) return true
    neighbour.held = field
    for (const chunk of field.chunks()) inventory.rarity.increment(chunk)
    this.requests.ask(neighbour)
    return true
  }

  private hearHave(neighbour: Neighbour, { chunks, digests }: Have, inventory: Inventory): boolean {
    if (!chunks.every((chunk) => inventory.geometry.contains(chunk))) return false
    if (this.wantsDigests && digests === null) return true
    for (const [place, chunk] of chunks.entries()) {
      if (this.wantsDigests && digests !== null) {
        const start = place * DIGEST_BYTES
        this.noteDigest(neighbour, chunk, digests.slice(start, start + DIGEST_BYTES))
      }
      if (neighbour.held.add(chunk)) inventory.rarity.increment(chunk)
    }
    this.requests.ask(neighbour)
    return true
  }

  private hearRefusal(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): void {
    for (const chunk of chunks) {
      if (!neighbour.outstanding.has(chunk)) continue
      this.requests.withdraw(neighbour, chunk)
      if (neighbour.held.remove(chunk)) inventory.rarity.decrement(chunk)
      this.requests.askHolders(chunk)
    }
    this.requests.ask(neighbour)
  }

  // ----------------------------------------------------------------------------------------------------- digests

  /** The page has no chunk hashes: a chunk is held against what its sender says it hashes to. */
  private get wantsDigests(): boolean {
    return this.context.config.verification === 'sendersDigest'
  }

  private noteDigest(neighbour: Neighbour, chunk: number, digest: Uint8Array): void {
    if (this.material === null) return
    const { digests, inventory } = this.material
    neighbour.digests.set(chunk, digest)
    const reference = inventory.kept.has(chunk) ? digests.get(chunk) : this.othersDigest(neighbour, chunk)
    if (reference !== null && !sameDigest(reference, digest)) this.events.disputed(chunk)
  }

  /** The origin has settled what the chunk hashes to. True if somebody who was wrong too often was let go. */
  settle(chunk: number, digest: Uint8Array): boolean {
    const wrong = [...this.neighbours.values()].filter((neighbour) => {
      const said = neighbour.digests.get(chunk)
      return said !== undefined && !sameDigest(said, digest) && ++neighbour.wrongDigests >= MAX_WRONG_DIGESTS
    })
    for (const neighbour of wrong) this.drop(neighbour.id)
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
