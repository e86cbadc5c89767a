/**
 * One visitor's part in one swarm: the whole protocol, without any IO.
 *
 * `handle(input, nowMs)` takes what happened and returns what is to be done, in order; `nextDeadlineMs()` says when
 * the next `tick` is due. Time and chance come from outside, so that the same inputs give the same outputs, in a page
 * or in a simulation. Nothing is done after `failed` or `left`.
 *
 * The way of a download: arrive (who else is there, how long is the file), then fetch and trade chunks until every
 * one is kept, then serve those who still lack some.
 */

import { Arrival } from './arrival.ts'
import type { Context } from './context.ts'
import { Deadlines } from './deadlines.ts'
import { DigestTable } from './digests.ts'
import { Facts, type FactsVerdict } from './facts.ts'
import { Geometry } from './geometry.ts'
import { Inventory } from './inventory.ts'
import { invariant } from './invariant.ts'
import { Lateness } from './lateness.ts'
import type { GroupSizeReport } from './mesh/group-size.ts'
import { factsOf } from './mesh/handshake.ts'
import { Mesh, type MeshMaterial } from './mesh/mesh.ts'
import { Origins } from './origin/origins.ts'
import { Random } from './random.ts'
import { Registration } from './registration.ts'
import { ring } from './ring.ts'
import {
  DEFAULT_LIMITS,
  type SessionConfig,
  type SessionFailure,
  type SessionInput,
  type SessionOutput,
} from './session-io.ts'
import type { FileFacts } from './types.ts'
import { Verification } from './verification.ts'
import { MAX_CHUNKS } from './wire/limits.ts'
import type { Welcome } from './wire/topology-messages.ts'

/** A tick so late, in ms, means that the page slept; nobody else is to blame for the silence. */
const SLEPT_MS = 5000

export class Session {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly origins: Origins
  private readonly registration: Registration
  private readonly facts: Facts
  private readonly arrival: Arrival
  private outputs: SessionOutput[] = []
  /** Both null until the file's size is known. */
  private material: MeshMaterial | null = null
  private verification: Verification | null = null
  private welcome: Welcome | null = null
  private isPaused = false
  private isDistrustful = false
  private isLeaving = false
  private hasEnded = false

  constructor(config: SessionConfig) {
    this.context = {
      config,
      limits: { ...DEFAULT_LIMITS, ...config.limits },
      random: new Random(config.seed),
      deadlines: new Deadlines(),
      lateness: new Lateness(),
      nowMs: 0,
      startedAtMs: 0,
      welcomedAtMs: null,
      selfId: null,
      emit: (output) => this.outputs.push(output),
    }
    this.facts = new Facts(config)
    this.arrival = new Arrival(this.context)
    this.mesh = new Mesh(this.context, {
      heardHello: (hello) => this.learn(factsOf(hello), false),
      heardClaim: (claim, from) => this.origins.hearClaim(claim, from),
      heardKnown: (bits, from) => this.origins.known.hear(bits, from),
      isAttached: () => this.registration.isAttached,
      neighbourReady: (peer) => {
        this.origins.greet(peer)
        this.registration.neighboursChanged()
      },
      neighbourLost: (peer) => {
        this.origins.dropClaims(peer)
        this.registration.neighboursChanged()
      },
      arrivedNearby: (chunk) => this.origins.noteArrival(chunk),
      vanishedNearby: (chunk, isGone) => this.origins.noteVanished(chunk, isGone),
      disputed: (chunk) => this.verification?.doubt(chunk),
    })
    this.origins = new Origins(this.context, this.mesh, {
      gaveUp: ({ failure, status }) => this.fail(failure, status),
    })
    this.registration = new Registration(this.context, {
      facts: () => this.material?.facts ?? config.facts,
      seats: () => this.origins.settledSeats,
      readyNeighbours: () => this.mesh.readyCount,
      swarmSize: () => this.origins.swarmSizeSeen,
    })
  }

  /** Takes what happened, returns what is to be done, in order. `nowMs` never decreases. */
  handle(input: SessionInput, nowMs: number): SessionOutput[] {
    if (this.hasEnded) return []
    this.context.nowMs = nowMs
    const lateMs = nowMs - (this.nextDeadlineMs() ?? Infinity)
    if (lateMs > SLEPT_MS) this.forgiveSilence()
    if (input.type === 'tick' && lateMs >= 0) this.context.lateness.note(lateMs, nowMs)
    this.react(input)
    this.goOnLeaving()
    const outputs = this.outputs
    this.outputs = []
    return outputs
  }

  /** When a `tick` is due, in ms; null: not until something else happens. */
  nextDeadlineMs(): number | null {
    if (this.hasEnded) return null
    const dueMs = this.context.deadlines.next()
    const originDueMs = this.origins.nextDeadlineMs()
    return dueMs === null || originDueMs === null ? (dueMs ?? originDueMs) : Math.min(dueMs, originDueMs)
  }

  /** For showing: who our neighbours are and what they gave and got. */
  get neighbours(): Mesh['neighbours'] {
    return this.mesh.neighbours
  }

  /** For showing: the swarm's size as far as it is known, ourselves included. */
  get swarmSize(): number {
    return this.origins.swarmSizeSeen
  }

  /** For reports: every estimate of the swarm's size, and the one that is used. */
  get groupSize(): GroupSizeReport & { readonly chosen: number } {
    return { ...this.origins.groupSize, chosen: this.origins.swarmSizeSeen }
  }

  private react(input: SessionInput): void {
    switch (input.type) {
      case 'start':
        return this.start()
      case 'pause':
        return this.pause()
      case 'resume':
        return this.resume()
      case 'reading':
        this.mesh.requests.readerChunk = input.chunk
        return
      case 'distrustPeers':
        this.isDistrustful = true
        return this.verification?.distrustPeers()
      case 'welcomed':
        return this.welcomed(input.welcome)
      case 'factsTold':
        return this.learn(input.facts, false)
      case 'topologyLost':
        this.arrival.serverLost()
        return this.registration.lost()
      case 'released':
        this.origins.noteSwarm(input.swarmSize, null)
        return this.registration.released()
      case 'counted':
        return this.origins.noteSwarm(input.swarmSize, null)
      case 'signalled':
        return this.mesh.signalling.signalled(input.from, input.data)
      case 'linkSignal':
        return this.mesh.signalling.send(input.peer, input.data)
      case 'peerGone':
        return this.mesh.peerGone(input.peer)
      case 'linkOpened':
        return this.mesh.neighbourhood.linkOpened(input.peer)
      case 'linkClosed':
        return this.mesh.neighbourhood.linkClosed(input.peer)
      case 'message':
        return this.mesh.hear(input.peer, input.message)
      case 'malformed':
        return this.mesh.ban(input.peer)
      case 'served':
        return this.mesh.hasServed(input.peer, input.chunk)
      case 'probed':
        return this.mesh.pacing.probed(input.number)
      case 'unservable':
        return this.mesh.service.unservable(input.peer, input.chunk)
      case 'runOpened':
        return this.runOpened(input)
      case 'runProgressed':
        return this.origins.progressed(input.run, input.bytes)
      case 'runChunk':
        return this.runChunk(input.run, input.chunk)
      case 'runEnded':
        return this.origins.ended(input.run)
      case 'runFailed':
        return this.runFailed(input)
      case 'restoring':
        return this.verification?.restoring(input.chunks)
      case 'notRestored':
        return this.verification?.notRestored(input.chunk)
      case 'digested':
        return this.verification?.digested(input)
      case 'fileVerified':
        return this.verification?.fileVerified()
      case 'fileMismatched':
        return this.verification?.fileMismatched()
      case 'chunkLost':
        return this.verification?.chunkLost(input.chunk)
      case 'leave':
        return this.leave()
      case 'tick':
        return this.tick()
    }
  }

  // --------------------------------------------------------------------------------------------- arriving

  private start(): void {
    const { config, nowMs } = this.context
    this.context.startedAtMs = nowMs
    this.mesh.pacing.say()
    if (config.facts !== null) this.learn(config.facts, true)
    if (config.locator === null) return this.begin()
    this.registration.join()
    this.arrival.awaitServer()
  }

  private welcomed(welcome: Welcome): void {
    const isLate = this.welcome === null && this.arrival.hasBegunRuns
    this.welcome = welcome
    this.context.selfId = welcome.id
    this.registration.welcomed(welcome)
    this.origins.noteSwarm(welcome.swarmSize, welcome.seats)
    if (welcome.facts !== null) this.learn(welcome.facts, false)
    this.mesh.introduce(welcome.peers)
    if (this.arrival.welcomed(welcome.joinIndex, this.material !== null)) this.begin()
    else if (isLate) this.origins.place(welcome.joinIndex)
  }

  /** Somebody knows the file: the origin (`confirmed`), else a hint. What is known stays. */
  private learn(facts: FileFacts, confirmed: boolean, by: number | null = null): void {
    if (this.material !== null || (!confirmed && !this.facts.isPlausible(facts))) return
    const geometry = new Geometry(facts)
    if (geometry.chunkCount > MAX_CHUNKS) return
    const { context } = this
    const inventory = new Inventory(geometry, context.random.fork())
    const digests = new DigestTable(geometry.chunkCount, context.config.chunkDigests)
    this.material = { facts, inventory, digests }
    this.facts.settle(facts, confirmed, by)
    this.verification = new Verification(context, { mesh: this.mesh, origins: this.origins }, this.material, {
      originIsWrong: () => this.fail('integrity-mismatch', null),
      sizeMayBeWrong: () => !this.facts.areConfirmed && this.misled(),
    })
    context.emit({ type: 'sized', facts })
    this.origins.equip(inventory)
    this.mesh.equip(this.material)
    if (this.isDistrustful) this.verification.distrustPeers()
    if (this.welcome !== null) this.begin()
    this.verification.completeIfFull()
  }

  /** To the origin, each to its own place; without the file's size, to ask for it. */
  private begin(): void {
    if (this.isPaused) return
    const { material, verification, welcome } = this
    const next = this.arrival.begin({
      isWelcome: welcome !== null,
      knowsSize: material !== null,
      isFetching: verification?.isFetching === true,
      keptChunks: material?.inventory.kept.count ?? 0,
      distanceMs: this.origins.distanceMs,
      isSlow: this.origins.isSlow,
    })
    if (next === 'probe') this.origins.probe()
    else if (next === 'runs') this.origins.begin(welcome?.joinIndex ?? 0)
  }

  // ------------------------------------------------------------------------------------------- the origin

  private runOpened(input: Extract<SessionInput, { type: 'runOpened' }>): void {
    const { sizeBytes, validator } = input
    const origin = this.origins.indexOf(input.run)
    if (this.origins.isUseless(input) && this.origins.ban(origin)) return
    this.origins.opened(input)
    if (!this.passes(this.facts.judgeValidator(validator, origin), origin)) return
    if (sizeBytes !== null && !this.confirmSize(sizeBytes, validator, origin)) return
    if (this.material !== null) this.begin()
    this.origins.goOn(input.run)
  }

  /** Takes the length that this origin tells. False if that ended the run, or the session. */
  private confirmSize(sizeBytes: number, validator: string | null, origin: number): boolean {
    if (this.material !== null) return this.passes(this.facts.judgeSize(sizeBytes, origin), origin)
    const { config } = this.context
    const facts = { sizeBytes, chunkBytes: config.chunkBytesFor(sizeBytes), validator, root: null }
    this.learn(facts, true, origin)
    if (this.material === null) return this.passes('inconsistent', origin)
    if (config.locator !== null) this.context.emit({ type: 'topology', message: { type: 'facts', facts } })
    return true
  }

  /** What is wrong with one origin is no matter where another delivers; but the URL itself is right about the file. */
  private passes(verdict: FactsVerdict, origin: number): boolean {
    if (verdict === 'fine') return true
    const isReplaceable = origin > 0 || (verdict !== 'misled' && this.facts.isHashed)
    if (isReplaceable && this.origins.ban(origin)) return false
    if (verdict === 'misled') this.misled()
    else this.fail(verdict, null)
    return false
  }

  private runFailed(input: Extract<SessionInput, { type: 'runFailed' }>): void {
    const origin = this.origins.indexOf(input.run)
    if (input.failure === 'range-unsatisfiable' && this.material !== null && !this.facts.areConfirmed)
      this.passes('misled', origin)
    else this.origins.failed(input)
  }

  private runChunk(run: number, chunk: number): void {
    const { material } = this
    invariant(material !== null, 'Chunks are spoken of only once the size is known.')
    const source = this.origins.sourceOf(run)
    if (this.origins.broughtChunk(run, chunk)) {
      material.inventory.markChecking(chunk)
      this.mesh.requests.cancelEverywhere(chunk)
      this.context.emit({ type: 'digest', chunk, source })
    } else this.context.emit({ type: 'discard', chunk, source })
    this.origins.afterChunk(run, chunk)
  }

  // ----------------------------------------------------------------------------------------- claims, pauses

  private pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.mesh.requests.pause()
    this.origins.pause()
  }

  private resume(): void {
    if (!this.isPaused || this.isLeaving) return
    this.isPaused = false
    this.mesh.requests.resume()
    this.origins.resume()
    if (this.arrival.hasBegun) this.origins.restart()
    else if (!this.arrival.isAwaited) this.begin()
  }

  // ------------------------------------------------------------------------------------------------ ends

  private leave(): void {
    if (this.isLeaving) return
    this.pause()
    this.isLeaving = true
    this.origins.clearDeadlines()
    this.mesh.leave()
  }

  /** Whoever may give no more, and has all, has nothing to stay for. */
  private goOnLeaving(): void {
    if (this.hasEnded) return
    if (this.mesh.hasGivenEnough && this.verification?.isDone === true) this.leave()
    if (!this.isLeaving || !this.mesh.leaving.isDone) return
    this.hasEnded = true
    this.mesh.leaving.part()
  }

  /** What others said of the file is wrong. Always true, for conditions. */
  private misled(): true {
    this.end({ type: 'misled' })
    return true
  }

  private fail(failure: SessionFailure, status: number | null): void {
    this.end({ type: 'failed', failure, status })
  }

  private end(output: SessionOutput): void {
    this.hasEnded = true
    this.context.deadlines.clearAll()
    this.origins.clearDeadlines()
    this.context.emit(output)
  }

  // ------------------------------------------------------------------------------------------------ time

  private tick(): void {
    const { mesh, origins, registration, context } = this
    for (const due of context.deadlines.takeDue(context.nowMs)) {
      if (due !== 'arrival') ring(due, { mesh, origins, registration })
      else if (this.arrival.isOver()) this.begin()
    }
    this.origins.tick()
  }

  private forgiveSilence(): void {
    this.mesh.forgiveSilence()
    this.origins.forgiveSilence()
  }
}
