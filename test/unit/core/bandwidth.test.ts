import { describe, expect, it } from 'vitest'

import { BANDWIDTH, Bandwidth, type BandwidthSigns } from '../../../src/core/mesh/bandwidth.ts'
import { UPDATE_PACE } from '../../../src/core/mesh/update-pace.ts'
import { peer, range } from './shapes.ts'
import { Teller, updateOf } from './teller.ts'

/** So many that each update is long. */
const MANY_CHUNKS = 80_000

/** All the neighbours that are sought, and a megabyte moved without any news. */
const CALM: BandwidthSigns = {
  controlBytes: 0,
  movedBytes: 1e6,
  degree: 8,
  sought: 8,
  isComplete: false,
  isBusy: false,
}
const SPARE: BandwidthSigns = { ...CALM, degree: 7 }
const SHORT: BandwidthSigns = { ...CALM, controlBytes: 20_001 }

function after(...signs: readonly BandwidthSigns[]): Bandwidth {
  const bandwidth = new Bandwidth()
  for (const each of signs) bandwidth.review(each)
  return bandwidth
}

describe('bandwidth', () => {
  it('is short, too, where the processor is', () => {
    expect(new Bandwidth().review({ ...SPARE, isBusy: true })).toBe('short')
  })

  it('is short where news is more than a fiftieth of all that moves, and not a trifle', () => {
    const bandwidth = new Bandwidth()
    expect(bandwidth.review(SHORT)).toBe('short')
    expect(bandwidth.review({ ...SHORT, controlBytes: 20_000 })).toBe('full')
    expect(bandwidth.review({ ...SHORT, movedBytes: 0, controlBytes: BANDWIDTH.trifleBytes })).toBe('full')
    expect(bandwidth.review({ ...SHORT, movedBytes: 0, controlBytes: BANDWIDTH.trifleBytes + 1 })).toBe(
      'short',
    )
  })

  it('is there to spare where neighbours are lacking, but not for who misses nothing', () => {
    const bandwidth = new Bandwidth()
    expect(bandwidth.review(SPARE)).toBe('spare')
    expect(bandwidth.review(CALM)).toBe('full')
    expect(bandwidth.review({ ...SPARE, isComplete: true })).toBe('full')
  })

  it('to spare makes for more news and more peers remembered, step by step, up to a limit', () => {
    expect(after(SPARE).cached).toBe(BANDWIDTH.firstCached + BANDWIDTH.cachedStep)
    expect(after(SPARE).pace.everyMs).toBeLessThan(UPDATE_PACE.firstEveryMs)
    expect(after(...range(0, 30).map(() => SPARE)).cached).toBe(BANDWIDTH.mostCached)
  })

  it('that is short makes for half as much of both, down to a limit', () => {
    expect(after(SHORT).cached).toBe(BANDWIDTH.firstCached / 2)
    expect(after(SHORT).pace.everyMs).toBeCloseTo(2 * UPDATE_PACE.firstEveryMs)
    const least = after(SHORT, SHORT, SHORT)
    expect([least.cached, least.isThrottled]).toEqual([BANDWIDTH.leastCached, true])
    expect(after(SHORT, SHORT).isThrottled).toBe(false)
  })

  it('in full use leaves all as it is', () => {
    const bandwidth = after(CALM, CALM, CALM)
    expect([bandwidth.cached, bandwidth.pace.everyMs]).toEqual([BANDWIDTH.firstCached, 20_000])
  })
})

/** News of forty comes, by eight neighbours. */
function hearNews(teller: Teller, sequence: number): void {
  const bits = new Uint8Array(MANY_CHUNKS / 8)
  for (const author of range(100, 140))
    teller.hear(1 + (author % 8), { ...updateOf(author, sequence, [], 3), bits })
}

/** News comes all the time, and nothing else; our own goes out so often. */
function overwhelmed(updates: number): Teller {
  const teller = new Teller({ chunks: MANY_CHUNKS })
  teller.meet(...range(1, 9))
  for (const turn of range(0, updates)) {
    hearNews(teller, turn + 1)
    teller.ring()
  }
  return teller
}

describe('a peer whose bandwidth is short', () => {
  it('remembers fewer of those it hears of, the latest', () => {
    const teller = overwhelmed(3)
    expect(teller.updates.bandwidth.cached).toBe(BANDWIDTH.leastCached)
    hearNews(teller, 10)
    expect(teller.updates.heardPeers()).toEqual(range(140 - BANDWIDTH.leastCached, 140).map(peer))
  })

  it('lets neighbours go only when it cannot do with less news', () => {
    expect(overwhelmed(3).shed).toBe(0)
    expect(overwhelmed(5).shed).toBeGreaterThan(0)
  })
})
