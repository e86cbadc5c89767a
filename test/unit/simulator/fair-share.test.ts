import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { FairShare, type Flow } from '../../../simulator/fair-share.ts'

const RATE_BYTES_PER_MS = 1000

/** Water-filling, the slow way: the least caps first, each getting its cap or an equal part of what is left. */
function waterFilling(caps: readonly number[]): number[] {
  const order = caps.map((cap, place) => ({ cap, place })).sort((a, b) => a.cap - b.cap)
  const rates = caps.map(() => 0)
  let left = RATE_BYTES_PER_MS
  for (const [done, { cap, place }] of order.entries()) {
    const rate = Math.min(cap, left / (order.length - done))
    rates[place] = rate
    left -= rate
  }
  return rates
}

const cap = fc.oneof(fc.constant(Infinity), fc.double({ min: 0.1, max: 2000, noNaN: true }))
const step = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), cap, waitMs: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ kind: fc.constant('cap' as const), cap, place: fc.nat(20), waitMs: fc.nat(100) }),
  fc.record({ kind: fc.constant('close' as const), place: fc.nat(20), waitMs: fc.nat(100) }),
)

describe('a fairly shared line', () => {
  it('gives what water-filling gives, through all that comes, goes and changes its cap', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const share = new FairShare(RATE_BYTES_PER_MS)
        const flows: { flow: Flow; cap: number; bytes: number }[] = []
        let nowMs = 0
        let total = 0
        for (const change of steps) {
          const rates = waterFilling(flows.map((known) => known.cap))
          nowMs += change.waitMs
          for (const [place, known] of flows.entries()) {
            const rate = rates[place] ?? 0
            expect(share.rateOf(known.flow)).toBeCloseTo(rate, 6)
            known.bytes += rate * change.waitMs
            total += rate * change.waitMs
            expect(share.sentBytes(known.flow, nowMs) / Math.max(1, known.bytes)).toBeCloseTo(
              known.bytes / Math.max(1, known.bytes),
              6,
            )
          }
          if (change.kind === 'open')
            flows.push({ flow: share.open(change.cap, Infinity, nowMs), cap: change.cap, bytes: 0 })
          else {
            const known = flows[change.place]
            if (known === undefined) continue
            if (change.kind === 'close') {
              share.close(known.flow, nowMs)
              flows.splice(change.place, 1)
            } else {
              known.cap = change.cap
              share.setCap(known.flow, change.cap, nowMs)
            }
          }
        }
        expect(share.totalBytes(nowMs) / Math.max(1, total)).toBeCloseTo(total / Math.max(1, total), 6)
        expect(share.count).toBe(flows.length)
      }),
    )
  })

  it('tells marks in the order and at the times at which they are reached', () => {
    const share = new FairShare(RATE_BYTES_PER_MS)
    const slow = share.open(100, 1000, 0)
    const quick = share.open(Infinity, 4500, 0)
    const quicker = share.open(Infinity, 2250, 0)
    const seen: [Flow | null, number][] = []
    for (let marks = 0; marks < 3; marks++) {
      const atMs = share.nextMarkMs()
      const flow = share.takeMarked(atMs)
      seen.push([flow, Math.round(atMs * 1000) / 1000])
      if (flow !== null) share.close(flow, atMs)
    }
    // 450 each for the two beside the capped one; alone, 900.
    expect(seen).toEqual([
      [quicker, 5],
      [quick, 7.5],
      [slow, 10],
    ])
    expect(share.nextMarkMs()).toBe(Infinity)
    expect(share.takeMarked(20)).toBeNull()
  })

  it('takes no mark of flows at their caps for one of those at the level', () => {
    const share = new FairShare(RATE_BYTES_PER_MS)
    share.open(10, 1000, 0)
    expect(share.takeMarked(50)).toBeNull()
    expect(share.nextMarkMs()).toBeCloseTo(100, 9)
  })
})
