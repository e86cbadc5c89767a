/**
 * How many neighbours to seek: the usual number, and twice as many where uplinks are the limit. There, a chunk waits in
 * a neighbour's queue and not on its link, and more neighbours mean more choice: with 500 peers and scarce uplinks, 8
 * took 1.22 times the bound, 16 took 1.12 (a model); with 200 of them 1.09 and 1.06 (simulated). Elsewhere they would
 * only cost messages.
 */

import type { Neighbour } from './neighbour.ts'

/** Share of the neighbours that have to keep us waiting (guess: all but a few, who have nothing for us). */
const WAITING_SHARE = 0.75

/** Neighbours to seek, `usual` or twice that. Once more are sought, it stays so. */
export function neighboursWanted(
  neighbours: Iterable<Neighbour>,
  { usual, sought }: { readonly usual: number; readonly sought: number },
): number {
  if (sought > usual) return sought
  let ready = 0
  let waiting = 0
  for (const { isReady, isContended } of neighbours) {
    if (isReady) ready++
    if (isReady && isContended) waiting++
  }
  return ready >= Math.min(usual, 4) && waiting >= WAITING_SHARE * ready ? 2 * usual : sought
}
