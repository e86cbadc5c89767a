/**
 * What a caller can watch: counters, rates and neighbours of one download.
 */

import { RateMeter } from './core/rate.ts'

/** A snapshot; take a new one for new figures. */
export interface DownloadStats {
  /** Length of the file in bytes; null until it is known. */
  readonly sizeBytes: number | null
  /** Bytes that are here and verified as far as they can be before the end. */
  readonly completedBytes: number
  /** Bytes received from the origin, needed or not. */
  readonly bytesFromOrigin: number
  /** The same by origin: the URL itself, then its mirrors in the order given, each address once. */
  readonly bytesByOrigin: readonly number[]
  /** Bytes received from peers, needed or not. */
  readonly bytesFromPeers: number
  /** Bytes sent to peers. */
  readonly bytesUploaded: number
  readonly originRateBytesPerSec: number
  readonly peerRateBytesPerSec: number
  readonly uploadRateBytesPerSec: number
  /** Time until the end at the present rates, in ms; null where it cannot be told. */
  readonly etaMs: number | null
  /** Visitors that are known to download this file, this one included. */
  readonly swarmSize: number
  /** Time since the start, in ms; stands still once the download has ended. */
  readonly elapsedMs: number
  /** Where chunks are kept; null until the size is known. */
  readonly storage: 'indexeddb' | 'memory' | null
  readonly neighbours: readonly NeighbourStats[]
}

export interface NeighbourStats {
  readonly id: string
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Chunks it has told us of. */
  readonly chunksHeld: number
  readonly connectedForMs: number
}

/** Rates are averages over this time, in ms. */
const RATE_WINDOW_MS = 3000

export type Direction = 'fromOrigin' | 'fromPeers' | 'toPeers'

/** Counts what moves. */
export class Traffic {
  /** Bytes of each origin: the URL itself, then its mirrors. */
  readonly byOrigin: number[] = [0]
  private readonly totals: Record<Direction, number> = { fromOrigin: 0, fromPeers: 0, toPeers: 0 }
  private readonly rates: Record<Direction, RateMeter> = {
    fromOrigin: new RateMeter(RATE_WINDOW_MS),
    fromPeers: new RateMeter(RATE_WINDOW_MS),
    toPeers: new RateMeter(RATE_WINDOW_MS),
  }

  /** So many origins there are. */
  count(origins: number): void {
    this.byOrigin.splice(0, Infinity, ...Array.from({ length: origins }, () => 0))
  }

  add(direction: Direction, bytes: number, nowMs: number, origin = 0): void {
    if (direction === 'fromOrigin') this.byOrigin[origin] = (this.byOrigin[origin] ?? 0) + bytes
    this.totals[direction] += bytes
    this.rates[direction].add(bytes, nowMs)
  }

  total(direction: Direction): number {
    return this.totals[direction]
  }

  bytesPerSec(direction: Direction, nowMs: number): number {
    return this.rates[direction].bytesPerSec(nowMs)
  }

  /** Time for so many bytes more to arrive, at the present rates; null: none arrive. */
  takesMs(bytes: number, nowMs: number): number | null {
    const bytesPerSec = this.bytesPerSec('fromOrigin', nowMs) + this.bytesPerSec('fromPeers', nowMs)
    return bytesPerSec > 0 ? (bytes / bytesPerSec) * 1000 : null
  }
}
