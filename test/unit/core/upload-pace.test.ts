import { describe, expect, it } from 'vitest'

import { BytePacer } from '../../../src/core/byte-pacer.ts'
import {
  BASE_HISTORY_MS,
  LEAST_BYTES_PER_SEC,
  PathDelay,
  TARGET_DELAY_MS,
  UploadPace,
} from '../../../src/core/mesh/upload-pace.ts'

const LINE_BYTES_PER_SEC = 1_000_000

/** Samples a quarter of a second apart; what is sent is the line's rate, or the limit. */
function feed(
  pace: UploadPace,
  queueMs: number,
  samples: number,
  fromMs: number,
  { paths = 1, isBusy = false } = {},
): number {
  let nowMs = fromMs
  for (let count = 0; count < samples; count++) {
    nowMs += 250
    const sentBytesPerSec = Math.min(LINE_BYTES_PER_SEC, pace.bytesPerSec ?? Infinity)
    pace.note({ queueMs, sentAtMs: nowMs - 50, sentBytesPerSec, paths, isBusy }, nowMs)
  }
  return nowMs
}

describe('the pace of uploads', () => {
  it('is no limit while packets do not queue', () => {
    const pace = new UploadPace()
    feed(pace, TARGET_DELAY_MS / 2, 100, 0)
    expect(pace.bytesPerSec).toBeNull()
  })

  it('shrinks where they queue for longer than the target, the more the longer', () => {
    const [somewhat, much] = [new UploadPace(), new UploadPace()]
    feed(somewhat, 1.2 * TARGET_DELAY_MS, 6, 0)
    feed(much, 2 * TARGET_DELAY_MS, 6, 0)
    expect(somewhat.bytesPerSec).toBeLessThan(LINE_BYTES_PER_SEC)
    expect(much.bytesPerSec).toBeLessThan(somewhat.bytesPerSec ?? 0)
  })

  it('recovers, and is no limit once it is far above what is sent', () => {
    const pace = new UploadPace()
    const afterMs = feed(pace, 3 * TARGET_DELAY_MS, 6, 0)
    const low = pace.bytesPerSec ?? Infinity
    const laterMs = feed(pace, 0, 20, afterMs)
    expect(pace.bytesPerSec).toBeGreaterThan(1.5 * low)
    feed(pace, 0, 400, laterMs)
    expect(pace.bytesPerSec).toBeNull()
  })

  it('comes back to nine tenths of where packets queued last within two seconds, and only then feels its way', () => {
    const pace = new UploadPace()
    // The first limit is a guess; the second says at which rate packets began to queue.
    let nowMs = feed(pace, 3 * TARGET_DELAY_MS, 4, 0)
    nowMs = feed(pace, 0, 20, nowMs)
    const queuedAt = pace.bytesPerSec ?? 0
    nowMs = feed(pace, 3 * TARGET_DELAY_MS, 2, nowMs)
    expect(pace.bytesPerSec).toBeLessThanOrEqual(0.6 * queuedAt)
    nowMs = feed(pace, 0, 8, nowMs)
    expect(pace.bytesPerSec).toBeGreaterThanOrEqual(0.9 * queuedAt)
    const back = pace.bytesPerSec ?? 0
    feed(pace, 0, 4, nowMs)
    expect(pace.bytesPerSec).toBeLessThan(1.3 * back)
  })

  it('is never below the floor', () => {
    const pace = new UploadPace()
    feed(pace, 50 * TARGET_DELAY_MS, 200, 0)
    expect(pace.bytesPerSec).toBe(LEAST_BYTES_PER_SEC)
  })

  it('does not mind a single late answer', () => {
    const pace = new UploadPace()
    const afterMs = feed(pace, 0, 5, 0)
    feed(pace, 20 * TARGET_DELAY_MS, 1, afterMs)
    expect(pace.bytesPerSec).toBeNull()
  })

  it('is halved by the second one: without a limit, a buffer fills as fast as it goes', () => {
    const pace = new UploadPace()
    const afterMs = feed(pace, 0, 5, 0)
    feed(pace, 1.1 * TARGET_DELAY_MS, 2, afterMs)
    expect(pace.bytesPerSec).toBe(LINE_BYTES_PER_SEC / 2)
  })

  it('with several paths goes by what is met on each of them, up to four', () => {
    for (const [paths, needed] of [
      [2, 2],
      [3, 3],
      [4, 4],
      [20, 4],
    ] as const) {
      const pace = new UploadPace()
      const afterMs = feed(pace, 0, 5, 0, { paths })
      const laterMs = feed(pace, 3 * TARGET_DELAY_MS, needed - 1, afterMs, { paths })
      expect(pace.bytesPerSec).toBeNull()
      feed(pace, 3 * TARGET_DELAY_MS, 1, laterMs, { paths })
      expect(pace.bytesPerSec).not.toBeNull()
    }
  })

  it('takes three times as many where the processor is busy, whose delays come and go', () => {
    const pace = new UploadPace()
    const afterMs = feed(pace, 0, 5, 0, { isBusy: true })
    const laterMs = feed(pace, 3 * TARGET_DELAY_MS, 5, afterMs, { isBusy: true })
    expect(pace.bytesPerSec).toBeNull()
    feed(pace, 3 * TARGET_DELAY_MS, 1, laterMs, { isBusy: true })
    expect(pace.bytesPerSec).not.toBeNull()
  })

  it('shrinks no further while a queue that is too long becomes shorter', () => {
    const pace = new UploadPace()
    let nowMs = feed(pace, 8 * TARGET_DELAY_MS, 2, 0)
    const limit = pace.bytesPerSec
    expect(limit).not.toBeNull()
    for (let queueMs = 7 * TARGET_DELAY_MS; queueMs > TARGET_DELAY_MS; queueMs *= 0.85)
      nowMs = feed(pace, queueMs, 1, nowMs)
    expect(pace.bytesPerSec).toBe(limit)
    feed(pace, 2 * TARGET_DELAY_MS, 3, nowMs)
    expect(pace.bytesPerSec).toBeLessThan(limit ?? 0)
  })

  it('stays while it is used, though what is sent is known late', () => {
    const pace = new UploadPace()
    let nowMs = feed(pace, 3 * TARGET_DELAY_MS, 4, 0)
    let sentBytesPerSec = pace.bytesPerSec ?? 0
    for (let samples = 0; samples < 60 && (pace.bytesPerSec ?? 0) < LINE_BYTES_PER_SEC; samples++) {
      nowMs += 250
      // An average over ten seconds.
      sentBytesPerSec += ((pace.bytesPerSec ?? 0) - sentBytesPerSec) * 0.025
      pace.note({ queueMs: 0, sentAtMs: nowMs, sentBytesPerSec, paths: 1, isBusy: false }, nowMs)
    }
    expect(pace.bytesPerSec).toBeGreaterThanOrEqual(LINE_BYTES_PER_SEC)
  })
})

describe('the delay of a path', () => {
  it('is what a round trip has more than the least', () => {
    const path = new PathDelay()
    expect(path.note(40, 0)).toBe(0)
    expect(path.note(90, 1000)).toBe(50)
    expect(path.note(30, 2000)).toBe(0)
    expect(path.note(90, 3000)).toBe(60)
  })

  it('takes a longer route for the base once two minutes have passed', () => {
    const path = new PathDelay()
    path.note(40, 0)
    expect(path.note(240, 1000)).toBe(200)
    expect(path.note(240, BASE_HISTORY_MS / 2)).toBe(200)
    expect(path.note(240, BASE_HISTORY_MS + 10_000)).toBe(0)
  })
})

describe('a byte pacer', () => {
  it('lets as many go as its rate, whenever it is asked, and no burst after a pause', () => {
    const pacer = new BytePacer()
    pacer.setRate(1000, 0)
    let sent = 0
    for (let nowMs = 60_000; nowMs < 70_000; nowMs = Math.max(nowMs + 1, pacer.readyAtMs(nowMs))) {
      if (pacer.readyAtMs(nowMs) > nowMs) continue
      pacer.take(400, nowMs)
      sent += 400
    }
    expect(sent).toBeGreaterThanOrEqual(10_000)
    expect(sent).toBeLessThanOrEqual(10_800)
  })
})
