/**
 * A host's socket to the topology server, as src/browser/topology-socket.ts keeps it: joins when it opens, joins again
 * after every reconnect with the latest facts, backs off with full jitter, pings.
 */

import type { Random } from '../src/core/random.ts'
import { COUNTED_AFTER_MS } from '../src/core/registration.ts'
import { ServerRotation } from '../src/core/server-rotation.ts'
import type { PeerId } from '../src/core/types.ts'
import type { ClientMessage, Join, ServerMessage } from '../src/core/wire/topology-messages.ts'
import type { EventHandle } from './event-queue.ts'
import type { Host } from './host.ts'
import { TOPOLOGY_PLACE } from './network.ts'
import { HEARTBEAT_MS, type ServerSide } from './sim-topology.ts'

/** TCP with TLS counted as one round trip, as the origin's connections are; then the upgrade to a WebSocket. */
const OPENING_RTTS = 2

/** As in the browser. */
const WELCOME_WITHIN_MS = 10_000
const PINGS_PER_HEARTBEAT = 3
const BACK_OFF = { firstBackOffMs: 1000, longestBackOffMs: 60_000, drainSpreadMs: 40_000 } as const

/** One connection, from the attempt on; what belongs to a former one is not heard. */
interface Socket extends ServerSide {
  connection: number | null
  isWelcomed: boolean
  hasPinged: boolean
}

export class SimSocket {
  private readonly host: Host
  private readonly oneWayMs: number
  private readonly rotation: ServerRotation
  private socket: Socket | null = null
  private latestJoin: Join | null = null
  private identity: { readonly id: PeerId; readonly token: string } | null = null
  /** What the join itself resumes serves once; then the latest welcome's identity does. */
  private ownResumeServed = false
  private isLost = false
  private timer: EventHandle | null = null

  constructor(host: Host, random: Random) {
    this.host = host
    this.oneWayMs = host.world.network.rttMs(host.index, TOPOLOGY_PLACE) / 2
    this.rotation = new ServerRotation(['simulated'], { ...BACK_OFF, random: () => random.fraction() })
  }

  send(message: ClientMessage): void {
    if (message.type === 'join') return this.join(message)
    if (message.type === 'facts' && this.latestJoin !== null)
      this.latestJoin = { ...this.latestJoin, facts: message.facts }
    this.transmit(message)
  }

  /** Until the next join. */
  detach(): void {
    this.transmit({ type: 'detach' })
    this.rest()
  }

  /** For good. */
  leave(): void {
    this.transmit({ type: 'leave' })
    this.rest()
  }

  /** The host is gone without a word: the server finds out by its silence. */
  die(): void {
    const { socket } = this
    this.rest(HEARTBEAT_MS)
    if (socket !== null) socket.isWelcomed = false
  }

  private join(join: Join): void {
    this.latestJoin = join
    this.ownResumeServed = join.resume === undefined
    if (this.socket !== null) this.sayJoin()
    else if (this.timer === null) this.connect()
  }

  private connect(): void {
    const { queue, topology } = this.host.world
    this.timer = null
    const socket: Socket = {
      connection: null,
      isWelcomed: false,
      hasPinged: false,
      receive: (message) => queue.callAt(queue.nowMs + this.oneWayMs, () => this.receive(socket, message)),
      dropped: (code) => queue.callAt(queue.nowMs + this.oneWayMs, () => this.fail(socket, code)),
    }
    this.socket = socket
    const openMs = queue.nowMs + 2 * OPENING_RTTS * this.oneWayMs
    queue.callAt(openMs, () => {
      if (this.socket !== socket) return
      socket.connection = topology.connect(socket, `${this.host.index}`)
      if (socket.connection === null) this.fail(socket, null)
      else this.sayJoin()
    })
    this.setTimer(WELCOME_WITHIN_MS, () => this.fail(socket, null))
  }

  private fail(socket: Socket, closeCode: number | null): void {
    if (this.socket !== socket) return
    this.rest()
    this.setTimer(this.rotation.failed(closeCode), () => this.connect())
    if (this.isLost) return
    this.isLost = true
    this.host.feed({ type: 'topologyLost' })
  }

  private receive(socket: Socket, message: ServerMessage): void {
    if (this.socket !== socket) return
    if (message.type === 'welcome') {
      this.rotation.welcomed()
      this.isLost = false
      socket.isWelcomed = true
      this.identity = message.token === '' ? null : { id: message.id, token: message.token }
      this.ownResumeServed = true
      this.ping(socket)
      this.askForCount(socket)
    } else if (message.type === 'pong' && socket.hasPinged) this.rotation.forgive()
    this.host.heardServer(message)
  }

  private ping(socket: Socket): void {
    this.setTimer(HEARTBEAT_MS / PINGS_PER_HEARTBEAT, () => {
      if (this.socket !== socket) return
      socket.hasPinged = true
      this.transmit({ type: 'ping' })
      this.ping(socket)
    })
  }

  private askForCount(socket: Socket): void {
    const { queue } = this.host.world
    for (const afterMs of COUNTED_AFTER_MS)
      queue.callAt(queue.nowMs + afterMs, () => {
        if (this.socket === socket) this.transmit({ type: 'ping' })
      })
  }

  private sayJoin(): void {
    const { latestJoin, identity, ownResumeServed } = this
    if (latestJoin === null) return
    if (!ownResumeServed) return this.transmit(latestJoin)
    const resume = identity === null ? null : { ...identity, swarmSize: null }
    this.transmit({ ...latestJoin, resume })
  }

  private transmit(message: ClientMessage): void {
    const connection = this.socket?.connection ?? null
    if (connection === null) return
    const { queue, topology } = this.host.world
    queue.callAt(queue.nowMs + this.oneWayMs, () => topology.hear(connection, message))
  }

  /** Lets go of the socket; the server hears of it as soon as it can, or after its patience. */
  private rest(silenceMs = 0): void {
    this.clearTimer()
    const connection = this.socket?.connection ?? null
    this.socket = null
    if (connection === null) return
    const { queue, topology } = this.host.world
    queue.callAt(queue.nowMs + this.oneWayMs + silenceMs, () => topology.disconnected(connection))
  }

  private setTimer(delayMs: number, run: () => void): void {
    this.clearTimer()
    const { queue } = this.host.world
    this.timer = queue.callAt(queue.nowMs + delayMs, () => {
      this.timer = null
      run()
    })
  }

  private clearTimer(): void {
    if (this.timer !== null) this.host.world.queue.cancel(this.timer)
    this.timer = null
  }
}
