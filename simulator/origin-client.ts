/** Who asks the origin: the connections that a visitor makes, keeps and uses again. */

/** First congestion window in bytes: ten segments of 1460 (RFC 6928). Doubles every round trip while it is the limit. */
const FIRST_WINDOW_BYTES = 14_600

/** A connection idle for longer is closed, in ms (guess; servers keep them for 5 to 75 s). */
const REUSED_WITHIN_MS = 10_000

/** A connection idle for longer has lost its window, in ms: RFC 2861 says one retransmission timeout, which is 1 s at first. */
const WARM_WITHIN_MS = 1000

export interface Connection {
  isBusy: boolean
  idleSinceMs: number
  windowBytes: number
}

/** Who asks the origin, and over what line. */
export class OriginClient {
  readonly rttMs: number
  readonly downBytesPerMs: number
  readonly connections: Connection[] = []
  /** It was told not to ask before this, in ms. */
  notBeforeMs: number = 0

  constructor(rttMs: number, downBytesPerMs: number) {
    this.rttMs = rttMs
    this.downBytesPerMs = downBytesPerMs
  }

  /** Makes a connection that nobody has asked for yet. */
  preconnect(nowMs: number): void {
    const idleSinceMs = nowMs + this.rttMs
    this.connections.push({ isBusy: false, idleSinceMs, windowBytes: FIRST_WINDOW_BYTES })
  }

  /** A connection for a request, and the time until it is made: one that is kept, or a new one. */
  connect(nowMs: number): { connection: Connection; readyInMs: number } {
    const known = this.connections.find(
      ({ isBusy, idleSinceMs }) => !isBusy && nowMs - idleSinceMs <= REUSED_WITHIN_MS,
    )
    if (known !== undefined) {
      if (nowMs - known.idleSinceMs > WARM_WITHIN_MS) known.windowBytes = FIRST_WINDOW_BYTES
      known.isBusy = true
      return { connection: known, readyInMs: Math.max(0, known.idleSinceMs - nowMs) }
    }
    const connection = { isBusy: true, idleSinceMs: 0, windowBytes: FIRST_WINDOW_BYTES }
    const busy = this.connections.filter(({ isBusy }) => isBusy)
    this.connections.splice(0, Infinity, ...busy, connection)
    return { connection, readyInMs: this.rttMs }
  }

  /** Its response is over: it is kept for the next. */
  release(connection: Connection, nowMs: number): void {
    connection.isBusy = false
    connection.idleSinceMs = nowMs
  }

  /** It is gone. */
  lose(connection: Connection): void {
    const place = this.connections.indexOf(connection)
    if (place >= 0) this.connections.splice(place, 1)
  }
}
