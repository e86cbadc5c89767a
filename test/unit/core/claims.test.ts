import { describe, expect, it } from 'vitest'

import { Claims } from '../../../src/core/origin/claims.ts'
import type { Claim } from '../../../src/core/wire/peer-messages.ts'
import { peer, range } from './shapes.ts'
import { claimOf } from './visitor.ts'

const LIFETIME_MS = 5000

function claim(number: number, sequence: number, start = 0, count = 4): Claim {
  return claimOf(peer(number), sequence, start, count)
}

function vacated(number: number, sequence: number): Claim {
  return claimOf(peer(number), sequence, 0, 0)
}

function covered(claims: Claims, nowMs: number): number[] {
  return range(0, 20).filter((chunk) => claims.covers(chunk, nowMs))
}

function newClaims(): Claims {
  const claims = new Claims()
  claims.equip(64)
  return claims
}

function told(claims: Claims, nowMs: number): Partial<Claim>[] {
  return claims
    .standing(nowMs)
    .map(({ peer: claimer, renewalSec, runs }) => ({ peer: claimer, renewalSec, runs }))
}

describe('claims', () => {
  it('cover the chunks of their runs and take a seat each', () => {
    const claims = newClaims()
    claims.hear(
      {
        ...claim(1, 1),
        runs: [
          { start: 2, count: 2 },
          { start: 9, count: 1 },
        ],
      },
      0,
    )
    claims.hear(claim(2, 1, 15, 3), 0)
    expect(covered(claims, 0)).toEqual([2, 3, 9, 15, 16, 17])
    expect(claims.seatCount(0, 0)).toBe(2)
  })

  it('are news once: a sequence heard before, or an older one, is not', () => {
    const claims = newClaims()
    expect(claims.hear(claim(1, 5, 0), 0)).toBe(true)
    expect(claims.hear(claim(1, 5, 10), 0)).toBe(false)
    expect(claims.hear(claim(1, 4, 10), 0)).toBe(false)
    expect(covered(claims, 0)).toEqual([0, 1, 2, 3])
    expect(claims.hear(claim(1, 6, 10), 0)).toBe(true)
    expect(covered(claims, 0)).toEqual([10, 11, 12, 13])
    expect(claims.hear(claim(2, 1), 0)).toBe(true)
  })

  it('expire five seconds after they were heard, unless renewed', () => {
    const claims = newClaims()
    claims.hear(claim(1, 1), 1000)
    claims.hear(claim(2, 1, 10), 1000)
    claims.hear(claim(2, 2, 10), 4000)
    expect(covered(claims, 1000 + LIFETIME_MS - 1)).toEqual([0, 1, 2, 3, 10, 11, 12, 13])
    expect(covered(claims, 1000 + LIFETIME_MS)).toEqual([10, 11, 12, 13])
    expect(claims.seatCount(0, 1000 + LIFETIME_MS)).toBe(1)
    expect(claims.seatCount(0, 4000 + LIFETIME_MS)).toBe(0)
  })

  it('of nothing give the seat up', () => {
    const claims = newClaims()
    claims.hear(claim(1, 1), 0)
    expect(claims.hear(vacated(1, 2), 10)).toBe(true)
    expect(claims.seatCount(0, 10)).toBe(0)
    expect(covered(claims, 10)).toEqual([])
  })

  it('are void when their claimer is gone, and old copies still on their way do not revive them', () => {
    const claims = newClaims()
    claims.hear(claim(1, 7), 0)
    claims.drop(peer(1))
    claims.drop(peer(99))
    expect(claims.seatCount(0, 0)).toBe(0)
    expect(claims.hear(claim(1, 7), 10)).toBe(false)
    expect(covered(claims, 10)).toEqual([])
  })

  it('can be asked for those of smaller ids only', () => {
    const claims = newClaims()
    claims.hear(claim(5, 1, 0, 2), 0)
    expect(claims.covers(0, 0, peer(6))).toBe(true)
    expect(claims.covers(0, 0, peer(5))).toBe(false)
    expect(claims.covers(0, 0, peer(4))).toBe(false)
    claims.hear(claim(3, 1, 0, 1), 0)
    expect(claims.covers(0, 0, peer(4))).toBe(true)
    expect(claims.covers(1, 0, peer(4))).toBe(false)
  })

  it('of more than 256 claimers are not remembered', () => {
    const claims = newClaims()
    for (const number of range(0, 256)) expect(claims.hear(claim(number, 1), 0)).toBe(true)
    expect(claims.hear(claim(256, 1), 0)).toBe(false)
    expect(claims.seatCount(0, 0)).toBe(256)
    expect(claims.hear(claim(3, 2), 0)).toBe(true)
  })

  it('make room for others, the longest unheard first, once what they hold does not count any more', () => {
    const claims = newClaims()
    for (const number of range(0, 256)) claims.hear({ ...claim(number, 1), renewalSec: 16 }, number)
    expect(claims.hear(claim(256, 1), LIFETIME_MS - 1)).toBe(false)
    expect(claims.hear(claim(256, 1), LIFETIME_MS)).toBe(true)
    expect(claims.hear(claim(257, 1), LIFETIME_MS)).toBe(false)
    expect(claims.seatCount(0, LIFETIME_MS)).toBe(256)
    expect(claims.seatsBefore(peer(1), 0, LIFETIME_MS)).toBe(0)
  })

  it('make room for others once they have expired', () => {
    const claims = newClaims()
    for (const number of range(0, 256)) claims.hear(claim(number, 1), 0)
    expect(claims.hear(claim(256, 1), LIFETIME_MS)).toBe(true)
    expect(claims.seatCount(0, LIFETIME_MS)).toBe(1)
  })
})

describe('a claim that is seldom said again', () => {
  const SELDOM: Claim = { ...claim(1, 1), renewalSec: 16 }

  it('holds the seat until it was missed twice, and chunks no longer than any', () => {
    const claims = newClaims()
    claims.hear(SELDOM, 0)
    expect(covered(claims, LIFETIME_MS - 1)).toEqual([0, 1, 2, 3])
    expect(covered(claims, LIFETIME_MS)).toEqual([])
    expect([32_999, 33_000].map((nowMs) => claims.seatCount(0, nowMs))).toEqual([1, 0])
  })

  it('is outlived by no claim heard after it that is said again sooner', () => {
    const claims = newClaims()
    claims.hear(SELDOM, 0)
    claims.hear(claim(2, 1, 10), 1000)
    expect(claims.seatCount(0, 1000 + LIFETIME_MS)).toBe(1)
    expect(covered(claims, 1000 + LIFETIME_MS)).toEqual([])
    claims.hear(claim(1, 2), 7000)
    expect(claims.seatCount(0, 7000 + LIFETIME_MS)).toBe(0)
  })

  it('holds a seat for others, too, whose claims end in between', () => {
    const claims = newClaims()
    for (const number of range(0, 8)) claims.hear({ ...claim(number, 1), renewalSec: 1 + number }, 0)
    const seats = range(0, 20).map((sec) => claims.seatCount(0, 1000 * sec))
    expect(seats).toEqual([8, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0, 0])
  })
})

describe('what is told of others’ claims', () => {
  it('counts for no longer than the claim itself, and holds one chunk once what it held is forgotten', () => {
    const claims = newClaims()
    claims.hear({ ...claim(1, 1), renewalSec: 16 }, 0)
    const whole = [{ start: 0, count: 4 }]
    const first = [{ start: 0, count: 1 }]
    const claimer = peer(1)
    expect(told(claims, 0)).toEqual([{ peer: claimer, renewalSec: 16, runs: whole }])
    expect(told(claims, 4000)).toEqual([{ peer: claimer, renewalSec: 14, runs: whole }])
    expect(told(claims, LIFETIME_MS)).toEqual([{ peer: claimer, renewalSec: 13, runs: first }])
    expect(told(claims, 30_000)).toEqual([{ peer: claimer, renewalSec: 1, runs: first }])
    expect(told(claims, 30_001)).toEqual([])
  })

  it('so ends with it, however often it is told from peer to peer', () => {
    let known = newClaims()
    known.hear({ ...claim(1, 1), renewalSec: 16 }, 0)
    for (const nowMs of range(1, 33).map((sec) => 1000 * sec)) {
      const next = newClaims()
      for (const each of known.standing(nowMs)) next.hear(each, nowMs)
      known = next
    }
    expect(known.seatCount(0, 33_000)).toBe(0)
  })
})

describe('a claim that is believed in part', () => {
  it('takes so much of a seat, and the rest of it counts apart', () => {
    const claims = newClaims()
    claims.hear({ ...claim(1, 1), goodputBytesPerSec: 1000 }, 0, 0.25)
    claims.hear({ ...claim(2, 1), goodputBytesPerSec: 1000 }, 0)
    expect(claims.seatCount(0, 0)).toBe(1.25)
    expect(claims.vainSeatCount(0, 0)).toBe(0.75)
    expect(claims.goodputBytesPerSec(0, 0)).toBe(1250)
    expect(claims.seatsBefore(peer(3), 0, 0)).toBe(1.25)
    expect(covered(claims, 0)).toEqual([0, 1, 2, 3])
  })

  it('holds nothing if it is not believed at all, until its claimer is', () => {
    const claims = newClaims()
    claims.hear(claim(1, 1), 0, 0)
    expect(covered(claims, 0)).toEqual([])
    expect(claims.seatCount(0, 0)).toBe(0)
    claims.hear(claim(1, 2), 0, 1)
    expect(covered(claims, 0)).toEqual([0, 1, 2, 3])
    expect(claims.vainSeatCount(0, 0)).toBe(0)
  })

  it('leaves nothing behind when it expires', () => {
    const claims = newClaims()
    claims.hear(claim(1, 1), 0, 0)
    expect(claims.vainSeatCount(0, LIFETIME_MS + 1)).toBe(0)
  })
})
