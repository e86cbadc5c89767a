/**
 * A session in a world that does anything: hostile neighbours, a moody origin, an impatient user. The world keeps to
 * the driver's contract, and holds every output against it.
 */

import * as fc from 'fast-check'
import { expect } from 'vitest'

import type { SessionOutput } from '../../../src/core/session-io.ts'
import type { FileFacts, PeerId } from '../../../src/core/types.ts'
import type { PeerMessage } from '../../../src/core/wire/peer-messages.ts'
import { bitsOf, CHUNK_BYTES, digestsOf, fileOf, forgedDigest, genuineDigest, peer, range } from './shapes.ts'
import { claimOf, SELF, Visitor } from './visitor.ts'

export const CHUNKS = 24
export const FACTS: FileFacts = fileOf(CHUNKS)

export type Mode = 'chunkDigests' | 'sendersDigest'

/** Something that happens. `from` is the place of a peer in `World.peers`; the last one's bytes are forged. */
export type Step =
  | {
      readonly type: 'link' | 'unlink' | 'malformed' | 'goodbye' | 'deliver' | 'serve'
      readonly from: number
    }
  | {
      readonly type: 'have' | 'bitfield' | 'request' | 'cancel' | 'refuse'
      readonly from: number
      readonly chunks: readonly number[]
      readonly forged: boolean
    }
  | { readonly type: 'block'; readonly from: number; readonly chunk: number; readonly byteLength: number }
  | { readonly type: 'claim'; readonly from: number; readonly sequence: number; readonly start: number }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'bring'; readonly chunks: number }
  | { readonly type: 'restore'; readonly chunks: readonly number[] }
  | { readonly type: 'restored'; readonly isThere: boolean }
  | { readonly type: 'fail' | 'pause' | 'resume' | 'welcome' | 'distrustPeers' | 'lose' | 'read' }

const PEERS = 4

export function anyScript(): fc.Arbitrary<Step[]> {
  const from = fc.nat(PEERS - 1)
  const beyondEnd = fc.integer({ min: CHUNKS, max: CHUNKS + 1 })
  const inFile = fc.nat(CHUNKS - 1)
  const chunks = fc.oneof(
    { weight: 50, arbitrary: fc.uniqueArray(inFile, { minLength: 1, maxLength: CHUNKS, size: 'max' }) },
    { weight: 1, arbitrary: fc.tuple(beyondEnd) },
  )
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 16, arbitrary: fc.record({ type: fc.constantFrom('link', 'deliver', 'serve'), from }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('unlink', 'malformed', 'goodbye'), from }) },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constantFrom('have', 'have', 'request', 'request', 'cancel', 'refuse'),
        from,
        chunks,
        forged: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('block'),
        from,
        chunk: inFile,
        byteLength: fc.integer({ min: 1, max: CHUNK_BYTES + 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('claim'), from, sequence: fc.nat(5), start: inFile }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(7000) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('bring'), chunks: fc.nat(6) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('restore'),
        chunks: fc.uniqueArray(inFile, { maxLength: CHUNKS }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('restored'), isThere: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom(
          'fail',
          'welcome',
          'pause',
          'resume',
          'welcome',
          'distrustPeers',
          'lose',
          'read',
        ),
      }),
    },
  )
  const anything = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' })
  // Begins with neighbours, one of whom is welcome to say at once what it has.
  const beginning: Step[] = range(0, PEERS).map((number) => ({ type: 'link', from: number }))
  const greeting = fc.record({
    type: fc.constant('bitfield'),
    from: fc.constant(0),
    chunks,
    forged: fc.boolean(),
  })
  return fc
    .tuple(greeting, anything)
    .map(([bitfield, rest]) => [{ type: 'welcome' }, ...beginning, bitfield, ...rest])
}

export class World {
  readonly visitor: Visitor
  readonly self: PeerId = SELF
  readonly peers: readonly PeerId[] = range(1, PEERS + 1).map(peer)
  private readonly mode: Mode
  private readonly linked = new Set<PeerId>()
  private readonly banned = new Set<PeerId>()
  private readonly kept = new Set<number>()
  private readonly serving = new Map<PeerId, number>()
  private readonly restoring = new Set<number>()
  private run: {
    readonly id: number
    isOpen: boolean
    readonly sizeBytes: number | null
    left: number
  } | null = null
  private latestRunId = -1

  constructor(mode: Mode, seed: number) {
    const forger = this.peers.at(-1)
    this.mode = mode
    this.visitor = new Visitor({
      seed,
      facts: mode === 'chunkDigests' ? FACTS : null,
      verification: mode,
      chunkDigests: mode === 'chunkDigests' ? digestsOf(range(0, CHUNKS)) : null,
      digestOf: (chunk, source) =>
        source.kind === 'peer' && source.peer === forger ? forgedDigest(chunk) : genuineDigest(chunk),
    })
    this.judge(this.visitor.start())
  }

  get hasFailed(): boolean {
    return this.visitor.all('failed').length > 0
  }

  take(step: Step): void {
    if (!this.hasFailed) this.judge(this.happen(step))
  }

  /** All neighbours leave, the user lets it run, the origin behaves. */
  leaveAloneWithOrigin(): void {
    for (const from of range(0, PEERS)) this.take({ type: 'unlink', from })
    for (const _ of range(0, this.restoring.size)) this.take({ type: 'restored', isThere: false })
    this.take({ type: 'resume' })
    for (let rounds = 0; rounds < 1000 && this.kept.size < CHUNKS; rounds++) {
      this.take({ type: 'bring', chunks: CHUNKS })
      this.take({ type: 'pass', ms: 1000 })
    }
  }

  private happen(step: Step): SessionOutput[] {
    const { visitor } = this
    switch (step.type) {
      case 'pass':
        return visitor.pass(step.ms)
      case 'bring':
        return this.bring(step.chunks)
      case 'fail':
        return this.failRun()
      case 'restore':
        return this.restore(step.chunks)
      case 'restored':
        return this.settleRestored(step.isThere)
      case 'pause':
      case 'resume':
      case 'distrustPeers':
        return visitor.handle({ type: step.type })
      case 'read':
        return visitor.handle({ type: 'reading', chunk: visitor.kept.length % CHUNKS })
      case 'lose': {
        const [chunk] = visitor.kept
        return chunk === undefined ? [] : visitor.handle({ type: 'chunkLost', chunk })
      }
      case 'welcome':
        return visitor.welcome({ joinIndex: 3, swarmSize: 20, facts: FACTS, peers: this.peers })
      default:
        return this.hear(this.peers[step.from] ?? SELF, step)
    }
  }

  /** The store is known once the size is. */
  private restore(chunks: readonly number[]): SessionOutput[] {
    if (this.visitor.all('sized').length === 0 || this.restoring.size > 0) return []
    for (const chunk of chunks) this.restoring.add(chunk)
    return this.visitor.handle({ type: 'restoring', chunks })
  }

  private settleRestored(isThere: boolean): SessionOutput[] {
    const [chunk] = this.restoring
    if (chunk === undefined) return []
    this.restoring.delete(chunk)
    if (isThere) return this.visitor.digest(chunk, { kind: 'store' })
    return this.visitor.handle({ type: 'notRestored', chunk })
  }

  private hear(from: PeerId, step: Extract<Step, { from: number }>): SessionOutput[] {
    const { visitor } = this
    switch (step.type) {
      case 'link':
        if (this.linked.has(from)) return []
        this.linked.add(from)
        return visitor.meet(from, FACTS, { features: step.from % 2 })
      case 'unlink':
        return this.linked.delete(from) ? visitor.handle({ type: 'linkClosed', peer: from }) : []
      case 'malformed':
        if (this.linked.has(from)) this.banned.add(from)
        return visitor.handle({ type: 'malformed', peer: from })
      case 'goodbye':
        return visitor.hear(from, { type: 'goodbye' })
      case 'deliver':
        return visitor.deliver(from)
      case 'serve': {
        const chunk = this.serving.get(from)
        this.serving.delete(from)
        return chunk === undefined ? [] : visitor.handle({ type: 'served', peer: from, chunk })
      }
      case 'block':
        return visitor.hearBlock(from, step.chunk, 0, step.byteLength)
      case 'claim':
        return visitor.hear(from, claimOf(peer(0x900 + step.from), step.sequence, step.start, 2))
      default:
        return visitor.hear(from, this.messageOf(step))
    }
  }

  private messageOf({ type, chunks, forged }: Extract<Step, { forged: boolean }>): PeerMessage {
    if (type === 'bitfield') return { type, bits: bitsOf(chunks, CHUNKS) }
    if (type !== 'have') return { type, chunks }
    const isInDigests = this.mode === 'sendersDigest'
    return {
      type,
      chunks,
      digests: isInDigests ? digestsOf(chunks, forged ? forgedDigest : genuineDigest) : null,
    }
  }

  // ------------------------------------------------------------------------------------------------- the origin

  private bring(chunks: number): SessionOutput[] {
    const outputs: SessionOutput[] = []
    for (let count = 0; count < chunks && this.run !== null; count++) {
      const { run } = this
      if (!run.isOpen) {
        run.isOpen = true
        outputs.push(...this.follow(this.visitor.openRun(run.id, run.sizeBytes)))
      } else if (run.left === 0) {
        this.run = null
        outputs.push(...this.follow(this.visitor.endRun(run.id)))
      } else {
        run.left--
        outputs.push(...this.follow(this.visitor.bring(run.id, 1)))
      }
    }
    return outputs
  }

  private failRun(): SessionOutput[] {
    const { run } = this
    this.run = null
    return run === null ? [] : this.follow(this.visitor.failRun(run.id, 'unreachable'))
  }

  /** Keeps track of the one run there is. Outputs may be shown to it twice. */
  private follow(outputs: SessionOutput[]): SessionOutput[] {
    for (const output of outputs) {
      if (output.type === 'abort' && output.run === this.run?.id) this.run = null
      if (output.type !== 'fetch' || output.run <= this.latestRunId) continue
      const { run: id, firstChunk, lastByte } = output
      this.latestRunId = id
      const end = lastByte === null ? CHUNKS : (lastByte + 1) / CHUNK_BYTES
      this.run = {
        id,
        isOpen: false,
        sizeBytes: lastByte === null ? FACTS.sizeBytes : null,
        left: end - firstChunk,
      }
    }
    return outputs
  }

  // ------------------------------------------------------------------------------------------------ the contract

  private judge(outputs: readonly SessionOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'fetch' || output.type === 'abort') this.follow([output])
      this.judgeOne(output)
    }
  }

  private judgeOne(output: SessionOutput): void {
    switch (output.type) {
      case 'connect':
        return expect(output.peer !== SELF && !this.banned.has(output.peer)).toBe(true)
      case 'disconnect':
        this.linked.delete(output.peer)
        return
      case 'keep':
        expect(this.kept.has(output.chunk)).toBe(false)
        if (this.mode === 'chunkDigests') expect(output.digest).toEqual(genuineDigest(output.chunk))
        this.kept.add(output.chunk)
        return
      case 'forget':
        expect(this.kept.delete(output.chunk)).toBe(true)
        return
      case 'complete':
        return expect(this.kept.size).toBe(CHUNKS)
      case 'serve':
        expect(this.kept.has(output.chunk) && !this.serving.has(output.peer)).toBe(true)
        this.serving.set(output.peer, output.chunk)
        return
      case 'unserve':
        expect(this.serving.get(output.peer)).toBe(output.chunk)
        this.serving.delete(output.peer)
        return
      case 'fetch':
        expect(output.firstByte).toBe(output.firstChunk * CHUNK_BYTES)
        return expect(output.firstChunk < CHUNKS && (output.lastByte ?? 0) < FACTS.sizeBytes).toBe(true)
      case 'send':
        expect(this.linked.has(output.peer)).toBe(true)
        return judgeMessage(output.message)
      default:
        return
    }
  }
}

/** What an honest visitor may say; anything else would get it banned. */
function judgeMessage(message: PeerMessage): void {
  if (!('chunks' in message)) return
  expect(message.chunks.length).toBeGreaterThan(0)
  expect(message.chunks.length).toBeLessThanOrEqual(64)
  if (message.type !== 'request') return
  expect(message.chunks.length).toBeLessThanOrEqual(16)
  expect(new Set(message.chunks).size).toBe(message.chunks.length)
}
