/**
 * How long the latest of many things took: their median. The latest to begin, not to end: else, when no more begin, those
 * that took longest would be all that is left, and seem the usual.
 */

const NONE = -1

export class LatestTimes {
  private readonly keys: Int32Array
  /** NaN: not over yet. */
  private readonly tookMs: Float64Array
  private next = 0
  private overCount = 0
  /** Null: to be worked out. */
  private median: number | null = 0

  /** Of the last `size` things. */
  constructor(size: number) {
    this.keys = new Int32Array(size).fill(NONE)
    this.tookMs = new Float64Array(size).fill(Number.NaN)
  }

  /** So many of the latest are over. */
  get count(): number {
    return this.overCount
  }

  /** In ms; 0 where none is over. */
  get medianMs(): number {
    this.median ??= medianOf(this.tookMs.filter((tookMs) => !Number.isNaN(tookMs)))
    return this.median
  }

  /** This began. If it did before, that time stays what it was. */
  began(key: number): void {
    const before = this.keys.indexOf(key)
    if (before >= 0) this.keys[before] = NONE
    this.set(this.next, Number.NaN)
    this.keys[this.next] = key
    this.next = (this.next + 1) % this.keys.length
  }

  /** This is over; nothing happens if it is not one of the latest. */
  over(key: number, tookMs: number): void {
    const place = this.keys.indexOf(key)
    if (place >= 0) this.set(place, tookMs)
  }

  private set(place: number, tookMs: number): void {
    const isOver = !Number.isNaN(tookMs)
    const wasOver = !Number.isNaN(this.tookMs[place] ?? Number.NaN)
    this.tookMs[place] = tookMs
    this.overCount += Number(isOver) - Number(wasOver)
    if (isOver || wasOver) this.median = null
  }
}

function medianOf(values: Float64Array): number {
  values.sort()
  return values[values.length >> 1] ?? 0
}
