/**
 * All swarms of a server by their locators, and the memory of groups that have emptied: for a while their facts, counts
 * and k are kept, so that a reload or a gap between two visitors does not start a swarm from nothing.
 */

import type { FileFacts, Locator } from '../src/core/types.ts'
import type { RoomsLimits } from './rooms-limits.ts'
import { SwarmGroups, type Group } from './swarm-groups.ts'

export interface Placement {
  readonly group: Group
  /** The members of this group waited for facts, and have them as of now. */
  readonly settled: boolean
}

export class SwarmDirectory {
  private readonly limits: RoomsLimits
  private readonly swarms = new Map<Locator, SwarmGroups>()
  /** Groups without sockets, longest empty first. */
  private readonly emptied = new Set<Group>()

  constructor(limits: RoomsLimits) {
    this.limits = limits
  }

  get swarmCount(): number {
    return this.swarms.size
  }

  get rememberedCount(): number {
    return this.emptied.size
  }

  /** The group for a newcomer; null where there is no room. The caller enters it at once. */
  placeNewcomer(locator: Locator, facts: FileFacts | null): Placement | null {
    const swarm = this.swarmFor(locator)
    return swarm === null || swarm.memberCount >= this.limits.membersPerSwarm
      ? null
      : this.place(swarm, facts)
  }

  /**
   * The group that these facts (null: no knowledge) lead to; null where one group more would be too many. The caller
   * enters it at once.
   */
  place(swarm: SwarmGroups, facts: FileFacts | null): Placement | null {
    const known = facts === null ? swarm.groupToTrust() : swarm.find(facts)
    // It is not to be forgotten before the caller enters it.
    if (known !== null) this.emptied.delete(known)
    if (facts === null || swarm.waiting === null) return unsettled(known ?? this.found(swarm, facts))
    return { group: swarm.settle(facts, known), settled: true }
  }

  /** The group has a member with a socket more. */
  entered(group: Group): void {
    group.swarm.memberCount++
    group.emptiedAtMs = null
    this.emptied.delete(group)
  }

  /** The group has a member with a socket less. */
  left(group: Group, nowMs: number): void {
    group.swarm.memberCount--
    if (!group.isEmpty) return
    group.emptiedAtMs = nowMs
    this.emptied.add(group)
    if (this.emptied.size > this.limits.remembered) this.forgetOldest()
  }

  /** Forgets the groups that have been empty for too long. */
  expire(nowMs: number): void {
    for (const { emptiedAtMs } of this.emptied) {
      if (emptiedAtMs === null || nowMs - emptiedAtMs < this.limits.rememberMs) return
      this.forgetOldest()
    }
  }

  private swarmFor(locator: Locator): SwarmGroups | null {
    const known = this.swarms.get(locator)
    if (known !== undefined) return known
    while (this.swarms.size >= this.limits.swarms && this.emptied.size > 0) this.forgetOldest()
    if (this.swarms.size >= this.limits.swarms) return null
    const swarm = new SwarmGroups(locator, this.limits)
    this.swarms.set(locator, swarm)
    return swarm
  }

  private found(swarm: SwarmGroups, facts: FileFacts | null): Group | null {
    if (swarm.groupCount < this.limits.groupsPerSwarm) return swarm.found(facts)
    const { emptied } = swarm
    if (emptied === null) return null
    this.emptied.delete(emptied)
    swarm.forget(emptied)
    return swarm.found(facts)
  }

  private forgetOldest(): void {
    for (const group of this.emptied) {
      this.emptied.delete(group)
      group.swarm.forget(group)
      if (group.swarm.groupCount === 0) this.swarms.delete(group.swarm.locator)
      return
    }
  }
}

function unsettled(group: Group | null): Placement | null {
  return group === null ? null : { group, settled: false }
}
