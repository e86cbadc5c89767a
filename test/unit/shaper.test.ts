import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Shaper } from '../../testbed/shaper.ts'
import type { Flow } from '../../testbed/shaper.ts'

const RATE_BYTES_PER_SEC = 1_250_000

class FakeFlow implements Flow {
  sentBytes = 0
  writes = 0
  /** What its reader makes room for. */
  roomBytes: number

  constructor(roomBytes = Infinity) {
    this.roomBytes = roomBytes
  }

  ready(): boolean {
    return this.roomBytes > 0
  }

  send(maxBytes: number): number {
    const bytes = Math.min(maxBytes, this.roomBytes)
    this.roomBytes -= bytes
    this.sentBytes += bytes
    this.writes++
    return bytes
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function shaperOf(rateBytesPerSec: number | null, flows: readonly Flow[]): Shaper {
  const shaper = new Shaper(rateBytesPerSec)
  for (const flow of flows) shaper.add(flow)
  return shaper
}

/** Within one percent. */
function expectAbout(actual: number, expected: number): void {
  expect(actual).toBeGreaterThan(expected * 0.99)
  expect(actual).toBeLessThanOrEqual(expected * 1.01)
}

describe('Shaper', () => {
  test.each([12_500, 125_000, 1_250_000, 50_000_000, 125_000_000])(
    'lets a flow alone have the whole rate of %d bytes a second',
    (rateBytesPerSec) => {
      const flow = new FakeFlow()
      shaperOf(rateBytesPerSec, [flow])
      vi.advanceTimersByTime(10_000)
      expectAbout(flow.sentBytes, rateBytesPerSec * 10)
    },
  )

  test.each([2, 8, 48])('shares the rate equally among %d flows', (count) => {
    const flows = Array.from({ length: count }, () => new FakeFlow())
    shaperOf(RATE_BYTES_PER_SEC, flows)
    vi.advanceTimersByTime(20_000)
    for (const flow of flows) expectAbout(flow.sentBytes, (RATE_BYTES_PER_SEC * 20) / count)
  })

  test('sends in small pieces all the time', () => {
    const flow = new FakeFlow()
    shaperOf(RATE_BYTES_PER_SEC, [flow])
    vi.advanceTimersByTime(1_000)
    expect(flow.writes).toBeGreaterThanOrEqual(190)
  })

  test('gives the others what a slow reader does not take', () => {
    const [slow, fast] = [new FakeFlow(1_000), new FakeFlow()]
    shaperOf(RATE_BYTES_PER_SEC, [slow, fast])
    vi.advanceTimersByTime(10_000)
    expect(slow.sentBytes).toBe(1_000)
    expectAbout(fast.sentBytes, RATE_BYTES_PER_SEC * 10)
  })

  test('saves nothing up for a reader that comes back', () => {
    const flow = new FakeFlow(0)
    const shaper = shaperOf(RATE_BYTES_PER_SEC, [flow])
    vi.advanceTimersByTime(10_000)
    flow.roomBytes = Infinity
    shaper.wake()
    vi.advanceTimersByTime(1_000)
    expectAbout(flow.sentBytes, RATE_BYTES_PER_SEC)
  })

  test('saves nothing up while there is nothing to send', () => {
    const shaper = shaperOf(RATE_BYTES_PER_SEC, [])
    vi.advanceTimersByTime(10_000)
    const flow = new FakeFlow()
    shaper.add(flow)
    vi.advanceTimersByTime(1_000)
    expectAbout(flow.sentBytes, RATE_BYTES_PER_SEC)
  })

  test('goes on within the same tick when a socket drains', () => {
    const flow = new FakeFlow(16_384)
    const shaper = shaperOf(50_000_000, [flow])
    for (let drained = 0; drained < 10_000; drained++) {
      vi.advanceTimersByTime(1)
      flow.roomBytes = 65_536
      shaper.wake()
    }
    expectAbout(flow.sentBytes, 500_000_000)
  })

  test('sends nothing more to a flow that was removed', () => {
    const [gone, left] = [new FakeFlow(), new FakeFlow()]
    const shaper = shaperOf(RATE_BYTES_PER_SEC, [gone, left])
    vi.advanceTimersByTime(1_000)
    shaper.remove(gone)
    const before = gone.sentBytes
    vi.advanceTimersByTime(1_000)
    expect(gone.sentBytes).toBe(before)
    expectAbout(left.sentBytes, RATE_BYTES_PER_SEC * 1.5)
  })

  test('runs no timer without flows', () => {
    const flow = new FakeFlow()
    const shaper = shaperOf(RATE_BYTES_PER_SEC, [flow])
    expect(vi.getTimerCount()).toBe(1)
    shaper.remove(flow)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('changes its rate under way', () => {
    const flow = new FakeFlow()
    const shaper = shaperOf(RATE_BYTES_PER_SEC, [flow])
    vi.advanceTimersByTime(1_000)
    shaper.setRate(2 * RATE_BYTES_PER_SEC)
    vi.advanceTimersByTime(1_000)
    expectAbout(flow.sentBytes, 3 * RATE_BYTES_PER_SEC)
  })

  test('sends all that sockets take when the rate is lifted', () => {
    const flow = new FakeFlow(100_000_000)
    const shaper = shaperOf(1, [flow])
    shaper.setRate(null)
    vi.advanceTimersByTime(1_000)
    expect(flow.sentBytes).toBe(100_000_000)
  })

  test('does not count as lost what nobody could have taken', () => {
    const lost: number[] = []
    const flow = new FakeFlow(0)
    const shaper = new Shaper(RATE_BYTES_PER_SEC, (ms) => lost.push(ms))
    shaper.add(flow)
    vi.advanceTimersByTime(6)
    const ranAgainAtMs = performance.now() + 1_000
    vi.spyOn(performance, 'now').mockReturnValue(ranAgainAtMs)
    vi.advanceTimersByTime(6)
    expect(lost).toEqual([])
  })

  test('makes up for a quarter of a second in which it did not get to run, and tells of the rest', () => {
    const lost: number[] = []
    const flow = new FakeFlow()
    const shaper = new Shaper(RATE_BYTES_PER_SEC, (ms) => lost.push(ms))
    shaper.add(flow)
    const ranAgainAtMs = performance.now() + 1_000
    vi.spyOn(performance, 'now').mockReturnValue(ranAgainAtMs)
    vi.advanceTimersByTime(6)
    expectAbout(flow.sentBytes, RATE_BYTES_PER_SEC / 4)
    expect(lost).toEqual([750])
  })
})
