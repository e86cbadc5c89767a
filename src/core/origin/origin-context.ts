/**
 * What the parts of one seat share. Of the session's context all is the same but the timers, which each origin has for
 * itself; the numbers of runs are drawn from one row for all origins.
 */

import type { Context } from '../context.ts'
import { Deadlines } from '../deadlines.ts'
import type { RunId } from '../session-io.ts'
import type { OriginTag, PeerId } from '../types.ts'

export class OriginContext implements Context {
  readonly config: Context['config']
  readonly limits: Context['limits']
  readonly random: Context['random']
  readonly lateness: Context['lateness']
  readonly emit: Context['emit']
  /** Place in the caller's list; 0 is the URL itself. */
  readonly index: number
  /** What claims call it. */
  readonly tag: OriginTag
  readonly deadlines: Deadlines = new Deadlines()
  readonly nextRunId: () => RunId
  private readonly session: Context

  constructor(session: Context, index: number, tag: OriginTag, nextRunId: () => RunId) {
    this.index = index
    this.tag = tag
    this.session = session
    this.config = session.config
    this.limits = session.limits
    this.random = session.random
    this.lateness = session.lateness
    this.emit = session.emit
    this.nextRunId = nextRunId
  }

  get nowMs(): number {
    return this.session.nowMs
  }

  get startedAtMs(): number {
    return this.session.startedAtMs
  }

  get welcomedAtMs(): number | null {
    return this.session.welcomedAtMs
  }

  get selfId(): PeerId | null {
    return this.session.selfId
  }
}
