/**
 * Who is served next. Each neighbour is sent one chunk at a time, and only a few neighbours at once, so that the
 * choice is made late: a rare chunk first (fresh from the origin, it leaves again before anything else), then
 * whoever lags behind, then the rarer chunk, then whoever has been given least.
 */

import { ALL_ON, type Mechanisms } from '../mechanisms.ts'
import { RARE_HOLDERS, type RarityIndex } from '../rarity.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * Neighbours served at a time. A chunk must be whole before it is passed on, so the uplink goes to one at a time, and
 * to a second while the first one's last block is on its way: with 200 peers and scarce uplinks, four at a time took
 * 1.15 to 1.19 times the bound, two 1.06 to 1.09, and one no less (simulated).
 */
const MAX_SERVED_AT_ONCE = 2

/**
 * A service that takes longer than this waits for the other side's link; it no longer takes a place from others: twice what
 * our uplink takes for as many as are served, and no less than this, in ms. Before it is known, it is taken for one of
 * 4 Mb/s (guess): with half a second for large chunks, too, ten of sixteen neighbours were served at once.
 */
const MIN_SLOW_SERVICE_MS = 500
const SLOW_FACTOR = 2
const UNKNOWN_BYTES_PER_SEC = 500_000

/** Of a chunk that takes so long, in ms, the last block's way is next to nothing: then it is one at a time (guess). */
const LONG_SERVICE_MS = 4000

/**
 * On a busy processor it is one at a time, too, for so long, in ms: what goes out in one piece takes fewer packets' wakings.
 * 48 pages on two cores took 5 to 10% less of them for it (measured; bounded as a silent neighbour's requests are).
 */
const BUSY_SLOW_SERVICE_MS = 5000

/** What we know of our own end. */
export interface UploadView {
  readonly chunkBytes: number
  /** What our uplink carries at best, in bytes a second; 0: not known yet. */
  readonly bestBytesPerSec: number
  /** The processor has more to do than it can. */
  readonly isBusy: boolean
}

/** Neighbours served at a time. */
export function servedAtOnce({ chunkBytes, bestBytesPerSec, isBusy }: UploadView): number {
  if (isBusy) return 1
  const serviceMs = (chunkBytes * 1000) / (bestBytesPerSec || UNKNOWN_BYTES_PER_SEC)
  return serviceMs < LONG_SERVICE_MS ? MAX_SERVED_AT_ONCE : 1
}

/** After how long a service is slow, in ms. */
export function slowServiceMs(view: UploadView): number {
  const { chunkBytes, bestBytesPerSec, isBusy } = view
  const atOnce = servedAtOnce(view)
  const expectedMs = (atOnce * chunkBytes * 1000) / (bestBytesPerSec || UNKNOWN_BYTES_PER_SEC)
  return Math.max(isBusy ? BUSY_SLOW_SERVICE_MS : MIN_SLOW_SERVICE_MS, SLOW_FACTOR * expectedMs)
}

/**
 * Being ahead by this share of the file counts as much as one holder more: whoever lags behind comes first, lest all wait for the last.
 * With 200 peers and scarce uplinks the last was done at 1.03 times the bound instead of 1.09; of 300 with links of 300 MB/s
 * 1% of all starved beside the others' rarer wishes with a quarter of the file, and were done 22% after the median, with this 5%.
 * What we have sent counts as had, whatever is announced: who hid what it has would be served before all others.
 */
const ADVANCE_PER_HOLDER = 1 / 32

/** Of wishes for what is rare, a quarter of it: with less, first copies stayed where they were, and were fetched again (simulated). */
const ADVANCE_PER_RARE_HOLDER = 1 / 4

/** More than a wish for what is rare can come to. */
const COMMON_HANDICAP = 10

/** More than any can: neighbours are 64 at most. */
const LAST_HANDICAP = 1000

export interface ServiceChoice {
  readonly neighbour: Neighbour
  readonly chunk: number
}

/** Whether one more may be served beside these. */
export function hasRoom(
  served: Iterable<Neighbour>,
  nowMs: number,
  slowMs: number,
  atOnce: number = MAX_SERVED_AT_ONCE,
): boolean {
  let quick = 0
  for (const neighbour of served)
    if (isServedQuickly(neighbour, nowMs, slowMs) && ++quick >= atOnce) return false
  return true
}

/** It is being served, and that has not become slow. */
export function isServedQuickly({ serving }: Neighbour, nowMs: number, slowMs: number): boolean {
  return serving !== null && nowMs - serving.sinceMs < slowMs
}

export interface ServiceOptions {
  /** Those in whose queues something is. */
  readonly waiting: Iterable<Neighbour>
  /** Those who are being served, and take no longer than usual. Default: nobody. */
  readonly served?: Iterable<Neighbour>
  readonly rarity: RarityIndex
  /**
   * Whom all others come before: a chunk fresh from the origin, too, had better go to who passes it on. Default: nobody.
   */
  readonly isLast?: (neighbour: Neighbour) => boolean
  readonly mechanisms?: Mechanisms
  /** Default Infinity: believes what is announced. */
  readonly chunkBytes?: number
}

/**
 * The next to serve, with the chunk taken from its queue; null where nobody waits. Whoever is being sent a chunk counts as a holder
 * of it already: of eight, the one with an uplink of 1 Mb/s sent each of its first copies to three before it was announced by
 * one, and the others waited for the rest of them at the end (simulated).
 */
export function takeNextService(options: ServiceOptions): ServiceChoice | null {
  const { waiting, served = [], rarity, isLast = () => false, chunkBytes = Infinity } = options
  const { rareServedFirst, laggardsFirst } = options.mechanisms ?? ALL_ON
  const underWay = Array.from(served, ({ serving }) => serving?.chunk)
  let best: ServiceChoice | null = null
  let bestRank = Infinity
  for (const neighbour of waiting) {
    if (neighbour.serving !== null) continue
    const { held, bytesSent } = neighbour
    const advance = laggardsFirst ? Math.max(held.count, bytesSent / chunkBytes) / held.size : 0
    const handicap = isLast(neighbour) ? LAST_HANDICAP : 0
    for (const chunk of neighbour.queue) {
      const holders = rareServedFirst ? rarity.holderCount(chunk) + countOf(chunk, underWay) : 0
      const rank = rankOf(holders, advance) + handicap
      if (rank > bestRank || (best !== null && rank === bestRank && !precedes(neighbour, best.neighbour)))
        continue
      best = { neighbour, chunk }
      bestRank = rank
    }
  }
  if (best === null) return null
  best.neighbour.queue.splice(best.neighbour.queue.indexOf(best.chunk), 1)
  return best
}

/** What is rare comes before all else; then both count, how rare it is and how far behind whoever asks for it. */
function rankOf(holders: number, advance: number): number {
  if (holders <= RARE_HOLDERS) return holders + advance / ADVANCE_PER_RARE_HOLDER
  return COMMON_HANDICAP + holders + advance / ADVANCE_PER_HOLDER
}

function countOf(chunk: number, chunks: readonly unknown[]): number {
  let count = 0
  for (const each of chunks) if (each === chunk) count++
  return count
}

function precedes(a: Neighbour, b: Neighbour): boolean {
  return a.bytesSent < b.bytesSent || (a.bytesSent === b.bytesSent && a.id < b.id)
}
