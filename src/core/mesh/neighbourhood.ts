/**
 * Finding and losing neighbours: whom to connect to, whom to let in, when to try again. When to exchange one for another
 * is in `rewiring.ts`; what neighbours say is in `mesh.ts`.
 *
 * The degree is bounded both ways: while there are fewer neighbours than are sought, candidates drawn at random are
 * connected to; beyond twice as many, nobody is let in.
 */

import { Bitfield } from '../bitfield.ts'
import type { Context } from '../context.ts'
import type { PeerId } from '../types.ts'
import { AwaitedHellos } from './awaited-hellos.ts'
import { fewOf } from './bandwidth.ts'
import { type Candidate, Candidates } from './candidates.ts'
import { Neighbour } from './neighbour.ts'
import type { ReversePaths } from './reverse-paths.ts'

/** Most attempts to connect to one peer, and the pause before the next, in ms (guess: a busy machine, a lost packet). */
const MAX_ATTEMPTS = 3
const ATTEMPT_PAUSE_MS = 1000

/** Attempts under way through the mesh, so that their signalling stays within what neighbours carry. */
const MAX_HEARSAY_ATTEMPTS = 4

/** Peers that the mesh speaks of are left time to become more before one is drawn, in ms (guess: a few of its floods). */
const HEARSAY_PAUSE_MS = 1000

/** Most neighbours sought: twice as many are what the links' own limit lets in. */
const MAX_SOUGHT = 32

/**
 * With fewer neighbours, a seed seeks other seeds, too, and one that was lost without a goodbye is tried once more: so
 * that the mesh holds together (guess).
 */
const LEAST_DEGREE = 3

/**
 * A newcomer begins with a few. The others follow after so long, in ms, or once some chunks have come, unless the machine is
 * busy (guess: links are open by then, and it has shown whether it is).
 */
const BEGINNING_MS = 10_000

/**
 * Sooner where the file is but a few chunks, as none may come for long: 127 visitors of a file that is one chunk fetched 38 copies of it
 * with ten seconds, and 7 with three (simulated).
 */
const FEW_CHUNKS = 16
const FEW_CHUNKS_BEGINNING_MS = 3000

/** What it tells the mesh. */
export interface NeighbourhoodEvents {
  /** A link is open: say hello. */
  met(neighbour: Neighbour): void
  /** The neighbour is gone, and no longer among `neighbours`. `withoutWord`: the link broke; it may have left the swarm. */
  lost(neighbour: Neighbour, withoutWord: boolean): void
  /** We have the whole file. */
  isComplete(): boolean
  /** What is said to that peer, to open a link, goes somewhere. */
  reaches(peer: PeerId): boolean
  /** It has answered an attempt of late. */
  hasAnswered(peer: PeerId): boolean
}

export class Neighbourhood {
  readonly neighbours: Map<PeerId, Neighbour> = new Map()
  readonly hellos: AwaitedHellos
  private readonly context: Context
  private readonly events: NeighbourhoodEvents
  private readonly paths: ReversePaths
  private readonly candidates: Candidates
  /** Neighbours sought where nothing speaks against it. */
  private readonly usual: number
  private soughtCount: number
  /** We know of somebody, and seek as many as a newcomer does until the deadline. */
  private hasBegun = false
  /** Chunks of the file; 0 until its size is known. */
  private chunkCount = 0
  /** Peers that an attempt is under way for. */
  private readonly connecting = new Map<PeerId, Candidate>()
  /** Peers that wait for their next attempt. */
  private readonly resting = new Map<PeerId, Candidate>()
  /** What a neighbour calls itself, where it has got another id since we met. */
  private readonly aliases = new Map<PeerId, PeerId>()
  private readonly banned = new Set<PeerId>()

  constructor(context: Context, paths: ReversePaths, events: NeighbourhoodEvents) {
    this.context = context
    this.events = events
    this.paths = paths
    this.hellos = new AwaitedHellos(context, (peer) => this.drop(peer))
    this.candidates = new Candidates(context, paths)
    this.usual = Math.min(MAX_SOUGHT, context.limits.neighbours)
    this.soughtCount = fewOf(this.usual)
  }

  /** Neighbours sought (η). */
  get sought(): number {
    return this.soughtCount
  }

  /** More are not let in: a link that is closed as soon as it is open costs both as much as one that is kept. */
  private get mostNeighbours(): number {
    return this.soughtCount === 0 ? 0 : 2 * Math.max(this.soughtCount, this.usual)
  }

  get isConnecting(): boolean {
    return this.connecting.size > 0
  }

  get degree(): number {
    return this.neighbours.size
  }

  /** Neighbours but for those who only take. */
  private get givingDegree(): number {
    if (this.isComplete || !this.context.limits.mechanisms.giversSought) return this.degree
    let count = 0
    for (const { isDiscounted } of this.neighbours.values()) if (!isDiscounted) count++
    return count
  }

  /** We have the whole file. */
  get isComplete(): boolean {
    return this.events.isComplete()
  }

  isBanned(peer: PeerId): boolean {
    return this.banned.has(peer)
  }

  /** The neighbour has the whole file, as far as it said. */
  isSeed(neighbour: Neighbour): boolean {
    return this.chunkCount > 0 && neighbour.held.count === this.chunkCount
  }

  /** The file's size is known. */
  equip(chunkCount: number): void {
    this.chunkCount = chunkCount
    for (const neighbour of this.neighbours.values()) neighbour.held = new Bitfield(chunkCount)
    if (this.context.deadlines.has('beginning')) this.awaitOthers()
  }

  // ---------------------------------------------------------------------------------------------- finding

  /** Seeks so many neighbours from now on, at most 32. */
  seek(count: number): void {
    this.soughtCount = Math.max(1, Math.min(MAX_SOUGHT, count))
    this.connectMore()
  }

  /** Peers that the topology server says are there. */
  introduce(peers: readonly PeerId[]): void {
    this.begin()
    if (this.givingDegree >= this.soughtCount) return
    for (const peer of peers)
      if (!this.isTaken(peer) && !this.candidates.has(peer))
        this.candidates.keep({ peer, attempts: 0, isHearsay: false })
    this.connectMore()
  }

  private begin(): void {
    if (this.hasBegun) return
    this.hasBegun = true
    this.awaitOthers()
  }

  private awaitOthers(): void {
    const hasFew = this.chunkCount > 0 && this.chunkCount < FEW_CHUNKS
    const inMs = hasFew ? FEW_CHUNKS_BEGINNING_MS : BEGINNING_MS
    this.context.deadlines.setNoLater('beginning', this.context.nowMs + inMs)
  }

  /** Seeks the others; where the processor is busy, chunks that come will show whether it still is. */
  onBeginningDeadline(): void {
    if (!this.context.lateness.isBusy) this.seek(Math.max(this.soughtCount, this.usual))
  }

  /** Neither seeks nor takes a neighbour from now on. */
  close(): void {
    this.soughtCount = 0
    this.context.deadlines.clear('beginning')
    this.context.deadlines.clear('reconnect')
  }

  /** The mesh spoke of this peer. */
  heardOf(peer: PeerId): void {
    if (this.givingDegree + this.connecting.size >= this.soughtCount || this.isTaken(peer)) return
    const { deadlines, nowMs, random } = this.context
    if (!deadlines.has('reconnect'))
      deadlines.set('reconnect', nowMs + random.between(0.5, 1) * HEARSAY_PAUSE_MS)
  }

  /** The neighbour speaks of itself by another id: the topology server has forgotten the one by which we know it. */
  speaksAs({ id }: Neighbour, alias: PeerId): void {
    if (alias !== id) this.aliases.set(id, alias)
  }

  /** Connects to one more than are sought; null where there is nobody. */
  connectBeyond(): PeerId | null {
    const candidate = this.candidates.draw((drawn) => this.isFit(drawn))
    if (candidate !== null) this.connect(candidate)
    return candidate?.peer ?? null
  }

  /** Connects to one of these, drawn at random; null where there is nobody to connect to. */
  connectToOneOf(peers: readonly PeerId[]): PeerId | null {
    const free = peers.filter((peer) => !this.isTaken(peer))
    const peer = free.length === 0 ? undefined : free[this.context.random.below(free.length)]
    if (peer === undefined) return null
    this.connect({ peer, attempts: 0, isHearsay: false })
    return peer
  }

  onReconnectDeadline(): void {
    for (const candidate of this.resting.values()) this.candidates.keep(candidate)
    this.resting.clear()
    this.connectMore()
  }

  /** Finds others in place of those who only take. */
  connectMore(): void {
    while (this.givingDegree + this.connecting.size < this.soughtCount) {
      const candidate = this.candidates.draw((drawn) => this.isFit(drawn))
      if (candidate === null) return
      this.connect(candidate)
    }
  }

  private connect(candidate: Candidate): void {
    this.candidates.forget(candidate.peer)
    this.connecting.set(candidate.peer, candidate)
    this.context.emit({ type: 'connect', peer: candidate.peer })
  }

  private isFit({ peer, isHearsay }: Candidate): boolean {
    if (this.isTaken(peer) || !this.events.reaches(peer)) return false
    if (isHearsay && this.hearsayAttempts >= MAX_HEARSAY_ATTEMPTS) return false
    if (!this.isComplete || this.degree < LEAST_DEGREE) return true
    // To be exchanged for a neighbour, whom only the mesh speaks of must be known to miss something.
    const isSeed = this.paths.isSeed(peer, this.context.nowMs)
    return isSeed === null ? !isHearsay || this.degree < this.soughtCount : !isSeed
  }

  /** Ourselves, or somebody we are connected to, about to connect to, or will not connect to. */
  private isTaken(peer: PeerId): boolean {
    if (peer === this.context.selfId || this.neighbours.has(peer) || this.banned.has(peer)) return true
    return this.connecting.has(peer) || this.resting.has(peer) || this.isAlias(peer)
  }

  private isAlias(peer: PeerId): boolean {
    for (const alias of this.aliases.values()) if (alias === peer) return true
    return false
  }

  private get hearsayAttempts(): number {
    let count = 0
    for (const { isHearsay } of this.connecting.values()) if (isHearsay) count++
    return count
  }

  // ----------------------------------------------------------------------------------------- links come and go

  linkOpened(peer: PeerId): void {
    this.connecting.delete(peer)
    this.resting.delete(peer)
    this.candidates.forget(peer)
    if (this.banned.has(peer) || this.degree >= this.mostNeighbours) {
      this.context.emit({ type: 'disconnect', peer })
      return
    }
    this.begin()
    const neighbour = new Neighbour(peer, this.chunkCount, this.context.nowMs)
    this.neighbours.set(peer, neighbour)
    this.events.met(neighbour)
  }

  linkClosed(peer: PeerId): void {
    const attempt = this.connecting.get(peer)
    this.connecting.delete(peer)
    const neighbour = this.neighbours.get(peer)
    if (neighbour !== undefined) this.lose(neighbour, true)
    if (attempt !== undefined) this.tryAgain(attempt)
    else if (neighbour?.isReady === true && this.degree < LEAST_DEGREE) this.tryOnceMore(peer)
    this.connectMore()
  }

  /** The topology server does not reach this peer: it has gone, unless the mesh knows it. */
  peerGone(peer: PeerId): void {
    const attempt = this.connecting.get(peer)
    this.connecting.delete(peer)
    this.resting.delete(peer)
    this.candidates.forget(peer)
    if (!this.neighbours.has(peer)) this.context.emit({ type: 'disconnect', peer })
    if (attempt !== undefined && this.paths.viaOf(peer, this.context.nowMs) !== null)
      this.tryAgain({ ...attempt, isHearsay: true })
    this.connectMore()
  }

  /** It may have been the connection's fault, and we have few others. */
  private tryOnceMore(peer: PeerId): void {
    this.tryAgain({ peer, attempts: MAX_ATTEMPTS - 2, isHearsay: false })
  }

  private tryAgain({ peer, attempts, isHearsay }: Candidate): void {
    if (attempts + 1 >= MAX_ATTEMPTS) {
      this.paths.forget(peer)
      return this.candidates.avoid(peer)
    }
    this.resting.set(peer, { peer, attempts: attempts + 1, isHearsay })
    this.context.deadlines.setNoLater('reconnect', this.context.nowMs + ATTEMPT_PAUSE_MS)
  }

  // --------------------------------------------------------------------------------------------------- losing

  /** Ends the link and never opens it again: the neighbour broke the protocol or sent a wrong chunk. */
  ban(peer: PeerId): void {
    this.banned.add(peer)
    this.drop(peer)
  }

  /** `isLeaving`: it has said that it leaves the swarm, not only us. */
  drop(peer: PeerId, isLeaving: boolean = false): void {
    const neighbour = this.neighbours.get(peer)
    if (neighbour === undefined) return
    this.context.emit({ type: 'disconnect', peer })
    this.lose(neighbour, isLeaving)
    this.connectMore()
  }

  /** Ends the link in peace. */
  part(peer: PeerId): void {
    if (!this.neighbours.has(peer)) return
    this.context.emit({ type: 'send', peer, message: { type: 'goodbye' } })
    this.drop(peer)
  }

  private lose(neighbour: Neighbour, withoutWord: boolean): void {
    this.neighbours.delete(neighbour.id)
    this.hellos.forget(neighbour.id)
    this.aliases.delete(neighbour.id)
    this.candidates.avoid(neighbour.id)
    this.giveUpUnreachable()
    this.events.lost(neighbour, withoutWord)
  }

  /** Without a neighbour to carry signals, attempts that wait for an answer would only keep others from starting, for 15 s. */
  private giveUpUnreachable(): void {
    for (const peer of this.connecting.keys()) {
      if (this.events.reaches(peer) || this.events.hasAnswered(peer)) continue
      this.connecting.delete(peer)
      this.candidates.avoid(peer)
      this.context.emit({ type: 'disconnect', peer })
    }
  }
}
