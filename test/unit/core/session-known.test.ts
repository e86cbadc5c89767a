import { describe, expect, it } from 'vitest'

import { bitsOf, fileOf, peer, range } from './shapes.ts'
import { claimOf, lateVisitor, pick, sent, type Visitor } from './visitor.ts'

const CHUNKS = 40
const FACTS = fileOf(CHUNKS)
const [ANNA, BERT] = [peer(1), peer(2)]

/** Its timers ring 50 ms late, or in time, until they have rung twelve times. */
function visitorWhoseTimersRing(lateMs: number): Visitor {
  const visitor = lateVisitor(CHUNKS)
  for (const _ of range(0, 12)) {
    visitor.ring(lateMs)
  }
  return visitor
}

describe('a visitor short of processor time', () => {
  it('tells neighbours what it hears of by a claim, and what another neighbour has', () => {
    const visitor = visitorWhoseTimersRing(50)
    for (const each of [ANNA, BERT]) visitor.meet(each, FACTS)
    visitor.hearHave(ANNA, [3])
    visitor.hear(ANNA, { ...claimOf(peer(9), 1, 20, 1, 2), brought: [{ start: 30, count: 1 }] })
    const told = sent(visitor.pass(2500), 'known')
    expect(told.map(({ peer: to }) => to)).toContain(BERT)
    for (const { message } of told) expect(message.bits).toEqual(bitsOf([3, 30], CHUNKS))
  })

  it('says on what a neighbour tells it', () => {
    const visitor = visitorWhoseTimersRing(50)
    for (const each of [ANNA, BERT]) visitor.meet(each, FACTS)
    visitor.hear(ANNA, { type: 'known', bits: bitsOf([7], CHUNKS) })
    const told = sent(visitor.pass(2500), 'known')
    expect(told.map(({ peer: to, message }) => [to, message.bits])).toEqual([[BERT, bitsOf([7], CHUNKS)]])
  })

  it('tells somebody else, once a neighbour is gone and another comes', () => {
    const visitor = visitorWhoseTimersRing(50)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [3])
    visitor.meet(BERT, FACTS)
    expect(sent(visitor.pass(2500), 'known').map(({ peer: to }) => to)).toEqual([BERT])
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.meet(BERT, FACTS)
    expect(sent(visitor.pass(2500), 'known').map(({ peer: to }) => to)).toEqual([BERT])
  })

  it('parts with whoever tells it of another number of chunks', () => {
    for (const lateMs of [50, 0]) {
      const visitor = visitorWhoseTimersRing(lateMs)
      visitor.meet(ANNA, FACTS)
      const outputs = visitor.hear(ANNA, { type: 'known', bits: bitsOf([7], CHUNKS + 8) })
      expect(pick(outputs, 'disconnect').map(({ peer: from }) => from)).toEqual([ANNA])
    }
  })
})

describe('a visitor with processor time', () => {
  it('tells nothing of the kind', () => {
    const visitor = visitorWhoseTimersRing(0)
    for (const each of [ANNA, BERT]) visitor.meet(each, FACTS)
    visitor.hear(ANNA, { ...claimOf(peer(9), 1, 20, 1, 2), brought: [{ start: 30, count: 1 }] })
    visitor.hear(ANNA, { type: 'known', bits: bitsOf([7], CHUNKS) })
    expect(sent(visitor.pass(5000), 'known')).toEqual([])
  })
})
