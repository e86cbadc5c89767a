import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../src/core/types.ts'
import type { Resume } from '../../src/core/wire/topology-messages.ts'
import { MAX_TOKEN_LENGTH } from '../../src/core/wire/topology-codec.ts'
import { signedTokens } from '../../signaling-server/tokens.ts'
import { FACTS, Lobby, NEWER_FACTS, OTHER_LOCATOR, type Welcomed } from './rooms-lobby.ts'

const LARGEST_K = 65_535

function resumeOf({ id, token }: Welcomed): Resume {
  return { id, token, swarmSize: null }
}

describe('who registers again with its token', () => {
  it('is the same peer, and nobody that joins', () => {
    const lobby = new Lobby()
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.say(first.connection, { type: 'detach' })
    const again = lobby.welcome(FACTS, { resume: resumeOf(first) })
    expect(again).toMatchObject({ id: first.id, swarmSize: 2, peers: [second.id] })
    expect(again.joinIndex).toBeGreaterThanOrEqual(LARGEST_K)
    expect(lobby.welcome(FACTS)).toMatchObject({ joinIndex: 2, swarmSize: 3 })
  })

  it('may do so with any of its tokens', () => {
    const lobby = new Lobby()
    const first = lobby.welcome(FACTS)
    lobby.welcome(FACTS)
    lobby.say(first.connection, { type: 'detach' })
    const second = lobby.welcome(FACTS, { resume: resumeOf(first) })
    expect(second.token).not.toBe(first.token)
    lobby.disconnect(second.connection)
    expect(lobby.welcome(FACTS, { resume: resumeOf(first) }).id).toBe(first.id)
  })

  it('replaces the socket that it still has, and keeps whom it has met', () => {
    const lobby = new Lobby({ limits: { introductions: 1 } })
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    lobby.welcome(FACTS)
    const again = lobby.welcome(FACTS, { resume: resumeOf(first) })
    expect(lobby.closedWith(first.connection)).toBe(1000)
    lobby.disconnect(first.connection)
    expect(lobby.rooms.counts).toMatchObject({ connections: 3, members: 3 })
    lobby.signal(again, second)
    lobby.signal(second, again)
    expect(lobby.heard(second.connection)).toHaveLength(1)
    expect(lobby.heard(again.connection)).toHaveLength(1)
    expect(lobby.welcome(FACTS)).toMatchObject({ joinIndex: 3, swarmSize: 4 })
  })

  it('is never introduced to itself', () => {
    const lobby = new Lobby()
    let only = lobby.welcome(FACTS)
    for (let times = 0; times < 3; times++) only = lobby.welcome(FACTS, { resume: resumeOf(only) })
    expect(only).toMatchObject({ peers: [], swarmSize: 1 })
  })

  it('may come to another version of the file, or another file', () => {
    const lobby = new Lobby()
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    const moved = lobby.welcome(NEWER_FACTS, { resume: resumeOf(first) })
    expect(moved).toMatchObject({ id: first.id, swarmSize: 1, peers: [] })
    const elsewhere = lobby.welcome(FACTS, { resume: resumeOf(moved), locator: OTHER_LOCATOR })
    expect(elsewhere).toMatchObject({ id: first.id, swarmSize: 1, peers: [] })
    expect(lobby.welcome(FACTS)).toMatchObject({ swarmSize: 2, peers: [second.id] })
  })

  it('loses its place where the group has no room any more, and only that', () => {
    const lobby = new Lobby({ limits: { groupsPerSwarm: 1 } })
    const [first, second] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    const refused = lobby.enter(NEWER_FACTS, { resume: resumeOf(first) })
    expect(lobby.closedWith(refused)).toBe(1013)
    expect(lobby.welcome(FACTS).peers).toStrictEqual([second.id])
  })
})

describe('a token', () => {
  it('of another peer gives no power over it', () => {
    const lobby = new Lobby()
    const [victim, thief] = [lobby.welcome(FACTS), lobby.welcome(FACTS)]
    const impostor = lobby.welcome(FACTS, { resume: { ...resumeOf(thief), id: victim.id } })
    expect(impostor.id).not.toBe(victim.id)
    expect(lobby.closedWith(victim.connection)).toBeNull()
    expect(lobby.closedWith(thief.connection)).toBeNull()
    const friend = lobby.welcome(FACTS)
    lobby.signal(friend, victim)
    expect(lobby.heard(victim.connection)).toHaveLength(1)
    expect(lobby.heard(impostor.connection)).toHaveLength(0)
  })

  it.each(['nonsense', '.', 'zzzzzzzzzzzz.x', '1.', '-1.signed'])(
    'that the server never gave is none: "%s"',
    (token) => {
      const lobby = new Lobby()
      const first = lobby.welcome(FACTS)
      const other = lobby.welcome(FACTS, { resume: { ...resumeOf(first), token } })
      expect(other.id).not.toBe(first.id)
      expect(lobby.closedWith(first.connection)).toBeNull()
    },
  )

  it('cannot be made to say another swarm size', () => {
    const tokens = signedTokens({ sign: (text) => `signed ${text}`, isSame: (a, b) => a === b })
    const id = '0'.repeat(16) as PeerId
    expect(tokens.read(id, tokens.issue(id, 10))).toBe(10)
    expect(tokens.read(id, tokens.issue(id, 10).replace(/^a/, 'zz'))).toBeNull()
    expect(tokens.read('1'.repeat(16) as PeerId, tokens.issue(id, 10))).toBeNull()
  })

  it('of a server before makes a new peer, which is no newcomer for all that', () => {
    const lobby = new Lobby()
    const stranger = { id: 'f'.repeat(16) as PeerId, token: 'of another time', swarmSize: 500 }
    const back = lobby.welcome(FACTS, { resume: stranger })
    expect(back.id).not.toBe(stranger.id)
    expect(back.joinIndex).toBeGreaterThanOrEqual(LARGEST_K)
    expect(lobby.welcome(FACTS).joinIndex).toBe(1)
  })

  it('fits a welcome, whatever the swarm size', () => {
    const tokens = signedTokens({ sign: () => 's'.repeat(48), isSame: (a, b) => a === b })
    expect(tokens.issue('0'.repeat(16) as PeerId, 0xffff_ffff).length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH)
  })
})
