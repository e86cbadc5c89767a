/**
 * Which piece to ask for next (BEP 3; Cohen, "Incentives build robustness in BitTorrent", 2003): one that is here in
 * part, as blocks are of use only once their piece is whole; else a random one while there is nothing to pass on yet, so
 * that the first piece does not depend on few holders; else the rarest. When all that is missing is being brought, the
 * endgame: a neighbour that has nothing else to send is asked for a piece that another brings, one at a time.
 */

import type { Bitfield } from '../../src/core/bitfield.ts'
import type { Pieces } from './pieces.ts'

/** How the web seed is used: pieces in the file's order, or the rarest. */
export type WebSeedOrder = 'sequential' | 'rarest'

/** A neighbour, as far as choosing goes. */
export interface Holder {
  readonly has: Bitfield
  /** Pieces that it has been asked for and has not brought, by number. */
  readonly asked: ReadonlyMap<number, unknown>
}

/** What to ask of a neighbour; null: nothing for now. */
export function pieceFrom({ has, asked }: Holder, pieces: Pieces): number | null {
  const { have, rarity } = pieces
  const accept = (piece: number): boolean => has.has(piece)
  if (rarity.availableCount === 0)
    return asked.size > 0 ? null : pieces.drawBusy((piece) => has.has(piece) && !asked.has(piece))
  for (const piece of pieces.abandoned()) if (has.has(piece)) return piece
  return have.count === 0 ? rarity.findRandom(accept) : rarity.findRarest(accept)
}

/** What to ask of the web seed, which has everything; null: somebody brings each missing piece. It takes no part in the endgame. */
export function pieceFromWebSeed(order: WebSeedOrder, pieces: Pieces): number | null {
  switch (order) {
    case 'sequential':
      return pieces.firstMissing()
    case 'rarest':
      return pieces.rarity.findRarest(() => true)
  }
}

/** Whether the next piece may be asked of the web seed together with the first: nobody brings it, and it is as rare. */
export function followsForWebSeed(
  order: WebSeedOrder,
  { first, next }: { readonly first: number; readonly next: number },
  pieces: Pieces,
): boolean {
  const { rarity } = pieces
  if (next >= pieces.geometry.chunkCount || !rarity.isEligible(next) || pieces.bytesOf(next) > 0) return false
  switch (order) {
    case 'sequential':
      return true
    case 'rarest':
      return rarity.holderCount(next) <= rarity.holderCount(first)
  }
}
