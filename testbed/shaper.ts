/**
 * A shaped uplink for the sample origin: all bodies together get `rateBytesPerSec`, max–min fair. Whoever can take
 * bytes gets equal turns, so one body alone gets everything, and a slow reader takes no more than it reads: what
 * nobody can take is lost, as on a real link, and is never saved up for a burst.
 */

/** How often the budget is handed out, in milliseconds. Fine enough that a page sees a steady stream. */
const TICK_MS = 5

/**
 * The longest pause of this process that is made up for, in milliseconds. Chromium tests starve it for tens of
 * milliseconds at a time, during which a real link would have gone on sending.
 */
const MAX_CATCH_UP_MS = 250

/** Bounds of one write under a rate, in bytes: below 4 KiB system calls cost more than they smooth. */
const MIN_WRITE_BYTES = 4 * 1024
const MAX_WRITE_BYTES = 64 * 1024

/** One write without a rate, in bytes: large enough that copying, not calling, is the cost. */
const UNSHAPED_WRITE_BYTES = 1024 * 1024

/** A body on its way out. */
export interface Flow {
  /** It has bytes left and its socket takes some. */
  ready(): boolean
  /** Hands at most `maxBytes` to the socket; returns how many it was. Called only when ready. */
  send(maxBytes: number): number
}

/** Paces flows. Runs a timer only while there are any. */
export class Shaper {
  readonly #flows = new Set<Flow>()
  #rateBytesPerSec: number | null
  #budgetBytes = 0
  #lastEarnedAtMs = 0
  /** Whether the last hand-out ended because nobody could take more: then what is left of the budget is lost. */
  #wasIdle = true
  #timer: NodeJS.Timeout | null = null
  #immediate: NodeJS.Immediate | null = null
  readonly #lost: (ms: number) => void

  /** `lost` hears for how long a real link would have gone on sending, in ms, while this process did not get to run, if it has a rate. */
  constructor(rateBytesPerSec: number | null, lost: (ms: number) => void = () => {}) {
    this.#rateBytesPerSec = rateBytesPerSec
    this.#lost = lost
  }

  /** Takes effect at once, also for flows under way. Null: as fast as the sockets go. */
  setRate(rateBytesPerSec: number | null): void {
    this.#rateBytesPerSec = rateBytesPerSec
    this.#stopTimers()
    this.#restart()
  }

  add(flow: Flow): void {
    const wasEmpty = this.#flows.size === 0
    this.#flows.add(flow)
    if (wasEmpty) this.#restart()
    else this.wake()
  }

  remove(flow: Flow): void {
    this.#flows.delete(flow)
    if (this.#flows.size === 0) this.#stopTimers()
  }

  /** A flow may have become ready. */
  wake(): void {
    if (this.#rateBytesPerSec !== null) this.#handOut(this.#rateBytesPerSec)
    else this.#immediate ??= setImmediate(() => this.#sendUnshaped())
  }

  #restart(): void {
    if (this.#flows.size === 0) return
    this.#budgetBytes = 0
    this.#wasIdle = false
    this.#lastEarnedAtMs = performance.now()
    if (this.#rateBytesPerSec === null) this.wake()
    else this.#timer ??= setTimeout(() => this.#tick(), TICK_MS)
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#immediate !== null) clearImmediate(this.#immediate)
    this.#timer = null
    this.#immediate = null
  }

  #tick(): void {
    this.#timer = null
    const rateBytesPerSec = this.#rateBytesPerSec
    if (rateBytesPerSec === null || this.#flows.size === 0) return
    const nowMs = performance.now()
    const elapsedMs = nowMs - this.#lastEarnedAtMs
    const earnedMs = Math.min(elapsedMs, MAX_CATCH_UP_MS)
    if (elapsedMs > earnedMs && !this.#wasIdle) this.#lost(elapsedMs - earnedMs)
    this.#lastEarnedAtMs = nowMs
    if (this.#wasIdle) this.#budgetBytes = 0
    this.#budgetBytes += (rateBytesPerSec * earnedMs) / 1000
    this.#handOut(rateBytesPerSec)
    if (this.#flows.size > 0) this.#timer ??= setTimeout(() => this.#tick(), TICK_MS)
  }

  /** Equal turns to all that are ready, in whole turns only: who got the last one goes to the end of the line. */
  #handOut(rateBytesPerSec: number): void {
    const ready = [...this.#flows].filter((flow) => flow.ready())
    const turnBytes = bytesPerTurn(rateBytesPerSec, ready.length)
    let next = ready.shift()
    while (next !== undefined && this.#budgetBytes >= turnBytes) {
      this.#budgetBytes -= next.send(turnBytes)
      if (this.#flows.delete(next)) this.#flows.add(next)
      if (next.ready()) ready.push(next)
      next = ready.shift()
    }
    this.#wasIdle = next === undefined
  }

  #sendUnshaped(): void {
    this.#immediate = null
    let anyReady = false
    for (const flow of this.#flows) {
      if (flow.ready()) flow.send(UNSHAPED_WRITE_BYTES)
      anyReady ||= flow.ready()
    }
    if (anyReady) this.wake()
  }
}

/** A fair share of one tick, within the bounds of a write; slow links write whole ticks, however small. */
function bytesPerTurn(rateBytesPerSec: number, readyCount: number): number {
  const tickBytes = (rateBytesPerSec * TICK_MS) / 1000
  const shareBytes = tickBytes / Math.max(1, readyCount)
  const leastBytes = Math.min(MIN_WRITE_BYTES, tickBytes)
  return Math.max(1, Math.floor(Math.min(MAX_WRITE_BYTES, Math.max(leastBytes, shareBytes))))
}
