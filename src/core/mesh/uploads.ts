/**
 * Who is served next. Each neighbour is sent one chunk at a time, and only a few neighbours at once, so that the
 * choice is made late: the rarest chunk first (fresh from the origin, it leaves again before anything else), then
 * whoever has been given least.
 */

import type { RarityIndex } from '../rarity.ts'
import type { Neighbour } from './neighbour.ts'

/** Neighbours served at a time (BitTorrent's slots). */
const MAX_SERVED_AT_ONCE = 4

/** A service that takes longer than this waits for the other side's link; it no longer takes a place from others. */
export const SLOW_SERVICE_MS = 500

export interface ServiceChoice {
  readonly neighbour: Neighbour
  readonly chunk: number
}

/** The next to serve, taken from its queue; null where nobody waits or enough are being served. */
export function takeNextService(
  neighbours: Iterable<Neighbour>,
  rarity: RarityIndex,
  nowMs: number,
): ServiceChoice | null {
  let best: ServiceChoice | null = null
  let bestHolders = Infinity
  let served = 0
  for (const neighbour of neighbours) {
    if (neighbour.serving !== null) {
      if (nowMs - neighbour.serving.sinceMs < SLOW_SERVICE_MS && ++served >= MAX_SERVED_AT_ONCE) return null
      continue
    }
    for (const chunk of neighbour.queue) {
      const holders = rarity.holderCount(chunk)
      if (
        holders > bestHolders ||
        (best !== null && holders === bestHolders && !precedes(neighbour, best.neighbour))
      )
        continue
      best = { neighbour, chunk }
      bestHolders = holders
    }
  }
  if (best === null) return null
  best.neighbour.queue.splice(best.neighbour.queue.indexOf(best.chunk), 1)
  return best
}

function precedes(a: Neighbour, b: Neighbour): boolean {
  return a.bytesSent < b.bytesSent || (a.bytesSent === b.bytesSent && a.id < b.id)
}
