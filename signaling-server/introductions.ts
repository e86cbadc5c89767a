/** Who may signal whom: two that a welcome brought together, as long as one of them is remembered to have met the other. */

import type { PeerId } from '../src/core/types.ts'

export interface Acquaintance {
  readonly id: PeerId
  /** Peers that this one was introduced to or that were introduced to it, oldest first. */
  readonly introduced: Set<PeerId>
}

/** Notes that these two met; each remembers `limit` others, and forgets the oldest. */
export function introduce(one: Acquaintance, other: Acquaintance, limit: number): void {
  remember(one, other.id, limit)
  remember(other, one.id, limit)
}

export function haveMet(one: Acquaintance, other: Acquaintance): boolean {
  return one.introduced.has(other.id) || other.introduced.has(one.id)
}

function remember({ introduced }: Acquaintance, peer: PeerId, limit: number): void {
  introduced.add(peer)
  if (introduced.size <= limit) return
  for (const oldest of introduced) {
    introduced.delete(oldest)
    return
  }
}
