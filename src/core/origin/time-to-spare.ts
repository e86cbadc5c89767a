/**
 * Who has time, where the processor is the limit. There, what the origin brings beside the mesh is taken from it: whoever gets no
 * less than by a plain download, or has no less than that would have brought by now, gets something, and will not be overtaken, takes
 * no more from the origin than its seat's due. Of 48 visitors on two cores a few whom the others served last, as they had most,
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

/**
 * What is ahead of a plain download now may be behind it in the end: once that would have brought so much of the file, in
 * which the mesh may show what it can do (guess), who would be overtaken even at the best rate the mesh ever had does not wait.
 * Eight hosts on two cores, each with a third of 20 MB from an origin of 100 Mb/s, left it to itself, and whoever
 * fared worst took 2.0 to 2.5 times as long as by a plain download; so 1.3 to 1.8 times (measured).
 *
 * The rest is held against the present share, not the mean so far: of a fast origin all know too little at first. What our own
 * run is about to bring does not count. Who is taken to be late all the same but does as on a processor that is not busy.
 */
const MESH_SHOWN_SHARE = 0.05

/**
 * What a plain download would have brought by now. Its share is known for the present only: while a crowd comes, that is the best there
 * is for all of the time, as at first nobody knew of the others; while it goes, most of the time it was less. So the sum of what it
 * seemed to be whenever it was asked for, or the present one all along, whichever is less. Of 48 visitors on two cores the last four, for whom
 * the share had grown tenfold, fetched a tenth of a copy of what their neighbours had (measured).
 */
export class PlainDownload {
  private notedMs = 0
  private shareBytesPerSec = 0
  private sumBytes = 0

  /**
   * Its bytes after so long. Its share, in bytes a second, is this from now on, and was before any other was known. 0: unknown, and
   * so is what it would have brought.
   */
  bytesAfter(elapsedMs: number, shareBytesPerSec: number): number {
    if (shareBytesPerSec === 0) return 0
    const sinceBytesPerSec = this.shareBytesPerSec > 0 ? this.shareBytesPerSec : shareBytesPerSec
    this.sumBytes += (sinceBytesPerSec * (elapsedMs - this.notedMs)) / 1000
    this.notedMs = elapsedMs
    this.shareBytesPerSec = shareBytesPerSec
    return Math.min(this.sumBytes, (shareBytesPerSec * elapsedMs) / 1000)
  }

  /** It is not asked for a while, and what its share is meanwhile will not be known. */
  forget(): void {
    this.notedMs = 0
    this.shareBytesPerSec = 0
    this.sumBytes = 0
  }
}

export interface Progress {
  readonly elapsedMs: number
  readonly fileBytes: number
  readonly hereBytes: number
  /** What a plain download would have brought. */
  readonly plainBytes: number
  /** What each would get if all downloaded plainly; 0: unknown. */
  readonly plainShareBytesPerSec: number
  readonly meshBytesPerSec: number
  /** The highest there has been. */
  readonly meshBestBytesPerSec: number
  readonly meshSilentMs: number
  /** Neighbours have something that we miss. */
  readonly isSomethingNear: boolean
}

/** To be asked where the processor is busy, or was lately, or others’ are: elsewhere nobody waits. */
export function hasTimeToSpare(progress: Progress): boolean {
  const { elapsedMs, plainShareBytesPerSec, meshBytesPerSec, meshSilentMs, isSomethingNear } = progress
  if (meshSilentMs > (isSomethingNear ? SERVED_LAST_MS : NOTHING_NEAR_MS)) return false
  if (plainShareBytesPerSec === 0) return elapsedMs < RATE_UNKNOWN_MS
  if (meshBytesPerSec >= plainShareBytesPerSec) return true
  return progress.hereBytes >= progress.plainBytes && !willBeOvertaken(progress)
}

function willBeOvertaken(progress: Progress): boolean {
  const { fileBytes, hereBytes, plainBytes, plainShareBytesPerSec, meshBestBytesPerSec } = progress
  if (plainBytes < MESH_SHOWN_SHARE * fileBytes) return false
  return (fileBytes - hereBytes) / meshBestBytesPerSec > (fileBytes - plainBytes) / plainShareBytesPerSec
}
