import { describe, expect, it } from 'vitest'

import { SmallWorld, type WatchedHost } from './small-world.ts'

const CHUNK_BYTES = 1_000_000
const UP_BYTES_PER_SEC = 1_000_000
const DOWN_BYTES_PER_SEC = 2_000_000

/** Blocks have a header of a few bytes. */
const HEADERS_SHARE = 0.001

function bytesBetween(host: WatchedHost, fromMs: number, untilMs: number): number {
  return host.blocks
    .filter(({ atMs }) => atMs > fromMs && atMs <= untilMs)
    .reduce((total, { bytes }) => total + bytes, 0)
}

/** Serves one chunk after another, from now on. */
function serveOn(sender: WatchedHost, receiver: WatchedHost): void {
  const end = sender.links.openEnd(receiver.id)
  if (end === null) throw new Error('There is no link.')
  sender.reacts = (input) => {
    if (input.type === 'served') sender.uplink.serve(end, 0)
  }
  sender.uplink.serve(end, 0)
}

describe('a simulated uplink', () => {
  it('sends a chunk at its rate, and says when it is through', () => {
    const world = new SmallWorld()
    const [sender, receiver] = [world.host(UP_BYTES_PER_SEC), world.host()]
    const end = world.link(sender, receiver)
    const startMs = world.queue.nowMs
    sender.uplink.serve(end, 0)
    world.runFor(5000)
    const [servedMs = 0] = sender.timesOf('served')
    expect((servedMs - startMs) / 1000).toBeCloseTo(1 + HEADERS_SHARE / 2, 2)
    expect(bytesBetween(receiver, startMs, servedMs + 100)).toBe(CHUNK_BYTES)
    expect(receiver.blocks.at(-1)?.atMs).toBeCloseTo(servedMs + 10, 6)
  })

  it('is shared by turns, a block each', () => {
    const world = new SmallWorld()
    const sender = world.host(UP_BYTES_PER_SEC)
    const receivers = [world.host(), world.host(), world.host()]
    const ends = receivers.map((receiver) => world.link(sender, receiver))
    const startMs = world.queue.nowMs
    for (const end of ends) sender.uplink.serve(end, 0)
    world.runFor(5000)
    // All three end within the time of three blocks, not one after another.
    const ended = sender.timesOf('served').map((atMs) => (atMs - startMs) / 1000)
    expect(ended).toHaveLength(3)
    for (const sec of ended) expect(sec).toBeGreaterThan(2.5)
    expect(Math.max(...ended)).toBeLessThan(3.05)
    for (const receiver of receivers) {
      const half = bytesBetween(receiver, startMs, startMs + 1500)
      expect(half / CHUNK_BYTES).toBeGreaterThan(0.3)
      expect(half / CHUNK_BYTES).toBeLessThan(0.7)
    }
  })

  it('stops what is unserved within two blocks, and gives the line to the rest', () => {
    const world = new SmallWorld()
    const sender = world.host(UP_BYTES_PER_SEC)
    const [dropped, kept] = [world.host(), world.host()]
    const ends = [world.link(sender, dropped), world.link(sender, kept)]
    for (const end of ends) sender.uplink.serve(end, 0)
    const startMs = world.queue.nowMs
    world.runFor(500)
    const stoppedMs = world.queue.nowMs
    const before = dropped.blocks.length
    expect(before).toBeGreaterThan(0)
    sender.uplink.unserve(dropped.id)
    world.runFor(5000)
    expect(dropped.blocks.length - before).toBeLessThanOrEqual(2)
    expect(sender.timesOf('served', dropped.id)).toEqual([])
    const [servedMs = Infinity] = sender.timesOf('served', kept.id)
    const wasted = bytesBetween(dropped, startMs, stoppedMs + 1000)
    expect((servedMs - startMs) / 1000).toBeCloseTo((CHUNK_BYTES + wasted) / UP_BYTES_PER_SEC, 2)
  })

  it('is not stopped by an unserve that comes when all is sent', () => {
    const world = new SmallWorld()
    const [sender, receiver] = [world.host(), world.host()]
    const end = world.link(sender, receiver)
    sender.uplink.serve(end, 0)
    world.runFor(5000)
    sender.uplink.unserve(receiver.id)
    sender.uplink.serve(end, 1)
    world.runFor(5000)
    expect(sender.timesOf('served')).toHaveLength(2)
    expect(receiver.senders).toBe(0)
  })

  it('paced to half of it sends half', () => {
    const world = new SmallWorld()
    const [sender, receiver] = [world.host(UP_BYTES_PER_SEC), world.host()]
    world.link(sender, receiver)
    sender.uplink.setPace(UP_BYTES_PER_SEC / 2)
    serveOn(sender, receiver)
    const startMs = world.queue.nowMs
    world.runFor(20_000)
    const rate = bytesBetween(receiver, startMs, startMs + 20_000) / 20
    expect(rate / UP_BYTES_PER_SEC).toBeCloseTo(0.5, 1)
    sender.uplink.setPace(null)
    world.runFor(10_000)
    const after = bytesBetween(receiver, startMs + 20_000, startMs + 30_000) / 10
    expect(after / UP_BYTES_PER_SEC).toBeCloseTo(1, 1)
  })

  it('gives control messages its time, but lets them pass blocks', () => {
    const world = new SmallWorld()
    const [sender, receiver] = [world.host(UP_BYTES_PER_SEC), world.host()]
    const end = world.link(sender, receiver)
    sender.uplink.serve(end, 0)
    const startMs = world.queue.nowMs
    for (let sent = 0; sent < 100; sent++)
      sender.uplink.send(end, { type: 'cancel', chunks: Array.from({ length: 500 }, (_, chunk) => chunk) })
    world.runFor(5000)
    const cancelled = receiver.heard.filter(
      ({ input }) => input.type === 'message' && input.message.type === 'cancel',
    )
    expect(new Set(cancelled.map(({ atMs }) => atMs))).toEqual(new Set([startMs + 10]))
    // 100 × 2001 bytes are a fifth of a second.
    expect(world.tally.controlBytes).toBe(100 * 2001)
    const [servedMs = 0] = sender.timesOf('served')
    expect((servedMs - startMs) / 1000).toBeCloseTo(1.2, 2)
  })
})

describe('a simulated downlink', () => {
  it('is the limit where uplinks are wider', () => {
    const world = new SmallWorld()
    const [sender, receiver] = [world.host(10_000_000), world.host(1, DOWN_BYTES_PER_SEC)]
    const end = world.link(sender, receiver)
    const startMs = world.queue.nowMs
    sender.uplink.serve(end, 0)
    world.runFor(5000)
    expect(((receiver.blocks.at(-1)?.atMs ?? 0) - startMs) / 1000).toBeCloseTo(
      CHUNK_BYTES / DOWN_BYTES_PER_SEC,
      1,
    )
  })

  it('is all that several senders get in together', () => {
    const world = new SmallWorld()
    const receiver = world.host(1, DOWN_BYTES_PER_SEC)
    const senders = [world.host(), world.host(), world.host(), world.host()]
    for (const sender of senders) world.link(sender, receiver)
    for (const sender of senders) serveOn(sender, receiver)
    const startMs = world.queue.nowMs
    world.runFor(10_000)
    const rate = bytesBetween(receiver, startMs + 2000, startMs + 10_000) / 8
    expect(rate / DOWN_BYTES_PER_SEC).toBeCloseTo(1, 1)
    expect(receiver.senders).toBe(4)
  })

  it.each([
    ['an origin and a mesh that could both fill it', 100_000_000, 4_000_000, 0.35, 0.65],
    ['an origin that gives a quarter of it', 500_000, 4_000_000, 0.2, 0.3],
    ['a mesh that gives a quarter of it', 100_000_000, 500_000, 0.65, 0.8],
  ])('is shared with %s', (_what, originBytesPerSec, upBytesPerSec, least, most) => {
    const world = new SmallWorld({ sizeBytes: 200_000_000, originBytesPerSec })
    const receiver = world.host(1, DOWN_BYTES_PER_SEC)
    const sender = world.host(upBytesPerSec)
    world.link(sender, receiver)
    receiver.hasSession = true
    receiver.feed({ type: 'start' })
    serveOn(sender, receiver)
    world.runFor(5000)
    const startMs = world.queue.nowMs
    const before = receiver.bytesFromOrigin
    world.runFor(20_000)
    const origin = (receiver.bytesFromOrigin - before) / 20 / DOWN_BYTES_PER_SEC
    const mesh = bytesBetween(receiver, startMs, startMs + 20_000) / 20 / DOWN_BYTES_PER_SEC
    expect(origin).toBeGreaterThan(least)
    expect(origin).toBeLessThan(most)
    // Together they fill it, and no more.
    expect(origin + mesh).toBeGreaterThan(0.85)
    expect(origin + mesh).toBeLessThan(1.1)
  })
})
