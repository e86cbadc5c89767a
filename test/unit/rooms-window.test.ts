import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../src/core/types.ts'
import { Hearsay } from '../../signaling-server/hearsay.ts'
import { RecentIds } from '../../signaling-server/recent-ids.ts'
import { Registrants } from '../../signaling-server/registrants.ts'
import { Random } from '../../src/core/random.ts'
import { Crowd, type Somebody } from './rooms-crowd.ts'
import { FACTS, Lobby, type Welcomed } from './rooms-lobby.ts'

const WINDOW = 64
const SEEDS = [1, 2, 3]

describe('the window', () => {
  it('holds the latest W and those of the grace, after any registrations and departures', () => {
    const step = fc.record({ waitMs: fc.nat(40), leaver: fc.option(fc.nat(), { freq: 3 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 4, max: 9 }), (script, window) => {
        const registrants = new Registrants<number>({ window, graceMs: 100 })
        const inside: { number: number; atMs: number; registration: ReturnType<typeof registrants.add> }[] =
          []
        let nowMs = 0
        script.forEach(({ waitMs, leaver }, number) => {
          nowMs += waitMs
          const registration = registrants.add(number, `network ${number}`, nowMs)
          inside.push({ number, atMs: nowMs, registration })
          const [gone] = leaver === null ? [] : inside.splice(leaver % inside.length, 1)
          if (gone !== undefined) registrants.remove(gone.registration)
          const fallen = inside.filter(({ atMs }, at) => at < inside.length - window && nowMs - atMs >= 100)
          inside.splice(0, fallen.length)
          expect(registrants.shrink(nowMs)).toStrictEqual(fallen.map((one) => one.number))
          expect(registrants.isCrowded).toBe(inside.length > window)
        })
      }),
    )
  })

  it('releases who falls out of it, once', () => {
    const lobby = new Lobby({ limits: { window: 2, graceMs: 1_000 } })
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    expect(first.window).toBe(2)
    lobby.nowMs = 5_000
    lobby.welcome(FACTS)
    expect(lobby.heard(first.connection)).toStrictEqual([{ type: 'released', swarmSize: 3 }])
    lobby.nowMs = 10_000
    lobby.tick()
    lobby.welcome(FACTS)
    expect(lobby.heard(first.connection)).toStrictEqual([])
    expect(lobby.heard(second.connection)).toStrictEqual([{ type: 'released', swarmSize: 4 }])
    expect(lobby.closedWith(first.connection)).toBeNull()
  })

  it('releases nobody in the grace, and whoever is too many when it ends', () => {
    const lobby = new Lobby({ limits: { window: 2, graceMs: 1_000 } })
    const crowd = Array.from({ length: 5 }, () => lobby.welcome(FACTS))
    const released = (): number => crowd.filter(({ connection }) => lobby.heard(connection).length > 0).length
    lobby.nowMs = 999
    lobby.tick()
    expect(released()).toBe(0)
    lobby.nowMs = 1_000
    lobby.tick()
    expect(released()).toBe(3)
  })

  it('tells whom it releases how many they are by then, those without a socket included', () => {
    const lobby = new Lobby({ limits: { window: 2, graceMs: 1_000 } })
    const crowd = Array.from({ length: 10 }, () => lobby.welcome(FACTS))
    expect(crowd.map(({ swarmSize }) => swarmSize)).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    lobby.nowMs = 1_000
    lobby.tick()
    const [first, ...others] = crowd.slice(0, 8)
    expect(lobby.heard(first?.connection ?? -1)).toStrictEqual([{ type: 'released', swarmSize: 10 }])
    for (const { connection } of others) lobby.say(connection, { type: 'detach' })
    lobby.welcome(FACTS)
    lobby.nowMs = 2_000
    lobby.tick()
    expect(lobby.heard(crowd[8]?.connection ?? -1)).toStrictEqual([{ type: 'released', swarmSize: 11 }])
  })

  it('lets a network that fills it push out its own, and nobody else', () => {
    const lobby = new Lobby({ limits: { window: WINDOW, graceMs: 0 } })
    const honest = Array.from({ length: 40 }, () => lobby.welcome(FACTS))
    const hostile = Array.from({ length: 500 }, () => lobby.welcome(FACTS, { addressPrefix: 'one' }))
    const isReleased = ({ connection }: Welcomed): boolean => lobby.heard(connection).length > 0
    expect(honest.filter(isReleased)).toHaveLength(0)
    expect(hostile.filter((one) => !isReleased(one))).toHaveLength(WINDOW - 40)
  })

  it('gives all of itself to one network where nobody else comes', () => {
    const lobby = new Lobby({ limits: { window: WINDOW, graceMs: 0 } })
    const everybody = Array.from({ length: 500 }, () => lobby.welcome(FACTS, { addressPrefix: 'one' }))
    const released = everybody.filter(({ connection }) => lobby.heard(connection).length > 0)
    expect(released).toStrictEqual(everybody.slice(0, 500 - WINDOW))
  })

  it('is as large as ever after a network that filled it has gone', () => {
    const lobby = new Lobby({ limits: { window: WINDOW, graceMs: 1_000 } })
    const crowd = Array.from({ length: 500 }, () => lobby.welcome(FACTS, { addressPrefix: 'one' }))
    lobby.nowMs = 1_000
    lobby.tick()
    for (const { connection } of crowd) lobby.disconnect(connection)
    const others = Array.from({ length: 200 }, () => lobby.welcome(FACTS))
    lobby.nowMs = 2_000
    lobby.tick()
    const released = others.filter(({ connection }) => lobby.heard(connection).length > 0)
    expect(released).toHaveLength(200 - WINDOW)
  })

  it('must fit a welcome', () => {
    expect(() => new Lobby({ limits: { window: 65_535 } })).not.toThrow()
    expect(() => new Lobby({ limits: { window: 65_536 } })).toThrow('room')
    expect(() => new Lobby({ limits: { window: 0 } })).toThrow('room')
  })
})

describe('who is outside the window', () => {
  it('is handed out as a last resort only', () => {
    const lobby = new Lobby({ limits: { window: 2, graceMs: 0, introductions: 3 } })
    const [first, second, third] = [lobby.welcome(FACTS), lobby.welcome(FACTS), lobby.welcome(FACTS)]
    const fourth = lobby.welcome(FACTS)
    expect(fourth.peers).toStrictEqual([third.id, second.id, first.id])
    lobby.welcome(FACTS)
    const crowded = new Lobby({ limits: { window: 4, graceMs: 0, introductions: 3 } })
    const outside = crowded.welcome(FACTS)
    for (let count = 0; count < 20; count++) crowded.welcome(FACTS)
    expect(crowded.welcome(FACTS).peers).not.toContain(outside.id)
  })

  it('still gets its signals', () => {
    const lobby = new Lobby({ limits: { window: 1, graceMs: 0 } })
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.heard(first.connection)
    lobby.signal(second, first)
    expect(lobby.heard(first.connection)).toHaveLength(1)
  })

  it.each(['detach', 'break'] as const)('stays a member without a socket: %s', (how) => {
    const lobby = new Lobby({ limits: { window: 1, graceMs: 0 } })
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    if (how === 'break') lobby.disconnect(first.connection)
    else lobby.say(first.connection, { type: 'detach' })
    expect(lobby.closedWith(first.connection)).toBe(how === 'break' ? null : 1000)
    expect(lobby.welcome(FACTS)).toMatchObject({ swarmSize: 3, peers: [second.id] })
  })

  it.each(['leave', 'break'] as const)('is another matter than who leaves from inside: %s', (how) => {
    const lobby = new Lobby()
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    if (how === 'break') lobby.disconnect(first.connection)
    else lobby.say(first.connection, { type: 'leave' })
    expect(lobby.welcome(FACTS)).toMatchObject({ swarmSize: 2, peers: [second.id] })
  })
})

describe.each(SEEDS)('a crowd that does as it is told, seed %i', (seed) => {
  it('takes no more sockets than the window and the joins of the last seconds, and keeps it full', () => {
    const crowd = new Crowd({ seed })
    crowd.pass(300, 6, () => {
      // The grace of 5 s, a second until the server looks, another until the visitor acts.
      const recent = crowd.registrations.slice(-8).reduce((sum, count) => sum + count, 0)
      expect(crowd.sockets).toBeLessThanOrEqual(WINDOW + recent)
    })
    crowd.pass(3_600)
    expect(crowd.members.size).toBeGreaterThan(1_000)
    crowd.pass(300, 0, () => {
      expect(crowd.sockets).toBeGreaterThanOrEqual(WINDOW)
      expect(crowd.sockets).toBeLessThanOrEqual(2 * WINDOW)
    })
  })

  it('fills the window again with the living after half of them vanished', () => {
    const crowd = new Crowd({ seed })
    crowd.pass(240, 5)
    crowd.vanishSome(0.5)
    crowd.pass(120)
    expect(crowd.sockets).toBeGreaterThanOrEqual(WINDOW)
  })

  it('fills the window of a restarted server within a minute, without a rush', () => {
    const crowd = new Crowd({ seed })
    crowd.pass(300, 5)
    const heldSockets = crowd.sockets
    crowd.restart()
    expect(crowd.sockets).toBe(heldSockets)
    crowd.registrations.length = 0
    crowd.pass(60)
    expect(crowd.sockets).toBeGreaterThanOrEqual(WINDOW)
    expect(crowd.registrations.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4 * WINDOW)
  })
})

describe('a flash crowd', () => {
  it('of 2,000 in one second is introduced into one graph of a small diameter', () => {
    const crowd = new Crowd({ seed: 7 })
    const everybody = Array.from({ length: 2_000 }, () => crowd.arrive())
    const hops = hopsFrom(everybody)
    expect(hops).toHaveLength(2_000)
    expect(Math.max(...hops)).toBeLessThanOrEqual(8)
  })
})

describe('an eclipse', () => {
  it.each(SEEDS)('by registrations just before the victim leaves half its view honest, seed %i', (seed) => {
    const random = new Random(seed)
    const lobby = new Lobby({ random: () => random.fraction() })
    const hostile = new Set<PeerId>()
    for (let count = 0; count < 200; count++) lobby.welcome(FACTS)
    lobby.nowMs = 10_000
    for (let count = 0; count < 8; count++) hostile.add(lobby.welcome(FACTS, { addressPrefix: 'one' }).id)
    const { peers } = lobby.welcome(FACTS)
    expect(peers).toHaveLength(8)
    expect(peers.filter((peer) => !hostile.has(peer)).length).toBeGreaterThanOrEqual(4)
  })
})

describe('the k that a swarm settled on', () => {
  it('is remembered, and given to who comes next', () => {
    const lobby = new Lobby()
    expect(lobby.welcome(FACTS).seats).toBeNull()
    expect(lobby.welcome(FACTS, { seats: 12 }).seats).toBe(12)
    expect(lobby.welcome(FACTS).seats).toBe(12)
  })

  it('is not for one visitor to say, nor for one network, however often', () => {
    const lobby = new Lobby()
    for (const seats of [12, 14, 16]) lobby.welcome(FACTS, { seats })
    for (let count = 0; count < 50; count++) lobby.welcome(FACTS, { seats: 65_535, addressPrefix: 'one' })
    expect(lobby.welcome(FACTS).seats).toBe(14)
  })

  it('outlives those who said it, and the wait for the facts', () => {
    const lobby = new Lobby()
    const before = lobby.welcome(FACTS, { seats: 12 })
    lobby.disconnect(before.connection)
    const waiting = lobby.welcome(null)
    lobby.say(waiting.connection, { type: 'facts', facts: FACTS })
    expect(lobby.welcome(FACTS).seats).toBe(12)
  })

  it('is the median of the last five networks', () => {
    const hearsay = new Hearsay()
    expect(hearsay.median).toBeNull()
    const medians = [9, 3, 7, 1, 5, 100, 100, 100].map((value, network) => {
      hearsay.tell(`network ${network}`, value)
      return hearsay.median
    })
    expect(medians).toStrictEqual([9, 3, 7, 3, 5, 5, 7, 100])
  })
})

describe('recent ids', () => {
  it('are forgotten in time, and the oldest where there are too many', () => {
    const ids = new RecentIds({ forMs: 100, limit: 3 })
    const [a, b, c, d] = ['a', 'b', 'c', 'd'] as [PeerId, PeerId, PeerId, PeerId]
    for (const id of [a, b, c, d]) ids.note(id, 0)
    expect([a, b, c, d].map((id) => ids.has(id, 99))).toStrictEqual([false, true, true, true])
    expect([ids.take(b, 99), ids.take(b, 99), ids.take(c, 100)]).toStrictEqual([true, false, false])
    ids.note(a, 100)
    expect(ids.size).toBe(1)
  })
})

/** How far everybody is from the first, along introductions; those out of reach are left out. */
function hopsFrom(everybody: readonly Somebody[]): number[] {
  const met = new Map<PeerId, PeerId[]>(everybody.map(({ id }) => [id, []]))
  for (const { id, welcome } of everybody)
    for (const peer of welcome.peers) {
      met.get(id)?.push(peer)
      met.get(peer)?.push(id)
    }
  const hops = new Map<PeerId, number>()
  const queue = everybody.slice(0, 1).map(({ id }) => id)
  for (const id of queue) hops.set(id, 0)
  for (const id of queue)
    for (const peer of met.get(id) ?? []) {
      if (hops.has(peer)) continue
      hops.set(peer, (hops.get(id) ?? 0) + 1)
      queue.push(peer)
    }
  return [...hops.values()]
}
