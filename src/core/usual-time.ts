/**
 * How long something usually takes: an exponentially decaying average.
 */

/** Weight of one more observation (guess: some ten of them count). */
const WEIGHT = 0.1

export class UsualTime {
  /** In ms; 0 where nothing was observed. It grows from there: a few observations say little. */
  ms = 0
  observations = 0

  note(tookMs: number): void {
    this.observations++
    this.ms += WEIGHT * (tookMs - this.ms)
  }
}
