/** How an origin has done lately: whether it may be expected to deliver. */

import type { RunFailure, RunId, SessionInput } from '../session-io.ts'
import { type FailureVerdict, type FailureView, judgeFailure, mayRecover } from './retry.ts'

export type Failure = Extract<SessionInput, { type: 'runFailed' }>

/** What no answer of the origin's says, as a failure. */
export function failureOf(run: RunId, failure: RunFailure): Failure {
  return { type: 'runFailed', run, failure, status: null, retryAfterMs: null }
}

export class Standing {
  /** Failures in a row. */
  attempts = 0
  /** The last of them. */
  failure: Failure | null = null
  /** What it serves is not the file. */
  isBanned = false

  /** It failed once more: what to do about it. */
  judge(
    failure: Failure,
    circumstances: Pick<FailureView, 'hasWorked' | 'othersDeliver' | 'fraction'>,
  ): FailureVerdict {
    this.attempts++
    this.failure = failure
    const { retryAfterMs } = failure
    return judgeFailure({ ...circumstances, failure: failure.failure, attempts: this.attempts, retryAfterMs })
  }

  /** It has delivered, or is given another chance. */
  forgive(): void {
    this.attempts = 0
    this.failure = null
  }

  /** It has not failed so often that others have to be relied on. */
  isHopeful(hasWorked: boolean): boolean {
    if (this.isBanned) return false
    if (this.failure === null) return true
    const { failure, retryAfterMs } = this.failure
    return mayRecover({ failure, retryAfterMs, attempts: this.attempts, hasWorked })
  }
}
