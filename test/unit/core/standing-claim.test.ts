import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import { firstPlan } from '../../../src/core/origin/seat-plan.ts'
import { StandingClaim } from '../../../src/core/origin/standing-claim.ts'
import type { SessionOutput } from '../../../src/core/session-io.ts'
import { MAX_RUNS_PER_CLAIM } from '../../../src/core/wire/limits.ts'
import type { Claim } from '../../../src/core/wire/peer-messages.ts'
import { newContext, meshWith, originContext } from './parts.ts'
import { peer, range } from './shapes.ts'
import { SELF, sent } from './visitor.ts'

const CHUNKS = 1000
const ANNA = peer(1)
const BERT = peer(2)
const RUN = { start: 100, count: 8 }
const PLAN = firstPlan(8)

/** A seat that claims, beside Anna. */
class Claimer {
  readonly outputs: SessionOutput[] = []
  readonly context: Context = newContext(this.outputs)
  private readonly own = originContext(this.context)
  private readonly mesh = meshWith(ANNA, this.context, CHUNKS)
  readonly claim: StandingClaim = new StandingClaim(this.own, this.mesh)

  /** Says it, and returns what Anna hears. */
  say(run = RUN, goodputBytesPerSec = 0, isNew = true, { seats = 8, plan = PLAN } = {}): Claim | null {
    return this.heard(() => this.claim.say({ runs: [run], goodputBytesPerSec, plan, isNew, seats }))
  }

  withdraw(): Claim | null {
    return this.heard(() => this.claim.withdraw(PLAN))
  }

  repeatFarewell(): Claim | null {
    return this.heard(() => this.claim.repeatFarewell(PLAN))
  }

  isDueAt(nowMs: number): boolean {
    return this.own.deadlines.takeDue(nowMs).includes('claim')
  }

  private heard(speak: () => void): Claim | null {
    this.outputs.length = 0
    speak()
    // Where the processor is busy, what is said waits for company.
    this.mesh.floods.onDeadline()
    return sent(this.outputs, 'claim').find((each) => each.peer === ANNA)?.message ?? null
  }

  bring(...chunks: readonly number[]): void {
    for (const chunk of chunks) this.claim.noteBrought(chunk)
  }
}

/** One of a hundred, at 2 s: its claim is good for 16 s. */
function seldomSaid(): Claimer {
  const claimer = new Claimer()
  for (const nowMs of [0, 2000]) {
    claimer.context.nowMs = nowMs
    claimer.say(RUN, 1000, false, { seats: 100 })
  }
  return claimer
}

describe('the standing claim', () => {
  it('says who claims what, by which plan, and how fast the origin is', () => {
    expect(new Claimer().say(RUN, 1234.4)).toEqual({
      type: 'claim',
      peer: SELF,
      origin: 0,
      sequence: 1,
      hops: 1,
      runs: [RUN],
      brought: [],
      goodputBytesPerSec: 1234,
      renewalSec: 2,
      plan: PLAN,
    })
    expect(new Claimer().say(RUN, 1e12)?.goodputBytesPerSec).toBe(2 ** 32 - 1)
  })

  it('is to be said again after two seconds, until the seat is given up', () => {
    const claimer = new Claimer()
    claimer.context.nowMs = 500
    claimer.say()
    expect(claimer.claim.end).toBe(108)
    expect(claimer.isDueAt(2499)).toBe(false)
    expect(claimer.isDueAt(2500)).toBe(true)
    claimer.say()
    expect(claimer.withdraw()).toMatchObject({ sequence: 3, runs: [] })
    expect(claimer.context.deadlines.has('claim')).toBe(false)
    expect(claimer.claim.end).toBe(0)
  })

  it('is said half as often where it brings what others have, from the second time on', () => {
    const claimer = new Claimer()
    claimer.say(RUN, 0, false)
    expect([claimer.isDueAt(1999), claimer.isDueAt(2000)]).toEqual([false, true])
    claimer.context.nowMs = 2000
    expect(claimer.say(RUN, 0, false)?.renewalSec).toBe(4)
    expect([claimer.isDueAt(5999), claimer.isDueAt(6000)]).toEqual([false, true])
  })

  it('is said twice a second by all together where it brings nothing new, and the others wait no longer for it than it says', () => {
    const claimer = new Claimer()
    const crowd = { seats: 24 }
    expect(claimer.say(RUN, 1000, false, crowd)?.renewalSec).toBe(2)
    claimer.context.nowMs = 2000
    expect(claimer.say(RUN, 1200, false, crowd)?.renewalSec).toBe(12)
    // Rings every 4 s, as the plan may have changed.
    for (const nowMs of [6000, 10_000]) {
      expect(claimer.isDueAt(nowMs)).toBe(true)
      claimer.context.nowMs = nowMs
      expect(claimer.say(RUN, 1200, false, crowd)).toBeNull()
    }
    claimer.context.nowMs = 14_000
    expect(claimer.isDueAt(14_000)).toBe(true)
    expect(claimer.say(RUN, 1200, false, { seats: 100 })?.renewalSec).toBe(16)
    claimer.context.nowMs = 30_000
    expect(claimer.say(RUN, 1200, false, { seats: 1 })?.renewalSec).toBe(4)
  })

  it.each([
    ['four seconds where the origin gives another rate', 4, 1300, PLAN],
    ['four seconds where a plan is tried', 4, 1000, { ...PLAN, phase: 'growing' as const }],
    ['sixteen where nothing has changed', 16, 1200, PLAN],
  ])('is said again after %s', (_, sec, goodput, plan) => {
    const claimer = seldomSaid()
    claimer.context.nowMs = 2000 + 1000 * sec - 1
    expect(claimer.say(RUN, goodput, false, { seats: 100, plan })).toBeNull()
    claimer.context.nowMs++
    expect(claimer.say(RUN, goodput, false, { seats: 100, plan })?.renewalSec).toBe(sec)
  })

  it('is said at once, and every two seconds, where it brings something new or something was brought', () => {
    const [isNew, brought] = [seldomSaid(), seldomSaid()]
    expect(isNew.say(RUN, 1000, true, { seats: 100 })?.renewalSec).toBe(2)
    brought.bring(100)
    brought.context.nowMs = 4000
    expect(brought.say(RUN, 1000, false, { seats: 100 })?.renewalSec).toBe(2)
  })

  it('that counts for long is given up twice, as it would stay taken for those who miss the word', () => {
    const [seldom, often] = [seldomSaid(), new Claimer()]
    expect(seldom.withdraw()).toMatchObject({ runs: [] })
    expect([seldom.isDueAt(3999), seldom.isDueAt(4000)]).toEqual([false, true])
    expect(seldom.repeatFarewell()).toMatchObject({ runs: [] })
    expect(seldom.context.deadlines.has('claim')).toBe(false)
    expect(seldom.repeatFarewell()).toBeNull()
    often.say()
    often.withdraw()
    expect(often.context.deadlines.has('claim')).toBe(false)
  })

  it('is given up once, and where there was none nothing is said', () => {
    const claimer = new Claimer()
    expect(claimer.withdraw()).toBeNull()
    claimer.say()
    claimer.withdraw()
    expect(claimer.withdraw()).toBeNull()
  })

  it('is told to a new neighbour only while it stands', () => {
    const claimer = new Claimer()
    const told = (): number => {
      claimer.outputs.length = 0
      claimer.claim.tell(BERT)
      return sent(claimer.outputs, 'claim').filter((each) => each.peer === BERT).length
    }
    expect(told()).toBe(0)
    claimer.say()
    expect(told()).toBe(1)
    claimer.withdraw()
    expect(told()).toBe(0)
  })

  it('is not said by one whom the topology server has given no id', () => {
    const claimer = new Claimer()
    claimer.context.selfId = null
    expect(claimer.say()).toBeNull()
  })
})

describe('what was brought', () => {
  it('is told in one run as long as it comes in order', () => {
    const claimer = new Claimer()
    claimer.bring(7, 8, 9, 20, 21, 5)
    expect(claimer.say()?.brought).toEqual([
      { start: 7, count: 3 },
      { start: 20, count: 2 },
      { start: 5, count: 1 },
    ])
  })

  it('is told with every claim for six seconds, so that one which is overtaken does no harm', () => {
    const claimer = new Claimer()
    claimer.bring(7)
    for (const nowMs of [0, 2000, 4000, 5999]) {
      claimer.context.nowMs = nowMs
      expect(claimer.say()?.brought).toEqual([{ start: 7, count: 1 }])
    }
    claimer.context.nowMs = 6000
    expect(claimer.say()?.brought).toEqual([])
  })

  it('is told as long as the last of a run is new', () => {
    const claimer = new Claimer()
    claimer.bring(7)
    claimer.context.nowMs = 5000
    claimer.bring(8)
    claimer.context.nowMs = 10_999
    expect(claimer.say()?.brought).toEqual([{ start: 7, count: 2 }])
    claimer.context.nowMs = 11_000
    expect(claimer.say()?.brought).toEqual([])
  })

  it('is told with the word that the seat is vacant, too', () => {
    const claimer = new Claimer()
    claimer.say()
    claimer.bring(100)
    expect(claimer.withdraw()).toMatchObject({ runs: [], brought: [{ start: 100, count: 1 }] })
  })

  it('is told again after the seat was given up, until it is old', () => {
    const claimer = new Claimer()
    claimer.say()
    claimer.bring(100)
    claimer.withdraw()
    for (const nowMs of [2000, 4000]) {
      expect(claimer.isDueAt(nowMs)).toBe(true)
      claimer.context.nowMs = nowMs
      expect(claimer.repeatFarewell()).toMatchObject({ runs: [], brought: [{ start: 100, count: 1 }] })
    }
    claimer.context.nowMs = 6000
    expect(claimer.isDueAt(6000)).toBe(true)
    expect(claimer.repeatFarewell()).toBeNull()
    expect(claimer.context.deadlines.has('claim')).toBe(false)
  })

  it('is no more than a claim may hold: the latest', () => {
    const claimer = new Claimer()
    claimer.bring(...range(0, 20).map((place) => 2 * place))
    const brought = claimer.say()?.brought ?? []
    expect(brought).toHaveLength(MAX_RUNS_PER_CLAIM)
    expect(brought.map(({ start }) => start)).toEqual(range(4, 20).map((place) => 2 * place))
  })

  it('in a claim that stands is not changed by what is brought later', () => {
    const claimer = new Claimer()
    claimer.bring(7)
    const first = claimer.say()
    claimer.bring(8)
    expect(first?.brought).toEqual([{ start: 7, count: 1 }])
  })

  it('tells what was brought for 20 s on a busy processor, and seldom once the seat was given up', () => {
    const claimer = new Claimer()
    for (const _ of range(0, 10)) claimer.context.lateness.note(50, 0)
    claimer.say()
    claimer.bring(100)
    expect(claimer.withdraw()).toMatchObject({ runs: [] })
    expect([claimer.isDueAt(5999), claimer.isDueAt(6000)]).toEqual([false, true])
    const brought = [19_999, 20_000].map((nowMs) => {
      claimer.context.nowMs = nowMs
      claimer.repeatFarewell()
      return claimer.say(RUN)?.brought
    })
    expect(brought).toEqual([[{ start: 100, count: 1 }], []])
  })
})
