/**
 * The members with a socket in their groups: entering one, which brings a `welcome`, falling out of its window, which
 * brings a `released`, and parting.
 */

import { invariant } from '../src/core/invariant.ts'
import { MAX_SEATS, PROTOCOL_VERSION } from '../src/core/wire/limits.ts'
import type { ServerMessage } from '../src/core/wire/topology-messages.ts'
import { introduce } from './introductions.ts'
import type { Connection, RoomsOptions } from './rooms-io.ts'
import type { RoomsLimits } from './rooms-limits.ts'
import type { SwarmDirectory } from './swarm-directory.ts'
import type { Group, Member } from './swarm-groups.ts'

export interface MembershipPorts {
  readonly options: RoomsOptions
  readonly limits: RoomsLimits
  readonly directory: SwarmDirectory
  readonly send: (connection: Connection, message: ServerMessage) => void
}

export class Membership {
  private readonly ports: MembershipPorts
  /** Groups with more registrations inside their window than it holds. */
  private readonly crowded = new Set<Group>()

  constructor(ports: MembershipPorts) {
    this.ports = ports
  }

  /** Registers a member in a group that counts it already, introduces it to some there, and welcomes it. */
  enter(group: Group, member: Member, nowMs: number): void {
    const { options, limits, directory } = this.ports
    const introduced = group.registrants.sample(limits.introductions, options.random)
    for (const other of introduced) introduce(member, other, limits.introductionsPerMember)
    member.group = group
    member.released = false
    member.registration = group.registrants.add(member, member.addressPrefix, nowMs)
    directory.entered(group)
    const { id, isNewcomer } = member
    const swarmSize = group.size.estimate(group.registrants.size, nowMs)
    this.ports.send(member.connection, {
      type: 'welcome',
      version: PROTOCOL_VERSION,
      id,
      token: options.tokens.issue(id, swarmSize),
      joinIndex: isNewcomer ? group.joinCount++ : Math.max(MAX_SEATS, group.joinCount),
      swarmSize,
      window: limits.window,
      seats: group.seats.median,
      peers: introduced.map((other) => other.id),
      facts: group.facts,
      iceServers: options.iceServersFor?.(id) ?? [],
      heartbeatMs: options.heartbeatMs,
    })
    this.release(group, nowMs)
  }

  /** Takes a member's registration out of its group; whether the group still counts it is for the caller to say. */
  exit(member: Member, nowMs: number): void {
    const { group, registration } = member
    invariant(registration !== null, 'Only who has entered can leave.')
    group.registrants.remove(registration)
    member.registration = null
    if (member.confirmed) group.confirmedCount--
    member.confirmed = false
    this.ports.directory.left(group, nowMs)
  }

  tellFacts(group: Group, reporter: Member): void {
    if (group.facts === null) return
    const notice: ServerMessage = { type: 'facts', facts: group.facts }
    for (const member of group.registrants)
      if (member !== reporter) this.ports.send(member.connection, notice)
  }

  /** Time alone pushes members out of a crowded window. */
  tick(nowMs: number): void {
    for (const group of this.crowded) this.release(group, nowMs)
  }

  private release(group: Group, nowMs: number): void {
    const fallen = group.registrants.shrink(nowMs)
    const swarmSize = group.size.estimate(group.registrants.size, nowMs)
    for (const member of fallen) {
      member.released = true
      this.ports.send(member.connection, { type: 'released', swarmSize })
    }
    if (group.registrants.isCrowded) this.crowded.add(group)
    else this.crowded.delete(group)
  }
}
