/** How an origin has done lately: whether it may be expected to deliver. */

import type { SessionInput } from '../session-io.ts'
import { attemptsAllowed } from './retry.ts'

export type Failure = Extract<SessionInput, { type: 'runFailed' }>

export class Standing {
  /** Failures in a row. */
  attempts = 0
  /** The last of them. */
  failure: Failure | null = null
  /** What it serves is not the file. */
  isBanned = false

  note(failure: Failure): void {
    this.attempts++
    this.failure = failure
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
    return this.attempts < attemptsAllowed({ failure: this.failure.failure, hasWorked })
  }
}
