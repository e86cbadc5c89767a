/** Whole sessions that find each other through the mesh: the topology server names one peer to each, and then dies. */

import { describe, expect, it } from 'vitest'

import { Session } from '../../../src/core/session.ts'
import type { SessionInput, SessionLimits, SessionOutput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { LOCATOR } from './visitor.ts'

const FACTS = fileOf(20)
const LATENCY_MS = 20
const OPEN_WITHIN_MS = 15_000

interface Arrival {
  readonly atMs: number
  readonly at: PeerId
  readonly input: SessionInput
  /** Nothing happens if this link is open by then. */
  readonly unlessOpen: string | null
}

/** Downloads rest, so that only the mesh counts; links open with an offer and an answer, as WebRTC's do. */
class Swarm {
  readonly sessions = new Map<PeerId, Session>()
  /** Links opened and parted from, so far. */
  readonly counts = { opened: 0, parted: 0 }
  nowMs = 0
  private readonly links = new Set<string>()
  private readonly queue: Arrival[] = []
  private readonly limits: Partial<SessionLimits>

  constructor(limits: Partial<SessionLimits> = {}) {
    this.limits = limits
  }

  /** Arrives and is told of one peer, for whom the topology server is gone for good a quarter of a second later. */
  join(number: number, introduced: PeerId | null): void {
    const id = peer(number)
    const session = new Session({
      seed: number,
      facts: FACTS,
      chunkBytesFor: () => CHUNK_BYTES,
      locator: LOCATOR,
      verification: 'none',
      chunkDigests: null,
      limits: this.limits,
    })
    this.sessions.set(id, session)
    const welcome = {
      type: 'welcome' as const,
      version: 1,
      id,
      token: '',
      joinIndex: 1000,
      swarmSize: 1000,
      window: 64,
      seats: null,
      peers: introduced === null ? [] : [introduced],
      facts: FACTS,
      iceServers: [],
      heartbeatMs: 60_000,
    }
    for (const input of [{ type: 'start' }, { type: 'pause' }, { type: 'welcomed', welcome }] as const)
      this.handle(id, input)
    this.passUntil(this.nowMs + 250)
    if (introduced !== null) this.handle(introduced, { type: 'topologyLost' })
  }

  /** Goes without a word. */
  leave(id: PeerId): void {
    for (const other of this.neighboursOf(id)) this.close(id, other)
    this.sessions.delete(id)
  }

  passUntil(atMs: number): void {
    for (;;) {
      const [first] = this.queue
      let dueMs = first?.atMs ?? Infinity
      let ringing: PeerId | null = null
      for (const [id, session] of this.sessions) {
        const deadlineMs = session.nextDeadlineMs() ?? Infinity
        if (deadlineMs >= dueMs) continue
        dueMs = deadlineMs
        ringing = id
      }
      if (dueMs > atMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      if (ringing !== null) this.handle(ringing, { type: 'tick' })
      else if (first !== undefined) {
        this.queue.shift()
        if (first.unlessOpen === null || !this.links.has(first.unlessOpen)) this.handle(first.at, first.input)
      }
    }
    this.nowMs = atMs
  }

  neighboursOf(id: PeerId): PeerId[] {
    return [...(this.sessions.get(id)?.neighbours.keys() ?? [])]
  }

  get degrees(): number[] {
    return [...this.sessions.keys()].map((id) => this.neighboursOf(id).length)
  }

  /** Peers that can be reached from the first one. */
  get reachable(): number {
    const reached = new Set([...this.sessions.keys()].slice(0, 1))
    for (const id of reached) for (const other of this.neighboursOf(id)) reached.add(other)
    return reached.size
  }

  private handle(id: PeerId, input: SessionInput): void {
    for (const output of this.sessions.get(id)?.handle(input, this.nowMs) ?? []) this.carryOut(id, output)
  }

  private carryOut(id: PeerId, output: SessionOutput): void {
    switch (output.type) {
      case 'connect':
        this.later(id, { type: 'linkSignal', peer: output.peer, data: 'offer' }, 0)
        return this.later(
          id,
          { type: 'linkClosed', peer: output.peer },
          OPEN_WITHIN_MS,
          linkName(id, output.peer),
        )
      case 'topology':
        if (output.message.type === 'signal')
          this.later(output.message.to, { type: 'signalled', from: id, data: output.message.data })
        return
      case 'signal':
        if (output.data === 'offer' && !this.links.has(linkName(id, output.peer)))
          this.later(id, { type: 'linkSignal', peer: output.peer, data: 'answer' }, 0)
        if (output.data === 'answer') this.open(id, output.peer)
        return
      case 'send':
        if (output.message.type === 'goodbye') this.counts.parted++
        if (this.links.has(linkName(id, output.peer)))
          this.later(output.peer, { type: 'message', peer: id, message: output.message })
        return
      case 'disconnect':
        return this.close(id, output.peer)
      default:
        return
    }
  }

  private open(one: PeerId, other: PeerId): void {
    const name = linkName(one, other)
    if (this.links.has(name) || !this.sessions.has(other)) return
    this.links.add(name)
    this.counts.opened++
    this.later(one, { type: 'linkOpened', peer: other }, 0)
    this.later(other, { type: 'linkOpened', peer: one }, 0)
  }

  private close(one: PeerId, other: PeerId): void {
    if (this.links.delete(linkName(one, other))) this.later(other, { type: 'linkClosed', peer: one })
  }

  private later(
    at: PeerId,
    input: SessionInput,
    delayMs = LATENCY_MS,
    unlessOpen: string | null = null,
  ): void {
    const atMs = this.nowMs + delayMs
    let place = this.queue.length
    while (place > 0 && (this.queue[place - 1]?.atMs ?? 0) > atMs) place--
    this.queue.splice(place, 0, { atMs, at, input, unlessOpen })
  }
}

function linkName(one: PeerId, other: PeerId): string {
  return one < other ? `${one}-${other}` : `${other}-${one}`
}

/** So many who arrive one after the other, each told of the one before it: a chain. */
function chainOf(size: number, limits: Partial<SessionLimits> = {}): Swarm {
  const swarm = new Swarm(limits)
  for (const number of range(0, size)) swarm.join(number + 1, number === 0 ? null : peer(number))
  return swarm
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length

describe('a swarm of which the topology server named but one to each', () => {
  it('becomes a mesh in which all have neighbours enough, and nobody too many', () => {
    const swarm = chainOf(60)
    swarm.passUntil(120_000)
    expect(Math.min(...swarm.degrees)).toBeGreaterThanOrEqual(6)
    expect(Math.max(...swarm.degrees)).toBeLessThanOrEqual(16)
    expect(mean(swarm.degrees)).toBeGreaterThanOrEqual(8)
    expect(swarm.reachable).toBe(60)
  })

  it('stays one mesh while its links are exchanged', () => {
    const swarm = chainOf(40, { rewireMs: 5000 })
    swarm.passUntil(60_000)
    const before = { ...swarm.counts }
    for (let round = 0; round < 30; round++) {
      swarm.passUntil(swarm.nowMs + 5000)
      expect(swarm.reachable).toBe(40)
    }
    expect(swarm.counts.parted - before.parted).toBeGreaterThan(40)
    expect(Math.min(...swarm.degrees)).toBeGreaterThanOrEqual(6)
    expect(Math.max(...swarm.degrees)).toBeLessThanOrEqual(16)
  })

  it('mends itself where a third of it leaves at once', () => {
    const swarm = chainOf(45)
    swarm.passUntil(60_000)
    for (const number of range(1, 16)) swarm.leave(peer(number * 3))
    swarm.passUntil(180_000)
    expect(swarm.reachable).toBe(30)
    expect(Math.min(...swarm.degrees)).toBeGreaterThanOrEqual(5)
  })
})
