/**
 * A swarm in one process: the very sessions that run in pages, the very rooms of the topology server, over a network
 * in virtual time. The same seed gives the same trace.
 */

import { Geometry } from '../src/core/geometry.ts'
import { Random } from '../src/core/random.ts'
import { Session } from '../src/core/session.ts'
import type {
  RunId,
  SessionConfig,
  SessionInput,
  SessionLimits,
  SessionOutput,
} from '../src/core/session-io.ts'
import type { Locator, PeerId } from '../src/core/types.ts'
import { encodedByteLength } from '../src/core/wire/peer-codec.ts'
import { MAX_BLOCK_BYTES } from '../src/core/wire/limits.ts'
import type { PeerMessage } from '../src/core/wire/peer-messages.ts'
import type { ClientMessage } from '../src/core/wire/topology-messages.ts'
import { Rooms, type RoomsOutput } from '../signaling-server/rooms.ts'
import { EventQueue } from './event-queue.ts'
import { SimOrigin } from './sim-origin.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly peers: number
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly originBytesPerSec: number
  readonly uplinkBytesPerSec: number
  /** Round trip between any two hosts, in ms. */
  readonly rttMs: number
  /** Time between one arrival and the next, in ms. Default 0: all at once. */
  readonly arrivalEveryMs?: number
  /** The first this many share a topology server; the rest have none. Default: all. */
  readonly withTopology?: number
  /** When the topology server goes away for good, in ms. Default: never. */
  readonly topologyDiesAtMs?: number
  /** Peers that send other bytes than they say, by index. */
  readonly polluters?: ReadonlySet<number>
  readonly limits?: Partial<SessionLimits>
  /** Stops a simulation that does not end, in virtual ms. Default one hour. */
  readonly maxMs?: number
}

export interface SimulationResult {
  /** Time each peer took from its arrival to its last chunk, in ms; null: it never got there. */
  readonly completedMs: readonly (number | null)[]
  readonly makespanMs: number
  readonly originCopies: number
  readonly originOpenMax: number
  readonly originRequests: number
  /** Inputs handled by all sessions together. */
  readonly inputs: number
  /** Chunks that neighbours delivered to each peer. */
  readonly chunksFromPeers: readonly number[]
  readonly failures: readonly string[]
  /** A hash of every input in order: equal for equal runs. */
  readonly trace: string
}

/** A simulated payload: its length, and whether its bytes are the origin's. */
interface SimPayload {
  readonly byteLength: number
  readonly genuine: boolean
}

interface Host {
  readonly index: number
  readonly session: Session
  peerId: PeerId | null
  arrivedMs: number
  completedMs: number | null
  /** When the uplink has sent all that was handed to it, in ms. */
  uplinkFreeMs: number
  alarm: number
  chunksFromPeers: number
  readonly links: Set<PeerId>
  readonly runs: Map<RunId, number>
  /** Chunks being assembled from a sender whose bytes are not the origin's. */
  readonly spoilt: Set<string>
}

const LOCATOR = '0'.repeat(64) as Locator
const HEARTBEAT_MS = 60_000

export class Simulation {
  private readonly options: SimulationOptions
  private readonly queue = new EventQueue()
  private readonly random: Random
  private readonly geometry: Geometry
  private readonly origin: SimOrigin
  private readonly rooms: Rooms
  private readonly hosts: Host[] = []
  private readonly byPeer = new Map<PeerId, Host>()
  private readonly failures: string[] = []
  private inputs = 0
  private trace = 0x811c9dc5

  constructor(options: SimulationOptions) {
    this.options = options
    this.random = new Random(options.seed)
    this.geometry = new Geometry(options)
    this.origin = new SimOrigin(this.queue, options.originBytesPerSec)
    const ids = this.random.fork()
    this.rooms = new Rooms({
      newPeerId: () => (hex(ids.uint32()) + hex(ids.uint32())) as PeerId,
      heartbeatMs: HEARTBEAT_MS,
    })
    for (let index = 0; index < options.peers; index++) this.hosts.push(this.newHost(index))
  }

  run(): SimulationResult {
    for (const host of this.hosts) {
      host.arrivedMs = host.index * (this.options.arrivalEveryMs ?? 0)
      this.queue.at(host.arrivedMs, () => this.feed(host, { type: 'start' }))
    }
    const maxMs = this.options.maxMs ?? 3_600_000
    while (this.hosts.some((host) => host.completedMs === null) && this.failures.length === 0)
      if (!this.queue.step() || this.queue.nowMs > maxMs) break
    const completedMs = this.hosts.map((host) => host.completedMs)
    return {
      completedMs,
      makespanMs: this.queue.nowMs,
      originCopies: this.origin.bytesSent / this.options.sizeBytes,
      originOpenMax: this.origin.openMax,
      originRequests: this.origin.requests,
      inputs: this.inputs,
      chunksFromPeers: this.hosts.map((host) => host.chunksFromPeers),
      failures: this.failures,
      trace: hex(this.trace),
    }
  }

  private newHost(index: number): Host {
    const { options } = this
    const config: SessionConfig = {
      seed: this.random.uint32(),
      facts: null,
      chunkBytesFor: () => options.chunkBytes,
      locator: index < (options.withTopology ?? Infinity) ? LOCATOR : null,
      verification: options.polluters === undefined ? 'none' : 'chunkDigests',
      chunkDigests: options.polluters === undefined ? null : genuineDigests(this.geometry.chunkCount),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    }
    return {
      index,
      session: new Session(config),
      peerId: null,
      arrivedMs: 0,
      completedMs: null,
      uplinkFreeMs: 0,
      alarm: 0,
      chunksFromPeers: 0,
      links: new Set(),
      runs: new Map(),
      spoilt: new Set(),
    }
  }

  private feed(host: Host, input: SessionInput): void {
    this.inputs++
    this.note(host, input)
    for (const output of host.session.handle(input, this.queue.nowMs)) this.carryOut(host, output)
    const alarm = ++host.alarm
    const deadlineMs = host.session.nextDeadlineMs()
    if (deadlineMs !== null)
      this.queue.at(deadlineMs, () => {
        if (host.alarm === alarm) this.feed(host, { type: 'tick' })
      })
  }

  private carryOut(host: Host, output: SessionOutput): void {
    switch (output.type) {
      case 'topology':
        return this.toRooms(host, output.message)
      case 'connect':
        return this.connect(host, output.peer)
      case 'disconnect':
        return this.unlink(host, output.peer)
      case 'send':
        return this.send(host, output.peer, output.message)
      case 'serve':
        return this.serve(host, output.peer, output.chunk)
      case 'fetch':
        return this.fetch(host, output)
      case 'abort':
        return this.abortRun(host, output.run)
      case 'assemble':
        if (!(output.payload as SimPayload).genuine) host.spoilt.add(`${output.peer}:${output.chunk}`)
        return
      case 'digest':
        return this.digest(host, output)
      case 'keep':
        if (output.source.kind === 'peer') host.chunksFromPeers++
        return
      case 'complete':
        host.completedMs ??= this.queue.nowMs - host.arrivedMs
        this.queue.after(0, () => this.feed(host, { type: 'fileVerified' }))
        return
      case 'misled':
      case 'failed':
        this.failures.push(`peer ${host.index}: ${output.type === 'failed' ? output.failure : output.type}`)
        return
      case 'sized':
      case 'discard':
      case 'forget':
      case 'unserve':
        return
    }
  }

  // --------------------------------------------------------------------------------------------- the mesh

  private connect(host: Host, peer: PeerId): void {
    const other = this.byPeer.get(peer)
    // Signalling, ICE and DTLS: about three round trips.
    this.queue.after(3 * this.options.rttMs, () => {
      if (other === undefined || host.peerId === null) return this.feed(host, { type: 'linkClosed', peer })
      if (host.links.has(peer)) return
      host.links.add(peer)
      other.links.add(host.peerId)
      this.feed(host, { type: 'linkOpened', peer })
      this.feed(other, { type: 'linkOpened', peer: host.peerId })
    })
  }

  private unlink(host: Host, peer: PeerId): void {
    host.links.delete(peer)
    const other = this.byPeer.get(peer)
    const { peerId } = host
    if (other === undefined || peerId === null || !other.links.delete(peerId)) return
    this.queue.after(this.options.rttMs / 2, () => this.feed(other, { type: 'linkClosed', peer: peerId }))
  }

  private send(host: Host, peer: PeerId, message: PeerMessage): void {
    const { peerId } = host
    if (peerId === null) return
    const sentMs = this.occupyUplink(host, encodedByteLength(message))
    this.queue.at(sentMs + this.options.rttMs / 2, () => {
      const other = this.byPeer.get(peer)
      if (other?.links.has(peerId) === true) this.feed(other, { type: 'message', peer: peerId, message })
    })
  }

  private serve(host: Host, peer: PeerId, chunk: number): void {
    const lengthBytes = this.geometry.lengthBytes(chunk)
    const genuine = this.options.polluters?.has(host.index) !== true
    for (let offsetBytes = 0; offsetBytes < lengthBytes; offsetBytes += MAX_BLOCK_BYTES) {
      const byteLength = Math.min(MAX_BLOCK_BYTES, lengthBytes - offsetBytes)
      const payload: SimPayload = { byteLength, genuine }
      this.send(host, peer, { type: 'block', chunk, offsetBytes, payload })
    }
    this.queue.at(host.uplinkFreeMs, () => this.feed(host, { type: 'served', peer, chunk }))
  }

  private occupyUplink(host: Host, bytes: number): number {
    const startMs = Math.max(this.queue.nowMs, host.uplinkFreeMs)
    host.uplinkFreeMs = startMs + (bytes / this.options.uplinkBytesPerSec) * 1000
    return host.uplinkFreeMs
  }

  private digest(host: Host, { chunk, source }: Extract<SessionOutput, { type: 'digest' }>): void {
    const isSpoilt = source.kind === 'peer' && host.spoilt.delete(`${source.peer}:${chunk}`)
    const digest = this.options.polluters === undefined ? null : digestOf(chunk, !isSpoilt)
    this.queue.after(0, () => this.feed(host, { type: 'digested', chunk, source, digest }))
  }

  // -------------------------------------------------------------------------------------------- the origin

  private fetch(host: Host, output: Extract<SessionOutput, { type: 'fetch' }>): void {
    const { run, firstByte, lastByte, firstChunk } = output
    const { rttMs } = this.options
    host.runs.set(run, -1)
    this.queue.after(2 * rttMs, () => {
      if (!host.runs.has(run)) return
      const sizeBytes = lastByte === null ? this.options.sizeBytes : null
      this.feed(host, { type: 'runOpened', run, sizeBytes, validator: null, whole: false })
      if (!host.runs.has(run)) return
      let chunk = firstChunk
      const lengths = this.chunkLengths(firstByte, lastByte)
      const response = this.origin.start({
        chunkBytes: lengths,
        onChunk: () => {
          const arrived = chunk++
          if (!host.runs.has(run)) return
          this.feed(host, { type: 'runProgressed', run, bytes: this.geometry.lengthBytes(arrived) })
          if (host.runs.has(run)) this.feed(host, { type: 'runChunk', run, chunk: arrived })
        },
        onEnd: () => {
          if (host.runs.delete(run)) this.feed(host, { type: 'runEnded', run })
        },
      })
      host.runs.set(run, response)
    })
  }

  private *chunkLengths(firstByte: number, lastByte: number | null): Generator<number> {
    const end = lastByte === null ? this.options.sizeBytes : lastByte + 1
    for (let byte = firstByte; byte < end; byte += this.options.chunkBytes)
      yield Math.min(this.options.chunkBytes, end - byte)
  }

  private abortRun(host: Host, run: RunId): void {
    const response = host.runs.get(run)
    host.runs.delete(run)
    if (response !== undefined && response >= 0) this.origin.stop(response)
  }

  // ------------------------------------------------------------------------------------ the topology server

  private toRooms(host: Host, message: ClientMessage): void {
    this.queue.after(this.options.rttMs / 2, () => {
      if (this.queue.nowMs >= (this.options.topologyDiesAtMs ?? Infinity)) return
      const { nowMs } = this.queue
      const connection = host.index
      if (message.type === 'join')
        this.fromRooms(
          this.rooms.handle({ type: 'connected', connection, addressPrefix: `${connection}` }, nowMs),
        )
      this.fromRooms(this.rooms.handle({ type: 'message', connection, message }, nowMs))
    })
  }

  private fromRooms(outputs: readonly RoomsOutput[]): void {
    for (const output of outputs) {
      const host = this.hosts[output.connection]
      if (output.type !== 'send' || host === undefined) continue
      const { message } = output
      if (message.type === 'welcome') {
        host.peerId = message.id
        this.byPeer.set(message.id, host)
      }
      this.queue.after(this.options.rttMs / 2, () => {
        if (message.type === 'welcome') this.feed(host, { type: 'welcomed', welcome: message })
        else if (message.type === 'facts') this.feed(host, { type: 'factsTold', facts: message.facts })
      })
    }
  }

  private note(host: Host, input: SessionInput): void {
    const text = `${this.queue.nowMs}:${host.index}:${input.type}:${'chunk' in input ? input.chunk : ''}`
    for (let index = 0; index < text.length; index++)
      this.trace = Math.imul(this.trace ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
}

/** A stand-in for SHA-256: tells chunks, and genuine from spoilt, apart. */
function digestOf(chunk: number, genuine: boolean): Uint8Array {
  const digest = new Uint8Array(32)
  new DataView(digest.buffer).setUint32(0, chunk)
  digest[31] = genuine ? 1 : 2
  return digest
}

function genuineDigests(chunkCount: number): Uint8Array {
  const digests = new Uint8Array(chunkCount * 32)
  for (let chunk = 0; chunk < chunkCount; chunk++) digests.set(digestOf(chunk, true), chunk * 32)
  return digests
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
