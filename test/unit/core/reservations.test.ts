import { describe, expect, it } from 'vitest'

import { shrinkToLead } from '../../../src/core/origin/reservations.ts'
import { newRun, type Run } from '../../../src/core/origin/run.ts'
import { newInventory } from './parts.ts'
import { fileOf, peer, range } from './shapes.ts'
import { firstOfTwo } from './visitor.ts'

const CHUNKS = 100

/** What is still reserved of a run from chunk 10 on with so many reserved, once it should be no more than four. */
function keptOf(reserved: number): { run: Run; kept: number[] } {
  const inventory = newInventory(CHUNKS)
  const run = newRun(0, { run: { start: 10, count: 80 }, turnChunks: 80, isDuplicate: false }, 0)
  for (const chunk of range(10, 10 + reserved)) inventory.reserve(chunk)
  run.reservedEnd = 10 + reserved
  shrinkToLead(4, run, inventory)
  return { run, kept: range(0, CHUNKS).filter((chunk) => inventory.isReserved(chunk)) }
}

describe('a run that has slowed down', () => {
  it('leaves to others what it reserved more than twice too far ahead', () => {
    const { run, kept } = keptOf(9)
    expect(kept).toEqual(range(10, 14))
    expect(run).toMatchObject({ reservedEnd: 14, end: 90 })
  })

  it('keeps what is up to twice as far, as rates vary', () => {
    expect(keptOf(8).kept).toEqual(range(10, 18))
  })
})

describe('what a run has reserved', () => {
  it('is asked of a neighbour that has come to hold it, from the next chunk on', () => {
    const anna = peer(1)
    const many = 10 * CHUNKS
    const visitor = firstOfTwo(many)
    visitor.openRun(0)
    visitor.meet(anna, fileOf(many))
    for (const _ of range(0, 10)) {
      visitor.pass(100)
      visitor.bring(0, 1)
    }
    const held = range(20, 40)
    visitor.hearHave(anna, held)
    expect(visitor.askedOf(anna)).toEqual([])

    visitor.pass(100)
    visitor.bring(0, 1)
    const asked = visitor.askedOf(anna)
    expect(asked.length).toBeGreaterThan(0)
    expect(held).toEqual(expect.arrayContaining(asked))
    expect(visitor.all('abort')).toEqual([])
  })
})
