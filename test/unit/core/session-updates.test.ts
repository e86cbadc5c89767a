import { describe, expect, it } from 'vitest'

import type { Update } from '../../../src/core/wire/peer-messages.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'
import { lateVisitor, pick, SELF, sent, type Visitor } from './visitor.ts'

const CHUNKS = 40
const FACTS = fileOf(CHUNKS)

function updateOf(author: number, sequence: number, chunks: readonly number[] = [0], hops = 1): Update {
  return { type: 'update', peer: peer(author), sequence, hops, degree: 8, bits: bitsOf(chunks, CHUNKS) }
}

/** A visitor with so many neighbours, the first of which has given it chunk 0. */
function visitorWith(neighbours: number): Visitor {
  const visitor = lateVisitor(CHUNKS)
  for (const number of range(1, neighbours + 1)) visitor.meet(peer(number), FACTS)
  visitor.hearHave(peer(1), [0])
  visitor.deliver(peer(1))
  return visitor
}

describe('a visitor with neighbours', () => {
  it('tells some of them what it has within two seconds, and goes on telling', () => {
    const visitor = visitorWith(5)
    const soon = sent(visitor.pass(2000), 'update')
    expect(soon).toHaveLength(3)
    expect(soon[0]?.message).toEqual({ ...updateOf(0, 1), peer: SELF, degree: 5 })
    const later = sent(visitor.pass(25_000), 'update')
    expect(later.map(({ message }) => message.sequence)).toContain(2)
  })

  it('says nothing of itself while it has none', () => {
    const visitor = lateVisitor(CHUNKS)
    expect(sent(visitor.pass(60_000), 'update')).toEqual([])
  })

  it('passes on what it hears of others, and comes to know them', () => {
    const visitor = visitorWith(3)
    const passedOn = sent(visitor.hear(peer(1), updateOf(70, 1, [5], 2)), 'update')
    expect(passedOn.map((output) => output.peer)).toEqual(expect.arrayContaining([peer(2), peer(3)]))
    expect(passedOn.map(({ message }) => message)).toEqual([updateOf(70, 1, [5], 3), updateOf(70, 1, [5], 3)])
    const connected = pick(visitor.pass(12_000), 'connect').map(({ peer: to }) => to)
    expect(connected).toContain(peer(70))
  })

  it('lets go of one who brings an update of another file', () => {
    const visitor = visitorWith(3)
    const outputs = visitor.hear(peer(1), { ...updateOf(70, 1), bits: new Uint8Array(6) })
    expect(pick(outputs, 'disconnect')).toEqual([{ type: 'disconnect', peer: peer(1) }])
  })
})
