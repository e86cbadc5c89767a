import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type GoodputAverage, OriginGoodput } from '../../../src/core/origin/goodput.ts'
import { range } from './shapes.ts'

const SAMPLE_EVERY_MS = 250
const MAX_SAMPLES = 128
const BEST_WINDOW_MS = 2000

interface Note extends GoodputAverage {
  readonly atMs: number
}

/** When samples are taken: with the first note, then with every one that comes long enough after the last sample. */
function sampleTimes(notes: readonly Note[]): number[] {
  const times: number[] = []
  for (const { atMs } of notes) if (atMs - (times.at(-1) ?? -Infinity) >= SAMPLE_EVERY_MS) times.push(atMs)
  return times.slice(-MAX_SAMPLES)
}

/** The average from one time to another, each note holding until the next. */
function naiveAverage(notes: readonly Note[], fromMs: number, untilMs: number): GoodputAverage {
  let [bytes, seatMs] = [0, 0]
  for (const [place, note] of notes.entries()) {
    const start = Math.max(note.atMs, fromMs)
    const end = Math.min(notes[place + 1]?.atMs ?? untilMs, untilMs)
    bytes += (note.bytesPerSec * Math.max(0, end - start)) / 1000
    seatMs += note.openSeats * Math.max(0, end - start)
  }
  const elapsedMs = untilMs - fromMs
  return { bytesPerSec: (bytes / elapsedMs) * 1000, openSeats: seatMs / elapsedMs }
}

/** The best of the averages up to each sample, from the earliest no more than two seconds before it. */
function naiveBest(notes: readonly Note[]): number {
  const times = sampleTimes(notes)
  const averages = times.flatMap((end) => {
    const from = times.find((time) => end - time <= BEST_WINDOW_MS) ?? end
    return from < end ? [naiveAverage(notes, from, end).bytesPerSec] : []
  })
  return Math.max(0, ...averages)
}

function noted(notes: readonly Note[]): OriginGoodput {
  const goodput = new OriginGoodput()
  for (const { atMs, ...current } of notes) goodput.note(current, atMs)
  return goodput
}

/** A note every 250 ms, of these rates one after the other. */
function steadily(rates: readonly number[]): Note[] {
  return rates.map((bytesPerSec, place) => ({ atMs: place * SAMPLE_EVERY_MS, bytesPerSec, openSeats: 8 }))
}

const anyNotes = fc
  .array(fc.record({ afterMs: fc.nat(900), bytesPerSec: fc.nat(1e9), openSeats: fc.nat(64) }), {
    maxLength: 300,
    size: 'max',
  })
  .map((steps) => {
    let atMs = 1000
    return steps.map(({ afterMs, ...rest }): Note => ({ atMs: (atMs += afterMs), ...rest }))
  })

describe('the goodput of the origin', () => {
  it('is unknown until there are two samples, and where there are not two since then', () => {
    const goodput = new OriginGoodput()
    expect(goodput.averageSince(0)).toBeNull()
    expect(goodput.bestBytesPerSec).toBe(0)
    goodput.note({ bytesPerSec: 100, openSeats: 1 }, 1000)
    goodput.note({ bytesPerSec: 100, openSeats: 1 }, 1000 + SAMPLE_EVERY_MS - 1)
    expect(goodput.averageSince(0)).toBeNull()
    goodput.note({ bytesPerSec: 100, openSeats: 1 }, 1000 + SAMPLE_EVERY_MS)
    expect(goodput.averageSince(0)).toEqual({ bytesPerSec: 100, openSeats: 1 })
    expect(goodput.averageSince(1001)).toBeNull()
  })

  it('is averaged over time, not over notes: each holds until the next', () => {
    const goodput = noted([
      { atMs: 0, bytesPerSec: 1000, openSeats: 4 },
      { atMs: 200, bytesPerSec: 0, openSeats: 0 },
      { atMs: 250, bytesPerSec: 7, openSeats: 7 },
    ])
    expect(goodput.averageSince(0)).toEqual({ bytesPerSec: 800, openSeats: 3.2 })
  })

  it('since any time is the integral from the first sample after it to the last', () => {
    fc.assert(
      fc.property(anyNotes, fc.nat(60_000), (notes, fromMs) => {
        const times = sampleTimes(notes)
        const first = times.find((time) => time >= fromMs)
        const last = times.at(-1)
        const average = noted(notes).averageSince(fromMs)
        if (first === undefined || last === undefined || first === last) {
          expect(average).toBeNull()
          return
        }
        const naive = naiveAverage(notes, first, last)
        expect(near(average?.bytesPerSec, naive.bytesPerSec)).toBe(true)
        expect(near(average?.openSeats, naive.openSeats)).toBe(true)
      }),
    )
  })

  it('is remembered for about half a minute', () => {
    const goodput = noted([...steadily([1e6, 1e6, 1e6]), ...lasting(3, MAX_SAMPLES - 3)])
    expect(goodput.averageSince(0)?.bytesPerSec).toBeGreaterThan(0)
    goodput.note({ bytesPerSec: 0, openSeats: 0 }, MAX_SAMPLES * SAMPLE_EVERY_MS)
    goodput.note({ bytesPerSec: 0, openSeats: 0 }, (MAX_SAMPLES + 1) * SAMPLE_EVERY_MS)
    goodput.note({ bytesPerSec: 0, openSeats: 0 }, (MAX_SAMPLES + 2) * SAMPLE_EVERY_MS)
    expect(goodput.averageSince(0)?.bytesPerSec).toBe(0)
    expect(goodput.bestBytesPerSec).toBe(0)
  })
})

describe('the best goodput', () => {
  it('is the best average over two seconds', () => {
    fc.assert(
      fc.property(anyNotes, (notes) => {
        expect(near(noted(notes).bestBytesPerSec, naiveBest(notes))).toBe(true)
      }),
    )
  })

  it('is that of a time of plenty, though it is over', () => {
    const rates = [
      ...range(0, 10).map(() => 50),
      ...range(0, 8).map(() => 1000),
      ...range(0, 20).map(() => 50),
    ]
    expect(noted(steadily(rates)).bestBytesPerSec).toBeCloseTo(1000)
  })

  it('counts a burst for no more than its share of two seconds', () => {
    const rates = range(0, 40).map((place) => (place === 20 ? 8000 : 0))
    expect(noted(steadily(rates)).bestBytesPerSec).toBeCloseTo(1000)
  })
})

/** Notes of nothing from this place on. */
function lasting(from: number, count: number): Note[] {
  return range(from, from + count).map((place) => ({
    atMs: place * SAMPLE_EVERY_MS,
    bytesPerSec: 0,
    openSeats: 0,
  }))
}

function near(value: number | undefined, expected: number): boolean {
  return value !== undefined && Math.abs(value - expected) <= 1e-6 * Math.max(1, expected)
}

/** Bytes and time from one time to another, of the time in which a seat was taken. */
function naiveOpen(notes: readonly Note[], fromMs: number, untilMs: number): { bytes: number; ms: number } {
  let [bytes, ms] = [0, 0]
  for (const [place, note] of notes.entries()) {
    const lengthMs = Math.min(notes[place + 1]?.atMs ?? untilMs, untilMs) - Math.max(note.atMs, fromMs)
    if (note.openSeats === 0 || lengthMs <= 0) continue
    bytes += (note.bytesPerSec * lengthMs) / 1000
    ms += lengthMs
  }
  return { bytes, ms }
}

/** The best of all spans between two samples in which a seat was taken for eight to ten seconds, each as long as it can be. */
function naiveLasting(notes: readonly Note[]): number {
  const times = sampleTimes(notes)
  const rates = times.flatMap((end) => {
    const spans = times.filter((from) => from <= end).map((from) => naiveOpen(notes, from, end))
    const longest = spans.find(({ ms }) => ms <= 10_000)
    return longest === undefined || longest.ms < 8000 ? [] : [(longest.bytes / longest.ms) * 1000]
  })
  return Math.max(0, ...rates)
}

/** A note every 250 ms for so many seconds, of a rate and then nothing, while so many seats are taken. */
function afterBurst(burstSec: number, untilSec: number, seatsAfter = 8): OriginGoodput {
  const places = range(0, 4 * untilSec + 1)
  return noted(
    places.map((place) => ({
      atMs: place * SAMPLE_EVERY_MS,
      bytesPerSec: place < 4 * burstSec ? 1000 : 0,
      openSeats: place < 4 * burstSec ? 8 : seatsAfter,
    })),
  )
}

/** For four seconds it was said, and then not again for so long. */
function lastingAfter(silentMs: number): number {
  return noted([
    { atMs: 0, bytesPerSec: 1000, openSeats: 1 },
    { atMs: 4000, bytesPerSec: 1000, openSeats: 1 },
    { atMs: 4000 + silentMs, bytesPerSec: 0, openSeats: 1 },
  ]).lastingBytesPerSec
}

describe('the lasting goodput', () => {
  it('is the best average over eight seconds at least, however good two of them were', () => {
    expect(afterBurst(2, 12).lastingBytesPerSec).toBeCloseTo(250)
    expect(afterBurst(2, 12).bestBytesPerSec).toBeCloseTo(1000)
    expect(afterBurst(10, 20).lastingBytesPerSec).toBeCloseTo(1000)
    expect(afterBurst(15, 31).lastingBytesPerSec).toBeCloseTo(1000)
  })

  it('is not known before, and does not sink while nobody takes a seat', () => {
    expect([1, 7].map((untilSec) => afterBurst(1, untilSec).lastingBytesPerSec)).toEqual([0, 0])
    expect(afterBurst(1, 31, 0).lastingBytesPerSec).toBe(0)
    expect(afterBurst(9, 31, 0).lastingBytesPerSec).toBeCloseTo(1000)
  })

  it('takes what was said for no longer than a claim lives', () => {
    expect([4000, 60_000].map(lastingAfter)).toEqual([1000, 1000])
    expect(lastingAfter(3999)).toBe(0)
  })

  it('is that, whatever was noted', () => {
    fc.assert(
      fc.property(anyNotes, (notes) => {
        expect(near(noted(notes).lastingBytesPerSec, naiveLasting(notes))).toBe(true)
      }),
    )
  })
})
