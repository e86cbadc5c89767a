/** Claims to have every chunk; what is asked of it is refused, or never comes. */

import type { Session } from '../../src/core/session.ts'
import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'
import { Boast } from './boast.ts'
import { refusalOf } from './free-rider.ts'
import { isRequest, type Means, type Mind } from './mind.ts'

export class Liar implements Mind {
  private readonly session: Session
  private readonly boast: Boast
  private readonly refuses: boolean

  constructor({ session, geometry, random }: Means) {
    this.session = session
    this.boast = new Boast(geometry)
    this.refuses = random.fraction() < 0.5
  }

  handle(input: SessionInput, nowMs: number): SessionOutput[] {
    if (isRequest(input)) return this.refuses ? refusalOf(input) : []
    return this.boast.over(this.session.handle(input, nowMs))
  }

  nextDeadlineMs(): number | null {
    return this.session.nextDeadlineMs()
  }
}
