/**
 * Runs a session in a page: hands it what happens in the world, carries out what it asks for, and wakes it when its
 * next deadline has come. It decides nothing itself.
 */

import { Geometry } from '../core/geometry.ts'
import { Session } from '../core/session.ts'
import type { ChunkSource, SessionConfig, SessionInput, SessionOutput } from '../core/session-io.ts'
import type { FileFacts, PeerId } from '../core/types.ts'
import { decodePeerFrame, encodePeerMessage } from '../core/wire/peer-codec.ts'
import type { ServerMessage } from '../core/wire/topology-messages.ts'
import type { PeerMessage } from '../core/wire/peer-messages.ts'
import type {
  Bytes,
  ChunkStore,
  Clock,
  Hasher,
  Links,
  LinksFactory,
  Origin,
  Topology,
  TopologyFactory,
} from '../ports.ts'
import { Assembly } from './assembly.ts'
import { ChunkKeeper } from './chunk-keeper.ts'
import { FileCheck } from './file-check.ts'
import type { WholeFileHash } from '../integrity/sri.ts'
import { OriginRuns } from './origin-runs.ts'
import { Uploader } from './uploader.ts'

export interface DriverPorts {
  /** The URL itself, then its mirrors, as the session's tags name them. */
  readonly origins: readonly Origin[]
  /** Null: no peers. */
  readonly links: LinksFactory | null
  readonly topology: TopologyFactory | null
  readonly openStore: () => ChunkStore
  readonly fallbackStore: () => ChunkStore
  readonly hasher: Hasher
  readonly clock: Clock
  /** Another one, as a clock has one alarm: for blocks that the pace holds back. */
  readonly uploadClock: Clock
}

export interface DriverOptions {
  readonly config: SessionConfig
  readonly ports: DriverPorts
  readonly topologyUrls: readonly string[]
  readonly relayOnly: boolean
  /** Overrides what the topology server hands out; null: take that. */
  readonly iceServers: readonly { readonly urls: readonly string[] }[] | null
  /** Hash of the whole file, or null. */
  readonly fileHash: WholeFileHash | null
  /** Names what is stored. */
  readonly storeKey: string
  readonly events: DriverEvents
}

/** What the driver tells the download. */
export interface DriverEvents {
  sized(facts: FileFacts): void
  /** A chunk is kept. */
  kept(chunk: number, bytes: number, source: ChunkSource['kind']): void
  forgotten(chunk: number, bytes: number): void
  /** Bytes arrived or left, useful or not. */
  moved(direction: 'fromOrigin' | 'fromPeers' | 'toPeers', bytes: number, origin?: number): void
  neighboursChanged(): void
  /** All is kept, and is what it should be. */
  completed(): void
  checking(): void
  /** Nothing holds us any more: it may be stopped. */
  left(): void
  failed(failure: Extract<SessionOutput, { type: 'failed' }>): void
  misled(): void
  /** A defect of this library showed. */
  crashed(error: unknown): void
}

/** Stored chunks that are read and hashed at a time: enough to keep disk and hash busy, few enough to hold. */
const RESTORED_AT_ONCE = 8

export class Driver {
  readonly session: Session
  private readonly options: DriverOptions
  private readonly runs: OriginRuns
  private links: Links | null = null
  private uploader: Uploader | null = null
  private topology: Topology | null = null
  private geometry: Geometry | null = null
  private assembly: Assembly | null = null
  private keeper: ChunkKeeper | null = null
  private fileCheck: FileCheck | null = null
  private readonly keptChunks = new Set<number>()
  private readonly waiting: SessionInput[] = []
  private paceBytesPerSec: number | null = null
  private isFeeding = false
  private isStopped = false

  constructor(options: DriverOptions) {
    this.options = options
    this.session = new Session(options.config)
    this.runs = new OriginRuns({
      origins: options.ports.origins,
      feed: (input) => this.feed(input),
      geometry: () => this.geometry,
      deliver: (source, chunk, bytes) => this.assembly?.put(chunk, source, bytes),
      received: (bytes, origin) => options.events.moved('fromOrigin', bytes, origin),
      newBuffer: (lengthBytes) => this.keeper?.newBuffer(lengthBytes) ?? new Uint8Array(lengthBytes),
      whenRoom: () => this.keeper?.whenRoom() ?? Promise.resolve(),
    })
  }

  /** Hands the session what happened. What its outputs cause at once is handed in after them, never in between. */
  feed(input: SessionInput): void {
    this.waiting.push(input)
    if (this.isFeeding) return
    this.isFeeding = true
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
        if (this.isStopped) continue
        for (const output of this.session.handle(next, this.options.ports.clock.nowMs()))
          this.carryOut(output)
      }
    } catch (error) {
      this.waiting.length = 0
      this.options.events.crashed(error)
    } finally {
      this.isFeeding = false
    }
    if (!this.isStopped)
      this.options.ports.clock.setAlarm(this.session.nextDeadlineMs(), () => this.feed({ type: 'tick' }))
  }

  isKept(chunk: number): boolean {
    return this.keptChunks.has(chunk)
  }

  async read(chunk: number): Promise<Bytes | null> {
    return (await this.keeper?.get(chunk)) ?? null
  }

  async blob(type: string): Promise<Blob | null> {
    return this.geometry?.chunkCount === 0
      ? new Blob([], { type })
      : ((await this.keeper?.blob(type)) ?? null)
  }

  /** Which store is in use; null before the size is known. */
  get storage(): ChunkStore['kind'] | null {
    return this.keeper?.storage ?? null
  }

  /** Ends every connection. What is stored stays, and can still be read, unless `forget`. */
  async stop({ forget }: { forget: boolean }): Promise<void> {
    this.isStopped = true
    this.options.ports.clock.setAlarm(null, () => {})
    this.options.ports.uploadClock.setAlarm(null, () => {})
    this.runs.abortAll()
    this.links?.closeAll()
    this.topology?.close()
    this.assembly?.clear()
    this.fileCheck?.close()
    if (forget) await this.keeper?.delete()
    else this.keeper?.flush()
  }

  // -------------------------------------------------------------------------------------------- outputs

  private carryOut(output: SessionOutput): void {
    const { events } = this.options
    switch (output.type) {
      case 'topology':
        return this.toTopology(output.message)
      case 'detach':
        return this.topology?.detach()
      case 'signal':
        return this.links?.signal(output.peer, output.data)
      case 'connect':
        return this.links === null
          ? this.feed({ type: 'linkClosed', peer: output.peer })
          : this.links.connect(output.peer)
      case 'disconnect':
        this.links?.close(output.peer)
        this.uploader?.forget(output.peer)
        return this.options.events.neighboursChanged()
      case 'send':
        return this.send(output.peer, output.message as PeerMessage<Uint8Array>)
      case 'sized':
        return this.sized(output.facts)
      case 'assemble':
        this.options.events.moved('fromPeers', output.payload.byteLength)
        return this.assembly?.add(
          output.chunk,
          { kind: 'peer', peer: output.peer },
          output.offsetBytes,
          output.payload as Bytes,
        )
      case 'digest':
        return this.digest(output.chunk, output.source)
      case 'discard':
        return this.assembly?.discard(output.chunk, output.source)
      case 'keep':
        return this.keep(output.chunk, output.source)
      case 'forget':
        return this.forget(output.chunk)
      case 'serve':
        return this.uploader?.serve(output.peer, output.chunk)
      case 'unserve':
        return this.uploader?.unserve(output.peer)
      case 'pace':
        this.paceBytesPerSec = output.bytesPerSec
        return this.uploader?.pace(output.bytesPerSec)
      case 'left':
        return events.left()
      case 'preconnect':
        return this.runs.preconnect(output.origin)
      case 'fetch':
        return this.runs.fetch(output)
      case 'abort':
        return this.runs.abort(output.run)
      case 'complete':
        this.keeper?.flush()
        this.options.events.checking()
        this.checkFile().catch((error: unknown) => events.crashed(error))
        return
      case 'misled':
        return this.options.events.misled()
      case 'failed':
        return this.options.events.failed(output)
    }
  }

  private send(peer: PeerId, message: PeerMessage<Uint8Array>): void {
    const frame = encodePeerMessage(message)
    if (message.type === 'probe' && this.uploader !== null)
      return this.uploader.probe(peer, message.number, frame)
    this.links?.send(peer, frame)
  }

  private sized(facts: FileFacts): void {
    const { ports, storeKey, fileHash, events } = this.options
    const geometry = new Geometry(facts)
    this.geometry = geometry
    const { sizeBytes, chunkBytes, validator } = facts
    const keeper = new ChunkKeeper({
      geometry,
      identity: { locator: storeKey, sizeBytes, chunkBytes, validator },
      store: ports.openStore(),
      fallback: ports.fallbackStore,
      lost: (chunk) => this.feed({ type: 'chunkLost', chunk }),
      isAwaited: (chunk) => this.fileCheck?.awaits(chunk) === true,
    })
    this.keeper = keeper
    this.assembly = new Assembly(geometry, (lengthBytes) => keeper.newBuffer(lengthBytes))
    if (fileHash !== null)
      this.fileCheck = new FileCheck({
        chunkCount: geometry.chunkCount,
        newHash: () => ports.hasher.createFileHash(fileHash.algorithm, facts.sizeBytes),
        isKept: (chunk) => this.keptChunks.has(chunk),
        borrow: (chunk) => keeper.borrow(chunk),
      })
    events.sized(facts)
    if (geometry.chunkCount > 0) this.restore(keeper).catch((error: unknown) => events.crashed(error))
  }

  /** Chunks of an earlier visit count once their digests are known; without any hash they would count unseen. */
  private async restore(keeper: ChunkKeeper): Promise<void> {
    const { config, fileHash } = this.options
    const kept = (await keeper.whenOpen()).filter((chunk) => !this.keptChunks.has(chunk))
    if (this.isStopped || (config.verification !== 'chunkDigests' && fileHash === null)) return
    this.feed({ type: 'restoring', chunks: kept })
    for (let start = 0; start < kept.length; start += RESTORED_AT_ONCE)
      await Promise.all(
        kept.slice(start, start + RESTORED_AT_ONCE).map((chunk) => this.restoreChunk(keeper, chunk)),
      )
  }

  private async restoreChunk(keeper: ChunkKeeper, chunk: number): Promise<void> {
    const bytes = await keeper.get(chunk)
    if (this.isStopped || this.keptChunks.has(chunk)) return
    if (bytes === null) return this.feed({ type: 'notRestored', chunk })
    this.assembly?.put(chunk, { kind: 'store' }, bytes)
    this.digest(chunk, { kind: 'store' })
  }

  private digest(chunk: number, source: ChunkSource): void {
    const { config, ports } = this.options
    const bytes = this.assembly?.get(chunk, source) ?? null
    if (bytes === null) return
    if (config.verification === 'none') return this.feed({ type: 'digested', chunk, source, digest: null })
    ports.hasher.digest(bytes).then(
      (digest) => this.feed({ type: 'digested', chunk, source, digest }),
      () => this.feed({ type: 'digested', chunk, source, digest: new Uint8Array(32) }),
    )
  }

  private keep(chunk: number, source: ChunkSource): void {
    const bytes = this.assembly?.take(chunk, source) ?? null
    if (bytes === null || this.keeper === null) return
    if (source.kind !== 'store') this.keeper.keep(chunk, bytes)
    this.keptChunks.add(chunk)
    this.fileCheck?.advance()
    this.options.events.kept(chunk, bytes.byteLength, source.kind)
  }

  private forget(chunk: number): void {
    this.keptChunks.delete(chunk)
    this.keeper?.forget(chunk)
    this.fileCheck?.forget(chunk)
    this.options.events.forgotten(chunk, this.geometry?.lengthBytes(chunk) ?? 0)
  }

  private async checkFile(): Promise<void> {
    const { fileHash, events } = this.options
    if (fileHash !== null && this.fileCheck !== null) {
      const digest = await this.fileCheck.finish()
      if (this.isStopped) return
      // A chunk went missing meanwhile: it is fetched again, and the check comes again.
      if (digest === null) return this.feed({ type: 'chunkLost', chunk: this.fileCheck.position })
      if (!fileHash.matches(digest)) return this.feed({ type: 'fileMismatched' })
    }
    this.feed({ type: 'fileVerified' })
    events.completed()
  }

  // --------------------------------------------------------------------------------- topology and links

  private toTopology(message: Extract<SessionOutput, { type: 'topology' }>['message']): void {
    if (message.type !== 'join') return this.topology?.send(message)
    if (this.topology === null) this.goAmongPeers()
    this.topology?.join(message)
  }

  private goAmongPeers(): void {
    const { ports, topologyUrls } = this.options
    this.topology =
      ports.topology?.(topologyUrls, {
        message: (received) => this.fromTopology(received),
        lost: () => this.feed({ type: 'topologyLost' }),
      }) ?? null
    this.links = ports.links?.(this.linksEvents()) ?? null
    if (this.links !== null)
      this.uploader = new Uploader({
        links: this.links,
        clock: ports.uploadClock,
        feed: (input) => this.feed(input),
        read: (chunk) => this.read(chunk),
        sent: (_peer, bytes) => this.options.events.moved('toPeers', bytes),
      })
    this.uploader?.pace(this.paceBytesPerSec)
  }

  private fromTopology(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome': {
        const { iceServers, relayOnly } = this.options
        this.links?.configure({ iceServers: iceServers ?? message.iceServers, relayOnly, selfId: message.id })
        return this.feed({ type: 'welcomed', welcome: message })
      }
      case 'facts':
        return this.feed({ type: 'factsTold', facts: message.facts })
      case 'signal':
        return this.feed({ type: 'signalled', from: message.from, data: message.data })
      case 'released':
        return this.feed({ type: 'released', swarmSize: message.swarmSize })
      case 'gone':
        return this.feed({ type: 'peerGone', peer: message.peer })
      case 'pong':
        if (message.swarmSize !== null) this.feed({ type: 'counted', swarmSize: message.swarmSize })
        return
      case 'error':
        return
    }
  }

  private linksEvents(): Parameters<LinksFactory>[0] {
    const changed = (input: SessionInput): void => {
      this.feed(input)
      this.options.events.neighboursChanged()
    }
    return {
      opened: (peer) => changed({ type: 'linkOpened', peer }),
      closed: (peer) => {
        this.uploader?.forget(peer)
        changed({ type: 'linkClosed', peer })
      },
      frame: (peer, frame) => this.receive(peer, frame),
      signal: (peer, data) => this.feed({ type: 'linkSignal', peer, data }),
      drained: (peer) => this.uploader?.drained(peer),
    }
  }

  private receive(peer: PeerId, frame: Bytes): void {
    const message = decodePeerFrame(frame)
    if (message === null) return this.feed({ type: 'malformed', peer })
    if (message.type !== 'unknown') this.feed({ type: 'message', peer, message })
  }
}
