/**
 * The topology server without its sockets: who is in which swarm, who is introduced to whom, what is relayed. Pure:
 * time, ids and ICE servers are handed in, so that the simulator runs the very same rooms.
 *
 * The driving contract: hand every input to `handle`, carry out the outputs in order, hand in a `tick` every few
 * seconds. After a `close` the connection is unknown here, and further inputs of it are ignored.
 *
 * Invariants: a `welcome` names only members with a live connection, never the newcomer itself. A signal passes only
 * between two that a `welcome` brought together. A join costs O(k), not O(members).
 */

import { invariant } from '../src/core/invariant.ts'
import type { FileFacts, PeerId } from '../src/core/types.ts'
import { MAX_INTRODUCTIONS, PROTOCOL_VERSION } from '../src/core/wire/limits.ts'
import type { UnknownMessage } from '../src/core/wire/topology-codec.ts'
import type {
  ClientMessage,
  IceServer,
  Join,
  ServerMessage,
  SignalTo,
  TopologyError,
} from '../src/core/wire/topology-messages.ts'
import { DEFAULT_ROOMS_LIMITS, type RoomsLimits } from './rooms-limits.ts'
import { SwarmDirectory } from './swarm-directory.ts'
import type { Group, Member } from './swarm-groups.ts'
import { TokenBucket } from './token-bucket.ts'

/** Names a connection, for as long as it is open. */
export type Connection = number

export type RoomsInput =
  | { readonly type: 'connected'; readonly connection: Connection; readonly addressPrefix: string }
  /** `message` as `parseClientMessage` gives it: null where it is malformed. */
  | {
      readonly type: 'message'
      readonly connection: Connection
      readonly message: ClientMessage | UnknownMessage | null
    }
  | { readonly type: 'disconnected'; readonly connection: Connection }
  | { readonly type: 'tick' }

export type RoomsOutput =
  | { readonly type: 'send'; readonly connection: Connection; readonly message: ServerMessage }
  | {
      readonly type: 'close'
      readonly connection: Connection
      readonly code: number
      readonly reason: string
    }

export interface RoomsOptions {
  /** Draws an id from 64 random bits. */
  readonly newPeerId: () => PeerId
  /** The ICE servers that this visitor is given. Default: none. */
  readonly iceServersFor?: (id: PeerId) => readonly IceServer[]
  /** The longest a socket may be silent, in ms: told to visitors; whoever owns the sockets sees to it. */
  readonly heartbeatMs: number
  readonly limits?: Partial<RoomsLimits>
}

export interface RoomsCounts {
  readonly connections: number
  readonly members: number
  readonly swarms: number
  /** Groups without members that are not forgotten yet. */
  readonly remembered: number
}

interface Visitor {
  readonly connection: Connection
  readonly addressPrefix: string
  readonly connectedAtMs: number
  readonly bucket: TokenBucket
  member: Member | null
}

/** Close codes of RFC 6455 §7.4.1, and 1013 of the IANA registry. */
const CLOSE = { normal: 1000, policy: 1008, tryAgainLater: 1013 } as const

/** How often an id is drawn again when it is taken. With 64 random bits not even a second draw is to be expected. */
const ID_DRAWS = 4

export class Rooms {
  private readonly options: RoomsOptions
  private readonly limits: RoomsLimits
  private readonly visitors = new Map<Connection, Visitor>()
  /** Those that have not joined yet, longest connected first. */
  private readonly unjoined = new Set<Visitor>()
  private readonly members = new Map<PeerId, Member>()
  private readonly directory: SwarmDirectory
  private outputs: RoomsOutput[] = []
  private nowMs = 0

  constructor(options: RoomsOptions) {
    this.options = options
    this.limits = { ...DEFAULT_ROOMS_LIMITS, ...options.limits }
    this.directory = new SwarmDirectory(this.limits)
    const { introductions } = this.limits
    invariant(
      introductions >= 1 && introductions <= MAX_INTRODUCTIONS,
      'A welcome has room for the introductions.',
    )
  }

  /** How much is held, for tests and for whoever watches the server. */
  get counts(): RoomsCounts {
    return {
      connections: this.visitors.size,
      members: this.members.size,
      swarms: this.directory.swarmCount,
      remembered: this.directory.rememberedCount,
    }
  }

  handle(input: RoomsInput, nowMs: number): readonly RoomsOutput[] {
    this.nowMs = nowMs
    this.outputs = []
    if (input.type === 'tick') this.tick()
    else if (input.type === 'connected') this.connected(input.connection, input.addressPrefix)
    else {
      const visitor = this.visitors.get(input.connection)
      if (visitor === undefined) return this.outputs
      if (input.type === 'disconnected') this.drop(visitor)
      else this.message(visitor, input.message)
    }
    return this.outputs
  }

  private connected(connection: Connection, addressPrefix: string): void {
    invariant(!this.visitors.has(connection), 'A connection connects once.')
    const bucket = new TokenBucket(this.limits.messages, this.nowMs)
    const visitor: Visitor = { connection, addressPrefix, connectedAtMs: this.nowMs, bucket, member: null }
    this.visitors.set(connection, visitor)
    this.unjoined.add(visitor)
  }

  private message(visitor: Visitor, message: ClientMessage | UnknownMessage | null): void {
    if (!visitor.bucket.take(this.nowMs)) return this.refuse(visitor, 'rate', 'Too many messages a second.')
    if (message === null) return this.refuse(visitor, 'malformed', 'The message is not one of this protocol.')
    switch (message.type) {
      case 'join':
        return this.join(visitor, message)
      case 'facts':
        return this.factsReported(visitor, message.facts)
      case 'signal':
        return this.relay(visitor, message)
      case 'leave':
        return this.close(visitor, CLOSE.normal, 'left')
      case 'ping':
        return this.send(visitor.connection, { type: 'pong' })
      case 'unknown':
        return
    }
  }

  private tick(): void {
    this.directory.expire(this.nowMs)
    for (const visitor of this.unjoined) {
      if (this.nowMs - visitor.connectedAtMs < this.limits.joinWithinMs) return
      this.refuse(visitor, 'malformed', 'No join came in time.')
    }
  }

  // ------------------------------------------------------------------------------------------------ joining

  private join(visitor: Visitor, { version, locator, facts }: Join): void {
    if (visitor.member !== null) return this.refuse(visitor, 'malformed', 'A socket joins once.')
    if (version !== PROTOCOL_VERSION) {
      return this.refuse(visitor, 'version', `This server speaks version ${PROTOCOL_VERSION}.`)
    }
    const id = this.freshId()
    const placement = id === null ? null : this.directory.placeNewcomer(locator, facts)
    if (id === null || placement === null)
      return this.refuse(visitor, 'full', 'There is no room in this swarm.')
    const { connection, addressPrefix } = visitor
    const { group } = placement
    const introduced = new Set<PeerId>()
    const member = { id, connection, addressPrefix, introduced, group, registration: null, confirmed: false }
    visitor.member = member
    this.unjoined.delete(visitor)
    this.members.set(id, member)
    if (placement.settled) this.tellFacts(group, member)
    this.enter(group, member)
    if (facts !== null) group.swarm.confirm(member, facts)
  }

  private factsReported(visitor: Visitor, facts: FileFacts): void {
    const { member } = visitor
    if (member === null) return this.refuse(visitor, 'malformed', 'A socket joins before it reports facts.')
    const { swarm } = member.group
    const placement = this.directory.place(swarm, facts)
    if (placement === null) return this.refuse(visitor, 'full', 'There are too many versions of this file.')
    if (placement.settled) this.tellFacts(placement.group, member)
    if (placement.group !== member.group) {
      this.exit(member)
      this.enter(placement.group, member)
    }
    swarm.confirm(member, facts)
  }

  private tellFacts(group: Group, reporter: Member): void {
    if (group.facts === null) return
    const notice: ServerMessage = { type: 'facts', facts: group.facts }
    for (const member of group.registrants) if (member !== reporter) this.send(member.connection, notice)
  }

  /** Registers a member in a group, introduces it to the latest there, and welcomes it. */
  private enter(group: Group, member: Member): void {
    const introduced = group.registrants.sample(this.limits.introductions)
    member.group = group
    member.registration = group.registrants.add(member, member.addressPrefix)
    this.directory.entered(group)
    for (const other of introduced) {
      this.remember(member, other.id)
      this.remember(other, member.id)
    }
    this.send(member.connection, {
      type: 'welcome',
      version: PROTOCOL_VERSION,
      id: member.id,
      joinIndex: group.joinCount++,
      swarmSize: group.registrants.size,
      peers: introduced.map(({ id }) => id),
      facts: group.facts,
      iceServers: this.options.iceServersFor?.(member.id) ?? [],
      heartbeatMs: this.options.heartbeatMs,
    })
  }

  private exit(member: Member): void {
    const { group, registration } = member
    invariant(registration !== null, 'Only who has entered can leave.')
    group.registrants.remove(registration)
    member.registration = null
    if (member.confirmed) group.confirmedCount--
    member.confirmed = false
    this.directory.left(group, this.nowMs)
  }

  private freshId(): PeerId | null {
    for (let draw = 0; draw < ID_DRAWS; draw++) {
      const id = this.options.newPeerId()
      if (!this.members.has(id)) return id
    }
    return null
  }

  // ----------------------------------------------------------------------------------------------- relaying

  private relay(visitor: Visitor, { to, data }: SignalTo): void {
    const sender = visitor.member
    if (sender === null) return this.refuse(visitor, 'malformed', 'A socket joins before it signals.')
    const receiver = this.members.get(to)
    if (receiver === undefined) {
      if (sender.introduced.delete(to)) this.send(sender.connection, { type: 'gone', peer: to })
    } else if (sender.introduced.has(to) || receiver.introduced.has(sender.id)) {
      this.send(receiver.connection, { type: 'signal', from: sender.id, data })
    }
  }

  /** Keeps that these two may signal each other; it takes only one of them to remember. */
  private remember({ introduced }: Member, peer: PeerId): void {
    introduced.add(peer)
    if (introduced.size <= this.limits.introductionsPerMember) return
    for (const oldest of introduced) {
      introduced.delete(oldest)
      return
    }
  }

  // ------------------------------------------------------------------------------------------------ leaving

  private refuse(visitor: Visitor, code: TopologyError['code'], sentence: string): void {
    this.send(visitor.connection, { type: 'error', code, sentence })
    this.close(visitor, code === 'full' ? CLOSE.tryAgainLater : CLOSE.policy, code)
  }

  private close(visitor: Visitor, code: number, reason: string): void {
    this.outputs.push({ type: 'close', connection: visitor.connection, code, reason })
    this.drop(visitor)
  }

  private drop(visitor: Visitor): void {
    this.visitors.delete(visitor.connection)
    this.unjoined.delete(visitor)
    if (visitor.member === null) return
    this.members.delete(visitor.member.id)
    this.exit(visitor.member)
  }

  private send(connection: Connection, message: ServerMessage): void {
    this.outputs.push({ type: 'send', connection, message })
  }
}
