/** A network that is cut for a while: what is on its way waits, links that wait too long are given up, none is set up. */

import { describe, expect, it } from 'vitest'

import { Random } from '../../../../src/core/random.ts'
import { SmallWorld, type WatchedHost } from '../small-world.ts'

/** Two hosts with a link, parted from now on. */
function parted(): { world: SmallWorld; near: WatchedHost; far: WatchedHost } {
  const world = new SmallWorld()
  const near = world.host()
  const hosts = Array.from({ length: 8 }, () => world.host())
  world.network.part(0, 0.5)
  const far = hosts.find(({ index }) => world.network.isCut(near.index, index))
  world.network.mend(0)
  if (far === undefined) throw new Error('All are on one side.')
  world.link(near, far)
  world.network.part(0, 0.5)
  change(world)
  return { world, near, far }
}

function change(world: SmallWorld): void {
  for (const host of world.hosts.values()) host.links.networkChanged(new Random(host.index))
}

function mend(world: SmallWorld): void {
  world.network.mend(0)
  change(world)
}

describe('a cut in the network', () => {
  it('holds up messages and blocks, which arrive in order when it is mended', () => {
    const { world, near, far } = parted()
    const end = near.links.openEnd(far.id)
    if (end === null) throw new Error('There is no link.')
    near.uplink.send(end, { type: 'have', chunks: [1], digests: null })
    near.uplink.send(end, { type: 'have', chunks: [2], digests: null })
    near.uplink.serve(end, 3)
    world.runFor(10_000)
    expect(far.timesOf('message')).toEqual([])
    mend(world)
    world.runFor(10_000)
    const heard = far.heard.flatMap(({ input }) => (input.type === 'message' ? [input.message] : []))
    expect(heard.slice(0, 2)).toMatchObject([{ chunks: [1] }, { chunks: [2] }])
    expect(far.blocks.reduce((total, { bytes }) => total + bytes, 0)).toBe(1_000_000)
    expect(near.timesOf('served')).toHaveLength(1)
  })

  it('closes links at both ends within 15 to 30 s, each at its own time', () => {
    const { world, near, far } = parted()
    const cutAtMs = world.queue.nowMs
    world.runFor(31_000)
    for (const host of [near, far]) {
      const [closedMs = 0] = host.timesOf('linkClosed')
      expect(closedMs - cutAtMs).toBeGreaterThanOrEqual(15_000)
      expect(closedMs - cutAtMs).toBeLessThan(30_000)
    }
  })

  it('that is mended before that closes no link', () => {
    const { world, near, far } = parted()
    world.runFor(14_000)
    mend(world)
    world.runFor(60_000)
    expect(near.links.openEnd(far.id)).not.toBeNull()
    expect(far.timesOf('linkClosed')).toEqual([])
  })

  it('lets an end that waited know in the end that the other is gone', () => {
    const { world, near, far } = parted()
    near.links.close(far.id)
    world.runFor(5_000)
    expect(far.timesOf('linkClosed')).toEqual([])
    mend(world)
    world.runFor(1_000)
    expect(far.timesOf('linkClosed')).toHaveLength(1)
  })

  it('lets no link be set up, until both give up', () => {
    const { world, near, far } = parted()
    world.runFor(31_000)
    near.links.connect(far.id)
    world.runFor(14_000)
    expect(near.links.openEnd(far.id)).toBeNull()
    world.runFor(2_000)
    expect(near.timesOf('linkClosed')).toHaveLength(2)
  })

  it('leaves those on the same side alone', () => {
    const { world, near } = parted()
    const neighbour = [...world.hosts.values()].find(
      (host) => host !== near && !world.network.isCut(near.index, host.index),
    )
    if (neighbour === undefined) throw new Error('Nobody is on this side.')
    const end = world.link(near, neighbour)
    near.uplink.send(end, { type: 'have', chunks: [1], digests: null })
    world.runFor(100)
    expect(neighbour.timesOf('message', near.id)).toHaveLength(1)
  })
})
