import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  FIRST_SEATS,
  firstPlan,
  isNewerPlan,
  judgePlan,
  type PlanView,
  settlingMs,
} from '../../../src/core/origin/seat-plan.ts'
import { encodeClaim } from '../../../src/core/wire/claim-codec.ts'
import { MAX_SEATS } from '../../../src/core/wire/limits.ts'
import type { SeatPlan } from '../../../src/core/wire/peer-messages.ts'
import { peer } from './shapes.ts'
import { claimOf } from './visitor.ts'

const RTT_MS = 50
const SETTLED_MS = 2 * settlingMs(RTT_MS)
const AN_HOUR_MS = 3_600_000
/** What the origin gives before a trial, in bytes a second. */
const BEFORE = 1_000_000

/** The next plan where this much is known: by default everything is settled, and a crowd waits for seats. */
function judge(
  plan: SeatPlan,
  bytesPerSec: number,
  openSeats: number,
  view: Partial<PlanView> = {},
): SeatPlan | null {
  const average = { bytesPerSec, openSeats }
  return judgePlan({ plan, ageMs: AN_HOUR_MS, rttMs: RTT_MS, swarmSize: 10_000, average, ...view })
}

/** The same where there must be one. */
function next(...given: Parameters<typeof judge>): SeatPlan {
  const plan = judge(...given)
  if (plan === null) throw new Error('The plan stands.')
  return plan
}

/** Seats are being doubled, from so many. */
function growing(from = FIRST_SEATS): SeatPlan {
  return next(firstPlan(from), BEFORE, from)
}

/** So many seats turned out to be more than are used: half of them are being tried. */
function shrinking(from: number): SeatPlan {
  return next(firstPlan(from), BEFORE, from, { swarmSize: from })
}

describe('the first plan', () => {
  it('is steady, of version 0, and may be tried at once', () => {
    expect(firstPlan(12)).toMatchObject({ version: 0, seats: 12, heldSeats: 12, phase: 'steady', holdSec: 0 })
  })

  it('has at least one seat, and no more than a plan may name', () => {
    expect(firstPlan(0).seats).toBe(1)
    expect(firstPlan(Infinity).seats).toBe(MAX_SEATS)
  })
})

describe('a plan stands', () => {
  it('until goodput has settled twice over, whatever its phase', () => {
    for (const plan of [firstPlan(FIRST_SEATS), growing(), shrinking(32)]) {
      const [bytesPerSec, openSeats] = [10 * BEFORE, plan.seats]
      expect(judge(plan, bytesPerSec, openSeats, { ageMs: SETTLED_MS - 1 })).toBeNull()
      expect(judge(plan, bytesPerSec, openSeats, { ageMs: SETTLED_MS })).not.toBeNull()
    }
  })

  it('for longer where round trips are long', () => {
    expect(settlingMs(1000)).toBeGreaterThan(settlingMs(RTT_MS) + 1000)
    expect(judge(firstPlan(8), BEFORE, 8, { ageMs: SETTLED_MS, rttMs: 1000 })).toBeNull()
  })

  it('while nothing is known of the goodput', () => {
    for (const plan of [firstPlan(FIRST_SEATS), growing(), shrinking(32)])
      expect(judge(plan, 0, 0, { average: null })).toBeNull()
  })

  it('as long as it is to hold', () => {
    const plan = { ...firstPlan(FIRST_SEATS), holdSec: 60 }
    expect(judge(plan, BEFORE, FIRST_SEATS, { ageMs: 59_999 })).toBeNull()
    expect(judge(plan, BEFORE, FIRST_SEATS, { ageMs: 60_000 })?.phase).toBe('growing')
  })
})

describe('a steady plan', () => {
  it('gives way to a trial of twice as many seats, which remembers what there was before', () => {
    expect(next(firstPlan(8), BEFORE, 7.6)).toMatchObject({
      version: 1,
      phase: 'growing',
      seats: 16,
      heldSeats: 8,
      goodputBytesPerSec: BEFORE,
      openSeats: 8,
    })
  })

  it('stands where its seats are not all in use, or there are no more visitors than seats', () => {
    const plan = firstPlan(FIRST_SEATS)
    expect(judge(plan, BEFORE, FIRST_SEATS / 2)).toBeNull()
    expect(judge(plan, BEFORE, FIRST_SEATS, { swarmSize: FIRST_SEATS })).toBeNull()
  })

  it('of more seats than are used gives way to a trial of half as many, but of no fewer than the first', () => {
    expect(next(firstPlan(64), BEFORE, 20)).toMatchObject({ phase: 'shrinking', seats: 32, heldSeats: 64 })
    expect(shrinking(33)).toMatchObject({ phase: 'shrinking', seats: 17 })
    expect(shrinking(FIRST_SEATS + 2)).toMatchObject({ phase: 'shrinking', seats: FIRST_SEATS })
  })

  it('is never tried beyond what a plan may name', () => {
    expect(next(firstPlan(MAX_SEATS), BEFORE, MAX_SEATS, { swarmSize: MAX_SEATS + 1 }).seats).toBe(MAX_SEATS)
  })
})

describe('a trial of more seats', () => {
  it('that brings no more goodput ends where it began, and waits', () => {
    const failed = next(growing(), BEFORE, 16)
    expect(failed).toMatchObject({ version: 2, phase: 'steady', seats: 8, heldSeats: 8, triesLess: false })
    expect(failed.holdSec).toBe(firstPlan(8).patienceSec)
  })

  it('waits twice as long after each failure, at most 240 s', () => {
    let plan = firstPlan(FIRST_SEATS)
    const holds: number[] = []
    for (let trials = 0; trials < 6; trials++) {
      plan = next(next(plan, BEFORE, FIRST_SEATS), BEFORE, 2 * FIRST_SEATS)
      holds.push(plan.holdSec)
    }
    const [first = 0] = holds
    expect(holds).toEqual([first, 2 * first, 4 * first, 8 * first, 240, 240].map((sec) => Math.min(240, sec)))
  })

  it('waits for the seats to be taken, but not for ever', () => {
    expect(judge(growing(), BEFORE, 8, { ageMs: SETTLED_MS })).toBeNull()
    expect(judge(growing(), BEFORE, 8, { ageMs: 2 * SETTLED_MS })).toMatchObject({
      phase: 'steady',
      seats: 8,
    })
    expect(judge(growing(), BEFORE, 16, { ageMs: SETTLED_MS })).toMatchObject({ phase: 'steady', seats: 8 })
  })

  it('is kept where it brings more and everybody has a seat by now', () => {
    const kept = next(growing(), 2 * BEFORE, 16, { swarmSize: 16 })
    expect(kept).toMatchObject({ version: 2, phase: 'steady', seats: 16, heldSeats: 16, triesLess: false })
    expect(kept.patienceSec).toBe(firstPlan(8).patienceSec)
  })

  it('goes on where it brings more: in big steps where goodput grows as the seats do', () => {
    expect(next(growing(), 2 * BEFORE, 16)).toMatchObject({
      version: 2,
      phase: 'growing',
      seats: 64,
      heldSeats: 16,
      goodputBytesPerSec: 2 * BEFORE,
      openSeats: 16,
    })
    expect(next(growing(), 1.4 * BEFORE, 16)).toMatchObject({ phase: 'growing', seats: 32, heldSeats: 16 })
  })

  it('that fails after others succeeded ends at the last success, and tries fewer next', () => {
    const further = next(growing(), 2 * BEFORE, 16)
    const failed = next(further, 2 * BEFORE, 64)
    expect(failed).toMatchObject({ phase: 'steady', seats: 16, triesLess: true })
    expect(next(failed, 2 * BEFORE, 16)).toMatchObject({ phase: 'shrinking', seats: 8, heldSeats: 16 })
  })
})

describe('a trial of fewer seats', () => {
  it('is kept where nothing is lost by it, and goes on where there are more to give up', () => {
    const kept = next(shrinking(32), BEFORE, 16)
    expect(kept).toMatchObject({ phase: 'steady', seats: 16, heldSeats: 16, triesLess: true })
    const last = next(next(kept, BEFORE, 16), BEFORE, 8)
    expect(last).toMatchObject({ phase: 'steady', seats: FIRST_SEATS, triesLess: false })
    expect(next(last, BEFORE, FIRST_SEATS).phase).toBe('growing')
  })

  it('that costs goodput ends where it began, waits, and tries more next', () => {
    const failed = next(shrinking(32), BEFORE / 2, 16)
    expect(failed).toMatchObject({ phase: 'steady', seats: 32, triesLess: false })
    expect(failed.patienceSec).toBe(2 * failed.holdSec)
    expect(next(failed, BEFORE, 32)).toMatchObject({ phase: 'growing', seats: 64 })
  })

  it('waits until seats have been given up, and fails where they are not', () => {
    expect(judge(shrinking(32), BEFORE, 32, { ageMs: 2 * SETTLED_MS })).toBeNull()
    expect(next(shrinking(32), BEFORE, 32)).toMatchObject({ phase: 'steady', seats: 32 })
  })
})

describe('whatever the origin gives', () => {
  const step = fc.record({
    bytesPerSec: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true })),
    openShare: fc.double({ min: 0, max: 1.5, noNaN: true }),
    swarmSize: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10_000_000 })),
    ageMs: fc.nat(300_000),
  })

  it('seats stay within the limits, shrink to no fewer than the first, and a claim can carry the plan', () => {
    const first = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: MAX_SEATS }))
    fc.assert(
      fc.property(first, fc.array(step, { maxLength: 60 }), (seats, steps) => {
        let plan = firstPlan(seats)
        for (const { bytesPerSec, openShare, swarmSize, ageMs } of steps) {
          const openSeats = openShare * plan.seats
          const after = judge(plan, bytesPerSec, openSeats, { swarmSize, ageMs })
          if (after === null) continue
          expect(after.version).toBe(plan.version + 1)
          if (after.seats < Math.min(FIRST_SEATS, plan.seats)) expect(after.seats).toBe(plan.heldSeats)
          if (after.phase === 'shrinking') expect(after.seats).toBeGreaterThanOrEqual(FIRST_SEATS)
          if (after.phase === 'steady') expect([plan.seats, plan.heldSeats]).toContain(after.seats)
          expect(after.holdSec).toBeLessThanOrEqual(240)
          expect(after.patienceSec).toBeLessThanOrEqual(240)
          expect(isNewerPlan(after, plan)).toBe(true)
          expect(() => encodeClaim({ ...claimOf(peer(1), 1, 0, 1), plan: after })).not.toThrow()
          plan = after
        }
      }),
    )
  })
})

describe('of two plans', () => {
  const plans = fc
    .tuple(fc.nat(4), fc.integer({ min: 1, max: 4 }))
    .map(([version, seats]): SeatPlan => ({ ...firstPlan(seats), version }))

  it('the one of the higher version is followed, of two of one version the one with fewer seats', () => {
    const plan = { ...firstPlan(8), version: 3 }
    expect(isNewerPlan({ ...plan, version: 4, seats: 100 }, plan)).toBe(true)
    expect(isNewerPlan({ ...plan, seats: 7 }, plan)).toBe(true)
    expect(isNewerPlan({ ...plan, seats: 9 }, plan)).toBe(false)
    expect(isNewerPlan(plan, plan)).toBe(false)
  })

  it('never is each newer than the other, and one is unless they have the same version and seats', () => {
    fc.assert(
      fc.property(plans, plans, (a, b) => {
        const isSame = a.version === b.version && a.seats === b.seats
        expect(Number(isNewerPlan(a, b)) + Number(isNewerPlan(b, a))).toBe(isSame ? 0 : 1)
      }),
    )
  })

  it('and more, everybody ends with the same, in whatever order they were heard', () => {
    const heard = fc.array(plans, { minLength: 1, maxLength: 8 })
    const orders = heard.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(orders, ([one, other]) => {
        expect(follow(one)).toEqual(follow(other))
      }),
    )
  })
})

/** The plan that is followed in the end. */
function follow(all: readonly SeatPlan[]): SeatPlan {
  return all.reduce((ours, theirs) => (isNewerPlan(theirs, ours) ? theirs : ours))
}
