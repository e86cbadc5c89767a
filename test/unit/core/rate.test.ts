import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { RateMeter } from '../../../src/core/rate.ts'

const WINDOW_MS = 3000

/** A steady flow from 0 to `untilMs`, in lumps of `everyMs`. */
function steady(bytesPerSec: number, everyMs: number, untilMs: number): RateMeter {
  const meter = new RateMeter(WINDOW_MS)
  for (let nowMs = 0; nowMs <= untilMs; nowMs += everyMs) meter.add((bytesPerSec * everyMs) / 1000, nowMs)
  return meter
}

/** The most it reads, in MB/s, of a megabyte a second that comes in lumps of two; in the second half of the time. */
function mostRead(meter: RateMeter, untilMs: number): number {
  let most = 0
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 2000) {
    meter.add(2_000_000, nowMs)
    if (nowMs > untilMs / 2) most = Math.max(most, meter.bytesPerSec(nowMs))
  }
  return most / 1_000_000
}

describe('a rate', () => {
  it('is nothing before anything came', () => {
    expect(new RateMeter(WINDOW_MS).bytesPerSec(5000)).toBe(0)
  })

  it.each([500, 1000, 3000, 30_000])('of a steady flow is right %i ms after its start', (untilMs) => {
    const measured = steady(1_000_000, 10, untilMs).bytesPerSec(untilMs)
    expect(measured).toBeGreaterThan(950_000)
    expect(measured).toBeLessThan(1_050_000)
  })

  it('does not take the first lump for a torrent', () => {
    const meter = new RateMeter(WINDOW_MS)
    meter.add(100_000, 1000)
    expect(meter.bytesPerSec(1000)).toBeLessThan(100_000 * 4.5)
    expect(meter.bytesPerSec(1000)).toBeGreaterThan(100_000)
  })

  it('falls to 1/e within one window after the flow has stopped', () => {
    const meter = steady(1_000_000, 10, 30_000)
    expect(meter.bytesPerSec(30_000 + WINDOW_MS) / 1_000_000).toBeCloseTo(Math.exp(-1), 1)
    expect(meter.bytesPerSec(90_000)).toBeLessThan(1)
  })

  it('with a growing window hardly moves for lumps, the longer the less', () => {
    expect(mostRead(new RateMeter(WINDOW_MS), 400_000)).toBeGreaterThan(1.3)
    expect(mostRead(new RateMeter(WINDOW_MS, 10 * WINDOW_MS), 400_000)).toBeLessThan(1.06)
  })

  it('with a growing window is as quick as any at the start, and no slower than its widest', () => {
    const meter = new RateMeter(WINDOW_MS, 2 * WINDOW_MS)
    const fixed = new RateMeter(WINDOW_MS)
    for (const each of [meter, fixed])
      for (let nowMs = 0; nowMs <= 20_000; nowMs += 10) each.add(10_000, nowMs)
    expect(meter.bytesPerSec(30_000)).toBeCloseTo(fixed.bytesPerSec(30_000), 0)
    for (let nowMs = 30_000; nowMs <= 400_000; nowMs += 10) meter.add(10_000, nowMs)
    expect(meter.bytesPerSec(400_000 + 2 * WINDOW_MS) / 1_000_000).toBeCloseTo(Math.exp(-1), 1)
  })

  it('does not depend on how often it is read', () => {
    const lump = fc.record({ bytes: fc.nat(100_000), afterMs: fc.nat(500) })
    fc.assert(
      fc.property(fc.array(lump, { minLength: 1, maxLength: 30 }), (lumps) => {
        const [watched, unwatched] = [new RateMeter(WINDOW_MS), new RateMeter(WINDOW_MS)]
        let nowMs = 0
        for (const { bytes, afterMs } of lumps) {
          nowMs += afterMs
          watched.bytesPerSec(nowMs - afterMs / 2)
          watched.add(bytes, nowMs)
          unwatched.add(bytes, nowMs)
        }
        const expected = unwatched.bytesPerSec(nowMs + 100)
        expect(Math.abs(watched.bytesPerSec(nowMs + 100) - expected)).toBeLessThanOrEqual(expected * 1e-9)
      }),
    )
  })
})
