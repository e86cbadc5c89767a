/**
 * A neighbour that has nothing for us is not searched through again and again. But whenever something becomes free
 * that it holds, it is asked at once.
 */

import { describe, expect, it } from 'vitest'

import { fileOf, forgedDigest, peer, range } from './shapes.ts'
import { firstOfTwo, lateVisitor, sent, Visitor } from './visitor.ts'

/** More than the endgame takes for the last few. */
const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Anna and Bert have the same chunk; Anna was asked for it, so that Bert has nothing for us. */
function visitorWithBertDry(): Visitor {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.meet(BERT, FACTS)
  visitor.hearHave(ANNA, [4])
  visitor.hearHave(BERT, [4])
  expect([visitor.askedOf(ANNA), visitor.askedOf(BERT)]).toEqual([[4], []])
  return visitor
}

/** We hold a seat, and our run is about to bring what Anna has. */
function visitorWithAnnaDry(): Visitor {
  const visitor = firstOfTwo(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, [3])
  expect(visitor.askedOf(ANNA)).toEqual([])
  return visitor
}

describe('a neighbour that has nothing for us is asked', () => {
  it('when another refuses what it has, too', () => {
    const visitor = visitorWithBertDry()
    visitor.hear(ANNA, { type: 'refuse', chunks: [4] })
    expect(visitor.askedOf(BERT)).toEqual([4])
  })

  it('when another that was asked is gone', () => {
    const visitor = visitorWithBertDry()
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(visitor.askedOf(BERT)).toEqual([4])
  })

  it('when another that was asked has stalled', () => {
    const visitor = visitorWithBertDry()
    visitor.pass(5000)
    expect(visitor.askedOf(BERT)).toEqual([4])
  })

  it('when what another sent was not the chunk', () => {
    const visitor = lateVisitor(CHUNKS, {
      verification: 'chunkDigests',
      chunkDigests: new Uint8Array(32 * CHUNKS),
      digestOf: (chunk) => forgedDigest(chunk),
    })
    visitor.meet(ANNA, FACTS)
    visitor.meet(BERT, FACTS)
    visitor.hearHave(ANNA, [4])
    visitor.hearHave(BERT, [4])
    visitor.deliver(ANNA)
    expect(visitor.askedOf(BERT)).toEqual([4])
  })

  it('when a chunk that we had is lost', () => {
    const visitor = visitorWithBertDry()
    visitor.deliver(ANNA)
    expect(visitor.kept).toEqual([4])
    visitor.handle({ type: 'chunkLost', chunk: 4 })
    expect([...visitor.askedOf(ANNA), ...visitor.askedOf(BERT)]).toEqual([4])
  })

  it('when a chunk that an earlier visit left cannot be restored', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.handle({ type: 'restoring', chunks: [4] })
    visitor.hearHave(ANNA, [4])
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.handle({ type: 'notRestored', chunk: 4 })
    expect(visitor.askedOf(ANNA)).toEqual([4])
  })

  it('when a pause is over', () => {
    const visitor = visitorWithBertDry()
    visitor.handle({ type: 'pause' })
    visitor.hearHave(BERT, [5])
    visitor.handle({ type: 'resume' })
    expect(new Set([...visitor.askedOf(ANNA), ...visitor.askedOf(BERT)])).toEqual(new Set([4, 5]))
  })

  it('when our run breaks off before it has brought what the neighbour has', () => {
    const visitor = visitorWithAnnaDry()
    visitor.failRun(0, 'busy', 30_000)
    expect(visitor.askedOf(ANNA)).toEqual([3])
  })

  it('when the origin sends the file from its first byte instead of what our run was to bring', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 1, swarmSize: 2, facts: FACTS })
    visitor.pass(100)
    visitor.meet(ANNA, FACTS)
    const { run, firstChunk } = visitor.latestRun
    expect(firstChunk).toBeGreaterThan(8)
    visitor.hearHave(ANNA, [firstChunk])
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.openRun(run, FACTS.sizeBytes, true)
    expect(visitor.askedOf(ANNA)).toEqual([firstChunk])
  })

  it('when it has come to hold something that is free', () => {
    const visitor = visitorWithBertDry()
    visitor.hearHave(BERT, [5])
    expect(visitor.askedOf(BERT)).toEqual([5])
  })
})

describe('a neighbour that has nothing for us is not asked', () => {
  it('for what it has come to hold and is asked of another', () => {
    const visitor = visitorWithBertDry()
    visitor.hearHave(ANNA, [5])
    expect(visitor.askedOf(ANNA)).toEqual([4, 5])
    expect(sent(visitor.hearHave(BERT, [5]), 'request')).toEqual([])
  })

  it('for anything twice, when it is asked again', () => {
    const visitor = visitorWithBertDry()
    visitor.hearHave(BERT, range(5, 9))
    const asked = [...visitor.askedOf(ANNA), ...visitor.askedOf(BERT)]
    expect(new Set(asked).size).toBe(asked.length)
  })
})

describe('near the end a neighbour that has nothing else', () => {
  it('is asked for what another is slow to bring, once it has news', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.handle({ type: 'restoring', chunks: range(0, CHUNKS - 4) })
    for (const chunk of range(0, CHUNKS - 4)) visitor.digest(chunk, { kind: 'store' })
    visitor.meet(ANNA, FACTS)
    visitor.meet(BERT, FACTS)
    visitor.hearHave(ANNA, [62])
    visitor.hearHave(BERT, [62])
    expect(visitor.askedOf(BERT)).toEqual([])
    visitor.pass(1000)
    visitor.hearHave(BERT, [10])
    expect(visitor.askedOf(BERT)).toEqual([62])
  })
})
