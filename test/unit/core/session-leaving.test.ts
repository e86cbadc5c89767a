import { describe, expect, it } from 'vitest'

import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { lateVisitor, loneVisitor, pick, sent, type Visitor, withoutProbes } from './visitor.ts'

const CHUNKS = 8
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Has the whole file, from the origin; Anna and Bert lack the last two chunks, Bert a third. */
function seed(): Visitor {
  const visitor = loneVisitor(CHUNKS)
  visitor.bring(0, CHUNKS)
  visitor.handle({ type: 'fileVerified' })
  visitor.meet(ANNA, FACTS)
  visitor.meet(BERT, FACTS)
  visitor.hearHave(ANNA, range(0, CHUNKS - 2))
  visitor.hearHave(BERT, range(0, CHUNKS - 3))
  return visitor
}

describe('a visitor that leaves', () => {
  it('offers exactly what nobody else has, to each neighbour in another order', () => {
    const offers = sent(seed().handle({ type: 'leave' }), 'leaving')
    expect(offers.map(({ peer: to }) => to)).toEqual([ANNA, BERT])
    expect(offers.map(({ message }) => message.chunks)).toEqual([
      [6, 7],
      [7, 6],
    ])
  })

  it('serves these and refuses the rest', () => {
    const visitor = seed()
    visitor.handle({ type: 'leave' })
    const outputs = visitor.hear(BERT, { type: 'request', chunks: [5, 7] })
    expect(pick(outputs, 'serve')).toEqual([{ type: 'serve', peer: BERT, chunk: 7 }])
    expect(sent(outputs, 'refuse')).toEqual([{ peer: BERT, message: { type: 'refuse', chunks: [5] } }])
  })

  it('is gone once each has another holder, with a goodbye, and does nothing more', () => {
    const visitor = seed()
    visitor.handle({ type: 'leave' })
    expect(visitor.hearHave(ANNA, [6])).toEqual([])
    const outputs = visitor.hearHave(BERT, [7])
    expect(sent(outputs, 'goodbye').map(({ peer: to }) => to)).toEqual([ANNA, BERT])
    expect(outputs.at(-1)).toEqual({ type: 'left' })
    expect(visitor.session.nextDeadlineMs()).toBeNull()
    expect(visitor.hear(ANNA, { type: 'request', chunks: [6] })).toEqual([])
  })

  it('is gone after two seconds in any case', () => {
    const visitor = seed()
    visitor.handle({ type: 'leave' })
    expect(pick(visitor.pass(1999), 'left')).toEqual([])
    expect(pick(visitor.pass(1), 'left')).toHaveLength(1)
  })

  it.each([
    ['nobody is there', () => loneVisitor(CHUNKS)],
    [
      'nothing is missing',
      () => {
        const visitor = seed()
        visitor.hearHave(ANNA, [6, 7])
        return visitor
      },
    ],
  ])('is gone at once where %s', (_what, make) => {
    expect(pick(make().handle({ type: 'leave' }), 'left')).toHaveLength(1)
  })
})

describe('a neighbour that leaves', () => {
  it('is asked for what it offers, in its order, and for nothing else', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(0, CHUNKS))
    visitor.hear(ANNA, { type: 'leaving', chunks: [6, 3] })
    for (const _ of range(0, 4)) visitor.deliver(ANNA)
    expect(visitor.askedOf(ANNA)).toEqual([])
    expect(visitor.kept).toEqual(expect.arrayContaining([3, 6]))
    expect(visitor.kept.length).toBeLessThan(CHUNKS)
  })

  it('breaks the protocol if it leaves twice, or names what is not in the file', () => {
    for (const chunks of [[0], [CHUNKS]]) {
      const visitor = lateVisitor(CHUNKS)
      visitor.meet(ANNA, FACTS)
      visitor.hear(ANNA, { type: 'leaving', chunks })
      visitor.hear(ANNA, { type: 'leaving', chunks: [] })
      expect(visitor.session.neighbours.has(ANNA)).toBe(false)
    }
  })
})

describe('the caps of uploads', () => {
  it('make a pace from the start', () => {
    const visitor = lateVisitor(CHUNKS, { limits: { maxUploadBytesPerSec: 50_000 } })
    expect(visitor.all('pace')).toEqual([{ type: 'pace', bytesPerSec: 50_000 }])
    expect(lateVisitor(CHUNKS).all('pace')).toEqual([])
  })

  it('refuse what goes beyond the ratio, and let a complete visitor leave at once, with what only it has', () => {
    const visitor = loneVisitor(CHUNKS, { limits: { maxUploadRatio: 1 / CHUNKS } })
    visitor.bring(0, CHUNKS)
    visitor.handle({ type: 'fileVerified' })
    visitor.meet(ANNA, FACTS)
    const asked = withoutProbes(visitor.hear(ANNA, { type: 'request', chunks: [0, 1] }))
    expect(asked).toEqual([{ type: 'serve', peer: ANNA, chunk: 0 }])
    const outputs = visitor.handle({ type: 'served', peer: ANNA, chunk: 0 })
    expect(visitor.session.neighbours.get(ANNA)?.bytesSent).toBe(CHUNK_BYTES)
    expect(sent(outputs, 'refuse')).toEqual([{ peer: ANNA, message: { type: 'refuse', chunks: [1] } }])
    expect(sent(outputs, 'leaving').flatMap(({ message }) => message.chunks)).toEqual([])
    expect(pick(outputs, 'left')).toHaveLength(1)
  })
})
