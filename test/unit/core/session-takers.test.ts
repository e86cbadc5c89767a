/**
 * Who was asked and has given nothing holds its chunks for itself: they count as nowhere, and are fetched, until it gives
 * one.
 */

import { describe, expect, it } from 'vitest'

import { fileOf, peer, range } from './shapes.ts'
import { firstOfTwo, pick, Visitor } from './visitor.ts'

const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Anna has all but the first twenty, which we have, and so our seat is given up; two of hers were asked for. */
function visitorWithAnna(): Visitor {
  const visitor = firstOfTwo(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.openRun(0, FACTS.sizeBytes, true)
  visitor.bring(0, 19)
  visitor.hearHave(ANNA, range(20, CHUNKS))
  visitor.bring(0, 1)
  visitor.pass(1000)
  expect(visitor.askedOf(ANNA)).toHaveLength(2)
  return visitor
}

/** Runs that are asked of the origin within these seconds. */
function runsWithin(visitor: Visitor, seconds: number): number {
  return pick(visitor.pass(seconds * 1000), 'fetch').length
}

describe('a neighbour that has given nothing', () => {
  it('and refuses, is not waited for: what it alone has is fetched', () => {
    const visitor = visitorWithAnna()
    visitor.hear(ANNA, { type: 'refuse', chunks: visitor.askedOf(ANNA) })
    expect(runsWithin(visitor, 3)).toBe(1)
  })

  it('and is silent, is not waited for after five seconds', () => {
    const visitor = visitorWithAnna()
    expect(runsWithin(visitor, 3)).toBe(0)
    expect(runsWithin(visitor, 4)).toBe(1)
  })

  it('is still asked for what another has, too, and counts again once it gives', () => {
    const visitor = visitorWithAnna()
    visitor.hear(ANNA, { type: 'refuse', chunks: visitor.askedOf(ANNA) })
    visitor.meet(BERT, FACTS)
    visitor.hearHave(BERT, range(40, 50))
    visitor.hearHave(ANNA, range(20, CHUNKS))
    const [asked] = visitor.askedOf(ANNA)
    expect(asked).toBeGreaterThanOrEqual(40)
    expect(asked).toBeLessThan(50)
    visitor.deliver(ANNA)
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
    expect(runsWithin(visitor, 2)).toBe(0)
  })
})

describe('a neighbour that does not count', () => {
  it('says what it holds, and leaves: nothing that it said is waited for', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0, FACTS.sizeBytes, true)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [CHUNKS - 1])
    visitor.hear(ANNA, { type: 'refuse', chunks: visitor.askedOf(ANNA) })
    visitor.hearBitfield(ANNA, range(0, CHUNKS), CHUNKS)
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    // Were hers still counted, the run would be given up for what nobody has.
    visitor.bring(0, 20)
    expect(visitor.kept).toEqual(range(0, 20))
    expect(visitor.all('abort')).toEqual([])
  })
})

describe('a neighbour that does not count, where the origin gives nothing', () => {
  it('is asked again for what it alone has, and the download goes on by what it gives', () => {
    const visitor = visitorWithAnna()
    visitor.hear(ANNA, { type: 'refuse', chunks: visitor.askedOf(ANNA) })
    visitor.hearHave(ANNA, range(20, CHUNKS))
    expect(visitor.askedOf(ANNA)).toEqual([])
    for (let failures = 0; failures < 3; failures++) {
      while (visitor.all('fetch').length < failures + 2) visitor.pass(100)
      visitor.failRun(visitor.latestRun.run, 'unreachable')
    }
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
    while (visitor.askedOf(ANNA).length > 0) visitor.deliver(ANNA)
    expect(visitor.kept).toEqual(range(0, CHUNKS))
  })
})

describe('a neighbour that has given', () => {
  it('and refuses one chunk, still has the others', () => {
    const visitor = visitorWithAnna()
    visitor.deliver(ANNA)
    visitor.hear(ANNA, { type: 'refuse', chunks: visitor.askedOf(ANNA).slice(0, 1) })
    visitor.hearHave(ANNA, range(20, CHUNKS))
    expect(runsWithin(visitor, 3)).toBe(0)
  })
})
