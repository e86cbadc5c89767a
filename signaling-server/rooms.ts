/**
 * The topology server without its sockets: who is in which swarm, who is introduced to whom, what is relayed. Pure:
 * time, ids, tokens, chance and ICE servers are handed in, so that the simulator runs the very same rooms.
 *
 * The driving contract: hand every input to `handle`, carry out the outputs in order, hand in a `tick` every few
 * seconds. After a `close` the connection is unknown here, and further inputs of it are ignored.
 *
 * Invariants: a `welcome` names only members with a live connection, never the newcomer itself. A signal passes only
 * between two that a `welcome` brought together. A join costs O(k), not O(members). Of members without a socket nothing
 * is kept but a count.
 */

import { invariant } from '../src/core/invariant.ts'
import type { FileFacts, PeerId } from '../src/core/types.ts'
import { MAX_INTRODUCTIONS, PROTOCOL_VERSION } from '../src/core/wire/limits.ts'
import { MAX_WINDOW, type UnknownMessage } from '../src/core/wire/topology-codec.ts'
import type {
  ClientMessage,
  Join,
  Resume,
  ServerMessage,
  SignalTo,
  TopologyError,
} from '../src/core/wire/topology-messages.ts'
import { Membership } from './membership.ts'
import type { Connection, RoomsCounts, RoomsInput, RoomsOptions, RoomsOutput } from './rooms-io.ts'
import { haveMet } from './introductions.ts'
import { DEFAULT_ROOMS_LIMITS, type RoomsLimits } from './rooms-limits.ts'
import { SwarmDirectory } from './swarm-directory.ts'
import type { Group, Member } from './swarm-groups.ts'
import { TokenBucket } from '../src/core/token-bucket.ts'

export type { Connection, RoomsCounts, RoomsInput, RoomsOptions, RoomsOutput } from './rooms-io.ts'

interface Admission {
  readonly group: Group
  /** The same member on its socket before; null where that is closed. */
  readonly before: Member | null
  readonly isNewcomer: boolean
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

/** What becomes of a member that loses its socket. */
type Parting = 'left' | 'lost' | 'detached'

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
  private readonly membership: Membership
  private outputs: RoomsOutput[] = []
  private nowMs = 0

  constructor(options: RoomsOptions) {
    this.options = options
    this.limits = { ...DEFAULT_ROOMS_LIMITS, ...options.limits }
    this.directory = new SwarmDirectory(this.limits)
    const { limits, directory } = this
    const send = this.send.bind(this)
    this.membership = new Membership({ options, limits, directory, send })
    const { introductions, window } = this.limits
    invariant(
      introductions >= 1 && introductions <= MAX_INTRODUCTIONS,
      'A welcome has room for the introductions.',
    )
    invariant(window >= 1 && window <= MAX_WINDOW, 'A welcome has room for the window.')
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
      if (input.type === 'disconnected') this.drop(visitor, visitor.member?.released ? 'detached' : 'lost')
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
        return this.close(visitor, CLOSE.normal, 'left', 'left')
      case 'detach':
        return this.close(visitor, CLOSE.normal, 'detached', 'detached')
      case 'ping':
        return this.pong(visitor)
      case 'unknown':
        return
    }
  }

  private pong({ connection, member }: Visitor): void {
    const swarmSize =
      member === null ? null : member.group.size.estimate(member.group.registrants.size, this.nowMs)
    this.send(connection, { type: 'pong', swarmSize })
  }

  private tick(): void {
    this.directory.expire(this.nowMs)
    this.membership.tick(this.nowMs)
    for (const visitor of this.unjoined) {
      if (this.nowMs - visitor.connectedAtMs < this.limits.joinWithinMs) return
      this.refuse(visitor, 'malformed', 'No join came in time.')
    }
  }

  // ------------------------------------------------------------------------------------------------ joining

  private join(visitor: Visitor, join: Join): void {
    if (visitor.member !== null) return this.refuse(visitor, 'malformed', 'A socket joins once.')
    if (join.version !== PROTOCOL_VERSION) {
      return this.refuse(visitor, 'version', `This server speaks version ${PROTOCOL_VERSION}.`)
    }
    const { locator, facts, resume = null, seats = null } = join
    const told = resume === null ? null : this.options.tokens.read(resume.id, resume.token)
    const id = resume !== null && told !== null ? resume.id : this.freshId()
    const before = id === null ? null : this.replaceSocketOf(id)
    const placement = id === null ? null : this.directory.placeNewcomer(locator, facts)
    if (id === null || placement === null)
      return this.refuse(visitor, 'full', 'There is no room in this swarm.')
    const { group } = placement
    const member = this.admit(visitor, id, { group, before, isNewcomer: resume === null })
    if (placement.settled) this.membership.tellFacts(group, member)
    if (seats !== null) group.seats.tell(visitor.addressPrefix, seats)
    if (resume === null || before !== null) group.size.joined(this.nowMs)
    else if (told === null) this.recall(group, member, resume)
    else group.size.cameBack({ ...resume, told }, group.registrants.size + 1, this.nowMs)
    this.membership.enter(group, member, this.nowMs)
    if (facts !== null) group.swarm.confirm(member, facts)
  }

  /** A member of before the server's latest start: it counts as one that joined, but is no newcomer. */
  private recall(group: Group, { addressPrefix }: Member, { swarmSize }: Resume): void {
    group.joinCount++
    group.size.recall(addressPrefix, swarmSize, group.registrants.size + 1, this.nowMs)
  }

  /** Who has come back before its old socket was seen to be dead. */
  private replaceSocketOf(id: PeerId): Member | null {
    const member = this.members.get(id)
    const visitor = member === undefined ? undefined : this.visitors.get(member.connection)
    if (member === undefined || visitor === undefined) return null
    this.close(visitor, CLOSE.normal, 'replaced', 'left')
    return member
  }

  private admit(visitor: Visitor, id: PeerId, admission: Admission): Member {
    const { group, before, isNewcomer } = admission
    const member: Member = {
      id,
      connection: visitor.connection,
      addressPrefix: visitor.addressPrefix,
      isNewcomer,
      introduced: before?.introduced ?? new Set(),
      group,
      registration: null,
      confirmed: false,
      released: false,
    }
    visitor.member = member
    this.unjoined.delete(visitor)
    this.members.set(id, member)
    return member
  }

  private factsReported(visitor: Visitor, facts: FileFacts): void {
    const { member } = visitor
    if (member === null) return this.refuse(visitor, 'malformed', 'A socket joins before it reports facts.')
    const { swarm } = member.group
    const placement = this.directory.place(swarm, facts)
    if (placement === null) return this.refuse(visitor, 'full', 'There are too many versions of this file.')
    if (placement.settled) this.membership.tellFacts(placement.group, member)
    if (placement.group !== member.group) {
      this.membership.exit(member, this.nowMs)
      member.group.size.left()
      placement.group.size.joined(this.nowMs)
      this.membership.enter(placement.group, member, this.nowMs)
    }
    swarm.confirm(member, facts)
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
    } else if (haveMet(sender, receiver)) {
      this.send(receiver.connection, { type: 'signal', from: sender.id, data })
    }
  }

  // ------------------------------------------------------------------------------------------------ leaving

  private refuse(visitor: Visitor, code: TopologyError['code'], sentence: string): void {
    this.send(visitor.connection, { type: 'error', code, sentence })
    this.close(visitor, code === 'full' ? CLOSE.tryAgainLater : CLOSE.policy, code, 'lost')
  }

  private close(visitor: Visitor, code: number, reason: string, parting: Parting): void {
    this.outputs.push({ type: 'close', connection: visitor.connection, code, reason })
    this.drop(visitor, parting)
  }

  private drop(visitor: Visitor, parting: Parting): void {
    this.visitors.delete(visitor.connection)
    this.unjoined.delete(visitor)
    const { member } = visitor
    if (member === null) return
    this.members.delete(member.id)
    this.membership.exit(member, this.nowMs)
    const { size } = member.group
    if (parting === 'left') size.left()
    else if (parting === 'lost') size.lost(member.id, this.nowMs)
    else size.detached(this.nowMs)
  }

  private send(connection: Connection, message: ServerMessage): void {
    this.outputs.push({ type: 'send', connection, message })
  }
}
