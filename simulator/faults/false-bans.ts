/** Honest peers that a session has banned: a ban needs a wrong chunk or a broken protocol, and honest peers do neither. */

import type { Session } from '../../src/core/session.ts'
import type { PeerId } from '../../src/core/types.ts'
import { isHostile, type Role } from './roles.ts'

/** Everybody who ever had an id. */
export type Roster = ReadonlyMap<PeerId, Role>

export function falseBans(session: Session, roster: Roster): readonly PeerId[] {
  const banned = session['mesh'].neighbourhood['banned']
  return [...banned].filter((peer) => {
    const role = roster.get(peer)
    return role !== undefined && !isHostile(role)
  })
}
