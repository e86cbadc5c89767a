/**
 * Which part a deadline is for.
 */

import type { DeadlineName } from './deadlines.ts'
import type { Mesh } from './mesh/mesh.ts'
import type { Origins } from './origin/origins.ts'
import type { Registration } from './registration.ts'

export interface RingingParts {
  readonly mesh: Mesh
  readonly origins: Origins
  readonly registration: Registration
}

/** The deadline has come. That of arriving is the session's own. */
export function ring(due: Exclude<DeadlineName, 'arrival'>, parts: RingingParts): void {
  switch (due) {
    // Every origin has these for itself.
    case 'coin':
    case 'listen':
    case 'retry':
    case 'originStall':
    case 'claim':
      return
    case 'meshStall':
      return parts.mesh.requests.onStallDeadline()
    case 'service':
      return parts.mesh.service.serveMore()
    case 'probe':
      return parts.mesh.pacing.onDeadline()
    // Looked at after every input.
    case 'leave':
      return
    case 'beginning':
      return parts.mesh.neighbourhood.onBeginningDeadline()
    case 'reconnect':
      return parts.mesh.neighbourhood.onReconnectDeadline()
    case 'hello':
      return parts.mesh.neighbourhood.hellos.onDeadline()
    case 'rewire':
      return parts.mesh.rewiring.onDeadline()
    case 'register':
      return parts.registration.onDeadline()
    case 'flood':
      return parts.mesh.floods.onDeadline()
    case 'announce':
      return parts.mesh.announcer.onDeadline()
    case 'update':
      return parts.mesh.updates.onDeadline()
    case 'known':
      return parts.origins.known.onDeadline()
  }
}
