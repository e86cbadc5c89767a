import { describe, expect, it } from 'vitest'

import { encodePeerMessage } from '../../../src/core/wire/peer-codec.ts'
import type { PeerId } from '../../../src/core/types.ts'
import type { Relay } from '../../../src/core/wire/peer-messages.ts'
import { lateVisitor, pick, SELF, sent, type Visitor } from './visitor.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)
const CARL = peer(3)
/** Nobody that we have a link to. */
const STRANGER = peer(0x77)
const OFFER = { type: 'offer', session: '01234567', sdp: 'v=0' }

let nonces = 0

function relayTo(to: PeerId, overrides: Partial<Relay> = {}): Relay {
  return { type: 'relay', from: STRANGER, to, nonce: nonces++, ttl: 6, data: '{}', ...overrides }
}

/** Has so many neighbours, from Anna on. */
function visitorAmong(count: number): Visitor {
  const visitor = lateVisitor(CHUNKS)
  for (const number of range(1, count + 1)) visitor.meet(peer(number), FACTS)
  return visitor
}

function hearUpdate(visitor: Visitor, via: PeerId, about: PeerId, sequence = 1): void {
  const bits = bitsOf([0], CHUNKS)
  visitor.hear(via, { type: 'update', peer: about, sequence, hops: 2, degree: 3, bits })
}

describe('what a link has to say before it is open', () => {
  it('goes through the topology server where that introduced the peer', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.welcome({ peers: [STRANGER], facts: FACTS, swarmSize: 9 })
    visitor.meet(ANNA, FACTS)
    const outputs = visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER })
    expect(outputs).toEqual([{ type: 'topology', message: { type: 'signal', to: STRANGER, data: OFFER } }])
  })

  it('goes through the topology server to whoever signalled us through it', () => {
    const visitor = visitorAmong(1)
    const outputs = visitor.handle({ type: 'signalled', from: STRANGER, data: OFFER })
    expect(outputs).toEqual([{ type: 'signal', peer: STRANGER, data: OFFER }])
    expect(pick(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: {} }), 'topology')).toHaveLength(1)
  })

  it('goes through the mesh where nobody introduced us', () => {
    const visitor = visitorAmong(1)
    const outputs = visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER })
    const [relay, ...others] = sent(outputs, 'relay')
    expect(others).toEqual([])
    expect(relay).toMatchObject({
      peer: ANNA,
      message: { from: SELF, to: STRANGER, ttl: 6, data: JSON.stringify(OFFER) },
    })
  })

  it('goes through the mesh while the socket is gone, and through the server once it is back', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.welcome({ peers: [STRANGER], facts: FACTS, swarmSize: 9 })
    visitor.meet(ANNA, FACTS)
    visitor.handle({ type: 'topologyLost' })
    expect(sent(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER }), 'relay')).toHaveLength(1)
    visitor.welcome()
    expect(
      pick(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER }), 'topology'),
    ).toHaveLength(1)
  })

  it('goes through the mesh once the server says that the peer has left it', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.welcome({ peers: [STRANGER], facts: FACTS, swarmSize: 9 })
    visitor.meet(ANNA, FACTS)
    visitor.handle({ type: 'peerGone', peer: STRANGER })
    expect(sent(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER }), 'relay')).toHaveLength(1)
  })

  it('is answered by the way that it came', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.welcome({ peers: [STRANGER], facts: FACTS, swarmSize: 9 })
    visitor.meet(ANNA, FACTS)
    visitor.hear(ANNA, relayTo(SELF))
    const outputs = visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER })
    expect(sent(outputs, 'relay').map(({ peer: to }) => to)).toEqual([ANNA])
  })

  it('is dropped where there is no way at all', () => {
    const visitor = lateVisitor(CHUNKS)
    expect(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: OFFER })).toEqual([])
  })

  it('is written in ASCII, whatever is in it', () => {
    const visitor = visitorAmong(1)
    const data = { sdp: 'Grüße\u2028😀\n\u007f' }
    const [relay] = sent(visitor.handle({ type: 'linkSignal', peer: STRANGER, data }), 'relay')
    expect(relay?.message.data).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(relay?.message.data ?? '')).toEqual(data)
    expect(() => encodePeerMessage(relay?.message ?? relayTo(SELF))).not.toThrow()
  })

  it.each([
    ['of 16,256 bytes is carried', 'a', 16_256 - 2, 1],
    ['of 16,257 bytes is not', 'a', 16_257 - 2, 0],
    ['that is too long only in ASCII is not', 'ü', 2800, 0],
  ])('%s', (_name, letter, length, carried) => {
    const data = letter.repeat(length)
    const outputs = visitorAmong(1).handle({ type: 'linkSignal', peer: STRANGER, data })
    expect(sent(outputs, 'relay')).toHaveLength(carried)
  })

  it('is carried as long as it is, to the last byte of the frame', () => {
    const data = 'a'.repeat(16_256 - 2)
    const [relay] = sent(visitorAmong(1).handle({ type: 'linkSignal', peer: STRANGER, data }), 'relay')
    expect(encodePeerMessage(relay?.message ?? relayTo(SELF)).length).toBe(1 + 8 + 8 + 4 + 1 + 16_256)
  })

  it('never repeats a number', () => {
    const visitor = visitorAmong(1)
    const numbers = range(0, 30).map(
      () => sent(visitor.handle({ type: 'linkSignal', peer: STRANGER, data: 1 }), 'relay')[0]?.message.nonce,
    )
    expect(new Set(numbers).size).toBe(30)
  })
})

describe('relayed signalling for us', () => {
  it('reaches the link that it is for', () => {
    const visitor = visitorAmong(1)
    const outputs = visitor.hear(ANNA, relayTo(SELF, { data: JSON.stringify(OFFER) }))
    expect(outputs).toEqual([{ type: 'signal', peer: STRANGER, data: OFFER }])
  })

  it('reaches it with the last link that it may cross, too', () => {
    expect(visitorAmong(1).hear(ANNA, relayTo(SELF, { ttl: 1 }))).toHaveLength(1)
  })

  it('is heard once, though it comes twice', () => {
    const visitor = visitorAmong(2)
    const relay = relayTo(SELF)
    expect(pick(visitor.hear(ANNA, relay), 'signal')).toHaveLength(1)
    expect(visitor.hear(BERT, relay)).toEqual([])
    expect(pick(visitor.hear(BERT, { ...relay, from: CARL }), 'signal')).toHaveLength(1)
  })

  it.each(['', '{', 'undefined', '['.repeat(16_000)])('is dropped where it is no JSON: %.9s', (data) => {
    const visitor = visitorAmong(1)
    expect(visitor.hear(ANNA, relayTo(SELF, { data }))).toEqual([])
    expect(visitor.session.neighbours.size).toBe(1)
  })

  it('is not heard from a peer that was banned', () => {
    const visitor = visitorAmong(2)
    visitor.handle({ type: 'malformed', peer: ANNA })
    expect(visitor.hear(BERT, relayTo(SELF, { from: ANNA }))).toEqual([])
    expect(visitor.handle({ type: 'signalled', from: ANNA, data: OFFER })).toEqual([])
  })
})

describe('relayed signalling for somebody else', () => {
  it('goes straight to a neighbour that it is for, with one link less to cross', () => {
    const visitor = visitorAmong(5)
    const relay = relayTo(CARL)
    expect(visitor.hear(ANNA, relay)).toEqual([{ type: 'send', peer: CARL, message: { ...relay, ttl: 5 } }])
  })

  it.each([
    ['an update', (visitor: Visitor): void => hearUpdate(visitor, CARL, STRANGER)],
    ['signalling of its own', (visitor: Visitor): void => void visitor.hear(CARL, relayTo(SELF))],
  ])('follows the way back that %s of the addressee took', (_name, speak) => {
    const visitor = visitorAmong(8)
    speak(visitor)
    const outputs = visitor.hear(ANNA, relayTo(STRANGER, { from: peer(0x99) }))
    expect(sent(outputs, 'relay').map(({ peer: to }) => to)).toEqual([CARL])
  })

  it('follows the latest news of the addressee', () => {
    const visitor = visitorAmong(8)
    hearUpdate(visitor, CARL, STRANGER, 1)
    hearUpdate(visitor, BERT, STRANGER, 2)
    hearUpdate(visitor, CARL, STRANGER, 2)
    const outputs = visitor.hear(ANNA, relayTo(STRANGER, { from: peer(0x99) }))
    expect(sent(outputs, 'relay').map(({ peer: to }) => to)).toEqual([BERT])
  })

  it('tries two neighbours at random where nobody knows the way, then one', () => {
    const visitor = visitorAmong(8)
    const tried = (ttl: number): PeerId[] =>
      sent(visitor.hear(ANNA, relayTo(STRANGER, { from: peer(0x99), ttl })), 'relay').map(
        ({ peer: to }) => to,
      )
    expect(tried(6)).toHaveLength(2)
    expect(tried(5)).toHaveLength(1)
    expect(new Set(range(0, 40).flatMap(() => tried(6))).size).toBe(7)
  })

  it.each([
    [
      'the way leads back to where it came from',
      (visitor: Visitor): void => hearUpdate(visitor, ANNA, STRANGER),
    ],
    [
      'the neighbour on the way has left',
      (visitor: Visitor): void => {
        hearUpdate(visitor, CARL, STRANGER)
        visitor.handle({ type: 'linkClosed', peer: CARL })
      },
    ],
    [
      'the last news of it are a minute old',
      (visitor: Visitor): void => {
        visitor.hear(CARL, relayTo(SELF))
        visitor.pass(60_000)
      },
    ],
  ])('tries others at random where %s', (_name, happen) => {
    const visitor = visitorAmong(8)
    happen(visitor)
    const tried = new Set(
      range(0, 40).flatMap(() =>
        sent(visitor.hear(ANNA, relayTo(STRANGER, { from: peer(0x99) })), 'relay').map(({ peer: to }) => to),
      ),
    )
    expect(tried.size).toBeGreaterThan(3)
    expect(tried).not.toContain(ANNA)
  })

  it('dies where it may cross no more links, where it is ours, or where it was before', () => {
    const visitor = visitorAmong(3)
    expect(visitor.hear(ANNA, relayTo(BERT, { ttl: 1 }))).toEqual([])
    expect(visitor.hear(ANNA, relayTo(BERT, { ttl: 0 }))).toEqual([])
    expect(visitor.hear(ANNA, relayTo(BERT, { from: SELF }))).toEqual([])
    const relay = relayTo(BERT)
    expect(visitor.hear(ANNA, relay)).toHaveLength(1)
    expect(visitor.hear(CARL, { ...relay, ttl: 3 })).toEqual([])
  })

  it('is not handed to a neighbour that has not said hello', () => {
    const visitor = visitorAmong(1)
    visitor.handle({ type: 'linkOpened', peer: BERT })
    expect(visitor.hear(ANNA, relayTo(BERT))).toEqual([])
    expect(visitor.hear(ANNA, relayTo(STRANGER))).toEqual([])
  })

  it('is carried fifty times at once and ten times a second for each neighbour; more is dropped', () => {
    const visitor = visitorAmong(3)
    const carried = (from: PeerId, count: number): number =>
      range(0, count).flatMap(() => sent(visitor.hear(from, relayTo(CARL)), 'relay')).length
    expect(carried(ANNA, 100)).toBe(50)
    expect(carried(BERT, 1)).toBe(1)
    visitor.pass(1000)
    expect(carried(ANNA, 100)).toBe(10)
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('is remembered for the latest 4,096 messages', () => {
    const visitor = visitorAmong(8)
    const first = relayTo(CARL)
    visitor.hear(ANNA, first)
    const hear = (count: number): void => {
      for (const number of range(0, count)) {
        if (number % 8 === 0) visitor.nowMs += 100
        visitor.hear(peer(1 + (number % 8)), relayTo(CARL))
      }
    }
    hear(4095)
    // Still within the minute in which copies are told apart.
    expect(visitor.nowMs).toBeLessThan(60_000)
    expect(visitor.hear(ANNA, first)).toEqual([])
    hear(2)
    expect(sent(visitor.hear(ANNA, first), 'relay')).toHaveLength(1)
  })
})
