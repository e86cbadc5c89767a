/**
 * Whether a neighbour only takes: it was asked, and for a good part of the time that our download takes it has given
 * nothing. Honest neighbours with slow uplinks and long queues give late, but they give; so the time goes by how long all
 * takes: in a mix of residential links, where the phones are done last, a tenth of it instead of a fifth made them wait
 * 6% longer, as the slow were taken for takers (simulated). With a fifth, those who give need 1.12 times as long beside
 * 25% who do not, and 1.5 to 1.8 times beside 50%.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Neighbour } from './neighbour.ts'

/** Share of the download's time, as far as can be told; and no less than this, in ms (guess: some round trips). */
const SHARE = 0.2
const LEAST_MS = 1500

export function onlyTakes(
  { hasGiven, firstAskedAtMs }: Neighbour,
  { kept, geometry }: Inventory,
  { nowMs, startedAtMs }: Pick<Context, 'nowMs' | 'startedAtMs'>,
): boolean {
  if (hasGiven) return false
  const downloadMs = ((nowMs - startedAtMs) * geometry.chunkCount) / Math.max(1, kept.count)
  return nowMs - firstAskedAtMs > Math.max(LEAST_MS, SHARE * downloadMs)
}
