/**
 * A host's links to its neighbours: setting them up by an offer and an answer, as src/browser/webrtc-links.ts does,
 * carrying messages in order, and noticing that the other side is gone. `uplink.ts` sends the blocks.
 */

import type { Random } from '../src/core/random.ts'
import type { PeerId } from '../src/core/types.ts'
import type { Actor } from './event-queue.ts'
import { type Attempt, LinkEnd, loseAfter, TIMEOUT } from './link-end.ts'
import type { Machine } from './machine.ts'

/** Most links of our own making that are being set up, as in the browser. */
const MAX_STARTING = 4

/** Most links at once, and most of others' making that are being set up, as in the browser. */
const MAX_LINKS = 64
const MAX_ANSWERING = 32

/** As in the browser, in ms. */
const OPEN_WITHIN_MS = 15_000

/** From the answer to the open channel: ICE checks, DTLS and SCTP. Measured by others at 3 to 5 round trips (guess: 3). */
const SETUP_RTTS = 3

/** How long it takes to notice that a host has died without a word, in ms (ICE says `disconnected` after 5 s). */
export const SILENCE_NOTICED_MS = 5000

/**
 * A link that nothing gets through is given up after 15 to 30 s: Chromium takes a path for dead 15 s after it last worked
 * (CONNECTION_WRITE_TIMEOUT of its ICE), and consent to send expires after 30 s (RFC 7675, section 5.1).
 */
const CUT_NOTICED_MS = [15_000, 30_000] as const

/** What two links say to each other while they are set up. Goes by the session, which sees only data. */
export interface SimSignal {
  readonly kind: 'offer' | 'answer'
  readonly session: number
}

/** The attempts of the whole simulation. */
export type Attempts = Map<number, Attempt>

export class SimLinks {
  private readonly host: Machine
  private readonly ends = new Map<PeerId, LinkEnd>()
  /** Peers to connect to when there is room, in order of asking. */
  private readonly waiting = new Set<PeerId>()
  private readonly maxLinks: number
  private startingCount = 0
  private answeringCount = 0

  constructor(host: Machine, maxLinks: number = MAX_LINKS) {
    this.host = host
    this.maxLinks = maxLinks
  }

  get size(): number {
    return this.ends.size
  }

  /** The open link to this peer. */
  openEnd(peer: PeerId): LinkEnd | null {
    const end = this.ends.get(peer)
    return end !== undefined && end.state === 'open' ? end : null
  }

  connect(peer: PeerId): void {
    if (this.ends.has(peer) || this.waiting.has(peer)) return
    if (this.ends.size + this.waiting.size >= this.maxLinks) {
      this.host.feed({ type: 'linkClosed', peer })
      return
    }
    this.waiting.add(peer)
    this.startWaiting()
  }

  signal(from: PeerId, { kind, session }: SimSignal): void {
    if (kind === 'offer') return this.answer(from, session)
    const end = this.ends.get(from)
    if (end?.attempt.session !== session || end.state !== 'starting' || !end.isInitiator) return
    this.setUp(end.attempt)
  }

  /** On purpose: the other side hears of it. */
  close(peer: PeerId): void {
    this.waiting.delete(peer)
    const end = this.ends.get(peer)
    if (end === undefined) return
    const { remote, state, oneWayMs, isHeldUp } = end
    this.drop(end)
    if (state === 'open' && remote !== null && !isHeldUp)
      loseAfter(remote, this.host.world.network.takesMs(oneWayMs))
    this.startWaiting()
  }

  /** The host goes; without a word, others take their time to notice. */
  closeAll(quietly: boolean): void {
    this.waiting.clear()
    for (const end of this.ends.values()) {
      const { remote, state, oneWayMs, isHeldUp } = end
      this.drop(end)
      if (state === 'open' && remote !== null && !isHeldUp)
        loseAfter(remote, quietly ? SILENCE_NOTICED_MS : oneWayMs)
    }
  }

  /** The network has been cut, or mended: links across hold up what they carry, or go on. */
  networkChanged(random: Random): void {
    const { network } = this.host.world
    for (const end of this.ends.values()) {
      if (end.remote === null) continue
      const [least, most] = CUT_NOTICED_MS
      if (network.isCut(this.host.index, end.remote.host.index)) end.holdUp(random.between(least, most))
      else end.resume()
    }
    this.host.uplink.resume()
  }

  /** The other side, or the attempt, came to nothing. */
  lose(end: LinkEnd): void {
    if (end.state === 'closed') return
    this.drop(end)
    this.startWaiting()
    this.host.feed({ type: 'linkClosed', peer: end.peer })
  }

  private startWaiting(): void {
    for (const peer of this.waiting) {
      if (this.startingCount >= MAX_STARTING) return
      this.waiting.delete(peer)
      const { attempts } = this.host.world
      const attempt: Attempt = { session: this.host.world.nextSession(), offerer: null, answerer: null }
      attempts.set(attempt.session, attempt)
      attempt.offerer = this.open(peer, attempt, true)
      this.host.sendSignal(peer, { kind: 'offer', session: attempt.session })
    }
  }

  private answer(from: PeerId, session: number): void {
    const earlier = this.ends.get(from)
    if (earlier === undefined) {
      if (!this.waiting.has(from) && this.ends.size + this.waiting.size >= this.maxLinks) return
      if (this.answeringCount >= MAX_ANSWERING) return
    } else {
      if (earlier.state !== 'starting' || earlier.attempt.session === session) return
      // Both connected at once: the smaller id stays the initiator.
      if (earlier.isInitiator && this.host.peerId !== null && this.host.peerId < from) return
      this.drop(earlier)
    }
    this.waiting.delete(from)
    const attempt = this.host.world.attempts.get(session) ?? { session, offerer: null, answerer: null }
    attempt.answerer = this.open(from, attempt, false)
    this.host.sendSignal(from, { kind: 'answer', session })
    this.startWaiting()
  }

  private open(peer: PeerId, attempt: Attempt, isInitiator: boolean): LinkEnd {
    const end = new LinkEnd(this.host, peer, attempt, isInitiator)
    this.ends.set(peer, end)
    if (isInitiator) this.startingCount++
    else this.answeringCount++
    end.timeout = this.host.world.queue.after(OPEN_WITHIN_MS, TIMEOUT, end)
    return end
  }

  private setUp({ offerer, answerer }: Attempt): void {
    if (offerer === null || answerer === null || offerer.host === answerer.host) return
    const { network, queue } = this.host.world
    const rttMs = network.rttMs(offerer.host.index, answerer.host.index)
    queue.after(SETUP_RTTS * rttMs, SET_UP, { offerer, answerer, rttMs })
  }

  /** Both ends are ready. */
  opened(end: LinkEnd, remote: LinkEnd, oneWayMs: number): void {
    this.started(end)
    end.state = 'open'
    end.remote = remote
    end.oneWayMs = oneWayMs
    this.startWaiting()
  }

  private drop(end: LinkEnd): void {
    if (end.state === 'starting') this.started(end)
    end.forget()
    end.state = 'closed'
    end.remote = null
    if (this.ends.get(end.peer) === end) this.ends.delete(end.peer)
  }

  private started(end: LinkEnd): void {
    if (end.isInitiator) this.startingCount--
    else this.answeringCount--
    end.stopWaiting()
    this.host.world.attempts.delete(end.attempt.session)
  }
}

interface SetUp {
  readonly offerer: LinkEnd
  readonly answerer: LinkEnd
  readonly rttMs: number
}

/** Where one side has given up meanwhile, the other finds out by its own patience. */
const SET_UP: Actor<SetUp> = {
  happen: ({ offerer, answerer, rttMs }) => {
    if (offerer.state !== 'starting' || answerer.state !== 'starting') return
    if (offerer.host.world.network.isCut(offerer.host.index, answerer.host.index)) return
    offerer.host.links.opened(offerer, answerer, rttMs / 2)
    answerer.host.links.opened(answerer, offerer, rttMs / 2)
    offerer.host.feed({ type: 'linkOpened', peer: offerer.peer })
    answerer.host.feed({ type: 'linkOpened', peer: answerer.peer })
  },
}
