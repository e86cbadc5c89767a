import { describe, expect, it } from 'vitest'

import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { allBut, type Mechanism } from '../../../src/core/mechanisms.ts'
import {
  hasRoom,
  servedAtOnce,
  slowServiceMs,
  takeNextService,
  type UploadView,
} from '../../../src/core/mesh/uploads.ts'
import { Random } from '../../../src/core/random.ts'
import { RarityIndex } from '../../../src/core/rarity.ts'
import { peer, range } from './shapes.ts'

const NOW_MS = 10_000
const SLOW_MS = 500

function waiting(number: number, ...chunks: number[]): Neighbour {
  const neighbour = new Neighbour(peer(number), 10, 0)
  neighbour.queue.push(...chunks)
  return neighbour
}

function served(number: number, forMs: number): Neighbour {
  const neighbour = waiting(number)
  neighbour.serving = { chunk: 0, sinceMs: NOW_MS - forMs }
  return neighbour
}

/** Chunk c is held by `holders[c]` neighbours. */
function rarityOf(...holders: number[]): RarityIndex {
  const rarity = new RarityIndex(10, new Random(1))
  for (const [chunk, count] of holders.entries())
    for (let held = 0; held < count; held++) rarity.increment(chunk)
  return rarity
}

/** One who is ahead, and was given nothing, wants the rarer chunk 0; one who lags wants chunk 1. */
function servedWithout(without: readonly Mechanism[]): number | undefined {
  const [ahead, behind] = [waiting(1, 0), waiting(2, 1)]
  for (const chunk of range(2, 9)) ahead.held.add(chunk)
  behind.bytesSent = 1000
  return takeNextService({ waiting: [ahead, behind], rarity: rarityOf(2, 3), mechanisms: allBut(without) })
    ?.chunk
}

/** One who has one chunk of ten wants one that so many hold; one who has eight wants one of which there are so many. */
function servedOf(holdersOfBehind: number, holdersOfAhead: number): 'behind' | 'ahead' {
  const [behind, ahead] = [waiting(1, 0), waiting(2, 1)]
  behind.held.add(9)
  for (const chunk of range(2, 10)) ahead.held.add(chunk)
  const next = takeNextService({
    waiting: [behind, ahead],
    rarity: rarityOf(holdersOfBehind, holdersOfAhead),
  })
  return next?.neighbour === behind ? 'behind' : 'ahead'
}

describe('who is served next', () => {
  it('is nobody where nobody waits', () => {
    expect(takeNextService({ waiting: [], rarity: rarityOf() })).toBeNull()
    expect(takeNextService({ waiting: [waiting(1), served(2, 100)], rarity: rarityOf() })).toBeNull()
  })

  it('is whoever wants the rarest chunk, and that chunk leaves the queue', () => {
    const [first, second] = [waiting(1, 0, 1), waiting(2, 2, 3)]
    const next = takeNextService({ waiting: [first, second], rarity: rarityOf(5, 4, 6, 3) })
    expect(next).toEqual({ neighbour: second, chunk: 3 })
    expect(second.queue).toEqual([2])
    expect(first.queue).toEqual([0, 1])
  })

  it('is, of equals, whoever was given least, then the smaller id', () => {
    const [given, poor, alsoPoor] = [waiting(1, 0), waiting(2, 0), waiting(3, 0)]
    given.bytesSent = 1000
    for (const order of [
      [given, poor, alsoPoor],
      [alsoPoor, given, poor],
    ]) {
      const next = takeNextService({ waiting: order, rarity: rarityOf(2) })
      expect(next?.neighbour).toBe(poor)
      poor.queue.push(0)
    }
  })

  it('is, of one neighbour’s equal wishes, the one uttered first', () => {
    expect(takeNextService({ waiting: [waiting(1, 4, 3, 5)], rarity: rarityOf() })?.chunk).toBe(4)
  })

  it('is whoever has least, or was given least, where rarity or nothing decides', () => {
    expect(servedWithout([])).toBe(1)
    expect(servedWithout(['laggardsFirst'])).toBe(0)
    expect(servedWithout(['rareServedFirst'])).toBe(1)
    expect(servedWithout(['rareServedFirst', 'laggardsFirst'])).toBe(0)
  })

  it('is whoever lags, however common what it wants, but for what is rare', () => {
    expect(servedOf(24, 2)).toBe('behind')
    // Seven tenths of the file are as much as 22 holders.
    expect(servedOf(25, 2)).toBe('ahead')
    expect(servedOf(3, 1)).toBe('ahead')
    expect(servedOf(1, 0)).toBe('behind')
  })

  it('is not, again and again, one who hides what it was given', () => {
    const CHUNK = 1000
    const [liar, honest] = [waiting(1), waiting(2)]
    for (const chunk of range(0, 5)) honest.held.add(chunk)
    const served = range(0, 20).map(() => {
      for (const neighbour of [liar, honest]) neighbour.queue.splice(0, Infinity, 9)
      const next = takeNextService({
        waiting: [liar, honest],
        rarity: rarityOf(),
        chunkBytes: CHUNK,
      })?.neighbour
      if (next !== undefined) next.bytesSent += CHUNK
      return next
    })
    // Five until it would have as much as the honest one says it has.
    expect(served.filter((neighbour) => neighbour === liar).length).toBeLessThanOrEqual(14)
    expect(served.slice(0, 5)).toEqual(range(0, 5).map(() => liar))
  })

  it('is, of two who want what is rare, who lags by more than a quarter of the file for each holder more', () => {
    const [behind, ahead] = [waiting(1, 0), waiting(2, 1)]
    for (const chunk of range(2, 5)) ahead.held.add(chunk)
    const next = takeNextService({ waiting: [behind, ahead], rarity: rarityOf(1, 0) })
    expect(next?.neighbour).toBe(behind)
    ahead.held.remove(4)
    expect(takeNextService({ waiting: [waiting(1, 0), ahead], rarity: rarityOf(1, 0) })?.neighbour).toBe(
      ahead,
    )
  })

  it('is who wants what nobody is being sent, of what is equally rare', () => {
    const [first, second] = [waiting(1, 0), waiting(2, 1)]
    const choose = (...served: Neighbour[]): number | undefined => {
      const next = takeNextService({ waiting: [first, second], served, rarity: rarityOf() })
      next?.neighbour.queue.push(next.chunk)
      return next?.chunk
    }
    expect([choose(), choose(served(3, 10)), choose(served(3, 10), served(4, 10))]).toEqual([0, 1, 1])
  })

  it('gets one chunk at a time', () => {
    const neighbour = served(1, 10)
    neighbour.queue.push(5)
    expect(takeNextService({ waiting: [neighbour], rarity: rarityOf() })).toBeNull()
    expect(neighbour.queue).toEqual([5])
  })
})

describe('there is room', () => {
  it('for two', () => {
    const busy = range(0, 2).map((n) => served(n, 100))
    expect(hasRoom([], NOW_MS, SLOW_MS)).toBe(true)
    expect(hasRoom(busy.slice(1), NOW_MS, SLOW_MS)).toBe(true)
    expect(hasRoom(busy, NOW_MS, SLOW_MS)).toBe(false)
  })

  it('for more where a service has become slow', () => {
    const busy = range(0, 3).map((n) => served(n, n === 0 ? 500 : 499))
    expect(hasRoom(busy.slice(0, 2), NOW_MS, SLOW_MS)).toBe(true)
    expect(hasRoom(busy, NOW_MS, SLOW_MS)).toBe(false)
  })
})

function uplink(chunkBytes: number, bestBytesPerSec: number): UploadView {
  return { chunkBytes, bestBytesPerSec, isBusy: false }
}

describe('how many are served at once', () => {
  it('is two, but one where a chunk takes seconds of our uplink, or of one of 4 Mb/s until ours is known', () => {
    expect(servedAtOnce(uplink(65_536, 0))).toBe(2)
    expect(servedAtOnce(uplink(2_000_000, 600_000))).toBe(2)
    expect(servedAtOnce(uplink(2_000_000, 400_000))).toBe(1)
    expect(servedAtOnce(uplink(4_000_000, 0))).toBe(1)
  })

  it('is one where the processor is busy', () => {
    expect(servedAtOnce({ ...uplink(65_536, 0), isBusy: true })).toBe(1)
  })
})

describe('a slow service', () => {
  it('is judged by an uplink of 4 Mb/s, until ours is known', () => {
    expect(slowServiceMs(uplink(1_000_000, 0))).toBe(8_000)
    expect(slowServiceMs(uplink(16_384, 0))).toBe(500)
  })

  it('takes twice as long as our uplink needs for two chunks, and half a second at least', () => {
    expect(slowServiceMs(uplink(2_000_000, 2_500_000))).toBe(3200)
    expect(slowServiceMs(uplink(65_536, 12_500_000))).toBe(500)
  })
  it('has more time where the processor is busy, as only one is served', () => {
    expect(slowServiceMs({ ...uplink(65_536, 12_500_000), isBusy: true })).toBe(5000)
    expect(slowServiceMs({ ...uplink(4_000_000, 1_000_000), isBusy: true })).toBe(8000)
  })
})
