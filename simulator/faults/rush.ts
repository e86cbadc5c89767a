/** How many come within a second: counted in seconds of the clock from a given time on. */

export class Rush {
  private readonly fromMs: number
  private readonly counts: number[] = []

  constructor(fromMs: number) {
    this.fromMs = fromMs
  }

  note(nowMs: number): void {
    const second = Math.max(0, Math.floor((nowMs - this.fromMs) / 1000))
    while (this.counts.length <= second) this.counts.push(0)
    this.counts[second] = (this.counts[second] ?? 0) + 1
  }

  get peak(): number {
    return this.counts.reduce((most, count) => Math.max(most, count), 0)
  }

  /** Over the seconds up to the last one in which somebody came. */
  get mean(): number {
    if (this.counts.length === 0) return 0
    return this.counts.reduce((total, count) => total + count, 0) / this.counts.length
  }
}
