/**
 * What a visitor is to the others. Each has one role; who has which is drawn by the seed.
 */

import type { Random } from '../../src/core/random.ts'
import type { Trouble } from './trouble.ts'

export type Role = 'honest' | 'freeRider' | 'polluter' | 'liar' | 'staller' | 'forger'

/** Those drawn beside the polluters, in order. */
const DRAWN = ['liar', 'staller', 'forger', 'freeRider'] as const satisfies readonly Role[]

/** It does harm on purpose. A free rider only gives nothing. */
export function isHostile(role: Role): boolean {
  return role !== 'honest' && role !== 'freeRider'
}

/** Whether the run is about its download, too: a hostile client may ruin its own. */
export function mustFinish(role: Role): boolean {
  return role === 'honest' || role === 'freeRider' || role === 'polluter'
}

/** What it is asked for never comes, and it does not say so. */
export function keepsWaiting(role: Role): boolean {
  return role === 'liar' || role === 'staller'
}

/** As many of each role as its share says, of those that are not taken yet. */
export function dealRoles(
  count: number,
  trouble: Trouble | undefined,
  polluters: ReadonlySet<number>,
  random: Random,
): readonly Role[] {
  const roles: Role[] = Array.from({ length: count }, (_, index) =>
    polluters.has(index) ? 'polluter' : 'honest',
  )
  const free = roles.flatMap((role, index) => (role === 'honest' ? [index] : []))
  for (const role of DRAWN) {
    const wanted = Math.round(count * shareOf(role, trouble))
    for (let dealt = 0; dealt < wanted && free.length > 0; dealt++) {
      const [index] = free.splice(random.below(free.length), 1)
      if (index !== undefined) roles[index] = role
    }
  }
  return roles
}

/** The role of one who comes in place of another. */
export function drawRole(trouble: Trouble | undefined, isPolluter: boolean, random: Random): Role {
  if (isPolluter) return 'polluter'
  if (DRAWN.every((role) => shareOf(role, trouble) === 0)) return 'honest'
  let rest = random.fraction()
  return DRAWN.find((role) => (rest -= shareOf(role, trouble)) < 0) ?? 'honest'
}

function shareOf(role: (typeof DRAWN)[number], trouble: Trouble | undefined): number {
  switch (role) {
    case 'liar':
      return trouble?.liarsShare ?? 0
    case 'staller':
      return trouble?.stallersShare ?? 0
    case 'forger':
      return trouble?.forgersShare ?? 0
    case 'freeRider':
      return trouble?.freeRidersShare ?? 0
  }
}
