import { describe, expect, it } from 'vitest'

import {
  best,
  type Chokable,
  Choker,
  drawOptimistic,
  NEWCOMER_WEIGHT,
  OPTIMISTIC_MS,
  REGULAR_SLOTS,
  REVIEW_MS,
} from '../../../../simulator/bittorrent/choking.ts'
import { RateWindow } from '../../../../simulator/bittorrent/rate-window.ts'
import { Random } from '../../../../src/core/random.ts'

interface One extends Chokable {
  readonly number: number
  isInterested: boolean
  rate: number
}

/** So many neighbours, number n giving n bytes a second, and the choker of a client that has them. */
class Scene {
  readonly all: One[]
  readonly served = new Set<One>()
  readonly choker: Choker<One>
  changes = 0

  constructor(count: number, { isInterested = true, seed = 1 } = {}) {
    this.all = Array.from({ length: count }, (_, number) => ({
      number,
      isInterested,
      rate: number,
      connectedMs: 0,
    }))
    this.choker = new Choker(
      {
        neighbours: () => this.all,
        bytesPerSec: ({ rate }) => rate,
        choke: (one) => this.change(this.served.delete(one)),
        unchoke: (one) => this.change(!this.served.has(one) && this.served.add(one) === this.served),
      },
      new Random(seed),
      0,
    )
  }

  at(number: number): One {
    const one = this.all[number]
    if (one === undefined) throw new Error('There is no such neighbour.')
    return one
  }

  get numbers(): number[] {
    return [...this.served].map(({ number }) => number).sort((a, b) => a - b)
  }

  /** Nobody is choked or unchoked twice. */
  private change(isOne: boolean): void {
    expect(isOne).toBe(true)
    this.changes++
  }
}

/** Of twenty, who is served though others give more. */
function optimisticOf(scene: Scene): number | undefined {
  return scene.numbers.find((number) => number < 16)
}

describe('a review', () => {
  it('serves the four that give most, and one more', () => {
    const scene = new Scene(20)
    scene.choker.review(REVIEW_MS)
    expect(scene.numbers).toHaveLength(REGULAR_SLOTS + 1)
    expect(scene.numbers.slice(1)).toEqual([16, 17, 18, 19])
  })

  it('serves nobody that wants nothing', () => {
    const scene = new Scene(20)
    for (const number of [19, 18, 3]) scene.at(number).isInterested = false
    scene.choker.review(REVIEW_MS)
    expect(scene.numbers.slice(1)).toEqual([14, 15, 16, 17])
    for (const one of scene.all) one.isInterested = false
    scene.choker.review(2 * REVIEW_MS)
    expect(scene.numbers).toEqual([])
  })

  it('follows the rates', () => {
    const scene = new Scene(20)
    scene.choker.review(REVIEW_MS)
    for (const one of scene.all) one.rate = -one.number
    scene.choker.review(2 * REVIEW_MS)
    expect(scene.numbers.slice(0, 4)).toEqual([0, 1, 2, 3])
  })

  it('serves all where there are no more than slots', () => {
    const scene = new Scene(REGULAR_SLOTS + 1)
    scene.choker.review(REVIEW_MS)
    expect(scene.numbers).toEqual([0, 1, 2, 3, 4])
  })
})

describe('the optimistic slot', () => {
  it('stays with one for thirty seconds, and goes to others then', () => {
    const scene = new Scene(20)
    const held: (number | undefined)[] = []
    for (let nowMs = REVIEW_MS; nowMs <= 30 * OPTIMISTIC_MS; nowMs += REVIEW_MS) {
      scene.choker.review(nowMs)
      held.push(optimisticOf(scene))
    }
    // Given at the first review, it moves at each third.
    for (let place = 2; place + 2 < held.length; place += 3)
      expect(new Set(held.slice(place, place + 3)).size).toBe(1)
    expect(new Set(held).size).toBeGreaterThan(8)
  })

  it('is given to another when its holder comes to be served for its rate, or goes', () => {
    const scene = new Scene(20)
    scene.choker.review(REVIEW_MS)
    const first = scene.at(optimisticOf(scene) ?? 0)
    first.rate = 100
    scene.choker.review(2 * REVIEW_MS)
    expect(scene.numbers).toContain(first.number)
    expect(scene.numbers).toHaveLength(5)
    const second = scene.at(scene.numbers.find((number) => number < 16 && number !== first.number) ?? 0)
    second.isInterested = false
    scene.choker.changed(second, 2 * REVIEW_MS + 1)
    expect(scene.numbers).not.toContain(second.number)
    expect(scene.numbers).toHaveLength(5)
  })

  it('is three times as likely for who connected since the last rotation', () => {
    const random = new Random(7)
    const [old, newcomer] = [0, 500].map((connectedMs) => ({ connectedMs, isInterested: true }))
    if (old === undefined || newcomer === undefined) return
    const draws = 20_000
    let newcomers = 0
    for (let draw = 0; draw < draws; draw++)
      if (drawOptimistic([old, newcomer, old], 400, random) === newcomer) newcomers++
    const share = NEWCOMER_WEIGHT / (NEWCOMER_WEIGHT + 2)
    expect(Math.abs(newcomers / draws - share)).toBeLessThan(0.02)
    expect(drawOptimistic([], 0, random)).toBeNull()
  })
})

describe('between reviews', () => {
  it('a free slot is given at once to who comes to want something', () => {
    const scene = new Scene(8, { isInterested: false })
    for (const one of scene.all) {
      one.isInterested = true
      scene.choker.changed(one, 1)
    }
    expect(scene.numbers).toEqual([0, 1, 2, 3, 4])
    const before = scene.changes
    scene.choker.changed(scene.at(7), 2)
    expect(scene.changes).toBe(before)
  })

  it('the slot of who wants nothing any more is given to another', () => {
    const scene = new Scene(8, { isInterested: false })
    for (const one of scene.all) {
      one.isInterested = true
      scene.choker.changed(one, 1)
    }
    scene.at(2).isInterested = false
    scene.choker.changed(scene.at(2), 2)
    expect(scene.numbers).toEqual([0, 1, 3, 4, 7])
  })
})

describe('those with the best rate', () => {
  it('are drawn at random where rates are equal', () => {
    const random = new Random(3)
    const first = new Set(
      Array.from({ length: 200 }, () => best(['a', 'b', 'c', 'd'], 1, () => 0, random)[0]),
    )
    expect(first.size).toBe(4)
    expect(best(['a', 'b'], 0, () => 0, random)).toEqual([])
  })
})

describe('the rate that is choked by', () => {
  it('is that of the last twenty seconds at a review, and forgets what is older', () => {
    const window = new RateWindow(0)
    for (let review = 1; review <= 3; review++) {
      window.totalBytes += review * 10_000
      if (review < 3) window.mark(review * REVIEW_MS)
    }
    expect(window.bytesPerSec(3 * REVIEW_MS)).toBe((20_000 + 30_000) / 20)
  })

  it('is not made endless by a first block', () => {
    const window = new RateWindow(50)
    window.totalBytes = 16_384
    expect(window.bytesPerSec(50)).toBe(16_384)
  })
})
