/**
 * Keeps uploads out of the way of the visitor's other traffic: asks those whom we serve when a probe reached them, learns
 * from that how long our packets queue, and says how fast the driver may send. The caller's own cap bounds the same pace.
 *
 * What counts is the way there, as in LEDBAT (RFC 6817 §2.1): answers come back through uplinks that are as busy as ours, and
 * by round trips alone everybody slowed down for everybody else's queue. The clocks need not agree, as only what is longer
 * than the shortest counts; the round trip's own queue bounds it, since a clock may stop while its page sleeps.
 */

import type { Context } from '../context.ts'
import { RateMeter } from '../rate.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../types.ts'
import type { Echo } from '../wire/peer-messages.ts'
import type { Neighbour } from './neighbour.ts'
import { PathDelay, UploadPace } from './upload-pace.ts'

/** Time between two probes while we upload, in ms, and where packets begin to queue (guess; together 1 to 4 a second). */
const CALM_EVERY_MS = 1000
const ALARMED_EVERY_MS = 250

/** Uploads begin by filling whatever buffer there is: for so long, in ms, probes go as often as where packets queue (guess). */
const ALARMED_AT_FIRST_MS = 3000

/** Probes that an answer is awaited to; an older one counts as lost (one of each neighbour there can be). */
const MAX_AWAITED = 64

/** Probes of one neighbour that are answered: at once, and a second. An honest one sends at most 4 a second. */
const ECHO_BUDGET = { burst: 10, ratePerSec: 5 } as const

/**
 * The processor's delays are not the line's: so many times the mean of what our own timers are late (guess: a packet passes the
 * threads of two browsers, of which some are later than ours).
 */
const LATENESSES = 8

/** A path counts that was probed within so long, in ms: as long as all that are served take turns (guess). */
const RECENT_MS = 3000

/** Without uploads for so long, in ms, what was known of the line is old (guess). */
const FORGOTTEN_AFTER_MS = 10_000

/** What is sent is known chunk by chunk; over so long, in ms (guess: some chunks of a slow line). */
const SENT_WINDOW_MS = 10_000

/** Chunks under way count as sent, as many as are served at a time. */
const CHUNKS_UNDER_WAY = 2

/** A pace that differs by less than this share is not worth saying (guess). */
const WORTH_SAYING = 0.05

interface AwaitedEcho {
  readonly peer: PeerId
  readonly sentAtMs: number
}

interface Path {
  readonly thither: PathDelay
  readonly roundTrip: PathDelay
  probedAtMs: number
}

export class Pacing {
  private readonly context: Context
  /** Those whom we send a chunk now. */
  private readonly served: ReadonlySet<Neighbour>
  private readonly pace = new UploadPace()
  private sent = new RateMeter(SENT_WINDOW_MS)
  private readonly paths = new Map<PeerId, Path>()
  private readonly awaited = new Map<number, AwaitedEcho>()
  private readonly budgets = new TokenBuckets<PeerId>(ECHO_BUDGET)
  private probes = 0
  private busyAtMs = -Infinity
  private beganAtMs = -Infinity
  /** It was time for a probe, and nobody was being served: between two chunks. */
  private isDue = false
  private chunkBytes = 0
  /** What the driver goes by. */
  private saidBytesPerSec: number | null = null

  constructor(context: Context, served: ReadonlySet<Neighbour>) {
    this.context = context
    this.served = served
  }

  equip(chunkBytes: number): void {
    this.chunkBytes = chunkBytes
  }

  /**
   * A new neighbour: what the way there takes before anything of ours queues on it. Measured later only, a path that was never
   * idle seemed to have no queue: a line of 1 Mb/s was full for twelve seconds before uploads slowed down (measured).
   */
  meet(neighbour: Neighbour): void {
    if (this.context.limits.mechanisms.pacing) this.probe(neighbour)
  }

  /** Says the pace, if it is another one. */
  say(): void {
    const { maxUploadBytesPerSec } = this.context.limits
    const most = Math.min(maxUploadBytesPerSec ?? Infinity, this.pace.bytesPerSec ?? Infinity)
    const bytesPerSec = most === Infinity ? null : Math.round(most)
    if (!isOther(this.saidBytesPerSec, bytesPerSec)) return
    this.saidBytesPerSec = bytesPerSec
    this.context.emit({ type: 'pace', bytesPerSec })
  }

  /** Somebody may be served who was not before. */
  noteServing(): void {
    if (this.served.size === 0 || !this.context.limits.mechanisms.pacing) return
    const isBeginning = !this.context.deadlines.has('probe')
    if (isBeginning) this.begin()
    if (isBeginning || this.isDue) this.onDeadline()
  }

  noteSent(bytes: number): void {
    this.sent.add(bytes, this.context.nowMs)
  }

  onDeadline(): void {
    const { nowMs, deadlines } = this.context
    const next = this.longestUnprobed()
    this.isDue = next === null
    if (next !== null) {
      this.busyAtMs = nowMs
      this.probe(next)
    } else if (nowMs - this.busyAtMs >= FORGOTTEN_AFTER_MS) {
      this.isDue = false
      this.pace.rest()
      return this.say()
    }
    const isEager = this.pace.isAlarmed || nowMs - this.beganAtMs < ALARMED_AT_FIRST_MS
    deadlines.set('probe', nowMs + (isEager ? ALARMED_EVERY_MS : CALM_EVERY_MS))
  }

  /** The driver had to hold this probe back, and sends it now. */
  probed(number: number): void {
    const echo = this.awaited.get(number)
    if (echo !== undefined) this.awaited.set(number, { ...echo, sentAtMs: this.context.nowMs })
  }

  hearProbe(peer: PeerId, number: number): void {
    if (this.budgets.take(peer, this.context.nowMs))
      this.context.emit({ type: 'send', peer, message: { type: 'echo', number, heardAtMs: this.clockMs } })
  }

  /** Counts also where the chunk is through by now: probes go to those whom we send something, behind our own packets. */
  hearEcho(neighbour: Neighbour, { number, heardAtMs }: Echo): void {
    const echo = this.awaited.get(number)
    const path = this.paths.get(neighbour.id)
    if (echo === undefined || echo.peer !== neighbour.id || path === undefined) return
    this.awaited.delete(number)
    const { nowMs, deadlines, lateness } = this.context
    const isFirst = !path.roundTrip.isKnown
    const delayedMs = Math.min(
      path.thither.note(heardAtMs - echo.sentAtMs, nowMs),
      path.roundTrip.note(nowMs - echo.sentAtMs, nowMs),
    )
    if (isFirst) return
    const queueMs = Math.max(0, delayedMs - LATENESSES * lateness.processorMs)
    const { recentPaths: paths, sentBytesPerSec } = this
    this.pace.note(
      { queueMs, sentAtMs: echo.sentAtMs, sentBytesPerSec, paths, isBusy: lateness.isBusy },
      nowMs,
    )
    if (this.pace.isAlarmed) deadlines.setNoLater('probe', nowMs + ALARMED_EVERY_MS)
    this.say()
  }

  forget(peer: PeerId): void {
    this.paths.delete(peer)
    this.budgets.forget(peer)
  }

  /** The page slept: what comes late is not the line's fault. */
  forgiveSilence(): void {
    this.awaited.clear()
  }

  /** Since we came: what day it is, or how long this machine has been up, is nobody's business. */
  private get clockMs(): number {
    return Math.round(this.context.nowMs - this.context.startedAtMs) % 2 ** 32
  }

  /** Of what is sent, the time without uploads is no part: the first limit would come out far too low. */
  private begin(): void {
    this.beganAtMs = this.context.nowMs
    this.sent = new RateMeter(SENT_WINDOW_MS)
  }

  /** At most: what was served of late, and all that is under way. */
  private get sentBytesPerSec(): number {
    const underWay = (CHUNKS_UNDER_WAY * this.chunkBytes * 1000) / SENT_WINDOW_MS
    return this.sent.bytesPerSec(this.context.nowMs) + underWay
  }

  private get recentPaths(): number {
    let recent = 0
    for (const { probedAtMs } of this.paths.values())
      if (this.context.nowMs - probedAtMs < RECENT_MS) recent++
    return recent
  }

  private probe({ id }: Neighbour): void {
    const { nowMs, emit } = this.context
    const number = this.probes++
    const path = this.paths.get(id) ?? newPath()
    path.probedAtMs = nowMs
    this.paths.set(id, path)
    this.awaited.set(number, { peer: id, sentAtMs: nowMs })
    this.awaited.delete(number - MAX_AWAITED)
    emit({ type: 'send', peer: id, message: { type: 'probe', number } })
  }

  private longestUnprobed(): Neighbour | null {
    let longest: Neighbour | null = null
    let earliestMs = Infinity
    for (const neighbour of this.served) {
      const probedAtMs = this.paths.get(neighbour.id)?.probedAtMs ?? -Infinity
      if (longest !== null && probedAtMs >= earliestMs) continue
      longest = neighbour
      earliestMs = probedAtMs
    }
    return longest
  }
}

function newPath(): Path {
  return { thither: new PathDelay(), roundTrip: new PathDelay(), probedAtMs: 0 }
}

function isOther(said: number | null, bytesPerSec: number | null): boolean {
  if (said === null || bytesPerSec === null) return said !== bytesPerSec
  return Math.abs(bytesPerSec - said) > WORTH_SAYING * said
}
