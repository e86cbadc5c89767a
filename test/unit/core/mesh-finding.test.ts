import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import { ANNA, BERT, CHUNKS, connects, FACTS, hearOf, STRANGERS, updateOf, visitorAmong } from './company.ts'
import { peer, range } from './shapes.ts'
import { claimOf, lateVisitor, pick, SELF, sent, type Visitor, type VisitorOptions } from './visitor.ts'

/** It seeks as many neighbours as are usual by now. */
function settledAmong(count: number, options: VisitorOptions = {}): Visitor {
  const visitor = visitorAmong(count, options)
  visitor.pass(10_000)
  return visitor
}

/** Connects to four of whom Anna told, and then loses her. */
function forlorn(): { visitor: Visitor; attempts: PeerId[]; givenUp: PeerId[] } {
  const visitor = settledAmong(1)
  hearOf(visitor, STRANGERS.slice(0, 10))
  visitor.pass(1000)
  const attempts = connects(visitor)
  const outputs = visitor.handle({ type: 'linkClosed', peer: ANNA })
  return { visitor, attempts, givenUp: pick(outputs, 'disconnect').map(({ peer: from }) => from) }
}

describe('a visitor with too few neighbours', () => {
  it('connects to peers that the mesh speaks of', () => {
    const visitor = settledAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 3))
    visitor.pass(1000)
    expect(connects(visitor).sort()).toEqual(STRANGERS.slice(0, 3))
  })

  it('leaves the mesh a moment to speak of more before it draws one', () => {
    const visitor = settledAmong(1)
    for (const about of STRANGERS.slice(0, 10)) visitor.hear(ANNA, updateOf(about))
    visitor.pass(499)
    expect(connects(visitor)).toEqual([])
    visitor.pass(501)
    expect(connects(visitor)).toHaveLength(4)
  })

  it('has no more than four attempts under way through the mesh', () => {
    const visitor = settledAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 10))
    visitor.pass(5000)
    expect(connects(visitor)).toHaveLength(4)
    visitor.meet(connects(visitor)[0] ?? ANNA, FACTS)
    hearOf(visitor, STRANGERS.slice(10, 11))
    visitor.pass(1000)
    expect(connects(visitor)).toHaveLength(5)
  })

  it('draws them at random', () => {
    const first = range(1, 12).map((seed) => {
      const visitor = settledAmong(1, { seed })
      hearOf(visitor, STRANGERS.slice(0, 4))
      visitor.pass(1000)
      return connects(visitor)[0]
    })
    expect(new Set(first).size).toBeGreaterThan(1)
  })

  it('does not seek itself, its neighbours, or whom it banned', () => {
    const visitor = settledAmong(3)
    visitor.handle({ type: 'malformed', peer: BERT })
    for (const about of [SELF, ANNA, BERT, peer(3)]) visitor.hear(ANNA, updateOf(about))
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([])
  })

  it('does not seek a neighbour by another name that it has got since', () => {
    const visitor = settledAmong(3)
    const [update, claim, relay] = STRANGERS
    if (update === undefined || claim === undefined || relay === undefined) return
    visitor.hear(ANNA, { ...updateOf(update), hops: 1 })
    visitor.hear(BERT, claimOf(claim, 1, 0, 1, 0))
    visitor.hear(peer(3), { type: 'relay', from: relay, to: SELF, nonce: 1, ttl: 6, data: '1' })
    for (const about of [update, claim, relay])
      visitor.hear(about === update ? BERT : ANNA, { ...updateOf(about, [0], 2), hops: 2 })
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([])
    visitor.hear(ANNA, { type: 'goodbye' })
    visitor.hear(BERT, { ...updateOf(update, [0], 3), hops: 2 })
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([update])
  })

  it('tries three times where nobody answers, and then not for a minute', () => {
    const visitor = settledAmong(1)
    const speakOf = (sequence: number): void => hearOf(visitor, STRANGERS.slice(0, 1), [0], sequence)
    for (const sequence of range(1, 11)) {
      speakOf(sequence)
      visitor.pass(1500)
      visitor.handle({ type: 'linkClosed', peer: STRANGERS[0] ?? ANNA })
    }
    expect(connects(visitor)).toHaveLength(3)
    visitor.pass(60_000)
    speakOf(11)
    visitor.pass(1000)
    expect(connects(visitor)).toHaveLength(4)
  })

  it('tries through the mesh whom the topology server does not reach any more', () => {
    const visitor = settledAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 1))
    visitor.welcome({ peers: STRANGERS.slice(0, 1), facts: FACTS, swarmSize: 9 })
    const [stranger = ANNA] = connects(visitor)
    expect(pick(visitor.handle({ type: 'peerGone', peer: stranger }), 'disconnect')).toHaveLength(1)
    expect(pick(visitor.pass(1000), 'connect')).toEqual([{ type: 'connect', peer: stranger }])
    expect(sent(visitor.handle({ type: 'linkSignal', peer: stranger, data: 1 }), 'relay')).toHaveLength(1)
  })

  it('lets alone for a minute who said goodbye, unless the topology server names it', () => {
    const visitor = settledAmong(2)
    visitor.hear(BERT, { type: 'goodbye' })
    hearOf(visitor, [BERT])
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([])
    expect(pick(visitor.welcome({ peers: [BERT], facts: FACTS }), 'connect')).toHaveLength(1)
  })

  it('tries once more, after a second, to reach a neighbour that it lost without a goodbye', () => {
    const visitor = settledAmong(2)
    visitor.handle({ type: 'linkClosed', peer: BERT })
    expect(pick(visitor.pass(999), 'connect')).toEqual([])
    expect(pick(visitor.pass(1), 'connect')).toEqual([{ type: 'connect', peer: BERT }])
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(10_000)
    expect(connects(visitor)).toHaveLength(1)
  })

  it('does not run after one that it lost where it has others', () => {
    const visitor = settledAmong(4)
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(10_000)
    expect(connects(visitor)).toEqual([])
  })

  it('seeks more where more are wanted, up to 32', () => {
    const visitor = lateVisitor(CHUNKS, { limits: { neighbours: 2 } })
    visitor.welcome({ peers: range(1, 33).map(peer), facts: FACTS, swarmSize: 99 })
    visitor.pass(10_000)
    expect(connects(visitor)).toHaveLength(2)
    const greedy = settledAmong(100, { limits: { neighbours: 1000 } })
    expect(greedy.session.neighbours.size).toBe(64)
  })
})

describe('a visitor that loses its last neighbour', () => {
  it('gives up the attempts that she would have had to carry signals for, and begins no more', () => {
    const { visitor, attempts, givenUp } = forlorn()
    expect(attempts).toHaveLength(4)
    expect(givenUp).toEqual(attempts)
    visitor.pass(5000)
    expect(connects(visitor)).toHaveLength(4)
  })

  it('so has room for those to whom the topology server introduces it, even where it has just given them up', () => {
    const { visitor, attempts } = forlorn()
    const [again = ANNA] = attempts
    const introduced = [again, peer(2), peer(3)]
    const outputs = visitor.welcome({ peers: introduced, facts: FACTS, swarmSize: 99 })
    expect(pick(outputs, 'connect').map(({ peer: to }) => to)).toEqual(expect.arrayContaining(introduced))
    expect(pick(outputs, 'connect')).toHaveLength(3)
  })

  it('goes on with the attempts that are signalled through the topology server', () => {
    const visitor = settledAmong(1)
    visitor.welcome({ peers: STRANGERS.slice(0, 2), facts: FACTS, swarmSize: 99 })
    hearOf(visitor, STRANGERS.slice(2, 4))
    visitor.pass(1000)
    expect(connects(visitor)).toHaveLength(4)
    const outputs = visitor.handle({ type: 'linkClosed', peer: ANNA })
    const givenUp = pick(outputs, 'disconnect').map(({ peer: from }) => from)
    expect(givenUp.sort()).toEqual(STRANGERS.slice(2, 4))
    expect(pick(outputs, 'connect')).toEqual([])
  })

  it('goes on with an attempt that has been answered: it may be about to succeed', () => {
    const visitor = settledAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 2))
    visitor.pass(1000)
    const [answering = ANNA, silent = ANNA] = connects(visitor)
    visitor.hear(ANNA, { type: 'relay', from: answering, to: SELF, nonce: 1, ttl: 3, data: '1' })
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'disconnect')).toEqual([
      { type: 'disconnect', peer: silent },
    ])
  })

  it('gives these up, too, where its socket is gone', () => {
    const visitor = settledAmong(1)
    visitor.welcome({ peers: STRANGERS.slice(0, 2), facts: FACTS, swarmSize: 99 })
    visitor.handle({ type: 'topologyLost' })
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'disconnect')).toHaveLength(2)
  })

  it('seeks again as soon as a new neighbour speaks of somebody', () => {
    const { visitor, attempts } = forlorn()
    visitor.meet(BERT, FACTS)
    visitor.hear(BERT, updateOf(STRANGERS[10] ?? ANNA))
    visitor.pass(1000)
    const more = connects(visitor)
      .slice(4)
      .filter((to) => to !== ANNA)
    expect(more).toHaveLength(4)
    for (const to of more) expect(attempts).not.toContain(to)
  })

  it('keeps its attempts while another is left', () => {
    const visitor = settledAmong(2)
    hearOf(visitor, STRANGERS.slice(0, 10))
    visitor.pass(1000)
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'disconnect')).toEqual([])
  })
})

describe('a visitor with neighbours enough', () => {
  it('takes one of those in whom the topology server introduces, in case nobody else hears of them', () => {
    const visitor = settledAmong(8)
    visitor.welcome({ peers: STRANGERS, facts: FACTS, swarmSize: 99 })
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(connects(visitor)).toHaveLength(1)
    expect(STRANGERS).toEqual(expect.arrayContaining(connects(visitor)))
  })

  it('does not connect to itself or to neighbours, where they are introduced', () => {
    const visitor = settledAmong(8)
    visitor.welcome({ peers: [SELF, ...range(1, 9).map(peer)], facts: FACTS, swarmSize: 99 })
    expect(connects(visitor)).toEqual([])
  })

  it('seeks nobody of whom the mesh speaks', () => {
    const visitor = settledAmong(8)
    hearOf(visitor, STRANGERS.slice(0, 5))
    expect(connects(visitor)).toEqual([])
  })
})
