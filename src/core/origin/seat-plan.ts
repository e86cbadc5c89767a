/**
 * How many seats the origin has (k). It starts at a guess or at what the topology server remembers; then whoever
 * judges tries twice as many, and keeps them if the origin gives more for it. One plan holds in the swarm, the one of
 * the highest version; it travels with the claims. The rules and numbers come from a fluid model of seats and claims,
 * but for the fourfold step: the model knew everybody's downlink, a page does not.
 */

import { MAX_SEATS } from '../wire/limits.ts'
import type { SeatPlan } from '../wire/peer-messages.ts'
import type { GoodputAverage } from './goodput.ts'

/** Seats to begin with: Slurpie found 3 to work well; a model of it was up to three times faster with 8. */
export const FIRST_SEATS = 8

/** More goodput than this, relative to before, makes a trial of more seats a success. A sum of claims is no better than 10%. */
const GAIN = 1.15

/** Less than this, relative to before, makes a trial of fewer seats a failure. */
const LOSS = 0.97

/** Goodput that grew by this share of what the seats grew by: the origin is far from its limit, so go on in bigger steps. */
const PROPORTIONAL = 0.8
const STEP = 2
const BIG_STEP = 4

/** Pause after a success, and the longest after failures, which double it, in seconds. */
export const HOLD_SEC = 30
export const LONGEST_HOLD_SEC = 240

/**
 * Time and round trips until a change shows in what seats claim: slow start, the window of their rates, the age of a claim
 * while a plan is tried, and the flood, in ms. With 2.5 s the old seats' claims overlapped the new ones' by up to a quarter (measured).
 */
const SETTLING_MS = 4000
const SETTLING_ROUND_TRIPS = 10

/** Highest version that is believed: a new one every 8 s makes so many in two centuries. */
const MAX_VERSION = 2 ** 30

const PHASE_ORDER = { steady: 0, shrinking: 1, growing: 2 } as const

export interface PlanView {
  readonly plan: SeatPlan
  /** Time since this plan was made or heard of, in ms. */
  readonly ageMs: number
  readonly rttMs: number
  readonly swarmSize: number
  /** The average since `settledMs` after the plan; null: unknown. */
  readonly average: GoodputAverage | null
}

export function firstPlan(seats: number): SeatPlan {
  const count = Math.max(1, Math.min(MAX_SEATS, seats))
  return {
    version: 0,
    seats: count,
    phase: 'steady',
    heldSeats: count,
    triesLess: false,
    holdSec: 0,
    patienceSec: HOLD_SEC,
    goodputBytesPerSec: 0,
    openSeats: 0,
  }
}

/** Time after a new plan from which goodput may be held against it, in ms. */
export function settlingMs(rttMs: number): number {
  return SETTLING_MS + SETTLING_ROUND_TRIPS * rttMs
}

/** The next plan, or null while the present one stands. */
export function judgePlan(view: PlanView): SeatPlan | null {
  const { plan, ageMs, rttMs, average } = view
  if (average === null || ageMs < 2 * settlingMs(rttMs)) return null
  switch (plan.phase) {
    case 'steady':
      return ageMs < plan.holdSec * 1000 ? null : beginTrial(view, average)
    case 'growing':
      return judgeGrowth(view, average)
    case 'shrinking':
      return judgeShrinking(view, average)
  }
}

function beginTrial({ plan, swarmSize }: PlanView, average: GoodputAverage): SeatPlan | null {
  const { seats } = plan
  const isUnderused = swarmSize <= seats || average.openSeats < 0.75 * seats
  if (seats > FIRST_SEATS && (plan.triesLess || isUnderused))
    return trial(plan, 'shrinking', Math.max(FIRST_SEATS, Math.ceil(seats / STEP)), average)
  return isUnderused ? null : trial(plan, 'growing', seats * STEP, average)
}

function judgeGrowth({ plan, ageMs, rttMs, swarmSize }: PlanView, average: GoodputAverage): SeatPlan | null {
  const wanted = Math.min(plan.openSeats * 1.2, swarmSize * 0.9)
  if (average.openSeats < wanted && ageMs < 4 * settlingMs(rttMs)) return null
  const gain = average.bytesPerSec / Math.max(1, plan.goodputBytesPerSec)
  if (gain < GAIN) return hold(plan, plan.heldSeats, plan.patienceSec, plan.heldSeats > FIRST_SEATS)
  if (swarmSize <= plan.seats) return hold(plan, plan.seats, HOLD_SEC, false)
  const growth = average.openSeats / Math.max(1, plan.openSeats)
  const isFarFromLimit = gain - 1 >= PROPORTIONAL * (growth - 1)
  const grown = { ...plan, patienceSec: HOLD_SEC }
  return trial(grown, 'growing', plan.seats * (isFarFromLimit ? BIG_STEP : STEP), average)
}

function judgeShrinking({ plan, ageMs, rttMs }: PlanView, average: GoodputAverage): SeatPlan | null {
  const hasShrunk = average.openSeats <= plan.openSeats * 0.8
  if (!hasShrunk && ageMs < 9 * settlingMs(rttMs)) return null
  if (hasShrunk && average.bytesPerSec >= plan.goodputBytesPerSec * LOSS)
    return hold(plan, plan.seats, HOLD_SEC, plan.seats > FIRST_SEATS)
  return hold(plan, plan.heldSeats, plan.patienceSec, false)
}

function trial(
  plan: SeatPlan,
  phase: 'growing' | 'shrinking',
  seats: number,
  average: GoodputAverage,
): SeatPlan {
  return {
    ...plan,
    version: plan.version + 1,
    phase,
    seats: Math.min(MAX_SEATS, seats),
    heldSeats: plan.seats,
    goodputBytesPerSec: Math.min(2 ** 32 - 1, Math.round(average.bytesPerSec)),
    openSeats: Math.round(average.openSeats),
  }
}

function hold(plan: SeatPlan, seats: number, holdSec: number, triesLess: boolean): SeatPlan {
  const failed = seats === plan.heldSeats
  return {
    ...plan,
    version: plan.version + 1,
    phase: 'steady',
    seats,
    heldSeats: seats,
    triesLess,
    holdSec,
    patienceSec: failed ? Math.min(LONGEST_HOLD_SEC, plan.patienceSec * 2) : HOLD_SEC,
  }
}

/**
 * Whether another's plan is to be followed: the higher version; of two of one version the one with fewer seats, and of
 * those the one that is steady, then that goes back to fewer: so all agree. Versions near the end of their field are
 * nobody's honest work.
 */
export function isNewerPlan(theirs: SeatPlan, ours: SeatPlan): boolean {
  if (theirs.version > MAX_VERSION) return false
  if (theirs.version !== ours.version) return theirs.version > ours.version
  if (theirs.seats !== ours.seats) return theirs.seats < ours.seats
  if (theirs.phase !== ours.phase) return PHASE_ORDER[theirs.phase] < PHASE_ORDER[ours.phase]
  return theirs.heldSeats < ours.heldSeats
}

/** What is heard is a stranger's word: times no longer than they would be here. */
export function boundedPlan(plan: SeatPlan): SeatPlan {
  const { holdSec, patienceSec } = plan
  if (holdSec <= LONGEST_HOLD_SEC && patienceSec <= LONGEST_HOLD_SEC) return plan
  return {
    ...plan,
    holdSec: Math.min(LONGEST_HOLD_SEC, holdSec),
    patienceSec: Math.min(LONGEST_HOLD_SEC, patienceSec),
  }
}
