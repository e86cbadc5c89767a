import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import { type LoadView, SeatCount } from '../../../src/core/origin/seat-count.ts'
import { FIRST_SEATS, firstPlan, settlingMs } from '../../../src/core/origin/seat-plan.ts'
import type { SeatPlan } from '../../../src/core/wire/peer-messages.ts'
import { newContext } from './parts.ts'
import { range } from './shapes.ts'

const RTT_MS = 50
const SAMPLE_MS = 250

function planOf(version: number, seats: number): SeatPlan {
  return { ...firstPlan(seats), version }
}

function adaptive(): SeatCount {
  return new SeatCount(newContext())
}

/** A hundred visitors of an origin of 100 MB/s; the mesh gives hardly anything, and nothing is free. */
const POOR: LoadView = {
  seatsBeside: 0,
  swarmSize: 100,
  originBytesPerSec: 100e6,
  meshBytesPerSec: 0.1e6,
  elapsedSec: 60,
  fileBytes: 1e9,
  firstChunkSec: 0.1,
  hasFree: () => false,
}

/** What plain HTTP would give each of them. */
const PLAIN_BYTES_PER_SEC = POOR.originBytesPerSec / POOR.swarmSize

/** So many seats give so much, for so long; the holder of one judges at every sample. True once there is a new plan. */
function watch(
  count: SeatCount,
  context: Context,
  { bytesPerSec, openSeats, forMs }: { bytesPerSec: number; openSeats: number; forMs: number },
): boolean {
  const untilMs = context.nowMs + forMs
  for (; context.nowMs < untilMs; context.nowMs += SAMPLE_MS) {
    count.goodput.note({ bytesPerSec, openSeats }, context.nowMs)
    if (count.judge(1000, RTT_MS)) return true
  }
  return false
}

describe('the number of seats', () => {
  it('is a guess to begin with, or what the caller wants to begin with', () => {
    expect(adaptive().seats).toBe(FIRST_SEATS)
    expect(new SeatCount(newContext([], { seats: 3 })).seats).toBe(3)
  })

  it('is but three on a busy machine, unless the caller says how many', () => {
    const busy = [newContext(), newContext([], { originLoad: 6 })] as const
    for (const { lateness } of busy) for (const _ of range(0, 10)) lateness.note(50, 0)
    expect(busy.map((context) => new SeatCount(context).seats)).toEqual([3, 6])
    const small = new SeatCount(busy[0])
    small.equip(2)
    expect(small.seats).toBe(2)
  })

  it('is not judged by what the origin gives to a busy machine', () => {
    const contexts = [newContext(), newContext()] as const
    for (const _ of range(0, 10)) contexts[1].lateness.note(50, 0)
    const seen = contexts.map((context) =>
      watch(new SeatCount(context), context, { bytesPerSec: 1e6, openSeats: FIRST_SEATS, forMs: 120_000 }),
    )
    expect(seen).toEqual([true, false])
  })

  it('is no more than there are chunks', () => {
    const count = adaptive()
    count.equip(1)
    expect(count.seats).toBe(1)
    count.equip(1000)
    expect(count.seats).toBe(FIRST_SEATS)
    const full = new SeatCount(newContext([], { originLoad: 'full' }))
    full.equip(1)
    expect(full.seats).toBe(Infinity)
  })

  it('is not everybody before a first chunk can have come to all', () => {
    expect(adaptive().seatsFor({ ...POOR, firstChunkSec: POOR.elapsedSec })).toBe(POOR.swarmSize)
    expect(adaptive().seatsFor({ ...POOR, firstChunkSec: POOR.elapsedSec + 1 })).toBe(FIRST_SEATS)
  })

  it('is what the topology server remembers, until a plan is heard', () => {
    const count = adaptive()
    count.hint(20)
    count.hint(24)
    expect(count.seats).toBe(24)
    expect(count.plan.version).toBe(0)
    count.hear(planOf(1, 12))
    expect(count.seats).toBe(12)
    count.hint(40)
    expect(count.seats).toBe(12)
  })

  it('is not what the server remembers where the caller said how many', () => {
    const count = new SeatCount(newContext([], { seats: 3 }))
    count.hint(20)
    expect(count.seats).toBe(3)
  })

  it('follows newer plans, and no older ones', () => {
    const count = adaptive()
    count.hear(planOf(5, 30))
    count.hear(planOf(4, 10))
    expect(count.seats).toBe(30)
    count.hear(planOf(5, 20))
    expect(count.seats).toBe(20)
    count.hear(planOf(6, 40))
    expect(count.seats).toBe(40)
  })

  it('is everybody, or the caller’s number, whatever the swarm plans', () => {
    const full = new SeatCount(newContext([], { originLoad: 'full' }))
    const literal = new SeatCount(newContext([], { originLoad: 5 }))
    for (const count of [full, literal]) {
      count.hint(20)
      count.hear(planOf(3, 30))
    }
    expect(full.seats).toBe(Infinity)
    expect(literal.seats).toBe(5)
  })
})

describe('where the mesh is plainly worse than a plain download', () => {
  it('everybody goes to the origin', () => {
    expect(adaptive().seatsFor(POOR)).toBe(100)
  })

  it('but not early, not while anything is free, and not where nothing is known of the origin', () => {
    expect(adaptive().seatsFor({ ...POOR, elapsedSec: 30 })).toBe(FIRST_SEATS)
    expect(adaptive().seatsFor({ ...POOR, hasFree: () => true })).toBe(FIRST_SEATS)
    expect(adaptive().seatsFor({ ...POOR, originBytesPerSec: 0, meshBytesPerSec: 0 })).toBe(FIRST_SEATS)
  })

  it.each([0.25, 0.5, 0.99])('after 4% of its time, also where it is worse by little (%d of it)', (share) => {
    const poor = { ...POOR, meshBytesPerSec: share * PLAIN_BYTES_PER_SEC }
    const lateSec = (0.04 * POOR.fileBytes) / PLAIN_BYTES_PER_SEC
    expect(adaptive().seatsFor({ ...poor, elapsedSec: lateSec })).toBe(POOR.swarmSize)
    expect(adaptive().seatsFor({ ...poor, elapsedSec: 0.99 * lateSec })).toBe(FIRST_SEATS)
    expect(adaptive().seatsFor({ ...poor, elapsedSec: lateSec, hasFree: () => true })).toBe(FIRST_SEATS)
  })

  it('and nowhere else', () => {
    expect(adaptive().seatsFor({ ...POOR, meshBytesPerSec: PLAIN_BYTES_PER_SEC })).toBe(FIRST_SEATS)
    expect(adaptive().seatsFor({ ...POOR, meshBytesPerSec: 1.1e6 })).toBe(FIRST_SEATS)
    expect(adaptive().seatsFor({ ...POOR, swarmSize: FIRST_SEATS })).toBe(FIRST_SEATS)
  })

  it('nor where the caller named a number', () => {
    expect(new SeatCount(newContext([], { originLoad: 5 })).seatsFor(POOR)).toBe(5)
    expect(new SeatCount(newContext([], { originLoad: 'full' })).seatsFor(POOR)).toBe(Infinity)
  })
})

describe('who judges the plan', () => {
  const BUSY = { bytesPerSec: 1e6, openSeats: FIRST_SEATS, forMs: 120_000 }

  it('tries more seats once goodput has settled, and goes back where they bring nothing', () => {
    const context = newContext()
    const count = new SeatCount(context)
    expect(watch(count, context, { ...BUSY, forMs: 2 * settlingMs(RTT_MS) })).toBe(false)
    expect(watch(count, context, BUSY)).toBe(true)
    expect(count.plan).toMatchObject({ version: 1, phase: 'growing', seats: 2 * FIRST_SEATS })
    expect(watch(count, context, { ...BUSY, openSeats: 2 * FIRST_SEATS })).toBe(true)
    expect(count.plan).toMatchObject({ version: 2, phase: 'steady', seats: FIRST_SEATS })
  })

  it('does not hold against a plan what came before it settled', () => {
    const context = newContext()
    const count = new SeatCount(context)
    watch(count, context, BUSY)
    watch(count, context, {
      bytesPerSec: 0,
      openSeats: 2 * FIRST_SEATS,
      forMs: settlingMs(RTT_MS) - SAMPLE_MS,
    })
    expect(watch(count, context, { ...BUSY, bytesPerSec: 2e6, openSeats: 2 * FIRST_SEATS })).toBe(true)
    expect(count.plan).toMatchObject({ phase: 'growing', heldSeats: 2 * FIRST_SEATS })
    expect(count.plan.goodputBytesPerSec).toBe(2e6)
  })

  it('waits anew where another’s plan is followed', () => {
    const context = newContext()
    const count = new SeatCount(context)
    watch(count, context, { ...BUSY, forMs: 2 * settlingMs(RTT_MS) })
    count.hear(planOf(7, FIRST_SEATS))
    expect(watch(count, context, { ...BUSY, forMs: 2 * settlingMs(RTT_MS) })).toBe(false)
    expect(watch(count, context, BUSY)).toBe(true)
    expect(count.plan.version).toBe(8)
  })

  it('leaves it alone where the caller named a number, or wants everybody to go', () => {
    for (const originLoad of [5, 'full'] as const) {
      const context = newContext([], { originLoad })
      expect(watch(new SeatCount(context), context, BUSY)).toBe(false)
    }
  })
})
