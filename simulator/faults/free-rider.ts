/** Takes what others give and gives nothing: requests are refused, or not answered at all. */

import type { Session } from '../../src/core/session.ts'
import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'
import { isRequest, type Means, type Mind } from './mind.ts'

export class FreeRider implements Mind {
  private readonly session: Session
  private readonly refuses: boolean

  constructor({ session, random }: Means) {
    this.session = session
    this.refuses = random.fraction() < 0.5
  }

  handle(input: SessionInput, nowMs: number): SessionOutput[] {
    if (!isRequest(input)) return this.session.handle(input, nowMs)
    return this.refuses ? refusalOf(input) : []
  }

  nextDeadlineMs(): number | null {
    return this.session.nextDeadlineMs()
  }
}

export function refusalOf({ peer, message }: Extract<SessionInput, { type: 'message' }>): SessionOutput[] {
  return message.type === 'request'
    ? [{ type: 'send', peer, message: { type: 'refuse', chunks: message.chunks } }]
    : []
}
