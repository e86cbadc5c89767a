import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import { ANNA, leecherAmong } from './company.ts'
import { peer, range } from './shapes.ts'
import { claimOf, sent, type Visitor } from './visitor.ts'

const CLAIMERS = range(0x600, 0x605).map(peer)
/** After whose claim the others have to wait. */
const FIRST = peer(0x700)

/** Among eight, with timers that ring so late. */
function afterRings(lateMs: number): Visitor {
  const visitor = leecherAmong(8)
  for (const _ of range(0, 10)) {
    visitor.nowMs = (visitor.session.nextDeadlineMs() ?? visitor.nowMs) + lateMs
    visitor.handle({ type: 'tick' })
  }
  return visitor
}

function told(visitor: Visitor): { peer: PeerId; claimer: PeerId; sequence: number }[] {
  return sent(visitor.outputs, 'claim')
    .filter(({ message }) => CLAIMERS.includes(message.peer))
    .map(({ peer: to, message }) => ({ peer: to, claimer: message.peer, sequence: message.sequence }))
}

describe('claims that flood', () => {
  it('are passed on at once, each to three drawn for itself', () => {
    const visitor = afterRings(0)
    for (const claimer of CLAIMERS) visitor.hear(ANNA, claimOf(claimer, 1, 0, 2))
    expect(told(visitor)).toHaveLength(3 * CLAIMERS.length)
    expect(new Set(told(visitor).map(({ peer: to }) => to)).size).toBeGreaterThan(3)
  })

  it('wait for each other where the processor is busy, and go to the same two', () => {
    const visitor = afterRings(20)
    visitor.hear(ANNA, claimOf(FIRST, 1, 0, 2))
    visitor.outputs.length = 0
    for (const claimer of CLAIMERS) visitor.hear(ANNA, claimOf(claimer, 1, 0, 2))
    expect(told(visitor)).toEqual([])
    visitor.pass(300)
    const targets = new Set(told(visitor).map(({ peer: to }) => to))
    expect(targets.size).toBeLessThanOrEqual(2)
    expect(targets.has(ANNA)).toBe(false)
    expect(told(visitor)).toHaveLength(targets.size * CLAIMERS.length)
  })

  it('do not wait there where none went out for so long', () => {
    const visitor = afterRings(20)
    visitor.pass(300)
    visitor.outputs.length = 0
    visitor.hear(ANNA, claimOf(FIRST, 1, 0, 2))
    const targets = sent(visitor.outputs, 'claim').map(({ peer: to }) => to)
    expect(new Set(targets).size).toBe(2)
    expect(targets).not.toContain(ANNA)
  })

  it('take the place of older ones that still wait', () => {
    const visitor = afterRings(20)
    const [claimer = ANNA] = CLAIMERS
    visitor.hear(ANNA, claimOf(FIRST, 1, 0, 2))
    visitor.hear(ANNA, claimOf(claimer, 1, 0, 2))
    visitor.hear(ANNA, claimOf(claimer, 2, 2, 2))
    visitor.pass(300)
    expect(told(visitor).length).toBeGreaterThan(0)
    expect(told(visitor).every(({ sequence }) => sequence === 2)).toBe(true)
  })
})
