import { describe, expect, it } from 'vitest'

import { SILENCE_NOTICED_MS } from '../../../simulator/links.ts'
import { SmallWorld, type WatchedHost } from './small-world.ts'

const RTT_MS = 20
const ONE_WAY_MS = RTT_MS / 2

function hostsOf(world: SmallWorld, count: number): WatchedHost[] {
  return Array.from({ length: count }, () => world.host())
}

function pair(world = new SmallWorld()): [WatchedHost, WatchedHost] {
  return [world.host(), world.host()]
}

describe('a simulated link', () => {
  it('opens on both sides at one time, and once', () => {
    const world = new SmallWorld()
    const [a, b] = pair(world)
    world.link(a, b)
    expect(a.timesOf('linkOpened')).toEqual(b.timesOf('linkOpened'))
    // An offer and an answer by the server, then three round trips.
    expect(a.timesOf('linkOpened')).toEqual([2 * 30 + 3 * RTT_MS])
  })

  it.each([
    ['at the same time', 0],
    ['while the other’s offer is on its way', 20],
  ])('is one link if both sides connect %s, and the smaller id stays the initiator', (_when, laterMs) => {
    const world = new SmallWorld()
    const [a, b] = pair(world)
    b.links.connect(a.id)
    world.queue.callAt(laterMs, () => a.links.connect(b.id))
    world.runFor(30_000)
    for (const [host, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(host.timesOf('linkOpened')).toHaveLength(1)
      expect(host.timesOf('linkClosed')).toEqual([])
      expect(host.links.size).toBe(1)
      expect(host.links.openEnd(other.id)?.remote).toBe(other.links.openEnd(host.id))
    }
    expect(a.links.openEnd(b.id)?.isInitiator).toBe(true)
    expect(b.links.openEnd(a.id)?.isInitiator).toBe(false)
    expect(world.attempts.size).toBe(0)
  })

  it('closed on purpose is lost to the other side one way later, and to nobody twice', () => {
    const world = new SmallWorld()
    const [a, b] = pair(world)
    world.link(a, b)
    const closedMs = world.queue.nowMs
    a.links.close(b.id)
    world.runFor(30_000)
    expect(b.timesOf('linkClosed')).toEqual([closedMs + ONE_WAY_MS])
    expect(a.timesOf('linkClosed')).toEqual([])
    expect([a.links.size, b.links.size]).toEqual([0, 0])
  })

  it('of one that dies without a word is lost after the time that ICE takes to notice', () => {
    const world = new SmallWorld()
    const [a, b] = pair(world)
    world.link(a, b)
    const diedMs = world.queue.nowMs
    a.stop(true)
    world.runFor(30_000)
    expect(b.timesOf('linkClosed')).toEqual([diedMs + SILENCE_NOTICED_MS])
  })

  it('that is never answered is given up after 15 s, and makes room', () => {
    const world = new SmallWorld()
    const [a, b] = pair(world)
    b.stop(true)
    world.hosts.delete(b.id)
    a.links.connect(b.id)
    world.runFor(14_999)
    expect(a.links.size).toBe(1)
    world.runFor(2)
    expect(a.timesOf('linkClosed')).toEqual([15_000])
    expect(a.links.size).toBe(0)
    expect(world.attempts.size).toBe(0)
  })

  it('carries messages in order, however their ways differ', () => {
    const world = new SmallWorld({ latency: { rttMs: [100, 100], jitterShare: 5 } })
    const [a, b] = pair(world)
    const end = world.link(a, b)
    for (let chunk = 0; chunk < 50; chunk++)
      world.queue.callAt(world.queue.nowMs + chunk, () =>
        a.uplink.send(end, { type: 'cancel', chunks: [chunk] }),
      )
    world.runFor(5000)
    const chunks = b.heard.flatMap(({ input }) =>
      input.type === 'message' && input.message.type === 'cancel' ? input.message.chunks : [],
    )
    expect(chunks).toEqual(Array.from({ length: 50 }, (_, chunk) => chunk))
  })
})

describe('the links of a simulated host', () => {
  it('start four at a time, and all open in the end', () => {
    const world = new SmallWorld()
    const [host, ...others] = hostsOf(world, 11)
    if (host === undefined) throw new Error('There is none.')
    for (const { id } of others) host.links.connect(id)
    let [most, opened] = [0, 0]
    while (opened < others.length && world.queue.step()) {
      opened = host.timesOf('linkOpened').length
      most = Math.max(most, world.attempts.size)
    }
    expect(opened).toBe(10)
    expect(most).toBe(4)
    // Three rounds of four, four and two.
    const times = [...new Set(host.timesOf('linkOpened'))]
    expect(times).toEqual([120, 240, 360])
  })

  it('are 64 at most: the next is refused at once', () => {
    const world = new SmallWorld()
    const [host, ...others] = hostsOf(world, 66)
    if (host === undefined) throw new Error('There is none.')
    for (const { id } of others) host.links.connect(id)
    expect(host.timesOf('linkClosed')).toEqual([0])
    world.runFor(60_000)
    expect(host.links.size).toBe(64)
  })

  it('answer 32 at a time, so that a crowd at one door waits', () => {
    const world = new SmallWorld({ latency: { rttMs: [2000, 2000] } })
    const [host, ...others] = hostsOf(world, 41)
    if (host === undefined) throw new Error('There is none.')
    for (const other of others) other.links.connect(host.id)
    world.runFor(100)
    expect(host.links.size).toBe(32)
    world.runFor(60_000)
    expect(host.timesOf('linkOpened')).toHaveLength(32)
    // Nobody answered the rest; they give up.
    expect(others.filter((other) => other.timesOf('linkClosed').length === 1)).toHaveLength(8)
  })
})
