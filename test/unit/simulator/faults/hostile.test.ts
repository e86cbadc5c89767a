/** Peers that do harm: what they say and do, and what becomes of a swarm that has some. */

import { describe, expect, it } from 'vitest'

import { FreeRider } from '../../../../simulator/faults/free-rider.ts'
import { Forger } from '../../../../simulator/faults/forger.ts'
import { Liar } from '../../../../simulator/faults/liar.ts'
import type { Means, Mind } from '../../../../simulator/faults/mind.ts'
import { Staller } from '../../../../simulator/faults/staller.ts'
import type { Trouble } from '../../../../simulator/faults/trouble.ts'
import type { RunResult } from '../../../../simulator/scenario.ts'
import { simulate } from '../../../../simulator/simulation.ts'
import { Geometry } from '../../../../src/core/geometry.ts'
import { Random } from '../../../../src/core/random.ts'
import { Session } from '../../../../src/core/session.ts'
import type { SessionOutput } from '../../../../src/core/session-io.ts'
import type { PeerId } from '../../../../src/core/types.ts'
import { encodePeerMessage } from '../../../../src/core/wire/peer-codec.ts'
import { PROTOCOL_VERSION } from '../../../../src/core/wire/limits.ts'
import type { PeerMessage } from '../../../../src/core/wire/peer-messages.ts'

const PEER = '00000000000000aa' as PeerId
const FACTS = { sizeBytes: 160_000, chunkBytes: 16_384, validator: null, root: null }

function means(seed: number): Means {
  const session = new Session({
    seed: 1,
    facts: FACTS,
    chunkBytesFor: () => FACTS.chunkBytes,
    locator: null,
    verification: 'none',
    chunkDigests: null,
  })
  return { session, geometry: new Geometry(FACTS), random: new Random(seed), forgedPerSec: null }
}

/** Begins, and has a neighbour; all that it says to it from then on. */
class Met {
  readonly said: PeerMessage[] = []
  private readonly mind: Mind

  constructor(mind: Mind) {
    this.mind = mind
    this.hand({ type: 'start' }, 0)
    this.hand({ type: 'linkOpened', peer: PEER }, 0)
    this.hear({ type: 'hello', version: PROTOCOL_VERSION, features: 0, ...FACTS }, 0)
  }

  hear(message: PeerMessage, nowMs: number): void {
    this.hand({ type: 'message', peer: PEER, message }, nowMs)
  }

  /** Lets it do what is due up to then. */
  runUntil(untilMs: number): void {
    for (;;) {
      const dueMs = this.mind.nextDeadlineMs()
      if (dueMs === null || dueMs > untilMs) return
      this.hand({ type: 'tick' }, dueMs)
    }
  }

  of<T extends PeerMessage['type']>(type: T): Extract<PeerMessage, { type: T }>[] {
    return this.said.filter((message): message is Extract<PeerMessage, { type: T }> => message.type === type)
  }

  private hand(input: Parameters<Mind['handle']>[0], nowMs: number): void {
    const outputs: SessionOutput[] = this.mind.handle(input, nowMs)
    for (const output of outputs) if (output.type === 'send') this.said.push(output.message)
  }
}

/** One that draws its first habit, and one that draws its second. */
const SEEDS = [0, 1, 2, 3, 4, 5, 6, 7]

describe('a liar', () => {
  it('says that it has everything, and refuses or keeps silent', () => {
    const answers = SEEDS.map((seed) => {
      const met = new Met(new Liar(means(seed)))
      expect(met.of('bitfield')).toEqual([{ type: 'bitfield', bits: Uint8Array.of(0xff, 0xc0) }])
      met.hear({ type: 'request', chunks: [3] }, 10)
      expect(met.of('block')).toEqual([])
      return met.of('refuse').length
    })
    expect(new Set(answers)).toEqual(new Set([0, 1]))
  })
})

describe('a staller', () => {
  it('sends one block, or a byte a second, and never a whole chunk', () => {
    const sizes = SEEDS.map((seed) => {
      const met = new Met(new Staller(means(seed)))
      met.hear({ type: 'request', chunks: [3] }, 0)
      met.runUntil(10_500)
      const blocks = met.of('block')
      for (const { chunk } of blocks) expect(chunk).toBe(3)
      return blocks.map(({ payload }) => payload.byteLength)
    })
    expect(sizes).toContainEqual([16_383])
    expect(sizes).toContainEqual(Array.from({ length: 11 }, () => 1))
  })

  it('stops where it is cancelled', () => {
    const dribbler = SEEDS.map((seed) => new Met(new Staller(means(seed)))).map((met) => {
      met.hear({ type: 'request', chunks: [3] }, 0)
      met.hear({ type: 'cancel', chunks: [3] }, 500)
      met.runUntil(10_000)
      return met.of('block').length
    })
    expect(Math.max(...dribbler)).toBe(1)
  })
})

describe('a free rider', () => {
  it('refuses requests, or does not answer, and says nothing that is not so', () => {
    const answers = SEEDS.map((seed) => {
      const met = new Met(new FreeRider(means(seed)))
      expect(met.of('bitfield')).toEqual([])
      met.hear({ type: 'request', chunks: [3] }, 10)
      return met.of('refuse').length
    })
    expect(new Set(answers)).toEqual(new Set([0, 1]))
  })
})

describe('a forger', () => {
  const met = new Met(new Forger(means(1)))
  met.runUntil(1000)

  it('floods more claims and updates than are listened to, all well-formed', () => {
    expect(met.of('claim')).toHaveLength(250)
    expect(met.of('update')).toHaveLength(10)
    for (const message of met.said)
      if (message.type === 'claim' || message.type === 'update') encodePeerMessage(message)
  })

  it('speaks in names that it has heard, and in others', () => {
    const names = new Set(met.of('claim').map(({ peer }) => peer))
    expect(names).toContain(PEER)
    expect(names.size).toBeGreaterThan(50)
  })
})

function run(trouble: Trouble): RunResult {
  return simulate({
    name: 'thirty',
    seed: 4,
    peers: 30,
    sizeBytes: 4_000_000,
    origin: { upBytesPerSec: 1_250_000 },
    links: [{ name: 'home', share: 1, upBytesPerSec: 1_250_000, downBytesPerSec: 12_500_000 }],
    latency: { rttMs: [20, 60] },
    arrivals: { kind: 'atOnce' },
    departure: { kind: 'stay' },
    trouble,
  })
}

describe('a swarm of thirty', () => {
  it.each([
    { liarsShare: 0.3 },
    { stallersShare: 0.3 },
    { forgersShare: 0.1, forgedPerSec: 30 },
    { freeRidersShare: 0.5 },
    { liarsShare: 0.2, stallersShare: 0.2, forgersShare: 0.1, forgedPerSec: 10, pollutersShare: 0.2 },
  ] satisfies Trouble[])('is complete with %j, and bans nobody who is honest', (trouble) => {
    const { violations, peers, faults } = run(trouble)
    expect(violations).toEqual([])
    expect(faults?.falseBans).toBe(0)
    expect(peers.filter(({ role, tookMs }) => role === undefined && tookMs === null)).toEqual([])
  })

  it('leaves no chunk with a staller for long', () => {
    const held = run({ stallersShare: 0.3 }).faults?.longestHeldMs ?? 0
    expect(held).toBeGreaterThan(1000)
    expect(held).toBeLessThan(5500)
  })

  it('gets nothing of free riders and liars', () => {
    const { peers } = run({ liarsShare: 0.2, freeRidersShare: 0.2 })
    expect(peers.filter(({ role }) => role === 'liar')).toHaveLength(6)
    expect(peers.filter(({ role }) => role === 'freeRider')).toHaveLength(6)
    for (const { role, bytesToPeers } of peers) expect(bytesToPeers > 0).toBe(role === undefined)
  })

  it('is left by all that are hostile when their time is over', () => {
    const { peers, violations } = run({ liarsShare: 0.2, pollutersShare: 0.2, hostileUntilMs: 500 })
    expect(violations).toEqual([])
    for (const { role, died } of peers) expect(died).toBe(role !== undefined)
  })
})
