import { describe, expect, it } from 'vitest'

import {
  ANNA,
  BERT,
  CHUNKS,
  connects,
  FACTS,
  hearOf,
  leecherAmong,
  STRANGERS,
  updateOf,
  visitorAmong,
} from './company.ts'
import { peer, range } from './shapes.ts'
import { lateVisitor, pick, sent, type Visitor } from './visitor.ts'

/** Has the whole file from its neighbours, none of which counts as a seed. */
function seedAmong(count: number): Visitor {
  const visitor = leecherAmong(count)
  visitor.hearHave(ANNA, range(0, CHUNKS - 1))
  visitor.hearHave(BERT, range(1, CHUNKS))
  while (visitor.kept.length < CHUNKS) for (const from of [ANNA, BERT]) visitor.deliver(from)
  return visitor
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

  it('exchanges the least useful neighbour for one whom the topology server introduces', () => {
    const visitor = leecherAmong(8)
    for (const number of range(1, 8)) {
      visitor.hearHave(peer(number), [number])
      visitor.deliver(peer(number))
    }
    visitor.pass(20_000)
    visitor.welcome({ peers: STRANGERS.slice(0, 1), facts: FACTS, swarmSize: 99 })
    visitor.meet(STRANGERS[0] ?? ANNA, FACTS)
    expect(visitor.all('disconnect')).toEqual([{ type: 'disconnect', peer: peer(8) }])
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

/** Its next timers ring so late, and Anna brings as many chunks as there are until the number of neighbours is looked at. */
function afterRings(lateMs: number): Visitor {
  const visitor = leecherAmong(12)
  for (const _ of range(0, 10)) {
    visitor.nowMs = (visitor.session.nextDeadlineMs() ?? visitor.nowMs) + lateMs
    visitor.handle({ type: 'tick' })
  }
  visitor.hearHave(ANNA, range(0, CHUNKS))
  for (const _ of range(0, 40)) visitor.deliver(ANNA)
  return visitor
}

describe('a visitor whose processor is busy', () => {
  it('seeks half of the usual, and keeps those it has', () => {
    const visitor = afterRings(50)
    expect(visitor.session.neighbours.size).toBe(12)
    for (const number of range(1, 10)) visitor.hear(peer(number), { type: 'goodbye' })
    visitor.welcome({ peers: STRANGERS, facts: FACTS, swarmSize: 99 })
    expect(visitor.all('connect')).toHaveLength(1)
  })

  it('seeks as many as ever where its timers ring in time', () => {
    const visitor = afterRings(1)
    for (const number of range(1, 10)) visitor.hear(peer(number), { type: 'goodbye' })
    visitor.welcome({ peers: STRANGERS, facts: FACTS, swarmSize: 99 })
    expect(visitor.all('connect')).toHaveLength(5)
  })
})
