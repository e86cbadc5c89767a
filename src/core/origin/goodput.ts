/**
 * What the origin gives to all seats together, over time: samples of the sum of the goodputs that seats claim, kept for
 * half a minute, and questions about averages over them. Samples are taken when something is heard, not by a timer.
 */

/** Samples are this far apart at least, in ms, and as many are kept: 32 s of them (from a fluid model of it). */
const SAMPLE_EVERY_MS = 250
const MAX_SAMPLES = 128

/** Goodput is averaged over this time before the best of it is taken, in ms. */
const BEST_WINDOW_MS = { least: SAMPLE_EVERY_MS, most: 2000 } as const

/**
 * Where the processor is busy, what waited there comes all at once: the best two seconds of 48 visitors' seats on two cores were 1.6 to
 * 2.2 times what the origin gave (measured). So it is averaged over longer there, in ms in which a seat was taken (guesses).
 */
const LASTING_WINDOW_MS = { least: 8000, most: 10_000 } as const

/** What is claimed counts for so long, in ms: a claim's life. */
const LONGEST_NOTE_MS = 5000

export interface GoodputAverage {
  readonly bytesPerSec: number
  readonly openSeats: number
}

interface Sample {
  readonly atMs: number
  /** Integrals over time up to then, in bytes and in seat-ms. */
  readonly bytes: number
  readonly seatMs: number
  /** The same of the time in which a seat was taken, in bytes and in ms. */
  readonly openBytes: number
  readonly openMs: number
}

export class OriginGoodput {
  private readonly samples: Sample[] = []
  private bytes = 0
  private seatMs = 0
  private openBytes = 0
  private openMs = 0
  private lastMs: number | null = null
  /** The best average of the samples there are; null: not worked out since the last of them. */
  private best: number | null = null
  private lasting: number | null = null
  private current: GoodputAverage = { bytesPerSec: 0, openSeats: 0 }

  /** From `nowMs` on, this is what the seats get. */
  note(current: GoodputAverage, nowMs: number): void {
    const elapsedMs = nowMs - (this.lastMs ?? nowMs)
    this.bytes += (this.current.bytesPerSec * elapsedMs) / 1000
    this.seatMs += this.current.openSeats * elapsedMs
    if (this.current.openSeats > 0) this.noteOpen(Math.min(elapsedMs, LONGEST_NOTE_MS))
    this.lastMs = nowMs
    this.current = current
    const newest = this.samples.at(-1)
    if (newest !== undefined && nowMs - newest.atMs < SAMPLE_EVERY_MS) return
    this.best = this.lasting = null
    const { bytes, seatMs, openBytes, openMs } = this
    this.samples.push({ atMs: nowMs, bytes, seatMs, openBytes, openMs })
    if (this.samples.length > MAX_SAMPLES) this.samples.shift()
  }

  private noteOpen(forMs: number): void {
    this.openBytes += (this.current.bytesPerSec * forMs) / 1000
    this.openMs += forMs
  }

  /** The average from `fromMs` until the last sample; null where there are not two samples in that time. */
  averageSince(fromMs: number): GoodputAverage | null {
    const first = this.samples.find(({ atMs }) => atMs >= fromMs)
    const last = this.samples.at(-1)
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null
    return averageBetween(first, last)
  }

  /** The best average over two seconds, or less at first, that is remembered, in bytes a second. */
  get bestBytesPerSec(): number {
    return (this.best ??= this.findBest(BEST_WINDOW_MS, 'atMs', 'bytes'))
  }

  /** The best average over about ten seconds in which a seat was taken that is remembered, in bytes a second; 0: there are none yet. */
  get lastingBytesPerSec(): number {
    return (this.lasting ??= this.findBest(LASTING_WINDOW_MS, 'openMs', 'openBytes'))
  }

  /** The best average over a span between two samples, each span as long as it can be, in bytes a second; 0: none is long enough. */
  private findBest(
    { least, most }: { readonly least: number; readonly most: number },
    ms: 'atMs' | 'openMs',
    bytes: 'bytes' | 'openBytes',
  ): number {
    let best = 0
    let start = 0
    for (const end of this.samples) {
      let from = this.samples[start]
      while (from !== undefined && end[ms] - from[ms] > most) from = this.samples[++start]
      if (from === undefined || end[ms] - from[ms] < least) continue
      best = Math.max(best, ((end[bytes] - from[bytes]) / (end[ms] - from[ms])) * 1000)
    }
    return best
  }
}

function averageBetween(from: Sample, to: Sample): GoodputAverage {
  const elapsedMs = to.atMs - from.atMs
  return {
    bytesPerSec: ((to.bytes - from.bytes) / elapsedMs) * 1000,
    openSeats: (to.seatMs - from.seatMs) / elapsedMs,
  }
}
