/**
 * One session and its surroundings, as tests want to speak of them: it is told what happens, its deadlines ring when
 * their time has come, and everything that it asks for is on record. Chunks hash to their genuine digests unless a
 * test says otherwise.
 */

import { firstPlan } from '../../../src/core/origin/seat-plan.ts'
import { Session } from '../../../src/core/session.ts'
import type {
  ChunkSource,
  RunFailure,
  SessionConfig,
  SessionInput,
  SessionOutput,
} from '../../../src/core/session-io.ts'
import type { FileFacts, Locator, PeerId } from '../../../src/core/types.ts'
import type { Claim, Hello, PeerMessage } from '../../../src/core/wire/peer-messages.ts'
import type { Welcome } from '../../../src/core/wire/topology-messages.ts'
import { bitsOf, CHUNK_BYTES, digestsOf, fileOf, genuineDigest, peer, range } from './shapes.ts'

export const LOCATOR: Locator = '0'.repeat(64) as Locator
export const SELF: PeerId = peer(0x500)

export type Output<T extends SessionOutput['type']> = Extract<SessionOutput, { type: T }>
type Message<T extends PeerMessage['type']> = Extract<PeerMessage, { type: T }>

export interface VisitorOptions extends Partial<SessionConfig> {
  /** What a chunk from this source hashes to. Default: to its genuine digest. */
  readonly digestOf?: (chunk: number, source: ChunkSource) => Uint8Array
}

export class Visitor {
  readonly session: Session
  /** Everything asked for, in order. */
  readonly outputs: SessionOutput[] = []
  nowMs = 0
  /** Chunks wait to be hashed while this is false. */
  hashes = true
  private readonly options: VisitorOptions
  /** The next chunk of each run. */
  /** Runs that came to their end. */
  readonly ended: Set<number> = new Set()
  private readonly nextOfRun = new Map<number, number>()

  constructor(options: VisitorOptions = {}) {
    this.options = options
    const { digestOf: _, ...config } = options
    this.session = new Session({
      seed: 1,
      facts: null,
      chunkBytesFor: () => CHUNK_BYTES,
      locator: LOCATOR,
      verification: 'none',
      chunkDigests: null,
      ...config,
    })
  }

  // ---------------------------------------------------------------------------------------------- what happens

  /** Hands this in; returns what came of it, the answers to `digest` included. */
  handle(input: SessionInput): SessionOutput[] {
    const outputs = this.session.handle(input, this.nowMs)
    this.outputs.push(...outputs)
    for (const output of outputs) {
      if (output.type === 'fetch') this.nextOfRun.set(output.run, output.firstChunk)
      if (output.type === 'digest' && this.hashes) outputs.push(...this.digest(output.chunk, output.source))
    }
    return outputs
  }

  start(): SessionOutput[] {
    return this.handle({ type: 'start' })
  }

  digest(chunk: number, source: ChunkSource, digest?: Uint8Array): SessionOutput[] {
    const digested = digest ?? this.options.digestOf?.(chunk, source) ?? genuineDigest(chunk)
    return this.handle({ type: 'digested', chunk, source, digest: digested })
  }

  /** Lets time pass until then; every deadline on the way rings on time. */
  passUntil(atMs: number): SessionOutput[] {
    const outputs: SessionOutput[] = []
    for (let rings = 0; ; rings++) {
      const dueMs = this.session.nextDeadlineMs()
      if (dueMs === null || dueMs > atMs) break
      if (rings > 100_000) throw new Error(`A deadline at ${dueMs} ms rings without end.`)
      this.nowMs = Math.max(this.nowMs, dueMs)
      outputs.push(...this.handle({ type: 'tick' }))
    }
    this.nowMs = Math.max(this.nowMs, atMs)
    return outputs
  }

  /** The next timer rings so many ms late. */
  ring(lateMs: number): SessionOutput[] {
    this.nowMs = Math.max(this.nowMs, this.session.nextDeadlineMs() ?? 0) + lateMs
    return this.handle({ type: 'tick' })
  }

  pass(ms: number): SessionOutput[] {
    return this.passUntil(this.nowMs + ms)
  }

  welcome(overrides: Partial<Welcome> = {}): SessionOutput[] {
    const welcome: Welcome = {
      type: 'welcome',
      version: 1,
      id: SELF,
      token: 'token',
      joinIndex: 0,
      swarmSize: 1,
      window: 64,
      seats: null,
      peers: [],
      facts: null,
      iceServers: [],
      heartbeatMs: 60_000,
      ...overrides,
    }
    return this.handle({ type: 'welcomed', welcome })
  }

  // ------------------------------------------------------------------------------------------------- neighbours

  /** A link opens and its other end says hello. */
  meet(from: PeerId, facts: FileFacts, hello: Partial<Hello> = {}): SessionOutput[] {
    const opened = this.handle({ type: 'linkOpened', peer: from })
    const message: Hello = { type: 'hello', version: 1, features: 0, ...facts, ...hello }
    return [...opened, ...this.hear(from, message)]
  }

  hear(from: PeerId, message: PeerMessage): SessionOutput[] {
    return this.handle({ type: 'message', peer: from, message })
  }

  /** The neighbour says that it has these chunks. */
  hearHave(from: PeerId, chunks: readonly number[], digests: Uint8Array | null = null): SessionOutput[] {
    return this.hear(from, { type: 'have', chunks, digests })
  }

  /** The same, with the digests that the page asked for. */
  hearDigests(
    from: PeerId,
    chunks: readonly number[],
    digestOf: (chunk: number) => Uint8Array = genuineDigest,
  ): SessionOutput[] {
    return this.hearHave(from, chunks, digestsOf(chunks, digestOf))
  }

  hearBitfield(from: PeerId, chunks: readonly number[], chunkCount: number): SessionOutput[] {
    return this.hear(from, { type: 'bitfield', bits: bitsOf(chunks, chunkCount) })
  }

  hearBlock(from: PeerId, chunk: number, offsetBytes = 0, byteLength = CHUNK_BYTES): SessionOutput[] {
    return this.hear(from, { type: 'block', chunk, offsetBytes, payload: { byteLength } })
  }

  /** The neighbour sends everything that is asked of it now. */
  deliver(from: PeerId): SessionOutput[] {
    const neighbour = this.session.neighbours.get(from)
    return [...(neighbour?.outstanding.keys() ?? [])].flatMap((chunk) =>
      this.hearBlock(from, chunk, 0, this.lengthOf(chunk)),
    )
  }

  // ------------------------------------------------------------------------------------------------- the origin

  /** The headers of a run are in. Without a size: those of a range with an end. */
  openRun(run: number, sizeBytes: number | null = null, whole = false, validator = '"v1"'): SessionOutput[] {
    if (whole) this.nextOfRun.set(run, 0)
    return this.handle({ type: 'runOpened', run, sizeBytes, validator, whole })
  }

  /** So many more chunks of this run arrive. */
  bring(run: number, chunks: number): SessionOutput[] {
    return range(0, chunks).flatMap(() => {
      const chunk = this.nextOfRun.get(run) ?? 0
      this.nextOfRun.set(run, chunk + 1)
      const progressed = this.handle({ type: 'runProgressed', run, bytes: this.lengthOf(chunk) })
      return [...progressed, ...this.handle({ type: 'runChunk', run, chunk })]
    })
  }

  endRun(run: number): SessionOutput[] {
    this.ended.add(run)
    return this.handle({ type: 'runEnded', run })
  }

  failRun(run: number, failure: RunFailure, retryAfterMs: number | null = null): SessionOutput[] {
    return this.handle({ type: 'runFailed', run, failure, status: null, retryAfterMs })
  }

  // -------------------------------------------------------------------------------------------- what came of it

  /** Everything of this type that was ever asked for. */
  all<T extends SessionOutput['type']>(type: T): Output<T>[] {
    return pick(this.outputs, type)
  }

  /** Chunks that are kept: put away, and not given up since. */
  get kept(): number[] {
    const kept = new Set<number>()
    for (const output of this.outputs) {
      if (output.type === 'keep') kept.add(output.chunk)
      if (output.type === 'forget') kept.delete(output.chunk)
    }
    return [...kept].sort((a, b) => a - b)
  }

  /** What is asked of this neighbour at present, ascending. */
  askedOf(from: PeerId): number[] {
    const { outstanding } = this.session.neighbours.get(from) ?? {}
    return [...(outstanding?.keys() ?? [])].sort((a, b) => a - b)
  }

  /** Runs that were asked for and neither ended nor closed. */
  get latestRun(): Output<'fetch'> {
    const latest = this.all('fetch').at(-1)
    if (latest === undefined) throw new Error('Nothing was fetched.')
    return latest
  }

  private lengthOf(chunk: number): number {
    const [sized] = this.all('sized')
    const sizeBytes = sized?.facts.sizeBytes ?? Infinity
    return Math.min(CHUNK_BYTES, sizeBytes - chunk * CHUNK_BYTES)
  }
}

/** Those of one type. */
export function pick<T extends SessionOutput['type']>(
  outputs: readonly SessionOutput[],
  type: T,
): Output<T>[] {
  return outputs.filter((output): output is Output<T> => output.type === type)
}

/** Without the probes that go out while somebody is served. */
export function withoutProbes(outputs: readonly SessionOutput[]): SessionOutput[] {
  return outputs.filter((output) => output.type !== 'send' || output.message.type !== 'probe')
}

/** Messages of one type that were sent, to whom. */
export function sent<T extends PeerMessage['type']>(
  outputs: readonly SessionOutput[],
  type: T,
): { peer: PeerId; message: Message<T> }[] {
  return pick(outputs, 'send').flatMap(({ peer: to, message }) =>
    message.type === type ? [{ peer: to, message: message as Message<T> }] : [],
  )
}

/** A lone visitor without peers whose download is under way: the first run is open, after a round trip of 100 ms. */
export function loneVisitor(chunks: number, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor({ locator: null, ...options })
  visitor.start()
  visitor.pass(100)
  visitor.openRun(0, fileOf(chunks).sizeBytes)
  return visitor
}

/** It waits for the topology server. */
export function started(): Visitor {
  const visitor = new Visitor()
  visitor.start()
  return visitor
}

/**
 * A visitor who came late to a swarm so large that it will hardly win a seat at the origin: welcomed with the file's
 * facts, it has to live on what its neighbours give.
 */
export function lateVisitor(chunks: number, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor(options)
  visitor.start()
  visitor.welcome({ joinIndex: 9_999_999, swarmSize: 10_000_000, facts: fileOf(chunks) })
  return visitor
}

/** One of two who were welcomed at once: it has a seat, and its first run starts at chunk 0. */
export function firstOfTwo(chunks: number, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor(options)
  visitor.start()
  visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: fileOf(chunks) })
  visitor.pass(100)
  return visitor
}

/** A neighbour's claim to a run. */
export function claimOf(claimer: PeerId, sequence: number, start: number, count: number, hops = 1): Claim {
  return {
    type: 'claim',
    peer: claimer,
    origin: 0,
    sequence,
    hops,
    runs: count > 0 ? [{ start, count }] : [],
    brought: [],
    goodputBytesPerSec: 0,
    renewalSec: 2,
    plan: firstPlan(8),
  }
}
