/** A visitor among neighbours, from Anna on, and the strangers of whom the mesh speaks to it. */

import type { FileFacts, PeerId } from '../../../src/core/types.ts'
import type { Update } from '../../../src/core/wire/peer-messages.ts'
import { bitsOf, fileOf, peer, range } from './shapes.ts'
import { lateVisitor, type Visitor, type VisitorOptions } from './visitor.ts'

export const CHUNKS = 20
export const FACTS: FileFacts = fileOf(CHUNKS)
export const ANNA: PeerId = peer(1)
export const BERT: PeerId = peer(2)
export const STRANGERS: readonly PeerId[] = range(0x70, 0x90).map(peer)

/** Has so many neighbours, from Anna on, of whom it knows by no topology server. It downloads. */
export function leecherAmong(count: number, options: VisitorOptions = {}): Visitor {
  const visitor = lateVisitor(CHUNKS, options)
  for (const number of range(1, count + 1)) visitor.meet(peer(number), FACTS)
  return visitor
}

/** The same, and its download rests, so that only the mesh counts. */
export function visitorAmong(count: number, options: VisitorOptions = {}): Visitor {
  const visitor = leecherAmong(count, options)
  visitor.handle({ type: 'pause' })
  return visitor
}

export function updateOf(about: PeerId, chunks: readonly number[] = [0], sequence = 1): Update {
  return { type: 'update', peer: about, sequence, hops: 2, degree: 3, bits: bitsOf(chunks, CHUNKS) }
}

/** The mesh speaks of these peers, through Anna, a few a second, as it may. */
export function hearOf(
  visitor: Visitor,
  peers: readonly PeerId[],
  chunks: readonly number[] = [0],
  sequence = 1,
): void {
  for (const about of peers) {
    visitor.pass(200)
    visitor.hear(ANNA, updateOf(about, chunks, sequence))
  }
}

export function connects(visitor: Visitor): PeerId[] {
  return visitor.all('connect').map(({ peer: to }) => to)
}
