/**
 * How often we tell of ourselves: additive increase, multiplicative decrease of the updates a second, as Slurpie has
 * it. While there is bandwidth to spare, fresher news finds more neighbours; where there is none, updates give way first.
 */

export const UPDATE_PACE = {
  /** Time between two updates in the beginning, in ms (guess: half a minute is how long many a visitor stays). */
  firstEveryMs: 20_000,
  /** Least and most time between two updates, in ms. The most is how long an update counts: `UPDATES.lifetimeMs`. */
  leastEveryMs: 5_000,
  mostEveryMs: 120_000,
  /** Added to the updates a second by each increase: from the first pace to the fastest in 15 (guess). */
  stepPerSec: 0.01,
  /** Each time between two updates is up to this share of it longer or shorter, so that peers do not speak in step. */
  jitter: 0.25,
  /** The first update goes out so long after the first neighbour is ready, in ms: some more will be ready by then. */
  soonestMs: 1000,
  latestSoonMs: 2000,
} as const

export class UpdatePace {
  private perSec: number = 1000 / UPDATE_PACE.firstEveryMs

  /** Mean time between two updates at present, in ms. */
  get everyMs(): number {
    return 1000 / this.perSec
  }

  get isSlowest(): boolean {
    return this.perSec <= 1000 / UPDATE_PACE.mostEveryMs
  }

  /** There is bandwidth to spare. */
  speedUp(): void {
    this.perSec = Math.min(1000 / UPDATE_PACE.leastEveryMs, this.perSec + UPDATE_PACE.stepPerSec)
  }

  /** Bandwidth is short. */
  slowDown(): void {
    this.perSec = Math.max(1000 / UPDATE_PACE.mostEveryMs, this.perSec / 2)
  }
}
