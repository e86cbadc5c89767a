/**
 * What to do after the origin failed: ask again later, differently, or give up. A visitor that others feed does not
 * give up; one that depends on the origin gets an answer soon.
 */

import type { RunFailure } from '../session-io.ts'

/** First pause after a failure, in ms; doubles each time, with jitter, up to the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** Longest that a Retry-After is obeyed, in ms. Beyond it, the visitor is told. */
const LONGEST_RETRY_AFTER_MS = 120_000

/** Attempts at an origin that never answered: about 1.5 s of trying, as browsers' users know it (guess). */
const MAX_ATTEMPTS_UNSEEN = 3

/** Attempts in a row, without a byte in between, at one that has worked before: about two minutes. */
const MAX_ATTEMPTS_SEEN = 9

/** A contradictory answer may be a node of a CDN that is being updated: asked this often (guess). */
const MAX_INCONSISTENT = 3

export interface FailureView {
  readonly failure: RunFailure
  /** Failures in a row, this one included. */
  readonly attempts: number
  readonly retryAfterMs: number | null
  /** Whether the origin has given us bytes before. */
  readonly hasWorked: boolean
  /** Whether neighbours or other origins are giving us chunks. */
  readonly othersDeliver: boolean
  /** Draw in [0, 1). */
  readonly fraction: number
}

export type FailureVerdict =
  { readonly type: 'retry'; readonly afterMs: number } | { readonly type: 'giveUp' }

export function judgeFailure(view: FailureView): FailureVerdict {
  if (!mayRecover(view) && !view.othersDeliver) return { type: 'giveUp' }
  const doubled = FIRST_PAUSE_MS * 2 ** Math.min(view.attempts - 1, 10)
  const pauseMs = Math.min(LONGEST_PAUSE_MS, doubled) * (0.5 + view.fraction)
  if (view.retryAfterMs === null) return { type: 'retry', afterMs: pauseMs }
  // Obeyed to the letter and then some: all who were told the same must not come back at the same moment.
  return { type: 'retry', afterMs: view.retryAfterMs + pauseMs }
}

/** Whether an origin that failed like this may be expected to deliver: it is asked again soon, and not for the last time. */
export function mayRecover(
  view: Pick<FailureView, 'failure' | 'attempts' | 'retryAfterMs' | 'hasWorked'>,
): boolean {
  if (view.retryAfterMs !== null && view.retryAfterMs > LONGEST_RETRY_AFTER_MS) return false
  return view.attempts < attemptsAllowed(view)
}

/** Failures in a row after which the origin is not to be relied on. */
function attemptsAllowed({ failure, hasWorked }: Pick<FailureView, 'failure' | 'hasWorked'>): number {
  switch (failure) {
    case 'busy':
      return MAX_ATTEMPTS_SEEN
    case 'unreachable':
      return hasWorked ? MAX_ATTEMPTS_SEEN : MAX_ATTEMPTS_UNSEEN
    case 'status':
    case 'inconsistent':
    case 'range-unsatisfiable':
      return MAX_INCONSISTENT
    case 'cors':
    case 'not-found':
    case 'forbidden':
      return hasWorked ? MAX_INCONSISTENT : 1
  }
}
