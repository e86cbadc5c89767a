import { describe, expect, it } from 'vitest'

import type { Join } from '../../../src/core/wire/topology-messages.ts'
import { fileOf, peer, range } from './shapes.ts'
import { claimOf, lateVisitor, LOCATOR, pick, SELF, Visitor, type VisitorOptions } from './visitor.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)
const RELEASED = { type: 'released', swarmSize: 1000 } as const

/** Welcomed to a swarm of so many, with two neighbours; its download rests. */
function visitorOf(swarmSize: number, options: VisitorOptions = {}): Visitor {
  const visitor = lateVisitor(CHUNKS, options)
  visitor.welcome({ joinIndex: 9_999_999, swarmSize })
  visitor.handle({ type: 'pause' })
  for (const from of [ANNA, BERT]) visitor.meet(from, FACTS)
  return visitor
}

function released(swarmSize: number, options: VisitorOptions = {}): Visitor {
  const visitor = visitorOf(swarmSize, options)
  visitor.handle({ type: 'released', swarmSize })
  return visitor
}

/** How often, and with what, it has registered again. */
function rejoins(visitor: Visitor): Join[] {
  return visitor
    .all('topology')
    .flatMap(({ message }) => (message.type === 'join' ? [message] : []))
    .slice(1)
}

describe('a visitor that the topology server releases', () => {
  it('lets its socket go where it has two neighbours', () => {
    const visitor = visitorOf(1000)
    expect(visitor.handle(RELEASED)).toEqual([{ type: 'detach' }])
  })

  it('waits for the second neighbour to say hello', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    expect(visitor.handle(RELEASED)).toEqual([])
    expect(pick(visitor.handle({ type: 'linkOpened', peer: BERT }), 'detach')).toEqual([])
    expect(pick(visitor.meet(BERT, FACTS), 'detach')).toHaveLength(1)
    visitor.meet(peer(3), FACTS)
    expect(visitor.all('detach')).toHaveLength(1)
  })

  it('stays where nobody released it, or where it has joined anew since', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.handle(RELEASED)
    visitor.welcome({ swarmSize: 9 })
    for (const number of range(1, 9)) visitor.meet(peer(number), FACTS)
    expect(visitor.all('detach')).toEqual([])
  })

  it('lets its socket go but once for each release', () => {
    const visitor = released(1000)
    visitor.handle(RELEASED)
    expect(visitor.all('detach')).toHaveLength(1)
  })

  it('speaks to the server no more, but to the mesh', () => {
    const visitor = visitorOf(1000)
    visitor.handle({ type: 'signalled', from: peer(9), data: 1 })
    visitor.handle(RELEASED)
    expect(pick(visitor.handle({ type: 'linkSignal', peer: peer(9), data: 1 }), 'topology')).toEqual([])
  })
})

describe('a visitor without its socket', () => {
  it('registers again as whom it was, and says by how many it tossed', () => {
    // The window is as large as the swarm: it always wins.
    const visitor = released(64)
    expect(rejoins(visitor)).toEqual([])
    visitor.pass(60_000)
    expect(rejoins(visitor)).toEqual([
      {
        type: 'join',
        version: 1,
        locator: LOCATOR,
        facts: FACTS,
        resume: { id: SELF, token: 'token', swarmSize: 64 },
        seats: null,
      },
    ])
  })

  it('tosses first at any moment of the minute, so that a crowd released at once does not toss in step', () => {
    const delays = range(1, 61).map((seed) => {
      const visitor = released(64, { seed })
      const releasedAtMs = visitor.nowMs
      while (rejoins(visitor).length === 0) visitor.pass(1000)
      return visitor.nowMs - releasedAtMs
    })
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000)
    for (const quarter of range(0, 4)) {
      const within = delays.filter((delay) => delay > quarter * 15_000 && delay <= (quarter + 1) * 15_000)
      // 15 on average; its standard deviation is 3.4.
      expect(within.length).toBeGreaterThan(4)
    }
  })

  it('tosses by the size that it was told when it was released', () => {
    const visitor = visitorOf(3)
    visitor.handle({ type: 'released', swarmSize: 64 })
    visitor.pass(60_000)
    expect(rejoins(visitor)[0]?.resume?.swarmSize).toBe(64)
    expect(visitor.session.swarmSize).toBe(64)
  })

  it('tosses by the size that it was told last, by a pong', () => {
    const visitor = visitorOf(3)
    visitor.handle(RELEASED)
    visitor.handle({ type: 'counted', swarmSize: 60 })
    visitor.pass(60_000)
    expect(rejoins(visitor)[0]?.resume?.swarmSize).toBe(60)
  })

  it.each([
    ['none is settled', { version: 0, phase: 'steady' }, null],
    ['one is settled', { version: 4, phase: 'steady' }, 16],
    ['another is on trial', { version: 4, phase: 'growing' }, null],
    ['fewer are on trial', { version: 4, phase: 'shrinking' }, null],
  ] as const)('tells the k of the swarm where %s', (_name, plan, seats) => {
    const visitor = released(64)
    const claim = claimOf(ANNA, 1, 0, 1, 0)
    visitor.hear(ANNA, { ...claim, plan: { ...claim.plan, ...plan, seats: 16 } })
    visitor.pass(60_000)
    expect(rejoins(visitor).map((join) => join.seats)).toEqual([seats])
  })

  it('registers once a minute with the probability that keeps the window full', () => {
    // 64 of 640: a tenth of the tosses.
    const joined = range(1, 41).map((seed) => {
      const visitor = released(640, { seed })
      for (const _ of range(0, 20)) {
        visitor.pass(60_000)
        if (rejoins(visitor).length > 0) return 1
      }
      return 0
    })
    const share = joined.reduce<number>((sum, each) => sum + each, 0) / joined.length
    // 1 − 0.9²⁰ = 0.88 of them within twenty minutes.
    expect(share).toBeGreaterThan(0.7)
    expect(share).toBeLessThan(1)
  })

  it('is released again, and again registers', () => {
    const visitor = released(10)
    visitor.pass(90_000)
    visitor.welcome({ swarmSize: 11 })
    expect(visitor.handle({ type: 'released', swarmSize: 12 })).toEqual([{ type: 'detach' }])
    visitor.pass(90_000)
    expect(rejoins(visitor).map(({ resume }) => resume?.swarmSize)).toEqual([10, 12])
  })

  it('stays where the server goes on wanting it', () => {
    const visitor = released(10)
    visitor.pass(90_000)
    visitor.welcome({ swarmSize: 12 })
    visitor.pass(600_000)
    expect(rejoins(visitor)).toHaveLength(1)
  })

  it('does not register again where the server wants nobody’s socket', () => {
    const visitor = visitorOf(3)
    visitor.welcome({ swarmSize: 3, window: 0 })
    visitor.handle(RELEASED)
    visitor.pass(600_000)
    expect(rejoins(visitor)).toEqual([])
  })

  it('comes back within three seconds where its neighbours run out, not all at the same moment', () => {
    const delays = range(1, 30).map((seed) => {
      const visitor = released(100_000, { seed })
      const lostAtMs = visitor.nowMs
      visitor.handle({ type: 'linkClosed', peer: ANNA })
      passUntilRejoin(visitor, 1)
      expect(rejoins(visitor)[0]?.resume).toEqual({ id: SELF, token: 'token', swarmSize: null })
      return visitor.nowMs - lostAtMs
    })
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1000)
    expect(Math.max(...delays)).toBeLessThanOrEqual(3000)
    expect(new Set(delays).size).toBeGreaterThan(10)
  })

  it('stays away where another neighbour comes in time', () => {
    const visitor = released(100_000)
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    visitor.meet(peer(3), FACTS)
    visitor.pass(20_000)
    expect(rejoins(visitor)).toEqual([])
  })

  it('comes back more slowly the oftener it happens', () => {
    const visitor = released(100_000)
    const waits = range(0, 5).map(() => {
      const before = rejoins(visitor).length
      const lostAtMs = visitor.nowMs
      visitor.handle({ type: 'linkClosed', peer: ANNA })
      passUntilRejoin(visitor, before + 1)
      const waitMs = visitor.nowMs - lostAtMs
      visitor.welcome({ swarmSize: 100_000 })
      visitor.meet(ANNA, FACTS)
      visitor.handle({ type: 'released', swarmSize: 100_000 })
      return waitMs
    })
    expect(waits[4]).toBeGreaterThanOrEqual(16_000)
    expect(waits[4]).toBeLessThanOrEqual(48_100)
    visitor.pass(600_000)
    const before = rejoins(visitor).length
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    visitor.pass(3000)
    expect(rejoins(visitor)).toHaveLength(before + 1)
  })

  it('takes one of the server’s candidates where it has neighbours enough', () => {
    const visitor = released(10)
    for (const number of range(3, 9)) visitor.meet(peer(number), FACTS)
    visitor.pass(90_000)
    visitor.welcome({ swarmSize: 12, peers: range(0x70, 0x80).map(peer) })
    expect(visitor.all('connect')).toHaveLength(1)
    expect(visitor.session.swarmSize).toBe(12)
  })

  it('has another name where the server has forgotten it, and keeps its neighbours', () => {
    const visitor = released(10)
    visitor.pass(90_000)
    visitor.welcome({ id: peer(0x501), token: 'other', swarmSize: 12 })
    expect(visitor.session.neighbours.size).toBe(2)
    expect(visitor.hear(ANNA, relayTo(0x501))).toHaveLength(1)
    visitor.handle({ type: 'released', swarmSize: 12 })
    visitor.pass(90_000)
    expect(rejoins(visitor).at(-1)?.resume).toMatchObject({ id: peer(0x501), token: 'other' })
  })
})

describe('a visitor that nobody releases', () => {
  it('learns by pongs how its swarm grows', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ facts: FACTS })
    expect(visitor.session.swarmSize).toBe(1)
    expect(visitor.handle({ type: 'counted', swarmSize: 40 })).toEqual([])
    expect(visitor.session.swarmSize).toBe(40)
    visitor.handle({ type: 'counted', swarmSize: 30 })
    expect(visitor.session.swarmSize).toBe(30)
  })
})

describe('a visitor whose topology server is gone', () => {
  it('keeps its neighbours and asks for nothing', () => {
    const visitor = visitorOf(1000)
    expect(visitor.handle({ type: 'topologyLost' })).toEqual([])
    visitor.pass(600_000)
    expect(visitor.session.neighbours.size).toBe(2)
    expect(rejoins(visitor)).toEqual([])
  })
})

/** Lets time pass until it has registered so often, a minute at most. */
function passUntilRejoin(visitor: Visitor, count: number): void {
  for (let steps = 0; steps < 1200 && rejoins(visitor).length < count; steps++) visitor.pass(50)
}

function relayTo(to: number) {
  return { type: 'relay' as const, from: peer(9), to: peer(to), nonce: 1, ttl: 3, data: '1' }
}
