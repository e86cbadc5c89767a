import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import type { Update } from '../../../src/core/wire/peer-messages.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'
import { claimOf, lateVisitor, pick, SELF, sent, type Visitor, type VisitorOptions } from './visitor.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)
const STRANGERS = range(0x70, 0x90).map(peer)

/** Has so many neighbours, from Anna on, of whom it knows by no topology server. It downloads. */
function leecherAmong(count: number, options: VisitorOptions = {}): Visitor {
  const visitor = lateVisitor(CHUNKS, options)
  for (const number of range(1, count + 1)) visitor.meet(peer(number), FACTS)
  return visitor
}

/** The same, and its download rests, so that only the mesh counts. */
function visitorAmong(count: number, options: VisitorOptions = {}): Visitor {
  const visitor = leecherAmong(count, options)
  visitor.handle({ type: 'pause' })
  return visitor
}

function updateOf(about: PeerId, chunks: readonly number[] = [0], sequence = 1): Update {
  return { type: 'update', peer: about, sequence, hops: 2, degree: 3, bits: bitsOf(chunks, CHUNKS) }
}

/** The mesh speaks of these peers, through Anna, a few a second, as it may. */
function hearOf(
  visitor: Visitor,
  peers: readonly PeerId[],
  chunks: readonly number[] = [0],
  sequence = 1,
): void {
  for (const about of peers) {
    visitor.pass(200)
    visitor.hear(ANNA, updateOf(about, chunks, sequence))
  }
}

function connects(visitor: Visitor): PeerId[] {
  return visitor.all('connect').map(({ peer: to }) => to)
}

/** Has the whole file from its neighbours, none of which counts as a seed. */
function seedAmong(count: number): Visitor {
  const visitor = leecherAmong(count)
  visitor.hearHave(ANNA, range(0, CHUNKS - 1))
  visitor.hearHave(BERT, range(1, CHUNKS))
  while (visitor.kept.length < CHUNKS) for (const from of [ANNA, BERT]) visitor.deliver(from)
  return visitor
}

/** Connects to four of whom Anna told, and then loses her. */
function forlorn(): { visitor: Visitor; attempts: PeerId[]; givenUp: PeerId[] } {
  const visitor = visitorAmong(1)
  hearOf(visitor, STRANGERS.slice(0, 10))
  visitor.pass(1000)
  const attempts = connects(visitor)
  const outputs = visitor.handle({ type: 'linkClosed', peer: ANNA })
  return { visitor, attempts, givenUp: pick(outputs, 'disconnect').map(({ peer: from }) => from) }
}

/** Whether a seed with neighbours enough exchanges one for a stranger of whom it hears in this way. */
function isSought(about: 'relay' | 'update'): boolean {
  const visitor = seedAmong(8)
  const [stranger = ANNA] = STRANGERS
  // Its turn comes within 45 seconds; until then it hears of the stranger every 10.
  for (const sequence of range(1, 6)) {
    if (about === 'update') visitor.hear(ANNA, updateOf(stranger, [0], sequence))
    else
      visitor.hear(ANNA, {
        type: 'relay',
        from: stranger,
        to: peer(99),
        nonce: sequence,
        ttl: 3,
        data: '1',
      })
    visitor.pass(10_000)
  }
  return connects(visitor).includes(stranger)
}

describe('a visitor with too few neighbours', () => {
  it('connects to peers that the mesh speaks of', () => {
    const visitor = visitorAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 3))
    visitor.pass(1000)
    expect(connects(visitor).sort()).toEqual(STRANGERS.slice(0, 3))
  })

  it('leaves the mesh a moment to speak of more before it draws one', () => {
    const visitor = visitorAmong(1)
    for (const about of STRANGERS.slice(0, 10)) visitor.hear(ANNA, updateOf(about))
    visitor.pass(499)
    expect(connects(visitor)).toEqual([])
    visitor.pass(501)
    expect(connects(visitor)).toHaveLength(4)
  })

  it('has no more than four attempts under way through the mesh', () => {
    const visitor = visitorAmong(1)
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
      const visitor = visitorAmong(1, { seed })
      hearOf(visitor, STRANGERS.slice(0, 4))
      visitor.pass(1000)
      return connects(visitor)[0]
    })
    expect(new Set(first).size).toBeGreaterThan(1)
  })

  it('does not seek itself, its neighbours, or whom it banned', () => {
    const visitor = visitorAmong(3)
    visitor.handle({ type: 'malformed', peer: BERT })
    for (const about of [SELF, ANNA, BERT, peer(3)]) visitor.hear(ANNA, updateOf(about))
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([])
  })

  it('does not seek a neighbour by another name that it has got since', () => {
    const visitor = visitorAmong(3)
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
    const visitor = visitorAmong(1)
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
    const visitor = visitorAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 1))
    visitor.welcome({ peers: STRANGERS.slice(0, 1), facts: FACTS, swarmSize: 9 })
    const [stranger = ANNA] = connects(visitor)
    expect(pick(visitor.handle({ type: 'peerGone', peer: stranger }), 'disconnect')).toHaveLength(1)
    expect(pick(visitor.pass(1000), 'connect')).toEqual([{ type: 'connect', peer: stranger }])
    expect(sent(visitor.handle({ type: 'linkSignal', peer: stranger, data: 1 }), 'relay')).toHaveLength(1)
  })

  it('lets alone for a minute who said goodbye, unless the topology server names it', () => {
    const visitor = visitorAmong(2)
    visitor.hear(BERT, { type: 'goodbye' })
    hearOf(visitor, [BERT])
    visitor.pass(5000)
    expect(connects(visitor)).toEqual([])
    expect(pick(visitor.welcome({ peers: [BERT], facts: FACTS }), 'connect')).toHaveLength(1)
  })

  it('tries once more, after a second, to reach a neighbour that it lost without a goodbye', () => {
    const visitor = visitorAmong(2)
    visitor.handle({ type: 'linkClosed', peer: BERT })
    expect(pick(visitor.pass(999), 'connect')).toEqual([])
    expect(pick(visitor.pass(1), 'connect')).toEqual([{ type: 'connect', peer: BERT }])
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(10_000)
    expect(connects(visitor)).toHaveLength(1)
  })

  it('does not run after one that it lost where it has others', () => {
    const visitor = visitorAmong(4)
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(10_000)
    expect(connects(visitor)).toEqual([])
  })

  it('seeks more where more are wanted, up to 32', () => {
    const visitor = lateVisitor(CHUNKS, { limits: { neighbours: 2 } })
    visitor.welcome({ peers: range(1, 33).map(peer), facts: FACTS, swarmSize: 99 })
    expect(connects(visitor)).toHaveLength(2)
    const greedy = visitorAmong(100, { limits: { neighbours: 1000 } })
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
    const visitor = visitorAmong(1)
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
    const visitor = visitorAmong(1)
    hearOf(visitor, STRANGERS.slice(0, 2))
    visitor.pass(1000)
    const [answering = ANNA, silent = ANNA] = connects(visitor)
    visitor.hear(ANNA, { type: 'relay', from: answering, to: SELF, nonce: 1, ttl: 3, data: '1' })
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'disconnect')).toEqual([
      { type: 'disconnect', peer: silent },
    ])
  })

  it('gives these up, too, where its socket is gone', () => {
    const visitor = visitorAmong(1)
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
    const visitor = visitorAmong(2)
    hearOf(visitor, STRANGERS.slice(0, 10))
    visitor.pass(1000)
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'disconnect')).toEqual([])
  })
})

describe('a visitor with neighbours enough', () => {
  it('does not take the topology server’s introductions in', () => {
    const visitor = visitorAmong(8)
    visitor.welcome({ peers: STRANGERS, facts: FACTS, swarmSize: 99 })
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(connects(visitor)).toEqual([])
  })

  it('seeks nobody of whom the mesh speaks', () => {
    const visitor = visitorAmong(8)
    hearOf(visitor, STRANGERS.slice(0, 5))
    expect(connects(visitor)).toEqual([])
  })
})

describe('a seed', () => {
  it('does not seek other seeds', () => {
    const visitor = seedAmong(4)
    hearOf(visitor, STRANGERS.slice(0, 2), range(0, CHUNKS))
    hearOf(visitor, STRANGERS.slice(2, 3))
    visitor.pass(5000)
    expect(connects(visitor)).toEqual(STRANGERS.slice(2, 3))
  })

  it('lets none go for one of whom it knows but the name', () => {
    expect(isSought('update')).toBe(true)
    expect(isSought('relay')).toBe(false)
  })

  it('seeks them where it would soon be alone', () => {
    const visitor = seedAmong(2)
    hearOf(visitor, STRANGERS.slice(0, 2), range(0, CHUNKS))
    visitor.pass(5000)
    expect(connects(visitor)).not.toEqual([])
  })

  it('lets another seed go where it has more neighbours than it seeks', () => {
    const visitor = seedAmong(9)
    const [seed, other] = [peer(5), peer(6)]
    for (const from of [seed, other]) visitor.hearBitfield(from, range(0, CHUNKS), CHUNKS)
    visitor.pass(200_000)
    const parted = sent(visitor.outputs, 'goodbye').map(({ peer: to }) => to)
    expect(parted).toHaveLength(1)
    expect([seed, other]).toContain(parted[0])
    expect(visitor.session.neighbours.size).toBe(8)
  })
})

describe('a neighbour that does not say hello', () => {
  it('is let go after fifteen seconds', () => {
    const visitor = visitorAmong(1)
    visitor.handle({ type: 'linkOpened', peer: BERT })
    expect(pick(visitor.pass(14_999), 'disconnect')).toEqual([])
    expect(pick(visitor.pass(1), 'disconnect')).toEqual([{ type: 'disconnect', peer: BERT }])
    expect([...visitor.session.neighbours.keys()]).toEqual([ANNA])
  })

  it('has fifteen seconds from when we said ours', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.handle({ type: 'linkOpened', peer: ANNA })
    visitor.pass(10_000)
    visitor.handle({ type: 'linkOpened', peer: BERT })
    visitor.pass(5000)
    expect([...visitor.session.neighbours.keys()]).toEqual([BERT])
    visitor.pass(10_000)
    expect(visitor.session.neighbours.size).toBe(0)
  })

  it('is not to blame where the page slept', () => {
    const visitor = visitorAmong(1)
    visitor.handle({ type: 'linkOpened', peer: BERT })
    visitor.nowMs += 600_000
    visitor.handle({ type: 'tick' })
    expect(visitor.all('disconnect')).toEqual([])
    visitor.pass(15_000)
    expect(visitor.all('disconnect')).toHaveLength(1)
  })
})

describe('rewiring', () => {
  /** What is asked for until the next time that a neighbour may be exchanged. */
  const PERIOD_MS = 45_000

  it('exchanges the least useful neighbour for a stranger, once that has said hello', () => {
    const visitor = leecherAmong(8)
    for (const number of range(1, 8)) {
      visitor.hearHave(peer(number), [number])
      visitor.deliver(peer(number))
    }
    visitor.pass(20_000)
    hearOf(visitor, STRANGERS.slice(0, 1))
    visitor.pass(PERIOD_MS - 20_000)
    expect(connects(visitor)).toEqual(STRANGERS.slice(0, 1))
    expect(visitor.session.neighbours.size).toBe(8)
    expect(visitor.all('disconnect')).toEqual([])
    const outputs = visitor.meet(STRANGERS[0] ?? ANNA, FACTS)
    expect(sent(outputs, 'goodbye').map(({ peer: to }) => to)).toEqual([peer(8)])
    expect(pick(outputs, 'disconnect')).toEqual([{ type: 'disconnect', peer: peer(8) }])
    expect(visitor.session.neighbours.size).toBe(8)
  })

  it('leaves everything as it is where the stranger does not answer', () => {
    const visitor = visitorAmong(8)
    visitor.pass(20_000)
    hearOf(visitor, STRANGERS.slice(0, 1))
    visitor.pass(PERIOD_MS - 20_000)
    for (const to of connects(visitor)) visitor.handle({ type: 'linkClosed', peer: to })
    expect(visitor.session.neighbours.size).toBe(8)
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('needs a stranger of whom the mesh has spoken lately', () => {
    // Its first turn comes after 100 seconds at the soonest.
    const visitor = visitorAmong(8, { limits: { rewireMs: 200_000 } })
    hearOf(visitor, STRANGERS.slice(0, 1))
    visitor.pass(600_000)
    expect(connects(visitor)).toEqual([])
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('lets one go where there are more than two too many', () => {
    const visitor = visitorAmong(12)
    visitor.pass(PERIOD_MS)
    expect(visitor.session.neighbours.size).toBe(11)
    visitor.pass(600_000)
    expect(visitor.session.neighbours.size).toBe(10)
    expect(sent(visitor.outputs, 'goodbye')).toHaveLength(2)
  })

  it('spares a neighbour that is new, that owes us, or that waits for us', () => {
    const visitor = leecherAmong(6, { limits: { neighbours: 3, rewireMs: 1000 } })
    visitor.hearHave(ANNA, [0])
    visitor.deliver(ANNA)
    visitor.pass(19_900)
    for (const number of range(2, 7)) visitor.hear(peer(number), { type: 'request', chunks: [0] })
    visitor.hearHave(ANNA, [1])
    visitor.pass(3000)
    expect(visitor.all('disconnect')).toEqual([])
    visitor.handle({ type: 'served', peer: peer(3), chunk: 0 })
    visitor.pass(1500)
    expect(sent(visitor.outputs, 'goodbye').map(({ peer: to }) => to)).toEqual([peer(3)])
  })

  it('never leaves fewer than three', () => {
    const visitor = visitorAmong(3, { limits: { neighbours: 2, rewireMs: 1000 } })
    hearOf(visitor, STRANGERS)
    visitor.pass(120_000)
    expect(visitor.session.neighbours.size).toBe(3)
    expect(connects(visitor)).toEqual([])
  })

  it('goes by the period that is set', () => {
    const visitor = visitorAmong(16, { limits: { rewireMs: 1000 } })
    visitor.pass(40_000)
    expect(visitor.session.neighbours.size).toBe(10)
  })
})
