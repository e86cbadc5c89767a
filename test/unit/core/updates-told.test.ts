import { beforeEach, describe, expect, it } from 'vitest'

import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { UPDATE_PACE, UpdatePace } from '../../../src/core/mesh/update-pace.ts'
import { bitsOf, peer, range } from './shapes.ts'
import { CHUNKS, hearLarge, Teller } from './teller.ts'
import { SELF } from './visitor.ts'

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
    expect(teller.updates.bandwidth.pace.everyMs).toBeCloseTo(UPDATE_PACE.leastEveryMs)
  })

  it('stays where there are as many as are sought', () => {
    teller.meet(...range(1, 9))
    for (const _ of range(0, 5)) teller.ring()
    expect(teller.updates.bandwidth.pace.everyMs).toBeCloseTo(20_000)
  })

  it('never rises for want of neighbours where the whole file is here', () => {
    teller.complete()
    teller.meet(1, 2)
    for (const _ of range(0, 30)) teller.ring()
    expect(teller.updates.bandwidth.pace.everyMs).toBeCloseTo(20_000)
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
    expect(large.updates.bandwidth.pace.everyMs).toBeCloseTo(40_000)
  })

  it('stays when they are less than that, whoever moved them', () => {
    const large = new Teller({ chunks: 1_000_000 })
    large.meet(...range(1, 10))
    hearLarge(large, 10)
    large.receive(63)
    large.lose(1)
    large.ring()
    expect(large.updates.bandwidth.pace.everyMs).toBeCloseTo(20_000)
    // The three that were sent just now are 375 KB.
    large.receive(1)
    large.ring()
    expect(large.updates.bandwidth.pace.everyMs).toBeCloseTo(40_000)
  })
})
