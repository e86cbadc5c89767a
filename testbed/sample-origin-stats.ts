/**
 * What the sample origin counts: how many copies it had to send, and how many connections it had to hold.
 */

/** Figures since the start or the last reset; gauges keep their current value over a reset. */
export interface SampleOriginStats {
  /** Requests for files, HEAD included; not preflights, and not the control paths. */
  requests: number
  /** CORS preflights. */
  preflights: number
  /** Body bytes that a socket has taken. */
  bytesSent: number
  openConnections: number
  openConnectionsMax: number
  /** Responses whose body is on its way. */
  openResponses: number
  openResponsesMax: number
  /** Time-weighted mean over the time in which at least one was open; 0 if none was. */
  openResponsesMean: number
  /** For how long a real link would have gone on sending, while the process waited for the processor, in ms. */
  lostMs: number
  files: Record<string, SampleFileStats>
}

export interface SampleFileStats {
  requests: number
  bytesSent: number
  /** `bytesSent` in whole files. */
  copies: number
}

/** Counters behind `SampleOriginStats`. */
export class SampleOriginCounters {
  readonly #connections = new Gauge()
  readonly #responses = new Gauge()
  readonly #files = new Map<string, { sizeBytes: number; requests: number; bytesSent: number }>()
  #preflights = 0
  #lostMs = 0

  addFile(name: string, sizeBytes: number): void {
    this.#files.set(name, { sizeBytes, requests: 0, bytesSent: 0 })
  }

  countRequest(name: string): void {
    const file = this.#files.get(name)
    if (file !== undefined) file.requests++
  }

  countPreflight(): void {
    this.#preflights++
  }

  countBytes(name: string, bytes: number): void {
    const file = this.#files.get(name)
    if (file !== undefined) file.bytesSent += bytes
  }

  countLost(ms: number): void {
    this.#lostMs += ms
  }

  changeConnections(by: 1 | -1): void {
    this.#connections.change(by)
  }

  changeResponses(by: 1 | -1): void {
    this.#responses.change(by)
  }

  reset(): void {
    this.#preflights = 0
    this.#lostMs = 0
    for (const file of this.#files.values()) file.requests = file.bytesSent = 0
    this.#connections.reset()
    this.#responses.reset()
  }

  read(): SampleOriginStats {
    const files: Record<string, SampleFileStats> = {}
    let requests = 0
    let bytesSent = 0
    for (const [name, file] of this.#files) {
      requests += file.requests
      bytesSent += file.bytesSent
      const copies = file.sizeBytes === 0 ? 0 : file.bytesSent / file.sizeBytes
      files[name] = { requests: file.requests, bytesSent: file.bytesSent, copies }
    }
    return {
      requests,
      preflights: this.#preflights,
      bytesSent,
      openConnections: this.#connections.value,
      openConnectionsMax: this.#connections.max,
      openResponses: this.#responses.value,
      openResponsesMax: this.#responses.max,
      openResponsesMean: this.#responses.busyMean(),
      lostMs: this.#lostMs,
      files,
    }
  }
}

/** A number that goes up and down, with its maximum and its mean while above zero. */
class Gauge {
  value = 0
  max = 0
  #areaMs = 0
  #busyMs = 0
  #changedAtMs = performance.now()

  change(by: number): void {
    this.#integrate()
    this.value += by
    this.max = Math.max(this.max, this.value)
  }

  reset(): void {
    this.#integrate()
    this.max = this.value
    this.#areaMs = 0
    this.#busyMs = 0
  }

  busyMean(): number {
    this.#integrate()
    return this.#busyMs === 0 ? 0 : this.#areaMs / this.#busyMs
  }

  #integrate(): void {
    const nowMs = performance.now()
    const elapsedMs = nowMs - this.#changedAtMs
    this.#changedAtMs = nowMs
    if (this.value === 0) return
    this.#areaMs += this.value * elapsedMs
    this.#busyMs += elapsedMs
  }
}
