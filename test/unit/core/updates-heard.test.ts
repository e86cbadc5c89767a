import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'

import { BANDWIDTH } from '../../../src/core/mesh/bandwidth.ts'
import { UPDATES } from '../../../src/core/mesh/updates.ts'
import { randomGraph } from './graphs.ts'
import { peer, range } from './shapes.ts'
import { CHUNKS, hearOf, Teller, updateOf } from './teller.ts'
import { SELF } from './visitor.ts'

let teller: Teller

beforeEach(() => {
  teller = new Teller()
})

describe("another peer's update", () => {
  it('is passed on, one link further, to three others than whom it came from and whom it is about', () => {
    teller.meet(...range(1, 7))
    expect(teller.hear(1, updateOf(2, 1, [4]))).toBe(true)
    expect(teller.sent.map(({ update }) => update)).toEqual(range(0, 3).map(() => updateOf(2, 1, [4], 2)))
    const told = teller.sent.map(({ to }) => to)
    expect(new Set(told).size).toBe(3)
    for (const to of told) expect([peer(3), peer(4), peer(5), peer(6)]).toContain(to)
  })

  it('is taken once, and never again in an older version', () => {
    teller.meet(1, 2, 3)
    for (const [sequence, chunk] of [
      [5, 0],
      [5, 1],
      [4, 2],
    ] as const)
      teller.hear(1, updateOf(70, sequence, [chunk]))
    expect([...(teller.updates.tree?.nowhere() ?? [])]).toEqual(range(1, CHUNKS))
    expect(teller.sent).toHaveLength(2)
    expect(teller.heardOf).toEqual([{ peer: peer(70), via: peer(1), isSeed: false }])
    teller.hear(2, updateOf(70, 6, range(0, CHUNKS)))
    expect([...(teller.updates.tree?.nowhere() ?? [])]).toEqual([])
    expect(teller.heardOf.at(-1)).toEqual({ peer: peer(70), via: peer(2), isSeed: true })
  })

  it('that has crossed three links is taken but not passed on', () => {
    teller.meet(1, 2, 3)
    for (const hops of [3, 4, 16]) teller.hear(1, updateOf(70 + hops, 1, [hops], hops))
    expect(teller.sent).toEqual([])
    expect(teller.updates.tree?.existsAnywhere(16)).toBe(true)
    teller.hear(1, updateOf(70, 1, [], 0))
    expect(teller.sent.map(({ update }) => update.hops)).toEqual([2, 2])
  })

  it('that is our own is ignored', () => {
    teller.meet(1, 2)
    teller.hear(1, { ...updateOf(0, 9, [1]), peer: SELF })
    expect(teller.sent).toEqual([])
    expect(teller.heardOf).toEqual([])
    expect(teller.updates.heardPeers()).toEqual([])
  })

  it('with bits for another file is a violation, within the budget and beyond it', () => {
    teller.meet(1, 2)
    for (const bits of [new Uint8Array(2), new Uint8Array(4), Uint8Array.of(0, 0, 1)])
      expect(teller.hear(1, { ...updateOf(70, 1), bits })).toBe(false)
    for (const sequence of range(0, 50)) expect(teller.hear(1, updateOf(70, sequence))).toBe(true)
    expect(teller.hear(1, { ...updateOf(70, 99), bits: new Uint8Array(2) })).toBe(false)
  })

  it('is ignored where its bearer has brought too many: twenty at once, five a second', () => {
    teller.meet(1, 2)
    for (const number of range(0, 30)) teller.hear(1, updateOf(100 + number, 1))
    expect(teller.updates.heardPeers()).toEqual(range(100, 120).map(peer))
    teller.hear(2, updateOf(200, 1))
    expect(teller.heardOf.at(-1)?.peer).toBe(peer(200))
    teller.context.nowMs = 1000
    for (const number of range(0, 30)) teller.hear(1, updateOf(300 + number, 1))
    expect(teller.heardOf).toHaveLength(20 + 1 + 5)
  })
})

describe('what was heard', () => {
  it('is kept of 64 peers, the longest unheard making room', () => {
    teller.meet(1)
    hearOf(teller, 64)
    expect(teller.updates.tree?.size).toBe(64)
    teller.context.nowMs += 1000
    teller.hear(1, updateOf(1000, 2, [7]))
    teller.hear(1, updateOf(2000, 1, [8]))
    const heard = teller.updates.heardPeers()
    expect(heard).toHaveLength(64)
    expect(heard).not.toContain(peer(1001))
    expect(heard.slice(-2)).toEqual([peer(1000), peer(2000)])
    expect([...(teller.updates.tree?.whoHas(1) ?? [])]).not.toContain(peer(1001))
    expect([...(teller.updates.tree?.whoHas(7) ?? [])]).toContain(peer(1000))
  })

  it('counts for two minutes', () => {
    teller.meet(1)
    teller.hear(1, updateOf(70, 1, [3]))
    teller.context.nowMs = UPDATES.lifetimeMs - 1
    teller.hear(1, updateOf(71, 1, [4]))
    expect(teller.updates.tree?.existsAnywhere(3)).toBe(true)
    teller.context.nowMs = UPDATES.lifetimeMs
    expect(teller.updates.tree?.existsAnywhere(3)).toBe(false)
    expect(teller.updates.heardPeers()).toEqual([peer(71)])
    // Then a peer that began anew is heard again.
    teller.hear(1, updateOf(70, 1, [3]))
    expect(teller.updates.tree?.existsAnywhere(3)).toBe(true)
  })

  it('of a neighbour that leaves is void, and old copies still on their way do not revive it', () => {
    teller.meet(1, 2)
    teller.hear(1, updateOf(1, 1, [3]))
    teller.lose(1)
    expect(teller.updates.tree?.existsAnywhere(3)).toBe(false)
    teller.hear(2, updateOf(1, 1, [3], 2))
    expect(teller.updates.heardPeers()).toEqual([])
  })

  it('is of fewer peers where the file has very many chunks', () => {
    const large = new Teller({ chunks: 1_000_000 })
    large.meet(1)
    for (const number of range(0, 20))
      large.hear(1, { ...updateOf(70 + number, 1), bits: new Uint8Array(125_000) })
    expect(large.updates.heardPeers()).toEqual(range(74, 90).map(peer))
  })

  it('gives the mean degree, which one liar does not move far', () => {
    expect(teller.updates.meanDegree).toBe(0)
    teller.meet(...range(1, 11))
    expect(teller.updates.meanDegree).toBe(10)
    for (const [place, degree] of [6, 8, 12].entries()) teller.hear(1, { ...updateOf(70 + place, 1), degree })
    expect(teller.updates.meanDegree).toBe(9)
    teller.hear(1, { ...updateOf(79, 1), degree: 255 })
    expect(teller.updates.meanDegree).toBe((6 + 8 + 10 + 12 + 20) / 5)
  })

  it('is never more than its limits, whatever is said', () => {
    const anyUpdate = fc.record({
      from: fc.integer({ min: 1, max: 5 }),
      author: fc.nat(200),
      sequence: fc.nat(4),
      hops: fc.nat(16),
      chunks: fc.uniqueArray(fc.nat(CHUNKS - 1)),
      afterMs: fc.nat(20_000),
    })
    fc.assert(
      fc.property(fc.array(anyUpdate, { maxLength: 150, size: 'max' }), (heard) => {
        const host = new Teller()
        host.meet(...range(1, 6))
        for (const { from, author, sequence, hops, chunks, afterMs } of heard) {
          host.context.nowMs += afterMs
          expect(host.hear(from, updateOf(author, sequence, chunks, hops))).toBe(true)
          expect(host.updates.heardPeers().length).toBeLessThanOrEqual(BANDWIDTH.mostCached)
          expect(host.updates.tree?.size).toBe(host.updates.heardPeers().length)
        }
        for (const { to, update } of host.sent) {
          expect(update.hops).toBeLessThanOrEqual(UPDATES.hopLimit)
          expect(to).not.toBe(update.peer)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('one update in a mesh of 500', () => {
  it('costs at most 39 messages, of which nearly all are news', () => {
    const graph = randomGraph(500, 8, 3)
    const tellers = graph.map((others, node) => {
      const each = new Teller({ seed: node + 1, selfId: peer(node) })
      each.meet(...others)
      return each
    })
    const [author] = tellers
    const underWay = [...(author?.ring() ?? [])].map((sent) => ({ from: 0, ...sent }))
    let messages = 0
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
      messages++
      const node = Number.parseInt(next.to, 16)
      const receiver = tellers[node]
      if (receiver === undefined) continue
      receiver.sent = []
      expect(receiver.hear(next.from, next.update)).toBe(true)
      underWay.push(...receiver.sent.map((sent) => ({ from: node, ...sent })))
    }
    const reached = tellers.filter(({ heardOf }) => heardOf.length > 0).length
    expect(messages).toBeLessThanOrEqual(39)
    expect(reached).toBeGreaterThan(30)
    expect(tellers.every(({ heardOf }) => heardOf.length <= 1)).toBe(true)
  })
})
