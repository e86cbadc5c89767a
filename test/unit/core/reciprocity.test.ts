import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import type { Inventory } from '../../../src/core/inventory.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Reciprocity } from '../../../src/core/mesh/reciprocity.ts'
import type { SessionLimits } from '../../../src/core/session-io.ts'
import { newContext, newInventory } from './parts.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'

const CHUNKS = 100
const HONEST = { isAmongTakers: false, usualMs: 0 }

/** Ten neighbours that are asked for chunks; nobody has given anything yet. */
class Company {
  readonly context: Context
  readonly inventory: Inventory = newInventory(CHUNKS)
  readonly neighbours: readonly Neighbour[] = range(0, 10).map((number) => readyNeighbour(number))
  readonly reciprocity: Reciprocity

  constructor(reciprocity: SessionLimits['reciprocity'], seed = 1) {
    this.context = { ...newContext([], { reciprocity }), nowMs: 100_000 }
    for (let draw = 1; draw < seed; draw++) this.context.random.fraction()
    this.reciprocity = new Reciprocity(
      this.context,
      new Map(this.neighbours.map((each) => [each.id, each])),
      () => HONEST,
    )
    this.reciprocity.noteService()
    for (const chunk of range(0, CHUNKS / 2)) this.inventory.markKept(chunk, { kind: 'origin', run: 0 })
  }

  at(number: number): Neighbour {
    const neighbour = this.neighbours[number]
    if (neighbour === undefined) throw new RangeError(`There is no neighbour ${number}.`)
    return neighbour
  }

  /** All are asked for something, now. */
  askAll(): void {
    for (const neighbour of this.neighbours) neighbour.firstAskedAtMs = this.context.nowMs
  }

  /** The neighbour gives so many chunks. */
  give(number: number, chunks = 1): void {
    for (let chunk = 0; chunk < chunks; chunk++) this.at(number).noteChunk(CHUNK_BYTES, this.context.nowMs)
  }

  /** Those who come first. */
  get first(): number[] {
    return range(0, 10).filter((number) => !this.reciprocity.isLast(this.at(number), this.inventory))
  }
}

function readyNeighbour(number: number): Neighbour {
  const neighbour = new Neighbour(peer(number), CHUNKS, 0)
  neighbour.isReady = true
  return neighbour
}

describe('by what was given', () => {
  it('those come first who have given a chunk, however little and long ago', () => {
    const company = new Company('givers')
    company.askAll()
    company.give(3)
    company.give(7, 20)
    company.context.nowMs += 600_000
    expect(company.first).toEqual([3, 7])
  })

  it('those who were not asked for anything yet, or not for long, come first, too', () => {
    const company = new Company('givers')
    company.askAll()
    company.at(5).firstAskedAtMs = Infinity
    expect(company.first).toEqual(range(0, 10))
    company.context.nowMs += 600_000
    expect(company.first).toEqual([5])
  })

  it('one service in twenty is anybody’s', () => {
    const company = new Company('givers')
    company.askAll()
    company.give(3)
    company.context.nowMs += 600_000
    const open = range(1, 61).filter(() => {
      const isOpen = company.first.length === 10
      company.reciprocity.noteService()
      return isOpen
    })
    expect(open).toEqual([20, 40, 60])
  })

  it('nobody comes first where it is not asked', () => {
    const company = new Company('none')
    company.askAll()
    company.give(3)
    company.context.nowMs += 600_000
    expect(company.first).toEqual(range(0, 10))
  })
})

describe('tit for tat', () => {
  it('puts the four first who gave most, and one more', () => {
    const company = new Company('titForTat')
    for (const number of range(0, 6)) company.give(number, 1 + number)
    expect(company.first).toHaveLength(5)
    expect(company.first).toEqual(expect.arrayContaining([2, 3, 4, 5]))
  })

  it('looks again after ten seconds, not before, and by then forgets what was given long ago', () => {
    const company = new Company('titForTat')
    for (const number of range(0, 4)) company.give(number, 10)
    expect(company.first).toEqual(expect.arrayContaining([0, 1, 2, 3]))
    company.context.nowMs += 9999
    for (const number of range(6, 10)) company.give(number, 10)
    expect(company.first).toEqual(expect.arrayContaining([0, 1, 2, 3]))
    company.context.nowMs += 1
    expect(company.first).toEqual(expect.arrayContaining([6, 7, 8, 9]))
  })

  it('leaves the optimistic slot to one for half a minute, and then draws again', () => {
    const drawn = (company: Company): number[] => company.first.filter((number) => number >= 4)
    const company = new Company('titForTat')
    const seen: number[][] = []
    for (const _ of range(0, 30)) {
      for (const number of range(0, 4)) company.give(number, 10)
      seen.push(drawn(company))
      company.context.nowMs += 10_000
    }
    expect(seen.every((slot) => slot.length === 1)).toBe(true)
    for (const turn of range(0, 10)) expect(new Set(seen.slice(3 * turn, 3 * turn + 3).flat()).size).toBe(1)
    expect(new Set(seen.flat()).size).toBeGreaterThan(2)
  })

  it('draws newcomers three times as often', () => {
    let newcomers = 0
    for (const seed of range(1, 301)) {
      const company = new Company('titForTat', seed)
      for (const number of range(0, 4)) company.give(number, 10)
      const newcomer = new Neighbour(peer(9), CHUNKS, company.context.nowMs - 1000)
      newcomer.isReady = true
      const known = new Map([...company.neighbours.slice(0, 9), newcomer].map((each) => [each.id, each]))
      if (!new Reciprocity(company.context, known, () => HONEST).isLast(newcomer, company.inventory))
        newcomers++
    }
    // Three tickets of eight: 112 of 300, give or take four standard deviations.
    expect(newcomers).toBeGreaterThan(78)
    expect(newcomers).toBeLessThan(146)
  })

  it('of a seed goes to those who take fastest', () => {
    const company = new Company('titForTat')
    for (const chunk of range(0, CHUNKS)) company.inventory.markKept(chunk, { kind: 'store' })
    for (const number of range(0, 4)) company.give(number, 10)
    for (const number of range(5, 9)) company.at(number).got.add(CHUNK_BYTES, company.context.nowMs)
    expect(company.first).toEqual(expect.arrayContaining([5, 6, 7, 8]))
  })

  it('draws anew for one who has gone', () => {
    const company = new Company('titForTat')
    for (const number of range(0, 4)) company.give(number, 10)
    const gone = company.first.find((number) => number >= 4) ?? 0
    company.reciprocity.forget(company.at(gone))
    company.context.nowMs += 10_000
    for (const number of range(0, 4)) company.give(number, 10)
    expect(company.first).toHaveLength(5)
  })
})
