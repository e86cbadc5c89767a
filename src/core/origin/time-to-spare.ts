/**
 * Who has time, where the processor is the limit. There, what the origin brings beside the mesh is taken from it: whoever gets no
 * less than by a plain download, or has no less than that would have brought by now and gets something, takes no more
 * from the origin than its seat's due. Of 48 visitors on two cores a few whom the others served last, as they had most,
 * fetched two to four copies (measured).
 */

/**
 * Who has time waits for a silent mesh so long, in ms (guesses): while neighbours have something for us, and serve others first,
 * who have less; and where they have nothing.
 */
const SERVED_LAST_MS = 60_000
const NOTHING_NEAR_MS = 20_000

/** And so long after the start while nobody has said what the origin gives, in ms: claims are heard by then, or never (guess). */
const RATE_UNKNOWN_MS = 10_000

export interface Progress {
  readonly elapsedMs: number
  readonly hereBytes: number
  /** What each would get if all downloaded plainly; 0: unknown. */
  readonly plainShareBytesPerSec: number
  readonly meshBytesPerSec: number
  readonly meshSilentMs: number
  /** Neighbours have something that we miss. */
  readonly isSomethingNear: boolean
}

/** To be asked on a busy processor only: elsewhere nobody waits. */
export function hasTimeToSpare(progress: Progress): boolean {
  const { elapsedMs, hereBytes, plainShareBytesPerSec, meshBytesPerSec, meshSilentMs, isSomethingNear } =
    progress
  if (meshSilentMs > (isSomethingNear ? SERVED_LAST_MS : NOTHING_NEAR_MS)) return false
  if (plainShareBytesPerSec === 0) return elapsedMs < RATE_UNKNOWN_MS
  if (meshBytesPerSec >= plainShareBytesPerSec) return true
  return hereBytes >= (plainShareBytesPerSec * elapsedMs) / 1000
}
