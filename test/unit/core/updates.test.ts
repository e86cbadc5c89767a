import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import { Geometry } from '../../../src/core/geometry.ts'
import { Inventory } from '../../../src/core/inventory.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { UPDATE_PACE, UpdatePace } from '../../../src/core/mesh/update-pace.ts'
import { UPDATES, Updates } from '../../../src/core/mesh/updates.ts'
import { Random } from '../../../src/core/random.ts'
import type { PeerId } from '../../../src/core/types.ts'
import type { Update } from '../../../src/core/wire/peer-messages.ts'
import { randomGraph } from './graphs.ts'
import { newContext } from './parts.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'

const CHUNKS = 20
const SELF = peer(0x500)

interface Sent {
  readonly to: PeerId
  readonly update: Update
}

/** One peer's updates, and what came of them. */
class Teller {
  readonly neighbours = new Map<PeerId, Neighbour>()
  readonly updates: Updates
  readonly inventory: Inventory
  readonly heardOf: { peer: PeerId; via: PeerId; isSeed: boolean }[] = []
  readonly context: Context
  sent: Sent[] = []

  constructor({
    chunks = CHUNKS,
    seed = 1,
    selfId = SELF,
  }: { chunks?: number; seed?: number; selfId?: PeerId } = {}) {
    this.context = {
      ...newContext(),
      random: new Random(seed),
      selfId,
      emit: (output) => {
        if (output.type === 'send' && output.message.type === 'update')
          this.sent.push({ to: output.peer, update: output.message })
      },
    }
    this.inventory = new Inventory(new Geometry(fileOf(chunks)), this.context.random.fork())
    this.updates = new Updates(this.context, this.neighbours, {
      heardOf: (id, via, isSeed) => this.heardOf.push({ peer: id, via, isSeed }),
      sought: () => 8,
    })
    this.updates.equip(this.inventory)
  }

  /** So many neighbours more are ready. */
  meet(...numbers: readonly number[]): void {
    for (const number of numbers) {
      const neighbour = new Neighbour(peer(number), this.inventory.geometry.chunkCount, this.context.nowMs)
      neighbour.isReady = true
      this.neighbours.set(neighbour.id, neighbour)
      this.updates.neighbourReady()
    }
  }

  lose(number: number): void {
    const neighbour = this.neighbours.get(peer(number))
    if (neighbour === undefined) return
    this.neighbours.delete(neighbour.id)
    this.updates.neighbourLost(neighbour)
  }

  hear(from: number, update: Update): boolean {
    return this.updates.hear(peer(from), update)
  }

  get dueMs(): number | null {
    return this.context.deadlines.next()
  }

  /** Lets the next update of ours be due. Returns what is sent. */
  ring(): Sent[] {
    this.context.nowMs = this.dueMs ?? this.context.nowMs
    const already = this.sent.length
    for (const _ of this.context.deadlines.takeDue(this.context.nowMs)) this.updates.onDeadline()
    return this.sent.slice(already)
  }

  untilNextMs(): number {
    return (this.dueMs ?? Infinity) - this.context.nowMs
  }

  /** We have the whole file. */
  complete(): void {
    for (const chunk of range(0, this.inventory.geometry.chunkCount))
      this.inventory.markKept(chunk, { kind: 'store' })
  }

  /** The neighbour has the whole file. */
  fill(number: number): void {
    for (const chunk of range(0, this.inventory.geometry.chunkCount))
      this.neighbours.get(peer(number))?.held.add(chunk)
  }

  /** Chunks of this size in MB have come from a neighbour. */
  receive(megabytes: number): void {
    const [neighbour] = this.neighbours.values()
    neighbour?.noteBytes(megabytes * 1_000_000, this.context.nowMs)
  }
}

function updateOf(author: number, sequence: number, chunks: readonly number[] = [], hops = 1): Update {
  return { type: 'update', peer: peer(author), sequence, hops, degree: 8, bits: bitsOf(chunks, CHUNKS) }
}

/** Takes in updates of 125,015 bytes each. */
function hearLarge(large: Teller, count: number): void {
  const bits = new Uint8Array(125_000)
  for (const sequence of range(0, count))
    large.hear(1, { type: 'update', peer: peer(77), sequence, hops: 3, degree: 8, bits })
}

/** Hears of so many, a second apart, from its neighbour 1. */
function hearOf(host: Teller, count: number): void {
  for (const number of range(0, count)) {
    host.context.nowMs += 1000
    host.hear(1, updateOf(1000 + number, 1, [number % CHUNKS]))
  }
}

let teller: Teller

beforeEach(() => {
  teller = new Teller()
})

describe('our own update', () => {
  it('is first told one to two seconds after the first neighbour is ready, to at most three', () => {
    teller.context.nowMs = 5000
    teller.meet(1)
    const dueMs = teller.dueMs ?? 0
    expect(dueMs).toBeGreaterThanOrEqual(6000)
    expect(dueMs).toBeLessThanOrEqual(7000)
    teller.context.nowMs = 5500
    teller.meet(2, 3, 4, 5)
    expect(teller.dueMs).toBe(dueMs)
    teller.inventory.markKept(3, { kind: 'store' })
    const sent = teller.ring()
    const told = { type: 'update', peer: SELF, sequence: 1, hops: 1, degree: 5, bits: bitsOf([3], CHUNKS) }
    expect(sent.map(({ update }) => update)).toEqual([told, told, told])
    expect(new Set(sent.map(({ to }) => to)).size).toBe(3)
  })

  it('is told again about every twenty seconds, with a higher sequence, to others', () => {
    teller.meet(...range(1, 9))
    const told = range(0, 40).map(() => ({
      sent: teller.ring(),
      atMs: teller.context.nowMs,
      receives: teller.receive(1),
    }))
    expect(told.map(({ sent }) => sent[0]?.update.sequence)).toEqual(range(1, 41))
    const pauses = told.slice(1).map(({ atMs }, place) => atMs - (told[place]?.atMs ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(15_000)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(25_000)
    expect(new Set(pauses).size).toBeGreaterThan(30)
    expect(new Set(told.flatMap(({ sent }) => sent.map(({ to }) => to))).size).toBe(8)
  })

  it('is not told while there is nobody to tell, and soon when there is', () => {
    teller.meet(1)
    teller.lose(1)
    expect(teller.ring()).toEqual([])
    expect(teller.dueMs).toBeNull()
    teller.context.nowMs = 100_000
    teller.meet(2)
    expect(teller.dueMs).toBeLessThanOrEqual(102_000)
    expect(teller.ring()).toHaveLength(1)
  })

  it('is not told by one who has no name, nor of a file without chunks', () => {
    teller.context.selfId = null
    teller.meet(1)
    expect(teller.ring()).toEqual([])
    const empty = new Teller({ chunks: 0 })
    empty.meet(1)
    expect(empty.ring()).toEqual([])
  })

  it('goes only to neighbours that have said hello', () => {
    teller.meet(1)
    teller.neighbours.set(peer(2), new Neighbour(peer(2), CHUNKS, 0))
    expect(teller.ring().map(({ to }) => to)).toEqual([peer(1)])
  })
})

describe('the pace of updates', () => {
  it('rises by steps and halves, within bounds', () => {
    const pace = new UpdatePace()
    expect(pace.everyMs).toBeCloseTo(20_000)
    pace.speedUp()
    expect(pace.everyMs).toBeCloseTo(1000 / 0.06)
    for (const _ of range(0, 100)) pace.speedUp()
    expect(pace.everyMs).toBeCloseTo(UPDATE_PACE.leastEveryMs)
    pace.slowDown()
    expect(pace.everyMs).toBeCloseTo(10_000)
    for (const _ of range(0, 100)) pace.slowDown()
    expect(pace.everyMs).toBeCloseTo(UPDATE_PACE.mostEveryMs)
  })

  it('rises while there are fewer neighbours than are sought', () => {
    teller.meet(1, 2)
    for (const _ of range(0, 30)) teller.ring()
    expect(teller.updates.pace.everyMs).toBeCloseTo(UPDATE_PACE.leastEveryMs)
  })

  it('stays where there are as many as are sought', () => {
    teller.meet(...range(1, 9))
    for (const _ of range(0, 5)) teller.ring()
    expect(teller.updates.pace.everyMs).toBeCloseTo(20_000)
  })

  it('never rises for want of neighbours where the whole file is here', () => {
    teller.complete()
    teller.meet(1, 2)
    for (const _ of range(0, 30)) teller.ring()
    expect(teller.updates.pace.everyMs).toBeCloseTo(20_000)
  })

  it('is the slowest among seeds, and no more than that as long as one near us is none', () => {
    teller.complete()
    teller.meet(1, 2)
    teller.fill(1)
    teller.ring()
    expect(teller.untilNextMs()).toBeLessThanOrEqual(25_000)
    teller.fill(2)
    teller.ring()
    for (const _ of range(0, 20)) {
      expect(teller.untilNextMs()).toBeGreaterThanOrEqual(90_000)
      expect(teller.untilNextMs()).toBeLessThanOrEqual(150_000)
      expect(teller.ring()).toHaveLength(2)
    }
  })

  it('is not the slowest for a leecher among seeds', () => {
    teller.meet(...range(1, 9))
    for (const number of range(1, 9)) teller.fill(number)
    teller.ring()
    expect(teller.untilNextMs()).toBeLessThanOrEqual(25_000)
  })

  it('is the usual one again when a leecher comes to the seeds', () => {
    teller.complete()
    teller.meet(1)
    teller.fill(1)
    teller.ring()
    for (const number of [2, 3]) {
      teller.meet(number)
      expect(teller.untilNextMs()).toBeLessThanOrEqual(25_000)
    }
    expect(teller.ring()).toHaveLength(3)
    expect(teller.untilNextMs()).toBeLessThanOrEqual(25_000)
  })

  it('stays the slowest when another seed comes', () => {
    teller.complete()
    teller.meet(1)
    teller.fill(1)
    teller.ring()
    const dueMs = teller.dueMs
    teller.meet(2)
    teller.fill(2)
    expect(teller.ring()).toEqual([])
    expect(teller.dueMs).toBe(dueMs)
    expect(teller.ring()).toHaveLength(2)
  })

  it('halves when updates are more than 2% of the bytes that are moved', () => {
    const large = new Teller({ chunks: 1_000_000 })
    large.meet(...range(1, 9))
    hearLarge(large, 10)
    large.receive(62)
    large.ring()
    expect(large.updates.pace.everyMs).toBeCloseTo(40_000)
  })

  it('stays when they are less than that, whoever moved them', () => {
    const large = new Teller({ chunks: 1_000_000 })
    large.meet(...range(1, 10))
    hearLarge(large, 10)
    large.receive(63)
    large.lose(1)
    large.ring()
    expect(large.updates.pace.everyMs).toBeCloseTo(20_000)
    // The three that were sent just now are 375 KB.
    large.receive(1)
    large.ring()
    expect(large.updates.pace.everyMs).toBeCloseTo(40_000)
  })
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
          expect(host.updates.heardPeers().length).toBeLessThanOrEqual(UPDATES.cached)
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
