/** What is counted of faults, and what a look into a session's memory finds. */

import { describe, expect, it } from 'vitest'

import { JoinRush } from '../../../../simulator/faults/join-rush.ts'
import { excesses, holdings, NAMED_LIMITS } from '../../../../simulator/faults/memory.ts'
import { RequestRush } from '../../../../simulator/faults/request-rush.ts'
import { RequestWatch } from '../../../../simulator/faults/request-watch.ts'
import { simulate } from '../../../../simulator/simulation.ts'
import type { SessionOutput } from '../../../../src/core/session-io.ts'
import type { PeerId } from '../../../../src/core/types.ts'
import type { PeerMessage } from '../../../../src/core/wire/peer-messages.ts'
import { SMALL } from '../small-scenario.ts'

const BAD = '00000000000000aa' as PeerId
const GOOD = '00000000000000bb' as PeerId

function send(peer: PeerId, message: PeerMessage): Extract<SessionOutput, { type: 'send' }> {
  return { type: 'send', peer, message }
}

describe('the watch over requests', () => {
  it('measures from asking one who is bad until a cancel, a refusal or the end', () => {
    const held: number[] = []
    const watch = new RequestWatch((ms) => held.push(ms))
    watch.sent(send(BAD, { type: 'request', chunks: [1, 2, 3] }), true, 1000)
    watch.sent(send(GOOD, { type: 'request', chunks: [4] }), false, 1000)
    watch.sent(send(BAD, { type: 'cancel', chunks: [1] }), true, 3000)
    watch.heard({ type: 'message', peer: BAD, message: { type: 'refuse', chunks: [2] } }, 4000)
    watch.heard({ type: 'linkClosed', peer: GOOD }, 5000)
    watch.heard({ type: 'linkClosed', peer: BAD }, 6000)
    expect(held).toEqual([2000, 3000, 5000])
  })
})

describe('a rush', () => {
  it('of requests is told by its busiest seconds, before the origin was away and after', () => {
    const rush = new RequestRush()
    rush.watch([{ kind: 'unavailable', fromMs: 2000, untilMs: 5500 }])
    for (const atMs of [0, 100, 1500, 3000, 3001, 3002, 5500, 6000, 6499, 6500]) rush.note(atMs)
    expect([rush.peakBefore, rush.peakAfter]).toEqual([2, 3])
  })

  it('of joins counts those who were there before, and sees the window full', () => {
    const rush = new JoinRush()
    rush.left(3)
    rush.cameBack(10_000)
    for (const [sockets, atMs] of [10_100, 10_200, 12_900, 13_000].entries()) rush.joined(atMs, sockets + 1)
    expect(rush).toMatchObject({ peak: 2, mean: 1, refilledMs: 2900 })
  })
})

describe('the look into a session’s memory', () => {
  it('finds every place that a limit is named for', () => {
    const ways = new Set<string>()
    const look = ({ hosts }: { hosts: Iterable<{ session: object }> }): void => {
      for (const { session } of hosts) for (const { way } of holdings(session, 16)) ways.add(way)
    }
    simulate({ ...SMALL, untilMs: 3000 }, { inspect: { everyMs: 100, look } })
    const missing = NAMED_LIMITS.filter((name) => ![...ways].some((way) => way.endsWith(name)))
    expect(missing).toEqual([])
  })

  it('tells what is larger than it may be, wherever it is', () => {
    const inner = { live: new Map(Array.from({ length: 300 }, (_, key) => [key, {}])) }
    expect(excesses({ gossip: { claims: inner } }, 10)).toEqual([
      'session.gossip.claims.live holds 300, at most 256 are allowed',
    ])
    expect(excesses({ anything: Array.from({ length: 5000 }, () => 0) }, 10)).toHaveLength(1)
    expect(excesses({ anything: Array.from({ length: 5000 }, () => 0) }, 1000)).toEqual([])
  })
})
