/**
 * How well our bandwidth is used, observed in passing, in Slurpie's three states (Sherwood, Braud, Bhattacharjee, INFOCOM
 * 2004), and what follows from it:
 *
 * - _spare_: more neighbours are sought; where there are none to add, news goes out more often, and of more peers we
 *   remember what they have (U);
 * - _short_: less news and fewer peers remembered, by half; then no more neighbours than usual;
 * - _full_: all stays as it is.
 *
 * Twice the usual number of neighbours is as far as it goes: where uplinks are the limit, a chunk waits in a neighbour's
 * queue and not on its link, and more neighbours mean more choice. With 500 peers and scarce uplinks, 8 took 1.22 times
 * the bound, 16 took 1.12 (a model); with 200 of them 1.09 and 1.06 (simulated). Elsewhere they would only cost messages.
 */

import type { Neighbour } from './neighbour.ts'
import { UpdatePace } from './update-pace.ts'

export type BandwidthState = 'spare' | 'full' | 'short'

/** What is seen in passing. */
export interface BandwidthSigns {
  /** Bytes of updates since the last look, and of all that went to and from neighbours. */
  readonly controlBytes: number
  readonly movedBytes: number
  /** Neighbours that hellos are exchanged with, and those that are sought. */
  readonly degree: number
  readonly sought: number
  readonly isComplete: boolean
  /** The processor has more to do than it can. */
  readonly isBusy: boolean
}

export const BANDWIDTH = {
  /** It is short when updates are more than this share of all bytes moved, and not just a trifle (guess). */
  controlShare: 0.02,
  trifleBytes: 4096,
  /** Peers whose newest update is kept, U: in the beginning, at least, at most, and how many more at a time (guesses). */
  firstCached: 64,
  leastCached: 16,
  mostCached: 128,
  cachedStep: 8,
  /** Share of the neighbours that have to keep us waiting (guess: all but a few, who have nothing for us). */
  waitingShare: 0.75,
} as const

export class Bandwidth {
  readonly pace: UpdatePace = new UpdatePace()
  private cachedCount: number = BANDWIDTH.firstCached

  /** U: peers of which is remembered what they have. */
  get cached(): number {
    return this.cachedCount
  }

  /** News goes out as seldom, and of as few, as it may. */
  get isThrottled(): boolean {
    return this.pace.isSlowest && this.cachedCount === BANDWIDTH.leastCached
  }

  /** Looks at what was seen since the last time. */
  review(signs: BandwidthSigns): BandwidthState {
    const state = stateOf(signs)
    if (state === 'spare') {
      this.pace.speedUp()
      this.cachedCount = Math.min(BANDWIDTH.mostCached, this.cachedCount + BANDWIDTH.cachedStep)
    } else if (state === 'short') {
      this.pace.slowDown()
      this.cachedCount = Math.max(BANDWIDTH.leastCached, this.cachedCount >> 1)
    }
    return state
  }
}

/** Only who misses something has a use for more. */
function stateOf({
  controlBytes,
  movedBytes,
  degree,
  sought,
  isComplete,
  isBusy,
}: BandwidthSigns): BandwidthState {
  const allowedBytes = Math.max(BANDWIDTH.trifleBytes, BANDWIDTH.controlShare * movedBytes)
  if (isBusy || controlBytes > allowedBytes) return 'short'
  return !isComplete && degree < sought ? 'spare' : 'full'
}

/**
 * Neighbours with whom a newcomer begins, and a busy processor stays, of so many: in a crowd about as many come to it. Making
 * links takes a busy machine longest (48 pages on two cores took 100 s of them for 300 links, before any had a chunk), and
 * chunks cost it less where they go over few (measured).
 */
export function fewOf(usual: number): number {
  return Math.ceil((3 / 8) * usual)
}

/**
 * Neighbours to seek, `usual` or twice that, by how many keep us waiting. Once more are sought, it stays so. Few where the
 * processor is busy: there everybody waits for it, and each neighbour more only makes it busier.
 */
export function neighboursWanted(
  neighbours: Iterable<Neighbour>,
  { usual, sought, isBusy }: { readonly usual: number; readonly sought: number; readonly isBusy: boolean },
): number {
  if (isBusy) return fewOf(usual)
  if (sought < usual) return usual
  if (sought > usual) return sought
  let ready = 0
  let waiting = 0
  for (const { isReady, isContended } of neighbours) {
    if (isReady) ready++
    if (isReady && isContended) waiting++
  }
  return ready >= Math.min(usual, 4) && waiting >= BANDWIDTH.waitingShare * ready ? 2 * usual : sought
}
