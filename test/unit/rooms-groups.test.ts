import { describe, expect, it } from 'vitest'

import type { FileFacts, Locator } from '../../src/core/types.ts'
import { MAX_INTRODUCTIONS } from '../../src/core/wire/limits.ts'
import { errorCode, FACTS, Lobby, NEWER_FACTS, OTHER_LOCATOR } from './rooms-lobby.ts'

function withRoot(validator: string | null): FileFacts {
  return { ...FACTS, validator, root: 'c'.repeat(64) }
}

function locator(index: number): Locator {
  return index.toString(16).padStart(64, '0') as Locator
}

describe('facts', () => {
  it('group those who agree on size, chunk size and validator', () => {
    const lobby = new Lobby()
    lobby.welcome(FACTS)
    const different = [{ sizeBytes: 9 }, { chunkBytes: 131_072 }, { validator: '"v2"' }, { validator: null }]
    for (const change of different) expect(lobby.welcome({ ...FACTS, ...change }).swarmSize).toBe(1)
    expect(lobby.welcome(FACTS).swarmSize).toBe(2)
    expect(lobby.welcome({ ...FACTS, validator: null }).swarmSize).toBe(2)
  })

  it('with the same root meet whatever their validators', () => {
    const lobby = new Lobby()
    const first = lobby.welcome(withRoot('"node 1"'))
    expect(lobby.welcome(withRoot('"node 2"'))).toMatchObject({ peers: [first.id], swarmSize: 2 })
    expect(lobby.welcome(withRoot(null)).swarmSize).toBe(3)
    expect(lobby.welcome({ ...withRoot('"node 1"'), root: null }).swarmSize).toBe(4)
    expect(lobby.welcome({ ...withRoot('"node 3"'), root: 'd'.repeat(64) }).swarmSize).toBe(1)
  })

  it('that a root is learnt for later lead the root to the group', () => {
    const lobby = new Lobby()
    lobby.welcome(FACTS)
    expect(lobby.welcome(withRoot(FACTS.validator)).swarmSize).toBe(2)
    expect(lobby.welcome(withRoot('"elsewhere"')).swarmSize).toBe(3)
  })

  it('found by one are told once to all who wait, and to nobody else', () => {
    const lobby = new Lobby()
    const [a, b, c] = [lobby.welcome(null), lobby.welcome(null), lobby.welcome(null)]
    expect(c).toMatchObject({ facts: null, joinIndex: 2, swarmSize: 3, peers: [b.id, a.id] })
    lobby.say(b.connection, { type: 'facts', facts: FACTS })
    lobby.say(a.connection, { type: 'facts', facts: FACTS })
    expect(lobby.heard(a.connection)).toStrictEqual([{ type: 'facts', facts: FACTS }])
    expect(lobby.heard(b.connection)).toStrictEqual([])
    expect(lobby.heard(c.connection)).toStrictEqual([{ type: 'facts', facts: FACTS }])
    expect(lobby.welcome(null)).toMatchObject({ facts: FACTS, joinIndex: 3, swarmSize: 4 })
    expect(lobby.welcome(FACTS)).toMatchObject({ joinIndex: 4, swarmSize: 5 })
  })

  it('brought by a newcomer are told to those who wait, whom it joins', () => {
    const lobby = new Lobby()
    const waiting = lobby.welcome(null)
    expect(lobby.welcome(FACTS)).toMatchObject({ peers: [waiting.id], joinIndex: 1, swarmSize: 2 })
    expect(lobby.heard(waiting.connection)).toStrictEqual([{ type: 'facts', facts: FACTS }])
  })

  it('that differ from the group move their reporter, which is welcomed again under its id', () => {
    const lobby = new Lobby()
    const [stays, moves] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    const newer = lobby.welcome(NEWER_FACTS)
    lobby.say(moves.connection, { type: 'facts', facts: NEWER_FACTS })
    expect(lobby.heardWelcome(moves.connection)).toMatchObject({
      id: moves.id,
      facts: NEWER_FACTS,
      joinIndex: 1,
      swarmSize: 2,
      peers: [newer.id],
    })
    expect(lobby.heard(stays.connection)).toStrictEqual([])
    expect(lobby.welcome(FACTS)).toMatchObject({ swarmSize: 2, peers: [stays.id] })
  })

  it('that agree with the group change nothing', () => {
    const lobby = new Lobby()
    const [a, b] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.say(a.connection, { type: 'facts', facts: FACTS })
    expect([...lobby.heard(a.connection), ...lobby.heard(b.connection)]).toStrictEqual([])
  })

  it('most vouched for are given to who knows nothing; among equals, the ones confirmed last', () => {
    const lobby = new Lobby()
    const first = lobby.welcome(FACTS)
    expect(lobby.welcome(null).facts).toStrictEqual(FACTS)
    const newer = lobby.welcome(NEWER_FACTS)
    expect(lobby.welcome(null).facts).toStrictEqual(NEWER_FACTS)
    lobby.say(first.connection, { type: 'facts', facts: FACTS })
    expect(lobby.welcome(null).facts).toStrictEqual(FACTS)
    lobby.welcome(NEWER_FACTS)
    expect(lobby.welcome(null).facts).toStrictEqual(NEWER_FACTS)
    lobby.welcome(FACTS)
    lobby.say(newer.connection, { type: 'facts', facts: NEWER_FACTS })
    lobby.disconnect(newer.connection)
    lobby.welcome({ ...FACTS, validator: '"v3"' })
    expect(lobby.welcome(null).facts).toStrictEqual(FACTS)
  })

  it('are vouched for by those who said them, not by those who were told', () => {
    const lobby = new Lobby()
    lobby.welcome(NEWER_FACTS)
    for (let count = 0; count < 5; count++) lobby.welcome(null)
    lobby.welcome(FACTS)
    expect(lobby.welcome(FACTS).swarmSize).toBe(2)
    expect(lobby.welcome(null).facts).toStrictEqual(FACTS)
  })
})

describe('an emptied group', () => {
  it('keeps its join count for a while, and is then forgotten', () => {
    const lobby = new Lobby({ limits: { rememberMs: 1_000 } })
    lobby.disconnect(lobby.welcome(FACTS).connection)
    lobby.nowMs = 999
    lobby.tick()
    expect(lobby.rooms.counts).toMatchObject({ swarms: 1, remembered: 1 })
    const returned = lobby.welcome(FACTS)
    expect(returned.joinIndex).toBe(1)
    lobby.nowMs = 5_000
    lobby.tick()
    expect(lobby.rooms.counts).toMatchObject({ swarms: 1, remembered: 0 })
    lobby.disconnect(returned.connection)
    lobby.nowMs = 6_000
    lobby.tick()
    expect(lobby.rooms.counts).toStrictEqual({ connections: 0, members: 0, swarms: 0, remembered: 0 })
    expect(lobby.welcome(FACTS).joinIndex).toBe(0)
  })

  it('is not where a visitor that knows nothing is put, but its place is taken once the facts are found again', () => {
    const lobby = new Lobby()
    lobby.disconnect(lobby.welcome(FACTS).connection)
    const waiting = lobby.welcome(null)
    expect(waiting).toMatchObject({ facts: null, joinIndex: 0 })
    lobby.say(waiting.connection, { type: 'facts', facts: FACTS })
    expect(lobby.heard(waiting.connection)).toStrictEqual([])
    expect(lobby.welcome(FACTS)).toMatchObject({ joinIndex: 2, swarmSize: 2, peers: [waiting.id] })
    expect(lobby.rooms.counts.remembered).toBe(0)
  })
})

describe('the rooms are bounded', () => {
  it('in swarms: remembered ones give way, living ones do not', () => {
    const lobby = new Lobby({ limits: { swarms: 2 } })
    const first = lobby.welcome(FACTS, { locator: locator(1) })
    lobby.welcome(FACTS, { locator: locator(2) })
    expect(errorCode(lobby.heard(lobby.enter(FACTS, { locator: locator(3) })))).toBe('full')
    lobby.disconnect(first.connection)
    expect(lobby.welcome(FACTS, { locator: locator(3) }).joinIndex).toBe(0)
    expect(lobby.rooms.counts).toMatchObject({ members: 2, swarms: 2, remembered: 0 })
  })

  it('in members of a swarm, over all its groups', () => {
    const lobby = new Lobby({ limits: { membersPerSwarm: 2 } })
    const first = lobby.welcome(FACTS)
    lobby.welcome(NEWER_FACTS)
    const refused = lobby.enter(null)
    expect(errorCode(lobby.heard(refused))).toBe('full')
    expect(lobby.closedWith(refused)).toBe(1013)
    lobby.welcome(null, { locator: OTHER_LOCATOR })
    lobby.disconnect(first.connection)
    lobby.welcome(null)
  })

  it('in groups of a swarm: remembered ones give way, living ones do not', () => {
    const lobby = new Lobby({ limits: { groupsPerSwarm: 2 } })
    const first = lobby.welcome({ ...FACTS, sizeBytes: 1 })
    const second = lobby.welcome({ ...FACTS, sizeBytes: 2 })
    expect(errorCode(lobby.heard(lobby.enter({ ...FACTS, sizeBytes: 3 })))).toBe('full')
    lobby.disconnect(first.connection)
    lobby.welcome({ ...FACTS, sizeBytes: 3 })
    lobby.say(second.connection, { type: 'facts', facts: { ...FACTS, sizeBytes: 4 } })
    expect(errorCode(lobby.heard(second.connection))).toBe('full')
    expect(lobby.rooms.counts).toMatchObject({ members: 1, remembered: 1 })
  })

  it('in groups remembered: the one longest empty goes first', () => {
    const lobby = new Lobby({ limits: { remembered: 2 } })
    for (let index = 0; index < 3; index++) {
      lobby.disconnect(lobby.welcome(FACTS, { locator: locator(index) }).connection)
    }
    expect(lobby.rooms.counts).toMatchObject({ swarms: 2, remembered: 2 })
    expect(lobby.welcome(FACTS, { locator: locator(2) }).joinIndex).toBe(1)
    expect(lobby.welcome(FACTS, { locator: locator(0) }).joinIndex).toBe(0)
  })

  it('in groups remembered: not in the one that somebody moves to', () => {
    const lobby = new Lobby({ limits: { remembered: 1 } })
    lobby.disconnect(lobby.welcome(NEWER_FACTS).connection)
    const moves = lobby.welcome(FACTS)
    lobby.say(moves.connection, { type: 'facts', facts: NEWER_FACTS })
    expect(lobby.welcome(NEWER_FACTS)).toMatchObject({ swarmSize: 2, peers: [moves.id] })
  })

  it('in roots that lead to one group', () => {
    const lobby = new Lobby()
    for (let index = 0; index < 20; index++) lobby.welcome({ ...FACTS, root: locator(index) })
    expect(lobby.welcome({ ...FACTS, validator: null, root: locator(7) }).swarmSize).toBe(21)
    expect(lobby.welcome({ ...FACTS, validator: null, root: locator(8) }).swarmSize).toBe(1)
  })

  it('in introductions, which must fit a welcome', () => {
    expect(() => new Lobby({ limits: { introductions: MAX_INTRODUCTIONS } })).not.toThrow()
    expect(() => new Lobby({ limits: { introductions: MAX_INTRODUCTIONS + 1 } })).toThrow('room')
    expect(() => new Lobby({ limits: { introductions: 0 } })).toThrow('room')
  })
})
