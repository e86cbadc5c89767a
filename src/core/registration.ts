/**
 * Our place with the topology server: when its socket may be let go, and when to come back.
 *
 * A swarm needs the server for newcomers only. Once the server has heard of enough others it releases us, and with two
 * neighbours we go. From then on, once a minute, we register again with such a probability that the server knows about
 * as many as it wants, all of them alive; and at once where neighbours run out. A socket that is lost against our will
 * comes back by the driver's doing.
 */

import type { Context } from './context.ts'
import type { FileFacts, PeerId } from './types.ts'
import { PROTOCOL_VERSION } from './wire/limits.ts'
import type { Resume, Welcome } from './wire/topology-messages.ts'

/** Neighbours with which we do without the server. */
const ENOUGH_NEIGHBOURS = 2

/**
 * Time between tosses for another registration, in ms; each is drawn within half of it around it. The first comes at
 * a moment drawn from the whole of it: a crowd that is released at once must not toss in step, and the server counts
 * on it.
 */
const TOSS_MS = 60_000

/**
 * Without neighbours: the pause before we are back is drawn from this on to three times as much, in ms, so that all who
 * lost the same neighbour do not come at once. It doubles while it keeps happening.
 */
const FIRST_RETURN_MS = 1000
const LONGEST_RETURN_MS = 32_000

/** So long without the server, and the next return is again as quick as the first, in ms. */
const CALM_MS = 120_000

/**
 * So long after a welcome the server is asked how many there are by now, in ms (guesses): whoever is first of a crowd is told 1, 2, 3 …
 * Of 48 visitors who came at once and heard of it after 20 s, with the first ping, those took a plain download for up to seven
 * times as fast as it would have been, and went to the origin for what their neighbours had (measured).
 */
export const COUNTED_AFTER_MS: readonly number[] = [2000, 8000]

export interface RegistrationParts {
  /** As far as the file is known. */
  readonly facts: () => FileFacts | null
  /** The k last settled on; null where none was. */
  readonly seats: () => number | null
  /** Neighbours that hellos are exchanged with. */
  readonly readyNeighbours: () => number
  readonly swarmSize: () => number
}

export class Registration {
  private readonly context: Context
  private readonly parts: RegistrationParts
  private state: 'new' | 'joining' | 'attached' | 'detached' = 'new'
  private isReleased = false
  private identity: { readonly id: PeerId; readonly token: string } | null = null
  /** W: members that the server wants to know. */
  private windowSize = 0
  private returnMs = FIRST_RETURN_MS
  private detachedAtMs = 0
  /** The next deadline is a return, not a toss. */
  private isReturning = false

  constructor(context: Context, parts: RegistrationParts) {
    this.context = context
    this.parts = parts
  }

  /** The server can be spoken to. */
  get isAttached(): boolean {
    return this.state === 'attached'
  }

  /** Registers as a newcomer. */
  join(): void {
    this.sayJoin(null)
  }

  welcomed({ id, token, window }: Welcome): void {
    this.state = 'attached'
    this.isReleased = false
    this.identity = token === '' ? null : { id, token }
    this.windowSize = window
    this.context.deadlines.clear('register')
  }

  /** The socket is gone; it comes back by itself. */
  lost(): void {
    if (this.state === 'attached') this.state = 'joining'
  }

  /** The server does not need us any more. */
  released(): void {
    if (this.state !== 'attached') return
    this.isReleased = true
    this.neighboursChanged()
  }

  /** We have more neighbours, or fewer. */
  neighboursChanged(): void {
    const hasEnough = this.parts.readyNeighbours() >= ENOUGH_NEIGHBOURS
    if (this.isReleased && hasEnough) this.detach()
    else if (this.state === 'detached' && !hasEnough && !this.isReturning) this.scheduleReturn()
  }

  onDeadline(): void {
    if (this.state !== 'detached') return
    const { random } = this.context
    const isAlone = this.parts.readyNeighbours() < ENOUGH_NEIGHBOURS
    if (this.isReturning && isAlone) return this.comeBack(null)
    const swarmSize = Math.max(1, Math.round(this.parts.swarmSize()))
    if (!this.isReturning && random.fraction() < this.windowSize / swarmSize) this.comeBack(swarmSize)
    else this.scheduleToss()
  }

  private detach(): void {
    this.state = 'detached'
    this.isReleased = false
    this.detachedAtMs = this.context.nowMs
    this.context.emit({ type: 'detach' })
    this.scheduleToss(this.context.random.between(0, 1))
  }

  private comeBack(swarmSize: number | null): void {
    this.sayJoin(this.identity === null ? null : { ...this.identity, swarmSize })
  }

  private sayJoin(resume: Resume | null): void {
    const { context } = this
    if (context.config.locator === null) return
    this.state = 'joining'
    this.isReturning = false
    context.emit({
      type: 'topology',
      message: {
        type: 'join',
        version: PROTOCOL_VERSION,
        locator: context.config.locator,
        facts: this.parts.facts(),
        ...(resume === null ? {} : { resume, seats: this.parts.seats() }),
      },
    })
  }

  private scheduleToss(share = this.context.random.between(0.5, 1.5)): void {
    const { deadlines, nowMs } = this.context
    this.isReturning = false
    deadlines.set('register', nowMs + TOSS_MS * share)
  }

  private scheduleReturn(): void {
    const { deadlines, nowMs, random } = this.context
    if (nowMs - this.detachedAtMs >= CALM_MS) this.returnMs = FIRST_RETURN_MS
    this.isReturning = true
    deadlines.set('register', nowMs + this.returnMs * random.between(1, 3))
    this.returnMs = Math.min(LONGEST_RETURN_MS, this.returnMs * 2)
  }
}
