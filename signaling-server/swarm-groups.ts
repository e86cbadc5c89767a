/**
 * The members of one locator, in groups that agree on what the file is: size, chunk size and validator (or none).
 * A Merkle root leads to a group as well, whatever the validator, so that visitors of mirrors and of CDN nodes with
 * other ETags meet. Those who do not know the file yet wait together until one of them finds out.
 *
 * Invariant: while anybody waits, no group with facts has members. So there is never a choice between telling the
 * waiting and moving them.
 */

import { invariant } from '../src/core/invariant.ts'
import type { FileFacts, Locator, PeerId } from '../src/core/types.ts'
import { GroupSize } from './group-size.ts'
import { Hearsay } from './hearsay.ts'
import { Registrants, type Registration, type WindowLimits } from './registrants.ts'

/** A visitor that has joined and has a socket. */
export interface Member {
  readonly id: PeerId
  readonly connection: number
  /** Whether it was in the swarm before, as far as it says. */
  readonly isNewcomer: boolean
  readonly addressPrefix: string
  /** Peers that this one was introduced to or that were introduced to it, oldest first. */
  readonly introduced: Set<PeerId>
  group: Group
  /** Its place in the group; null before it enters. */
  registration: Registration<Member> | null
  /** It said its group's facts itself, and was not merely told them. */
  confirmed: boolean
  /** It was told that it may give its socket up. */
  released: boolean
}

export class Group {
  readonly swarm: SwarmGroups
  /** Members with a socket. */
  readonly registrants: Registrants<Member>
  /** Counts the members with and without. */
  readonly size: GroupSize
  /** The k that its members last saw settled. */
  readonly seats: Hearsay = new Hearsay()
  /** Null while its members wait for the first of them to find out. */
  facts: FileFacts | null
  /** What the group is found by; `swarm` keeps these. */
  readonly keys: string[] = []
  /** How many have joined so far, the gone included, and those who were here before a restart of the server. */
  joinCount = 0
  /** Members that said the facts themselves. */
  confirmedCount = 0
  /** Orders groups by their latest confirmation. */
  lastConfirmation = 0
  /** When its last member with a socket left; null while it has any. */
  emptiedAtMs: number | null = null

  constructor(swarm: SwarmGroups, facts: FileFacts | null, limits: WindowLimits) {
    this.swarm = swarm
    this.facts = facts
    this.registrants = new Registrants(limits)
    this.size = new GroupSize(limits.window)
  }

  /** No member has a socket. */
  get isEmpty(): boolean {
    return this.registrants.size === 0
  }
}

/** Most roots that lead to one group (guess). An honest group has one. */
const MAX_ROOTS_PER_GROUP = 8

export class SwarmGroups {
  readonly locator: Locator
  /** Members with a socket. */
  memberCount = 0
  private readonly limits: WindowLimits
  private readonly groups = new Set<Group>()
  private readonly byKey = new Map<string, Group>()
  private undetermined: Group | null = null
  private confirmations = 0

  constructor(locator: Locator, limits: WindowLimits) {
    this.locator = locator
    this.limits = limits
  }

  get groupCount(): number {
    return this.groups.size
  }

  /** A group that is only remembered; null where every group has members. */
  get emptied(): Group | null {
    for (const group of this.groups) if (group.isEmpty) return group
    return null
  }

  /** Where these facts lead: by their root, else by what the origin says of the file. */
  find(facts: FileFacts): Group | null {
    const byRoot = facts.root === null ? undefined : this.byKey.get(rootKey(facts, facts.root))
    return byRoot ?? this.byKey.get(originKey(facts)) ?? null
  }

  /** Makes a group. There must not be one that the facts lead to. */
  found(facts: FileFacts | null): Group {
    const group = new Group(this, facts, this.limits)
    this.groups.add(group)
    if (facts === null) this.undetermined = group
    else this.addKey(group, originKey(facts))
    return group
  }

  /**
   * For a visitor that knows nothing: the group with facts that most members vouch for, among equals the one
   * confirmed last; else those who wait, if there is such a group. Members that were merely told the facts do not
   * count, or one wrong report in a cold swarm would draw in everybody after it.
   */
  groupToTrust(): Group | null {
    let best: Group | null = null
    for (const group of this.groups) {
      if (group.facts === null || group.isEmpty) continue
      if (best === null || vouching(group, best) > 0) best = group
    }
    return best ?? this.undetermined
  }

  /** The group in which members wait for facts; null where nobody does. */
  get waiting(): Group | null {
    return this.undetermined === null || this.undetermined.isEmpty ? null : this.undetermined
  }

  /** The waiting have their facts: their group takes them, and the place of the emptied group they lead to, if any. */
  settle(facts: FileFacts, emptied: Group | null): Group {
    const group = this.undetermined
    invariant(group !== null && (emptied === null || emptied.isEmpty), 'Only the waiting take over a group.')
    if (emptied !== null) {
      group.joinCount += emptied.joinCount
      group.size.absorb(emptied.size)
      group.seats.absorb(emptied.seats)
      this.forget(emptied)
    }
    this.undetermined = null
    group.facts = facts
    this.addKey(group, originKey(facts))
    return group
  }

  /** The member says these facts itself; the group they led to is its own. */
  confirm(member: Member, facts: FileFacts): void {
    const { group } = member
    group.lastConfirmation = ++this.confirmations
    if (!member.confirmed) group.confirmedCount++
    member.confirmed = true
    if (facts.root === null || group.keys.length > MAX_ROOTS_PER_GROUP) return
    const key = rootKey(facts, facts.root)
    if (!this.byKey.has(key)) this.addKey(group, key)
  }

  forget(group: Group): void {
    this.groups.delete(group)
    if (this.undetermined === group) this.undetermined = null
    for (const key of group.keys) this.byKey.delete(key)
    group.keys.length = 0
  }

  private addKey(group: Group, key: string): void {
    this.byKey.set(key, group)
    group.keys.push(key)
  }
}

/** Positive where `group` is more to be trusted than `other`. Confirmations are numbered, so no two are equal. */
function vouching(group: Group, other: Group): number {
  return group.confirmedCount - other.confirmedCount || group.lastConfirmation - other.lastConfirmation
}

function originKey({ sizeBytes, chunkBytes, validator }: FileFacts): string {
  return `origin ${sizeBytes} ${chunkBytes} ${validator === null ? 'none' : `"${validator}"`}`
}

function rootKey({ sizeBytes, chunkBytes }: FileFacts, root: string): string {
  return `root ${sizeBytes} ${chunkBytes} ${root}`
}
