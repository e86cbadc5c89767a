/**
 * One visitor's machine: runs a session as src/browser/driver.ts does, over a simulated line, links and socket.
 */

import { Session } from '../src/core/session.ts'
import type { ChunkSource, SessionConfig, SessionInput, SessionOutput } from '../src/core/session-io.ts'
import type { PeerId } from '../src/core/types.ts'
import type { ServerMessage } from '../src/core/wire/topology-messages.ts'
import { digestOf } from './digests.ts'
import { Downlink } from './downlink.ts'
import type { Actor, EventHandle } from './event-queue.ts'
import type { Mind } from './faults/mind.ts'
import { mindOf } from './faults/minds.ts'
import { RequestWatch } from './faults/request-watch.ts'
import { keepsWaiting, type Role } from './faults/roles.ts'
import { SimLinks, type SimSignal } from './links.ts'
import type { Visitor } from './population.ts'
import { HostRuns } from './runs.ts'
import { SimSocket } from './sim-socket.ts'
import { Uplink } from './uplink.ts'
import type { Machine, SimPayload } from './machine.ts'
import type { World } from './world.ts'

export class Host implements Actor<null>, Machine {
  readonly world: World
  readonly index: number
  readonly session: Session
  readonly isPolluter: boolean
  readonly role: Role
  readonly links: SimLinks
  readonly uplink: Uplink
  readonly downBytesPerMs: number
  peerId: PeerId | null = null
  isAlive: boolean = true
  /** It has the whole file. */
  isSeed: boolean = false
  bytesFromPeers = 0
  /** Hosts that are sending us a chunk. */
  senders = 0
  private readonly mind: Mind
  /** Where somebody keeps others waiting on purpose. */
  private readonly watch: RequestWatch | null
  private readonly runs: HostRuns
  private readonly socket: SimSocket
  private readonly downlink: Downlink
  /** The event that rings for the session's next deadline, or earlier. */
  private alarm: EventHandle | null = null
  /** What outputs cause at once is handed in after them, never in between. */
  private readonly pending: SessionInput[] = []
  private isFeeding = false
  /** Chunks assembled from a sender whose bytes are not the origin's, by sender and chunk. */
  private readonly spoilt = new Set<string>()

  constructor(world: World, visitor: Visitor, config: SessionConfig) {
    this.world = world
    this.index = visitor.index
    this.isPolluter = visitor.isPolluter
    this.downBytesPerMs = visitor.link.downBytesPerSec / 1000
    this.role = visitor.role
    this.session = new Session(config)
    this.mind = mindOf(visitor.role, this.session, () => world.meansOf(this.session))
    const { faults } = world.tally
    this.watch =
      faults.watchesRequests && visitor.role === 'honest' ? new RequestWatch(faults.noteHeld) : null
    this.links = new SimLinks(this)
    this.uplink = new Uplink(this, visitor.link.upBytesPerSec)
    this.runs = new HostRuns(this)
    this.downlink = new Downlink(this, this.runs)
    this.socket = new SimSocket(this, world.forkRandom())
  }

  get bytesFromOrigin(): number {
    return this.runs.bytes
  }

  feed(input: SessionInput): void {
    if (!this.isAlive) return
    if (this.isFeeding) {
      this.pending.push(input)
      return
    }
    this.isFeeding = true
    this.handle(input)
    if (this.pending.length > 0) this.handlePending()
    this.isFeeding = false
    if (this.isAlive) this.setAlarm()
  }

  /** The alarm rings: a deadline has come, or has been put off since. */
  happen(): void {
    this.alarm = null
    const deadlineMs = this.mind.nextDeadlineMs()
    if (deadlineMs === null) return
    if (deadlineMs <= this.world.queue.nowMs) this.feed({ type: 'tick' })
    else this.setAlarm()
  }

  heardServer(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.peerId = message.id
        this.world.tally.faults.roster.set(message.id, this.role)
        return this.feed({ type: 'welcomed', welcome: message })
      case 'facts':
        return this.feed({ type: 'factsTold', facts: message.facts })
      case 'signal':
        return this.feed({ type: 'signalled', from: message.from, data: message.data })
      case 'gone':
        return this.feed({ type: 'peerGone', peer: message.peer })
      case 'released':
        return this.feed({ type: 'released', swarmSize: message.swarmSize })
      case 'pong':
        if (message.swarmSize !== null) this.feed({ type: 'counted', swarmSize: message.swarmSize })
        return
      case 'error':
        return
    }
  }

  /** What a link being set up has to say to its other side. */
  sendSignal(peer: PeerId, data: SimSignal): void {
    this.feed({ type: 'linkSignal', peer, data })
  }

  receive(bytes: number, sentInMs: number): number {
    return this.downlink.receive(bytes, sentInMs)
  }

  tookIn(bytes: number): void {
    this.bytesFromPeers += bytes
    this.world.tally.bytesFromPeers += bytes
  }

  /** The visitor goes: the page is closed, or (`quietly`) the machine dies. */
  stop(quietly: boolean): void {
    this.isAlive = false
    this.pending.length = 0
    this.runs.abortAll()
    this.uplink.unserveAll()
    this.links.closeAll(quietly)
    if (quietly) this.socket.die()
    else this.socket.leave()
    if (this.alarm !== null) this.world.queue.cancel(this.alarm)
    this.alarm = null
  }

  private handle(input: SessionInput): void {
    const { nowMs } = this.world.queue
    this.world.tally.note(nowMs, this.index, input)
    this.watch?.heard(input, nowMs)
    const outputs = this.mind.handle(input, nowMs)
    for (let place = 0; place < outputs.length; place++) {
      const output = outputs[place]
      if (output !== undefined && this.isAlive) this.carryOut(output)
    }
  }

  private handlePending(): void {
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift())
      if (this.isAlive) this.handle(next)
  }

  /** One event rings for all deadlines: moved where one has come nearer, left to ring early where it was put off. */
  private setAlarm(): void {
    const deadlineMs = this.mind.nextDeadlineMs()
    if (deadlineMs === null) return
    const { queue } = this.world
    if (this.alarm === null) this.alarm = queue.at(deadlineMs, this, null)
    else if (deadlineMs < queue.timeOf(this.alarm)) queue.move(this.alarm, deadlineMs)
  }

  private carryOut(output: SessionOutput): void {
    switch (output.type) {
      case 'send': {
        const end = this.links.openEnd(output.peer)
        if (end === null) return
        this.watch?.sent(output, this.willKeepWaiting(output.peer), this.world.queue.nowMs)
        return this.uplink.send(end, output.message)
      }
      case 'assemble':
        if (!(output.payload as SimPayload).isGenuine) this.spoilt.add(`${output.peer}:${output.chunk}`)
        return
      case 'serve': {
        const end = this.links.openEnd(output.peer)
        if (end !== null) this.uplink.serve(end, output.chunk)
        return
      }
      case 'unserve':
        return this.uplink.unserve(output.peer)
      case 'digest':
        return this.digest(output.chunk, output.source)
      case 'keep':
        return this.keep(output.chunk, output.source)
      case 'discard':
        this.takeSpoilt(output.chunk, output.source)
        return
      case 'preconnect':
        return this.runs.preconnect(output.origin)
      case 'fetch':
        return this.runs.fetch(output)
      case 'abort':
        return this.runs.abort(output.run)
      case 'topology':
        return this.socket.send(output.message)
      case 'detach':
        return this.socket.detach()
      case 'connect':
        return this.links.connect(output.peer)
      case 'signal':
        return this.links.signal(output.peer, output.data as SimSignal)
      case 'disconnect':
        this.watch?.settleAll(output.peer, this.world.queue.nowMs)
        return this.links.close(output.peer)
      case 'complete':
        this.world.completed(this)
        return this.feed({ type: 'fileVerified' })
      case 'misled':
        return this.world.failed(this, 'misled')
      case 'failed':
        return this.world.failed(this, output.failure)
      case 'pace':
        return this.uplink.setPace(output.bytesPerSec)
      case 'left':
        return this.world.left(this)
      case 'sized':
      case 'forget':
        return
    }
  }

  private willKeepWaiting(peer: PeerId): boolean {
    return keepsWaiting(this.world.tally.faults.roster.get(peer) ?? 'honest')
  }

  private digest(chunk: number, source: ChunkSource): void {
    const isSpoilt =
      source.kind === 'peer' && this.spoilt.size > 0 && this.spoilt.has(`${source.peer}:${chunk}`)
    const digest = this.world.hasDigests ? digestOf(chunk, !isSpoilt) : null
    this.feed({ type: 'digested', chunk, source, digest })
  }

  private keep(chunk: number, source: ChunkSource): void {
    this.world.tally.chunksKept++
    if (source.kind === 'peer' && this.world.origins.every(({ isAway }) => isAway))
      this.world.tally.faults.chunksWithoutOrigin++
    if (this.takeSpoilt(chunk, source) && !this.isPolluter)
      this.world.tally.violate(`Peer ${this.index} kept chunk ${chunk}, which is not the origin's.`)
  }

  private takeSpoilt(chunk: number, source: ChunkSource): boolean {
    return source.kind === 'peer' && this.spoilt.size > 0 && this.spoilt.delete(`${source.peer}:${chunk}`)
  }
}
