/**
 * Sharing what is left among several origins, so that all of them are done at the same moment: dynamic parallel access
 * (Rodriguez and Biersack, INFOCOM 2000). There, whichever server is done first is asked for the next small piece; here it
 * takes over the end of another's run, as much as makes both end together, so that a few long requests do. At the
 * end a chunk is asked for a second time where the origin that stands idle will have it sooner: the fastest wins.
 */

/** A run under way, as far as its end is concerned. */
export interface OpenRun {
  /** Chunks that it has not brought yet, the one that is being received included. */
  readonly chunks: number
  /** Share of that one which is here. */
  readonly partShare: number
  readonly secPerChunk: number
}

/** The origin that has nothing to do. */
export interface IdleOrigin {
  readonly secPerChunk: number
  /** From asking to the first byte. */
  readonly delaySec: number
}

/** What the idle origin is to do about that run. */
export type Help =
  /** To take over so many chunks from its end; then both are done `savedSec` sooner. */
  | { readonly type: 'take'; readonly chunks: number; readonly savedSec: number }
  /** To fetch the chunk that is being received, too. */
  | { readonly type: 'race'; readonly savedSec: number }

/** A chunk is asked for twice only if that takes no more than this share of the time (guess: rates are uncertain). */
const RACE_SHARE = 0.8

/** How the idle origin can help best; null: it would be no use. `allSec`: until all origins could be done together. */
export function helpFor(run: OpenRun, idle: IdleOrigin, allSec = 0): Help | null {
  const aloneSec = timeFor(run, run.chunks)
  const balanced = (aloneSec - idle.delaySec) / (run.secPerChunk + idle.secPerChunk)
  let best: Help | null = null
  // What it can bring until all are done stays with it, or it would stand idle then.
  const spare = run.chunks - Math.floor(allSec / run.secPerChunk + run.partShare)
  const candidates = [Math.floor(balanced), Math.ceil(balanced)].map((chunks) =>
    Math.min(chunks, Math.max(1, spare)),
  )
  for (const chunks of candidates) {
    if (!(chunks >= 1 && chunks < run.chunks)) continue
    const bothSec = Math.max(timeFor(run, run.chunks - chunks), idle.delaySec + chunks * idle.secPerChunk)
    const savedSec = aloneSec - bothSec
    // Another request costs a round trip, of a connection that may have better things to do.
    if (savedSec > idle.delaySec && savedSec > (best?.savedSec ?? 0))
      best = { type: 'take', chunks, savedSec }
  }
  if (best !== null || run.chunks > 1) return best
  const raceSec = idle.delaySec + idle.secPerChunk
  return raceSec < RACE_SHARE * aloneSec ? { type: 'race', savedSec: aloneSec - raceSec } : null
}

function timeFor({ partShare, secPerChunk }: OpenRun, chunks: number): number {
  return Math.max(0, chunks - partShare) * secPerChunk
}
