/**
 * Our neighbours: finding, greeting and losing them, what they hold, what we ask of them and they of us.
 *
 * Invariant: the rarity index counts, for every chunk, exactly the ready neighbours whose `held` has it.
 */

import type { Context } from '../context.ts'
import { type DigestTable, sameDigest } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import { invariant } from '../invariant.ts'
import type { ChunkSource } from '../session-io.ts'
import type { FileFacts, PeerId } from '../types.ts'
import { PROTOCOL_VERSION } from '../wire/limits.ts'
import { type Block, FEATURE, type Have, type Hello, type PeerMessage } from '../wire/peer-messages.ts'
import { Bitfield } from '../bitfield.ts'
import { RateMeter } from '../rate.ts'
import { announceTo, greetWithHoldings } from './announce.ts'
import { chooseChunk } from './choose-chunk.ts'
import { agree, helloOf } from './handshake.ts'
import { MAX_QUEUED_REQUESTS, Neighbour } from './neighbour.ts'
import { SLOW_SERVICE_MS, takeNextService } from './uploads.ts'

/** A neighbour that owes us chunks and sends nothing for this long has stalled (DESIGN: 5 s). */
const STALL_MS = 5000

/** Haves are held back this long for company, so that a burst is one message. Short beside any round trip (guess). */
const ANNOUNCE_BATCH_MS = 20

/** Window of the measured mesh rate, in ms (the model behind DESIGN's origin policy uses 3 s). */
const RATE_WINDOW_MS = 3000

/** Most peers we keep in mind to connect to. */
const MAX_CANDIDATES = 256

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
  /** A message that is not about one link: a claim. */
  heardClaim(message: Extract<PeerMessage, { type: 'claim' }>, from: PeerId): void
  /** Hellos are exchanged. */
  neighbourReady(peer: PeerId): void
  neighbourLost(peer: PeerId): void
  /** Two holders disagree about this chunk. */
  disputed(chunk: number): void
}

export class Mesh {
  readonly neighbours: Map<PeerId, Neighbour> = new Map()
  /** Rate at which neighbours' blocks arrive. */
  readonly downRate: RateMeter = new RateMeter(RATE_WINDOW_MS)
  /** When the mesh last gave us anything, in ms; null: never. */
  lastBlockAtMs: number | null = null
  /** False once only the origin's own bytes count. */
  isAsking: boolean = true
  private isPaused = false
  readerChunk: number | null = null
  private readonly context: Context
  private readonly events: MeshEvents
  private material: MeshMaterial | null = null
  private readonly candidates = new Set<PeerId>()
  private readonly connecting = new Set<PeerId>()
  private readonly banned = new Set<PeerId>()
  private unannounced: number[] = []
  private announcedAtMs = -Infinity

  constructor(context: Context, events: MeshEvents) {
    this.context = context
    this.events = events
  }

  // -------------------------------------------------------------------------------------- finding neighbours

  /** Peers that the topology server says are there. */
  introduce(peers: readonly PeerId[]): void {
    for (const peer of peers) {
      if (this.candidates.size >= MAX_CANDIDATES) break
      if (peer !== this.context.selfId && !this.neighbours.has(peer) && !this.banned.has(peer))
        this.candidates.add(peer)
    }
    this.connectMore()
  }

  linkOpened(peer: PeerId): void {
    this.connecting.delete(peer)
    this.candidates.delete(peer)
    if (this.banned.has(peer) || this.neighbours.size >= 2 * this.context.limits.neighbours) {
      this.context.emit({ type: 'disconnect', peer })
      return
    }
    const chunkCount = this.material?.inventory.geometry.chunkCount ?? 0
    const neighbour = new Neighbour(peer, chunkCount, this.context.nowMs)
    this.neighbours.set(peer, neighbour)
    this.sayHello(neighbour)
  }

  linkClosed(peer: PeerId): void {
    this.connecting.delete(peer)
    this.candidates.delete(peer)
    const neighbour = this.neighbours.get(peer)
    if (neighbour !== undefined) this.forget(neighbour)
    this.connectMore()
  }

  /** The file's size is known: hellos can be said. */
  equip(material: MeshMaterial): void {
    this.material = material
    for (const neighbour of this.neighbours.values()) {
      neighbour.held = new Bitfield(material.inventory.geometry.chunkCount)
      this.sayHello(neighbour)
    }
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

  private connectMore(): void {
    for (const peer of this.candidates) {
      if (this.neighbours.size + this.connecting.size >= this.context.limits.neighbours) return
      this.candidates.delete(peer)
      this.connecting.add(peer)
      this.context.emit({ type: 'connect', peer })
    }
  }

  private forget(neighbour: Neighbour): void {
    this.neighbours.delete(neighbour.id)
    this.withdrawAll(neighbour)
    if (neighbour.serving !== null)
      this.context.emit({ type: 'unserve', peer: neighbour.id, chunk: neighbour.serving.chunk })
    if (neighbour.isReady && this.material !== null)
      for (const chunk of neighbour.held.chunks()) this.material.inventory.rarity.decrement(chunk)
    this.events.neighbourLost(neighbour.id)
    this.askAll()
    this.serveMore()
  }

  // ------------------------------------------------------------------------------------------------ messages

  /** A message of a neighbour. */
  hear(peer: PeerId, message: PeerMessage): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    if (message.type === 'hello') return this.hearHello(neighbour, message)
    if (message.type === 'goodbye') return this.drop(peer)
    if (!neighbour.isReady || this.material === null) return this.ban(peer)
    const { inventory } = this.material
    switch (message.type) {
      case 'bitfield':
        return this.hearBitfield(neighbour, message.bits)
      case 'have':
        return this.hearHave(neighbour, message)
      case 'request':
        return this.hearRequest(neighbour, message.chunks, inventory)
      case 'cancel':
        return this.hearCancel(neighbour, message.chunks)
      case 'refuse':
        return this.hearRefusal(neighbour, message.chunks)
      case 'block':
        return this.hearBlock(neighbour, message)
      case 'claim':
        return this.events.heardClaim(message, peer)
    }
  }

  private sayHello(neighbour: Neighbour): void {
    if (this.material === null || neighbour.helloSent) return
    neighbour.helloSent = true
    const hello = helloOf(this.material.facts, this.wantsDigests)
    this.context.emit({ type: 'send', peer: neighbour.id, message: hello })
  }

  private hearHello(neighbour: Neighbour, hello: Hello): void {
    if (neighbour.isReady || hello.version !== PROTOCOL_VERSION) return this.drop(neighbour.id)
    if (this.material === null) this.events.heardHello(hello)
    if (this.material === null || !agree(this.material.facts, hello)) return this.drop(neighbour.id)
    neighbour.wantsDigests = (hello.features & FEATURE.wantsDigests) !== 0
    neighbour.isReady = true
    greetWithHoldings(this.context, neighbour, this.material)
    this.events.neighbourReady(neighbour.id)
  }

  private hearBitfield(neighbour: Neighbour, bits: Uint8Array): void {
    const { inventory } = this.equipment()
    const field = Bitfield.parse(bits, inventory.geometry.chunkCount)
    if (field === null || neighbour.bitfieldSeen || neighbour.held.count > 0) return this.ban(neighbour.id)
    neighbour.bitfieldSeen = true
    if (this.wantsDigests) return
    neighbour.held = field
    for (const chunk of field.chunks()) inventory.rarity.increment(chunk)
    this.ask(neighbour)
  }

  private hearHave(neighbour: Neighbour, { chunks, digests }: Have): void {
    const { inventory } = this.equipment()
    if (!chunks.every((chunk) => inventory.geometry.contains(chunk))) return this.ban(neighbour.id)
    if (this.wantsDigests && digests === null) return
    for (const [place, chunk] of chunks.entries()) {
      if (digests !== null && this.wantsDigests)
        this.noteDigest(neighbour, chunk, digests.subarray(place * 32, place * 32 + 32))
      if (neighbour.held.add(chunk)) inventory.rarity.increment(chunk)
    }
    this.ask(neighbour)
  }

  private hearRequest(neighbour: Neighbour, chunks: readonly number[], inventory: Inventory): void {
    const refused: number[] = []
    for (const chunk of chunks) {
      if (!inventory.geometry.contains(chunk)) return this.ban(neighbour.id)
      if (neighbour.queue.includes(chunk) || neighbour.serving?.chunk === chunk) continue
      if (inventory.kept.has(chunk) && neighbour.queue.length < MAX_QUEUED_REQUESTS) neighbour.queue.push(chunk)
      else refused.push(chunk)
    }
    if (refused.length > 0)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'refuse', chunks: refused } })
    this.serveMore()
  }

  private hearCancel(neighbour: Neighbour, chunks: readonly number[]): void {
    for (const chunk of chunks) {
      const place = neighbour.queue.indexOf(chunk)
      if (place >= 0) neighbour.queue.splice(place, 1)
      if (neighbour.serving?.chunk !== chunk) continue
      neighbour.serving = null
      this.context.emit({ type: 'unserve', peer: neighbour.id, chunk })
    }
    this.serveMore()
  }

  private hearRefusal(neighbour: Neighbour, chunks: readonly number[]): void {
    const { inventory } = this.equipment()
    for (const chunk of chunks) {
      if (!neighbour.outstanding.has(chunk)) continue
      this.withdraw(neighbour, chunk)
      if (neighbour.held.remove(chunk)) inventory.rarity.decrement(chunk)
      this.askHolders(chunk)
    }
    this.ask(neighbour)
  }

  private hearBlock(neighbour: Neighbour, { chunk, offsetBytes, payload }: Block): void {
    const { inventory } = this.equipment()
    const { nowMs } = this.context
    if (!inventory.geometry.contains(chunk)) return this.ban(neighbour.id)
    const request = neighbour.outstanding.get(chunk)
    // Not asked for, or not any more: a cancel crossed it.
    if (request === undefined) return
    if (offsetBytes === 0) request.receivedBytes = 0
    const lengthBytes = inventory.geometry.lengthBytes(chunk)
    if (offsetBytes !== request.receivedBytes) return
    if (offsetBytes + payload.byteLength > lengthBytes) return this.ban(neighbour.id)
    request.receivedBytes += payload.byteLength
    neighbour.bytesReceived += payload.byteLength
    neighbour.lastProgressMs = nowMs
    this.lastBlockAtMs = nowMs
    this.downRate.add(payload.byteLength, nowMs)
    this.context.emit({ type: 'assemble', peer: neighbour.id, chunk, offsetBytes, payload })
    if (request.receivedBytes < lengthBytes) return
    neighbour.outstanding.delete(chunk)
    inventory.markUnasked(chunk)
    neighbour.noteChunk(nowMs - request.askedAtMs)
    const source: ChunkSource = { kind: 'peer', peer: neighbour.id }
    if (inventory.isMissing(chunk)) {
      this.cancelEverywhere(chunk)
      inventory.markChecking(chunk)
      this.context.emit({ type: 'digest', chunk, source })
    } else this.context.emit({ type: 'discard', chunk, source })
    this.ask(neighbour)
  }

  // ------------------------------------------------------------------------------------------------- digests

  /** The page has no chunk hashes: a chunk is held against what its sender says it hashes to. */
  private get wantsDigests(): boolean {
    return this.context.config.verification === 'sendersDigest'
  }

  private noteDigest(neighbour: Neighbour, chunk: number, digest: Uint8Array): void {
    const { digests, inventory } = this.equipment()
    neighbour.digests.set(chunk, digest)
    const ours = digests.get(chunk)
    if (ours !== null) {
      if (!sameDigest(ours, digest) && inventory.kept.has(chunk)) this.events.disputed(chunk)
      return
    }
    for (const other of this.neighbours.values()) {
      const theirs = other === neighbour ? undefined : other.digests.get(chunk)
      if (theirs === undefined) continue
      if (!sameDigest(theirs, digest)) this.events.disputed(chunk)
      return
    }
  }

  // -------------------------------------------------------------------------------------------------- asking

  /** Asks this neighbour for as much as its pipeline takes. */
  ask(neighbour: Neighbour): void {
    if (!this.isAsking || this.isPaused || this.material === null) return
    const { nowMs, deadlines } = this.context
    const chunks: number[] = []
    while (neighbour.canBeAsked(nowMs)) {
      const chunk = chooseChunk({
        inventory: this.material.inventory,
        neighbour,
        neighbours: this.neighbours.values(),
        readerChunk: this.readerChunk,
        nowMs,
      })
      if (chunk === null) break
      if (neighbour.outstanding.size === 0) neighbour.lastProgressMs = nowMs
      neighbour.outstanding.set(chunk, { askedAtMs: nowMs, receivedBytes: 0 })
      this.material.inventory.markAsked(chunk)
      chunks.push(chunk)
    }
    if (chunks.length === 0) return
    this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'request', chunks } })
    deadlines.setNoLater('meshStall', neighbour.lastProgressMs + STALL_MS)
  }

  askAll(): void {
    for (const neighbour of this.neighbours.values()) this.ask(neighbour)
  }

  /** From now on nothing comes from neighbours. */
  stopAsking(): void {
    this.isAsking = false
    this.cancelAll()
  }

  pauseAsking(): void {
    this.isPaused = true
    this.cancelAll()
  }

  resumeAsking(): void {
    this.isPaused = false
    this.askAll()
  }

  private cancelAll(): void {
    for (const neighbour of this.neighbours.values()) {
      const chunks = [...neighbour.outstanding.keys()]
      if (chunks.length === 0) continue
      this.withdrawAll(neighbour)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'cancel', chunks } })
    }
  }

  /** The chunk came from somewhere: nobody else needs to send it. */
  cancelEverywhere(chunk: number): void {
    for (const neighbour of this.neighbours.values()) {
      if (!neighbour.outstanding.has(chunk)) continue
      this.withdraw(neighbour, chunk)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'cancel', chunks: [chunk] } })
    }
  }

  /** Neighbours that kept us waiting lose their requests to others. */
  onStallDeadline(): void {
    const { nowMs, deadlines } = this.context
    for (const neighbour of this.neighbours.values()) {
      if (neighbour.outstanding.size === 0) continue
      const stalledAtMs = neighbour.lastProgressMs + STALL_MS
      if (nowMs < stalledAtMs) {
        deadlines.setNoLater('meshStall', stalledAtMs)
        continue
      }
      const chunks = [...neighbour.outstanding.keys()]
      this.withdrawAll(neighbour)
      neighbour.noteStall(nowMs)
      deadlines.setNoLater('meshStall', neighbour.shunnedUntilMs)
      this.context.emit({ type: 'send', peer: neighbour.id, message: { type: 'cancel', chunks } })
    }
    this.askAll()
  }

  /** The page slept: whoever seems silent may only have been unheard. */
  forgiveSilence(): void {
    for (const neighbour of this.neighbours.values()) neighbour.lastProgressMs = this.context.nowMs
  }

  private askHolders(chunk: number): void {
    for (const neighbour of this.neighbours.values()) if (neighbour.held.has(chunk)) this.ask(neighbour)
  }

  private withdraw(neighbour: Neighbour, chunk: number): void {
    neighbour.outstanding.delete(chunk)
    this.material?.inventory.markUnasked(chunk)
    this.context.emit({ type: 'discard', chunk, source: { kind: 'peer', peer: neighbour.id } })
  }

  private withdrawAll(neighbour: Neighbour): void {
    for (const chunk of [...neighbour.outstanding.keys()]) this.withdraw(neighbour, chunk)
  }

  // ----------------------------------------------------------------------------------------- telling, serving

  /** A chunk is kept: the neighbours hear of it with the next batch. */
  announce(chunk: number): void {
    this.unannounced.push(chunk)
    if (this.context.nowMs - this.announcedAtMs >= ANNOUNCE_BATCH_MS) this.onAnnounceDeadline()
    else this.context.deadlines.setNoLater('announce', this.announcedAtMs + ANNOUNCE_BATCH_MS)
  }

  onAnnounceDeadline(): void {
    const chunks = this.unannounced
    if (chunks.length === 0 || this.material === null) return
    this.unannounced = []
    this.announcedAtMs = this.context.nowMs
    for (const neighbour of this.neighbours.values())
      if (neighbour.isReady) announceTo(this.context, neighbour, chunks, this.material.digests)
  }

  /** Passes a flooded message on to every neighbour but the one it came from. */
  flood(message: PeerMessage, except: PeerId | null): void {
    for (const neighbour of this.neighbours.values())
      if (neighbour.isReady && neighbour.id !== except)
        this.context.emit({ type: 'send', peer: neighbour.id, message })
  }

  served(peer: PeerId, chunk: number): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour?.serving?.chunk !== chunk) return
    neighbour.serving = null
    neighbour.bytesSent += this.equipment().inventory.geometry.lengthBytes(chunk)
    this.serveMore()
  }

  unservable(peer: PeerId, chunk: number): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour?.serving?.chunk !== chunk) return
    neighbour.serving = null
    this.context.emit({ type: 'send', peer, message: { type: 'refuse', chunks: [chunk] } })
    this.serveMore()
  }

  serveMore(): void {
    if (this.material === null) return
    const { nowMs } = this.context
    for (;;) {
      const next = takeNextService(this.neighbours.values(), this.material.inventory.rarity, nowMs)
      if (next === null) break
      next.neighbour.serving = { chunk: next.chunk, sinceMs: nowMs }
      this.context.emit({ type: 'serve', peer: next.neighbour.id, chunk: next.chunk })
    }
    this.awaitSlowServices()
  }

  /** If somebody waits for a place, look again when the oldest service has become slow. */
  private awaitSlowServices(): void {
    let waits = false
    let slowAtMs = Infinity
    for (const { queue, serving } of this.neighbours.values()) {
      if (queue.length > 0 && serving === null) waits = true
      if (serving !== null && serving.sinceMs + SLOW_SERVICE_MS > this.context.nowMs)
        slowAtMs = Math.min(slowAtMs, serving.sinceMs + SLOW_SERVICE_MS)
    }
    if (waits && slowAtMs < Infinity) this.context.deadlines.setNoLater('service', slowAtMs)
  }

  private equipment(): MeshMaterial {
    invariant(this.material !== null, 'A ready neighbour means a known file.')
    return this.material
  }
}
