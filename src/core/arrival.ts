/**
 * When a visitor first goes to the origins: the topology server, which tells each its place in the file, has a moment to
 * answer; who had to begin without it goes to its place later, unless the origin proves to be fast.
 */

import type { Context } from './context.ts'
import { DEFAULT_LIMITS } from './session-io.ts'

/**
 * Who began before the server answered has so long for a first chunk, in ms since then, before it goes to its own place (guess). A fast
 * origin has brought one by then, and to close its response would cost 5% of a download of 10 s; of a slow one 55 far
 * apart had all begun with the first chunk, and fetched it 55 times (both simulated).
 */
const FIRST_CHUNK_PATIENCE_MS = 1000

/**
 * Or so many times the way to the origin and back (guess: the round trips in which slow start brings a chunk of 256 KiB).
 * Beside an origin that is 200 ms away, whatever its rate, all had gone to their places just before it, and took 8 to 17%
 * longer than by a plain download of 10 s (simulated).
 */
const FIRST_CHUNK_ROUND_TRIPS = 8

/**
 * Where the timer for the server's answer rings so late, in ms, the answer may be waiting behind it: it is given its time once more, and
 * again, until so long after the start (guesses). 48 visitors on two cores had nearly all begun with the first chunk, and the
 * origin's first ten seconds went into that (measured).
 */
const LATE_MS = 50
const LATEST_MS = 2000

/**
 * Whoever has chunks by then, but few, goes to its place all the same, unless it has gone on for so long, in ms (guess): then what it
 * would give up is worth more.
 */
const LATEST_PLACING_MS = 10_000

/** What is known when it may be time to begin. */
export interface ArrivalView {
  readonly isWelcome: boolean
  readonly knowsSize: boolean
  /** False while stored chunks are being checked, and at the end. */
  readonly isFetching: boolean
  readonly keptChunks: number
  /** The way to the origin and back, in ms; 0: unknown. */
  readonly distanceMs: number
  /** What the origins bring is so slow that to close it and to ask elsewhere costs next to nothing of the time for the rest. */
  readonly isSlow: boolean
}

export class Arrival {
  private readonly context: Context
  /** The origin may be asked: the topology server has answered, or had its time. */
  hasBegun: boolean = false
  /** Chunks are being fetched, at our place or where everybody begins. */
  hasBegunRuns: boolean = false
  private isPlaced = false
  /** The deadline for a first chunk has rung. */
  private isDue = false
  private begunAtMs = Infinity
  private dueAtMs = Infinity

  constructor(context: Context) {
    this.context = context
  }

  /** The server has been asked. */
  awaitServer(): void {
    this.context.emit({ type: 'preconnect', origin: 0 })
    this.ringAt(this.context.nowMs + this.context.limits.topologyPatienceMs)
  }

  /** The deadline has rung. False where it is put off. */
  isOver(): boolean {
    const { nowMs, startedAtMs, limits } = this.context
    const latestMs = startedAtMs + LATEST_MS
    const isLate = nowMs - this.dueAtMs >= LATE_MS && nowMs < latestMs
    if (!isLate || this.hasBegun) {
      this.isDue = this.hasBegun
      return true
    }
    this.ringAt(Math.min(nowMs + limits.topologyPatienceMs, latestMs))
    return false
  }

  /** At once where that is over. */
  private ringAt(atMs: number): void {
    this.dueAtMs = Math.max(this.context.nowMs, atMs)
    this.context.deadlines.set('arrival', this.dueAtMs)
  }

  /** The server has answered. True if there is nothing more to wait for. */
  welcomed(joinIndex: number, knowsSize: boolean): boolean {
    this.context.welcomedAtMs ??= this.context.nowMs
    if (this.hasBegunRuns && !this.isPlaced) this.ringAt(this.begunAtMs + FIRST_CHUNK_PATIENCE_MS)
    // The first of a swarm has nobody to wait for; later ones wait for what it finds out.
    return !this.hasBegunRuns && (knowsSize || joinIndex === 0)
  }

  /** What to begin now: to ask for the file's size, or its runs; null: nothing. */
  begin(view: ArrivalView): 'probe' | 'runs' | null {
    const { isWelcome, knowsSize, isFetching, keptChunks, isSlow } = view
    if (this.hasBegun && !knowsSize) return null
    if (this.isTooSoon(view)) return null
    if (!this.hasBegun) this.begunAtMs = this.context.nowMs
    this.hasBegun = true
    this.context.deadlines.clear('arrival')
    if (!knowsSize) return 'probe'
    const isWanting = keptChunks === 0 || (isSlow && this.mayStillPlace)
    const isToBePlaced = !this.isPlaced && isWelcome && this.isDue && isWanting
    // Once it has been looked at, that is decided: later it may only seem slow.
    if (this.isDue && isWelcome) this.isPlaced = true
    if (!isFetching || (this.hasBegunRuns && !isToBePlaced)) return null
    this.hasBegunRuns = true
    this.isPlaced ||= isWelcome
    return 'runs'
  }

  /** A first chunk is not here, and cannot be expected to: puts off the look. */
  private isTooSoon({ isWelcome, keptChunks, distanceMs }: ArrivalView): boolean {
    const { nowMs, lateness } = this.context
    if (!this.isDue || !isWelcome || this.isPlaced || keptChunks > 0 || lateness.isBusy) return false
    const untilMs = this.begunAtMs + FIRST_CHUNK_ROUND_TRIPS * distanceMs
    if (nowMs >= untilMs) return false
    this.isDue = false
    this.ringAt(untilMs)
    return true
  }

  private get mayStillPlace(): boolean {
    return this.context.nowMs - this.begunAtMs < LATEST_PLACING_MS
  }

  /** The topology server cannot be reached: no use in waiting for it longer than usual. */
  serverLost(): void {
    const usualMs = this.context.startedAtMs + DEFAULT_LIMITS.topologyPatienceMs
    if (!this.hasBegun && this.isAwaited && usualMs < this.dueAtMs) this.ringAt(usualMs)
  }

  /** A deadline will ring for it. */
  get isAwaited(): boolean {
    return this.context.deadlines.has('arrival')
  }
}
