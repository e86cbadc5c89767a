import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import { fileOf, peer, range } from './shapes.ts'
import { pick, sent, started, type Visitor } from './visitor.ts'

const CHUNKS = 64
const FACTS = fileOf(CHUNKS)

function connectedTo(visitor: Visitor): PeerId[] {
  return visitor.all('connect').map(({ peer: to }) => to)
}

describe('introductions', () => {
  const strangers = range(1, 30).map(peer)

  it('lead to as many connections as are wanted, and no more', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: strangers })
    visitor.pass(60_000)
    const asked = connectedTo(visitor)
    expect(new Set(asked).size).toBe(8)
    expect(strangers).toEqual(expect.arrayContaining(asked))
  })

  it('lead to three at first, and to the others ten seconds after the first of them', () => {
    const visitor = started()
    const welcome = { joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: strangers }
    visitor.welcome(welcome)
    visitor.pass(2000)
    visitor.welcome(welcome)
    visitor.pass(7999)
    expect(connectedTo(visitor)).toHaveLength(3)
    visitor.pass(1)
    expect(connectedTo(visitor)).toHaveLength(8)
  })

  it.each([
    [15, 3000],
    [16, 10_000],
  ])('of a file of %i chunks lead to the others after %i ms, from when its size is known', (chunks, inMs) => {
    for (const knowsSize of [true, false]) {
      const visitor = started()
      const facts = fileOf(chunks)
      visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: knowsSize ? facts : null, peers: strangers })
      if (!knowsSize) visitor.handle({ type: 'factsTold', facts })
      visitor.pass(inMs - 1)
      expect(connectedTo(visitor)).toHaveLength(3)
      visitor.pass(1)
      expect(connectedTo(visitor)).toHaveLength(8)
    }
  })

  it('give the next one a chance where a connection fails', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: strangers })
    const asked = visitor.all('connect').map(({ peer: to }) => to)
    const outputs = visitor.handle({ type: 'linkClosed', peer: asked[3] ?? peer(0) })
    const [next, ...others] = pick(outputs, 'connect')
    expect(others).toEqual([])
    expect(asked).not.toContain(next?.peer)
  })

  it('that are repeated do not connect twice', () => {
    const visitor = started()
    const welcome = { joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: strangers.slice(0, 3) }
    visitor.welcome(welcome)
    visitor.handle({ type: 'linkOpened', peer: peer(1) })
    expect(pick(visitor.welcome(welcome), 'connect')).toEqual([])
  })

  it('are tried three times where the connection fails, a second apart', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: [peer(1)] })
    const attemptsMs = [0, 1000, 2000].map((atMs) => {
      visitor.passUntil(atMs)
      visitor.handle({ type: 'linkClosed', peer: peer(1) })
      return visitor.all('connect').length
    })
    expect(attemptsMs).toEqual([1, 2, 3])
    visitor.pass(60_000)
    expect(visitor.all('connect')).toHaveLength(3)
  })

  it('are not tried again where the server says that the peer has gone', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: [peer(1)] })
    visitor.handle({ type: 'peerGone', peer: peer(1) })
    visitor.handle({ type: 'linkClosed', peer: peer(1) })
    visitor.pass(60_000)
    expect(visitor.all('connect')).toHaveLength(1)
  })

  it('of the visitor to itself are ignored', () => {
    const visitor = started()
    const outputs = visitor.welcome({ id: peer(7), swarmSize: 2, facts: FACTS, peers: [peer(7), peer(8)] })
    expect(pick(outputs, 'connect')).toEqual([{ type: 'connect', peer: peer(8) }])
  })

  it('by others are accepted up to twice the number wanted', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS })
    const answers = strangers.map((stranger) => visitor.handle({ type: 'linkOpened', peer: stranger }))
    expect(answers.filter((outputs) => sent(outputs, 'hello').length === 1)).toHaveLength(16)
    expect(answers.slice(16).flat()).toEqual(
      strangers.slice(16).map((stranger) => ({ type: 'disconnect', peer: stranger })),
    )
    expect(visitor.session.neighbours.size).toBe(16)
  })
})
