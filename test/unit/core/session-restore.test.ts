import { describe, expect, it } from 'vitest'

import { digestsOf, fileOf, forgedDigest, peer, range } from './shapes.ts'
import { firstOfTwo, lateVisitor, loneVisitor, pick, sent, Visitor } from './visitor.ts'

const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const STORE = { kind: 'store' } as const

describe('what an earlier visit left', () => {
  it('is not asked of neighbours while it is read and hashed', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.handle({ type: 'restoring', chunks: range(0, 60) })
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(0, CHUNKS))
    while (visitor.askedOf(ANNA).length > 0) visitor.deliver(ANNA)
    expect(visitor.kept).toEqual(range(60, CHUNKS))
    for (const chunk of range(0, 60)) visitor.digest(chunk, STORE)
    expect(visitor.all('complete')).toHaveLength(1)
  })

  it('is cancelled where neighbours were asked for it', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [4])
    const outputs = visitor.handle({ type: 'restoring', chunks: [4] })
    expect(sent(outputs, 'cancel')).toEqual([{ peer: ANNA, message: { type: 'cancel', chunks: [4] } }])
    expect(visitor.askedOf(ANNA)).toEqual([])
  })

  it('is skipped by the origin’s stream where that saves more than a new request costs', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 1)
    visitor.handle({ type: 'restoring', chunks: range(2, 60) })
    const outputs = visitor.bring(0, 1)
    expect(pick(outputs, 'abort')).toHaveLength(1)
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 60, lastByte: null }])
  })

  it('is not fetched from the origin', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.handle({ type: 'restoring', chunks: range(8, CHUNKS) })
    visitor.openRun(0)
    visitor.bring(0, 8)
    visitor.endRun(0)
    expect(visitor.all('fetch')).toHaveLength(1)
    for (const chunk of range(8, CHUNKS)) visitor.digest(chunk, STORE)
    expect(visitor.all('complete')).toHaveLength(1)
  })

  it('is fetched after all where it cannot be read', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.handle({ type: 'restoring', chunks: range(1, CHUNKS) })
    visitor.bring(0, 1)
    for (const chunk of range(1, 40)) visitor.digest(chunk, STORE)
    for (const chunk of range(40, CHUNKS)) visitor.handle({ type: 'notRestored', chunk })
    visitor.pass(1000)
    const { run, firstChunk } = visitor.latestRun
    expect(firstChunk).toBe(40)
    visitor.openRun(run, FACTS.sizeBytes)
    expect(pick(visitor.bring(run, CHUNKS - 40), 'complete')).toHaveLength(1)
  })

  it('is fetched after all where it is not what it should be', () => {
    const visitor = new Visitor({
      locator: null,
      facts: FACTS,
      verification: 'chunkDigests',
      chunkDigests: digestsOf(range(0, CHUNKS)),
    })
    visitor.start()
    visitor.handle({ type: 'restoring', chunks: [63] })
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.digest(63, STORE, forgedDigest(63))
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
  })

  it('counts no more once only the origin is trusted', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.handle({ type: 'restoring', chunks: [60] })
    visitor.handle({ type: 'distrustPeers' })
    visitor.digest(60, STORE)
    expect(visitor.kept).toEqual([])
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
  })

  it('and is here already is left alone', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 1)
    expect(visitor.handle({ type: 'restoring', chunks: [0] })).toEqual([])
    expect(visitor.handle({ type: 'notRestored', chunk: 0 })).toEqual([])
    expect(visitor.kept).toEqual([0])
    expect(pick(visitor.handle({ type: 'chunkLost', chunk: 0 }), 'forget')).toHaveLength(1)
    visitor.bring(0, CHUNKS - 1)
    visitor.endRun(0)
    visitor.pass(1000)
    expect(visitor.latestRun.firstChunk).toBe(0)
  })
})
