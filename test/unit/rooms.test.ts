import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../src/core/types.ts'
import { errorCode, FACTS, Lobby, LOCATOR, NEWER_FACTS, OTHER_LOCATOR } from './rooms-lobby.ts'

describe('joining', () => {
  it('welcomes the first with nobody to meet, and the next with the first', () => {
    const lobby = new Lobby({ iceServersFor: (id) => [{ urls: [`stun:${id}.example.com`] }] })
    const first = lobby.welcome(FACTS)
    expect(first).toMatchObject({
      joinIndex: 0,
      swarmSize: 1,
      peers: [],
      facts: FACTS,
      heartbeatMs: 60_000,
      version: 1,
    })
    expect(first.iceServers).toStrictEqual([{ urls: [`stun:${first.id}.example.com`] }])
    const second = lobby.welcome(FACTS)
    expect(second).toMatchObject({ joinIndex: 1, swarmSize: 2, peers: [first.id] })
    expect(lobby.heard(first.connection)).toStrictEqual([])
  })

  it('keeps swarms apart', () => {
    const lobby = new Lobby()
    lobby.welcome(FACTS)
    expect(lobby.welcome(FACTS, { locator: OTHER_LOCATOR })).toMatchObject({
      joinIndex: 0,
      swarmSize: 1,
      peers: [],
    })
  })

  it('refuses another version, and says so', () => {
    const lobby = new Lobby()
    const connection = lobby.connect()
    lobby.say(connection, { type: 'join', version: 2, locator: LOCATOR, facts: null })
    expect(errorCode(lobby.heard(connection))).toBe('version')
    expect(lobby.closedWith(connection)).toBe(1008)
    expect(lobby.rooms.counts).toMatchObject({ connections: 0, members: 0, swarms: 0 })
  })

  it('is done once a socket', () => {
    const lobby = new Lobby()
    const { connection } = lobby.welcome(FACTS)
    lobby.say(connection, { type: 'join', version: 1, locator: OTHER_LOCATOR, facts: null })
    expect(errorCode(lobby.heard(connection))).toBe('malformed')
    expect(lobby.closedWith(connection)).toBe(1008)
    expect(lobby.rooms.counts.members).toBe(0)
  })

  it('never hands out the id of another member', () => {
    const draws = ['1', '1', '1', '2'].map((digit) => digit.padStart(16, '0') as PeerId)
    const lobby = new Lobby({ newPeerId: () => draws.shift() ?? ('f'.repeat(16) as PeerId) })
    expect([lobby.welcome(FACTS).id, lobby.welcome(FACTS).id]).toStrictEqual([
      '0000000000000001',
      '0000000000000002',
    ])
  })

  it('is refused, not looped over, when the source of ids has run dry', () => {
    const lobby = new Lobby({ newPeerId: () => '0'.repeat(16) as PeerId })
    lobby.welcome(FACTS)
    const connection = lobby.enter(FACTS)
    expect(errorCode(lobby.heard(connection))).toBe('full')
  })
})

describe('a socket', () => {
  it('is closed when what it says is malformed', () => {
    const lobby = new Lobby()
    const connection = lobby.connect()
    lobby.say(connection, null)
    expect(errorCode(lobby.heard(connection))).toBe('malformed')
    expect(lobby.closedWith(connection)).toBe(1008)
  })

  it.each([
    { type: 'facts', facts: FACTS } as const,
    { type: 'signal', to: '0'.repeat(16) as PeerId, data: 1 } as const,
  ])('is closed when it says $type before it has joined', (message) => {
    const lobby = new Lobby()
    const connection = lobby.connect()
    lobby.say(connection, message)
    expect(errorCode(lobby.heard(connection))).toBe('malformed')
  })

  it('gets a pong for a ping, and nothing for what this version does not know', () => {
    const lobby = new Lobby()
    const connection = lobby.connect()
    lobby.say(connection, { type: 'unknown' })
    lobby.say(connection, { type: 'ping' })
    expect(lobby.heard(connection)).toStrictEqual([{ type: 'pong', swarmSize: null }])
    expect(lobby.closedWith(connection)).toBeNull()
  })

  it('that was first learns by its pongs how many have come since, and gone', () => {
    const lobby = new Lobby()
    const { connection } = lobby.welcome(FACTS)
    const others = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.welcome(FACTS, { locator: OTHER_LOCATOR })
    lobby.say(connection, { type: 'ping' })
    expect(lobby.heard(connection)).toStrictEqual([{ type: 'pong', swarmSize: 3 }])
    for (const other of others) lobby.say(other.connection, { type: 'leave' })
    lobby.say(connection, { type: 'ping' })
    expect(lobby.heard(connection)).toStrictEqual([{ type: 'pong', swarmSize: 1 }])
  })

  it('that never joins is closed in time, one that has joined is not', () => {
    const lobby = new Lobby({ limits: { joinWithinMs: 1_000 } })
    const idler = lobby.connect()
    const { connection } = lobby.welcome(FACTS)
    lobby.nowMs = 999
    lobby.tick()
    expect(lobby.closedWith(idler)).toBeNull()
    lobby.nowMs = 1_000
    lobby.tick()
    expect(lobby.closedWith(idler)).toBe(1008)
    expect(lobby.closedWith(connection)).toBeNull()
  })

  it('that leaves is closed, and no longer counted or introduced', () => {
    const lobby = new Lobby()
    const leaver = lobby.welcome(FACTS)
    lobby.say(leaver.connection, { type: 'leave' })
    expect(lobby.closedWith(leaver.connection)).toBe(1000)
    lobby.disconnect(leaver.connection)
    lobby.say(leaver.connection, { type: 'ping' })
    expect(lobby.welcome(FACTS)).toMatchObject({ joinIndex: 1, swarmSize: 1, peers: [] })
  })

  it('may send a burst, and then only at the rate', () => {
    const lobby = new Lobby({ limits: { messages: { ratePerSec: 10, burst: 20 } } })
    const connection = lobby.connect()
    for (let count = 0; count < 20; count++) lobby.say(connection, { type: 'ping' })
    expect(lobby.closedWith(connection)).toBeNull()
    lobby.nowMs = 100
    lobby.say(connection, { type: 'ping' })
    expect(lobby.heard(connection)).toHaveLength(21)
    lobby.say(connection, { type: 'ping' })
    expect(errorCode(lobby.heard(connection))).toBe('rate')
    expect(lobby.closedWith(connection)).toBe(1008)
  })
})

describe('signals', () => {
  it('pass both ways between two that were introduced', () => {
    const lobby = new Lobby()
    const [old, newcomer] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.signal(newcomer, old, { sdp: 'offer' })
    lobby.signal(old, newcomer, { sdp: 'answer' })
    expect(lobby.heard(old.connection)).toStrictEqual([
      { type: 'signal', from: newcomer.id, data: { sdp: 'offer' } },
    ])
    expect(lobby.heard(newcomer.connection)).toStrictEqual([
      { type: 'signal', from: old.id, data: { sdp: 'answer' } },
    ])
  })

  it('are dropped silently between two that were not, even if both live', () => {
    const lobby = new Lobby({ limits: { introductions: 1 } })
    const [first, , third] = [lobby.welcome(FACTS), lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.signal(third, first)
    lobby.signal(first, third)
    expect(lobby.heard(first.connection)).toStrictEqual([])
    expect(lobby.heard(third.connection)).toStrictEqual([])
  })

  it('to an introduced peer that is gone are answered once', () => {
    const lobby = new Lobby()
    const [old, newcomer] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.disconnect(old.connection)
    lobby.signal(newcomer, old)
    lobby.signal(newcomer, old)
    expect(lobby.heard(newcomer.connection)).toStrictEqual([{ type: 'gone', peer: old.id }])
  })

  it('to a peer that never was are dropped, so that nobody can ask who lives', () => {
    const lobby = new Lobby({ limits: { introductions: 1 } })
    const [first, , third] = [lobby.welcome(FACTS), lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.disconnect(first.connection)
    lobby.signal(third, first)
    expect(lobby.heard(third.connection)).toStrictEqual([])
  })

  it('still pass after one of the two has moved to another group', () => {
    const lobby = new Lobby()
    const [old, newcomer] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.say(old.connection, { type: 'facts', facts: NEWER_FACTS })
    lobby.heardWelcome(old.connection)
    lobby.signal(newcomer, old)
    expect(lobby.heard(old.connection)).toHaveLength(1)
  })

  it('pass as long as one of the two remembers, and the oldest introduction is forgotten first', () => {
    const lobby = new Lobby({ limits: { introductions: 1, introductionsPerMember: 1 } })
    const [first, second, third] = [lobby.welcome(FACTS), lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.signal(second, first)
    lobby.signal(first, second)
    expect(lobby.heard(first.connection)).toHaveLength(1)
    expect(lobby.heard(second.connection)).toHaveLength(1)
    lobby.disconnect(third.connection)
    lobby.welcome(FACTS)
    lobby.signal(second, third)
    expect(lobby.heard(second.connection)).toStrictEqual([])
  })
})
