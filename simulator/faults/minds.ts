/** Which mind goes with which role. */

import type { Session } from '../../src/core/session.ts'
import { Forger } from './forger.ts'
import { FreeRider } from './free-rider.ts'
import { Liar } from './liar.ts'
import type { Means, Mind } from './mind.ts'
import type { Role } from './roles.ts'
import { Staller } from './staller.ts'

export function mindOf(role: Role, session: Session, means: () => Means): Mind {
  switch (role) {
    case 'honest':
    case 'polluter':
      return session
    case 'freeRider':
      return new FreeRider(means())
    case 'liar':
      return new Liar(means())
    case 'staller':
      return new Staller(means())
    case 'forger':
      return new Forger(means())
  }
}
