/**
 * Whether a neighbour only takes: it was asked, and for a good part of the time that our download takes it has given
 * nothing. Honest neighbours with slow uplinks and long queues give late, but they give; so the time goes by how long all
 * takes: in a mix of residential links, where the phones are done last, a tenth of it instead of a fifth made them wait
 * 6% longer, as the slow were taken for takers (simulated). Who
 * refused, or stalled for that long, is known at once; and where many are, who takes twice the usual time is taken for another.
 * All of these find out only who comes last: whoever gives a single chunk is out of it.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Neighbour } from './neighbour.ts'

/** Share of the download's time, as far as can be told; and no less than this, in ms (guess: some round trips). */
const SHARE = 0.2
const LEAST_MS = 1500

/**
 * On a busy processor all give late, and whoever has most is served last (guess). Of eight hosts on two cores, one with a
 * quick line took the one with the slowest uplink, whose turn for it had not come in five seconds, for a taker, and fetched up to
 * a sixth of a copy of what that had (measured).
 */
const BUSY_SHARE = 0.5

/** Among takers, so many times as long as a chunk usually takes, and no less than above (guess). */
const USUAL_FACTOR = 2

/** What is known of all our neighbours together. */
export interface Company {
  /** Many of them only take. */
  readonly isAmongTakers: boolean
  /** From asking for a chunk until it is whole, as a rule, in ms. */
  readonly usualMs: number
}

export function onlyTakes(
  { hasGiven, isDiscounted, firstAskedAtMs }: Neighbour,
  { kept, geometry }: Inventory,
  { nowMs, startedAtMs, limits, lateness }: Pick<Context, 'nowMs' | 'startedAtMs' | 'limits' | 'lateness'>,
  { isAmongTakers, usualMs }: Company,
): boolean {
  if (hasGiven) return false
  const waitedMs = nowMs - firstAskedAtMs
  if (limits.mechanisms.promptSuspicion) {
    if (isDiscounted) return true
    if (isAmongTakers && waitedMs > Math.max(LEAST_MS, USUAL_FACTOR * usualMs)) return true
  }
  const downloadMs = ((nowMs - startedAtMs) * geometry.chunkCount) / Math.max(1, kept.count)
  const share = lateness.isBusy ? BUSY_SHARE : SHARE
  return waitedMs > Math.max(LEAST_MS, share * downloadMs)
}
