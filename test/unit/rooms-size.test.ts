import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../src/core/types.ts'
import { GroupSize } from '../../signaling-server/group-size.ts'
import { Crowd, median } from './rooms-crowd.ts'

const SEEDS = [1, 2, 3]
const DAY_MS = 86_400_000

/** At the median of what was told since the last look. */
function expectGood(crowd: Crowd): void {
  const ratio = median(crowd.told)
  expect(ratio).toBeGreaterThan(0.67)
  expect(ratio).toBeLessThan(1.5)
  crowd.told = []
}

describe.each(SEEDS)('the swarm size that is told, seed %i', (seed) => {
  it('is right while the swarm grows, and an hour after it has stopped', () => {
    const crowd = new Crowd({ seed })
    for (let minute = 0; minute < 4; minute++) {
      crowd.pass(60, 5)
      expectGood(crowd)
    }
    crowd.pass(3_600)
    crowd.told = []
    crowd.pass(300)
    expect(crowd.members.size).toBeGreaterThan(1_000)
    expect(crowd.told.length).toBeGreaterThan(200)
    expectGood(crowd)
  })

  it('is right where visitors come and vanish all the time', () => {
    const crowd = new Crowd({ seed, drawStayMs: (random) => random.between(60_000, 420_000) })
    crowd.pass(600, 3)
    crowd.told = []
    crowd.pass(120, 3)
    expectGood(crowd)
  })

  it('is right again two minutes after half the members vanished without a word', () => {
    const crowd = new Crowd({ seed })
    crowd.pass(240, 5)
    crowd.vanishSome(0.5)
    crowd.pass(120)
    crowd.told = []
    crowd.pass(180)
    expectGood(crowd)
  })

  it('is right at once in a flash crowd, and stays so when all give up their sockets', () => {
    const crowd = new Crowd({ seed })
    for (let count = 0; count < 2_000; count++) crowd.arrive()
    expect(crowd.told.at(-1)).toBe(1)
    for (let minute = 0; minute < 3; minute++) {
      crowd.told = []
      crowd.pass(60)
      expectGood(crowd)
    }
  })

  it('is exact while everybody has a socket', () => {
    const crowd = new Crowd({ seed, drawStayMs: (random) => random.between(1_000, 60_000) })
    crowd.pass(300, 1)
    expect(new Set(crowd.told)).toStrictEqual(new Set([1]))
  })

  it('is right two minutes after the server was killed and started again', () => {
    const crowd = new Crowd({ seed })
    crowd.pass(300, 5)
    crowd.restart()
    crowd.pass(60)
    crowd.told = []
    crowd.pass(60)
    expectGood(crowd)
    crowd.pass(300)
    crowd.told = []
    crowd.pass(120)
    expectGood(crowd)
  })
})

describe('the count of a group', () => {
  it('never exceeds those who joined and are not known to be gone, whatever they say', () => {
    const size = sizeOf(100)
    size.left()
    for (let index = 0; index < 50; index++)
      size.cameBack({ id: id(index), told: 0xffff_ffff, swarmSize: 0xffff_ffff }, 50, DAY_MS)
    expect(size.estimate(50, DAY_MS)).toBe(99)
  })

  it('takes nobody for more than twice what it was told or what is believed', () => {
    const size = sizeOf(10_000)
    size.cameBack({ id: id(1), told: 640, swarmSize: 0xffff_ffff }, 1, DAY_MS)
    expect(size.estimate(1, DAY_MS)).toBe(1 + 19)
  })

  it('takes nobody for more who comes again and again', () => {
    const size = sizeOf(10_000)
    for (let times = 0; times < 50; times++)
      size.cameBack({ id: id(1), told: 640, swarmSize: 640 }, 1, DAY_MS + times)
    expect(size.estimate(1, DAY_MS + 50)).toBe(1 + 9)
  })

  it('takes who came without a coin for nobody but itself', () => {
    const size = sizeOf(10_000)
    for (let count = 0; count < 20; count++) size.detached(DAY_MS)
    expect(size.estimate(10, DAY_MS)).toBe(30)
    size.cameBack({ id: id(1), told: 640, swarmSize: null }, 11, DAY_MS)
    expect(size.estimate(11, DAY_MS)).toBe(30)
  })

  it('counts who has detached until its coin is due, which is within a minute', () => {
    const size = sizeOf(10_000)
    for (let count = 0; count < 20; count++) size.detached(DAY_MS)
    const after = [0, 30_000, 60_000].map((ms) => size.estimate(10, DAY_MS + ms))
    expect(after).toStrictEqual([30, 20, 10])
  })

  it('counts a broken socket as a departure, and its return as nothing new', () => {
    const size = sizeOf(10)
    size.lost(id(1), 1_000)
    expect(size.estimate(9, 1_000)).toBe(9)
    size.cameBack({ id: id(1), told: 10, swarmSize: null }, 10, 2_000)
    expect(size.estimate(10, 2_000)).toBe(10)
  })

  it('believes in a swarm from before its start only what several networks tell, and only at first', () => {
    const claims = [900, 900, 0xffff_ffff, 1_000, 0xffff_ffff]
    const size = new GroupSize(64)
    for (const [index, claim] of claims.entries()) size.recall(`network ${index}`, claim, index + 1, 1_000)
    expect(size.estimate(5, 1_000)).toBe(1_000)
    expect(size.estimate(5, 61_000)).toBeLessThan(1_000)
    const later = sizeOf(5)
    for (const [index, claim] of claims.entries()) later.recall(`network ${index}`, claim, index + 6, DAY_MS)
    expect(later.estimate(10, DAY_MS)).toBe(10)
  })
})

function id(index: number): PeerId {
  return index.toString(16).padStart(16, '0') as PeerId
}

function sizeOf(joins: number): GroupSize {
  const size = new GroupSize(64)
  for (let count = 0; count < joins; count++) size.joined(0)
  return size
}
