/** An origin that refuses, slows down, or breaks off, and what a visitor's session hears of it. */

import { describe, expect, it } from 'vitest'

import { EventQueue } from '../../../../simulator/event-queue.ts'
import type { Refusal } from '../../../../simulator/faults/origin-faults.ts'
import type { OriginFault } from '../../../../simulator/faults/trouble.ts'
import type { Scenario } from '../../../../simulator/scenario.ts'
import { OriginClient } from '../../../../simulator/origin-client.ts'
import { SimOrigin } from '../../../../simulator/sim-origin.ts'
import { simulate } from '../../../../simulator/simulation.ts'
import { Random } from '../../../../src/core/random.ts'
import { SMALL } from '../small-scenario.ts'

interface Answer {
  refusal: Refusal | null
  brokeAtMs: number | null
  bytes: number
  lastAtMs: number
}

class Rig {
  readonly queue: EventQueue = new EventQueue()
  readonly origin: SimOrigin
  readonly client: OriginClient = new OriginClient(20, 1e9)

  constructor(faults: readonly OriginFault[]) {
    this.origin = new SimOrigin(this.queue, { upBytesPerSec: 1_000_000 })
    this.origin.suffer(faults, new Random(1))
  }

  ask(lengthBytes: number): Answer {
    const answer: Answer = { refusal: null, brokeAtMs: null, bytes: 0, lastAtMs: 0 }
    this.origin.ask({
      client: this.client,
      lengthBytes,
      stepBytes: 100_000,
      opened: () => {},
      arrived: (bytes) => {
        answer.bytes = bytes
        answer.lastAtMs = this.queue.nowMs
      },
      refused: (refusal) => {
        answer.refusal = refusal
      },
      broke: () => {
        answer.brokeAtMs = this.queue.nowMs
      },
    })
    return answer
  }

  runUntil(untilMs: number): void {
    this.queue.callAt(untilMs, () => {})
    while (this.queue.nextMs <= untilMs && this.queue.step());
  }
}

describe('an origin', () => {
  it('that is unavailable answers 503, and nothing else until it is back', () => {
    const rig = new Rig([{ kind: 'unavailable', fromMs: 0, untilMs: 1000 }])
    const early = rig.ask(1000)
    rig.runUntil(1000)
    expect(early).toMatchObject({ refusal: { status: 503, retryAfterMs: null }, bytes: 0 })
    expect(rig.origin.bytesSent).toBe(0)
    const late = rig.ask(1000)
    rig.runUntil(2000)
    expect(late).toMatchObject({ refusal: null, bytes: 1000 })
  })

  it.each([true, false])('that is asked too often says when to come back, readable: %s', (isReadable) => {
    const rig = new Rig([{ kind: 'tooMany', fromMs: 0, untilMs: 1000, retryAfterMs: 500, isReadable }])
    const early: boolean[] = []
    rig.origin.asked = (isEarly) => early.push(isEarly)
    const answer = rig.ask(1000)
    rig.runUntil(100)
    expect(answer.refusal).toEqual({ status: 429, retryAfterMs: isReadable ? 500 : null })
    rig.ask(1000)
    rig.runUntil(700)
    rig.ask(1000)
    expect(early).toEqual([false, isReadable, false])
  })

  it('that slows down sends at a share of its rate, and then at all of it', () => {
    const rig = new Rig([{ kind: 'slow', fromMs: 1000, untilMs: 3000, rateShare: 0.1 }])
    rig.client.connections.push({ isBusy: false, idleSinceMs: 0, windowBytes: Infinity })
    const answer = rig.ask(2_000_000)
    rig.runUntil(10_000)
    // 0.99 MB in the first second, 0.2 MB in the next two, 0.81 MB from then on; half a round trip to arrive.
    expect(answer.bytes).toBe(2_000_000)
    expect(answer.lastAtMs).toBeCloseTo(3000 + 810 + 10, 0)
  })

  it('that breaks off lets arrive what it sent, and serves the next request', () => {
    const rig = new Rig([{ kind: 'cuts', fromMs: 500, untilMs: 501, everyMs: 1000 }])
    const answer = rig.ask(2_000_000)
    rig.runUntil(400)
    const next = rig.ask(100_000)
    rig.runUntil(5000)
    const broken = [answer, next].filter(({ brokeAtMs }) => brokeAtMs !== null)
    expect(broken).toHaveLength(1)
    expect(broken[0]?.brokeAtMs).toBeCloseTo(510, 6)
    expect(broken[0]?.bytes).toBeGreaterThan(0)
    expect(broken[0]?.bytes).toBeLessThan(2_000_000)
    expect(rig.origin.bytesSent).toBeGreaterThan(100_000)
  })
})

function scenario(originFaults: readonly OriginFault[]): Scenario {
  return { ...SMALL, trouble: { originFaults } }
}

describe('a swarm whose origin', () => {
  it('is away at first waits, and does not come back all at once', () => {
    const { violations, faults, makespanMs } = simulate(
      scenario([{ kind: 'unavailable', fromMs: 0, untilMs: 10_000 }]),
    )
    expect(violations).toEqual([])
    expect(makespanMs).toBeGreaterThan(10_000)
    expect(faults?.requestPeakAfter).toBeLessThanOrEqual(2 * SMALL.peers)
  })

  it('tells when to come back is not asked before', () => {
    const { violations, faults } = simulate(
      scenario([{ kind: 'tooMany', fromMs: 0, untilMs: 8_000, retryAfterMs: 3_000, isReadable: true }]),
    )
    expect(violations).toEqual([])
    expect(faults?.earlyRequests).toBe(0)
  })

  it('breaks every connection off, again and again, has the file all the same', () => {
    const cuts: OriginFault = { kind: 'cuts', fromMs: 0, untilMs: 5_000, everyMs: 100 }
    const { violations, originRequests, inputsByKind } = simulate(scenario([cuts]))
    expect(violations).toEqual([])
    expect(inputsByKind['runFailed']).toBeGreaterThan(1)
    expect(originRequests).toBeGreaterThan(2)
  })
})
