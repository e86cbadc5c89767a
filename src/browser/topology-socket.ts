/**
 * The WebSocket to the topology server. It keeps itself alive, but for the time between `detach` and the next `join`:
 * tries the servers in turn, backs off with full jitter, joins again after every reconnect with the latest facts and as
 * the peer it was, and notices a server that has gone silent. Nothing that the server says, or fails to say, throws out
 * of it; events come from tasks of their own, never from within a call.
 */

import { COUNTED_AFTER_MS } from '../core/registration.ts'
import { type RotationSettings, ServerRotation } from '../core/server-rotation.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES } from '../core/wire/limits.ts'
import { encodeTopologyMessage, parseServerMessage } from '../core/wire/topology-codec.ts'
import type { ClientMessage, Join, Resume, Welcome } from '../core/wire/topology-messages.ts'
import type { Topology, TopologyEvents, TopologyFactory } from '../ports.ts'

export interface TopologySocketSettings extends RotationSettings {
  /** Time from the start of a connection to its `welcome`, in ms. 10 s (guess: three handshakes over a bad link). */
  readonly welcomeWithinMs: number
  /** So long after a welcome the server is asked how many there are by now, in ms. Default: `COUNTED_AFTER_MS`. */
  readonly countedAfterMs: readonly number[]
}

const DEFAULT_SETTINGS: TopologySocketSettings = {
  firstBackOffMs: 1_000,
  longestBackOffMs: 60_000,
  drainSpreadMs: 40_000,
  random: Math.random,
  welcomeWithinMs: 10_000,
  countedAfterMs: COUNTED_AFTER_MS,
}

/** Pings in one heartbeat; as many unanswered ones are silence. */
const PINGS_PER_HEARTBEAT = 3

const PING: ClientMessage = { type: 'ping' }

/** Unsent bytes above which further messages are dropped: the server, or the way to it, does not read (guess). */
const MAX_UNSENT_BYTES = 16 * MAX_TOPOLOGY_MESSAGE_BYTES

/** Nothing that a reconnect could change. */
const FINAL_ERRORS: ReadonlySet<string> = new Set(['version', 'forbidden'])

export const topologySocket: TopologyFactory = (urls, events) => createTopologySocket(urls, events, {})

export function createTopologySocket(
  urls: readonly string[],
  events: TopologyEvents,
  settings: Partial<TopologySocketSettings>,
): Topology {
  return new TopologySocket(urls, events, { ...DEFAULT_SETTINGS, ...settings })
}

class TopologySocket implements Topology {
  private readonly servers: ServerRotation
  private readonly events: TopologyEvents
  private readonly settings: TopologySocketSettings
  private latestJoin: Join | null = null
  private socket: WebSocket | null = null
  private isClosed = false
  /** Between `detach` and the next `join`. */
  private isDetached = false
  /** Of the latest welcome: what makes us the same peer on the next socket. */
  private identity: Resume | null = null
  /** Whether `lost` was said since the last welcome. */
  private isLost = false
  private unansweredPings = 0
  /** A third of a heartbeat after the latest welcome, and later. */
  private hasPinged = false
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private welcomeTimer: ReturnType<typeof setTimeout> | undefined
  private pingTimer: ReturnType<typeof setInterval> | undefined
  private countTimers: readonly ReturnType<typeof setTimeout>[] = []

  constructor(urls: readonly string[], events: TopologyEvents, settings: TopologySocketSettings) {
    this.servers = new ServerRotation(urls, settings)
    this.events = events
    this.settings = settings
  }

  join(join: Join): void {
    if (this.isClosed) return
    const isResting = this.latestJoin === null || this.isDetached
    const { resume = this.identity } = join
    this.latestJoin = resume === null ? join : { ...join, resume }
    if (!isResting) return this.transmit(this.latestJoin)
    this.isDetached = false
    globalThis.addEventListener?.('online', this.backOnline)
    this.connect()
  }

  send(message: Exclude<ClientMessage, Join>): void {
    if (message.type === 'facts' && this.latestJoin !== null)
      this.latestJoin = { ...this.latestJoin, facts: message.facts }
    if (message.type === 'detach') return this.detach()
    this.transmit(message)
  }

  detach(): void {
    if (this.isClosed || this.isDetached || this.latestJoin === null) return
    this.isDetached = true
    this.isLost = false
    this.transmit({ type: 'detach' })
    this.rest()
  }

  close(): void {
    if (this.isClosed) return
    this.transmit({ type: 'leave' })
    this.retire()
  }

  // --------------------------------------------------------------------------------------------- connecting

  private connect(): void {
    this.retryTimer = undefined
    this.welcomeTimer = setTimeout(() => this.fail(null), this.settings.welcomeWithinMs)
    let socket: WebSocket
    try {
      socket = new WebSocket(this.servers.url)
    } catch {
      // A bad URL, a forbidden scheme, or no WebSocket at all.
      queueMicrotask(() => this.fail(null))
      return
    }
    this.socket = socket
    socket.addEventListener('open', () => {
      if (this.socket === socket && this.latestJoin !== null) this.transmit(this.latestJoin)
    })
    socket.addEventListener('message', ({ data }) => {
      if (this.socket === socket) this.receive(data)
    })
    socket.addEventListener('close', ({ code }) => {
      if (this.socket === socket) this.fail(code)
    })
    // Where a Content-Security-Policy forbids the connection, Chromium says this and never says `close`.
    socket.addEventListener('error', () => {
      if (this.socket === socket) this.fail(null)
    })
  }

  /** The attempt failed or the connection is gone; null where the server did not say so. */
  private fail(closeCode: number | null): void {
    if (this.isClosed || this.isDetached || this.retryTimer !== undefined) return
    this.drop()
    this.retryTimer = setTimeout(() => this.connect(), this.servers.failed(closeCode))
    if (this.isLost) return
    this.isLost = true
    this.events.lost()
  }

  private readonly backOnline = (): void => {
    if (this.retryTimer === undefined) return
    clearTimeout(this.retryTimer)
    this.servers.forgive()
    this.connect()
  }

  // ----------------------------------------------------------------------------------------------- messages

  private receive(data: unknown): void {
    this.unansweredPings = 0
    const message = typeof data === 'string' ? parseServerMessage(data) : null
    if (message === null || message.type === 'unknown') return
    if (message.type === 'welcome') this.welcomed(message)
    // An answer that comes soon after the welcome does not show that the server keeps us.
    if (message.type === 'pong' && this.hasPinged) this.servers.forgive()
    this.events.message(message)
    if (message.type === 'error' && FINAL_ERRORS.has(message.code)) this.giveUp()
  }

  private welcomed({ id, token, heartbeatMs }: Welcome): void {
    clearTimeout(this.welcomeTimer)
    this.stopPings()
    this.identity = token === '' ? null : { id, token, swarmSize: null }
    if (this.latestJoin !== null) this.latestJoin = { ...this.latestJoin, resume: this.identity }
    this.servers.welcomed()
    this.isLost = this.hasPinged = false
    this.pingTimer = setInterval(() => this.ping(), heartbeatMs / PINGS_PER_HEARTBEAT)
    // Beside the pings that show silence: those come as often as the server says.
    this.countTimers = this.settings.countedAfterMs.map((ms) => setTimeout(() => this.transmit(PING), ms))
  }

  private stopPings(): void {
    clearInterval(this.pingTimer)
    for (const timer of this.countTimers) clearTimeout(timer)
  }

  /** Pings are counted, not milliseconds: a page that was asleep has not waited for an answer. */
  private ping(): void {
    if (this.unansweredPings >= PINGS_PER_HEARTBEAT) return this.fail(null)
    this.unansweredPings++
    this.hasPinged = true
    this.transmit(PING)
  }

  private giveUp(): void {
    if (this.isClosed) return
    this.retire()
    if (!this.isLost) this.events.lost()
  }

  private transmit(message: ClientMessage): void {
    const { socket } = this
    if (socket === null || socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) return
    const text = encodeTopologyMessage(message)
    if (text.length <= MAX_TOPOLOGY_MESSAGE_BYTES) socket.send(text)
  }

  // ------------------------------------------------------------------------------------------------ parting

  /** Lets go of the socket; whatever it still says is not heard. */
  private drop(): void {
    clearTimeout(this.welcomeTimer)
    this.stopPings()
    this.unansweredPings = 0
    const { socket } = this
    this.socket = null
    socket?.close()
  }

  private retire(): void {
    this.isClosed = true
    this.rest()
  }

  private rest(): void {
    clearTimeout(this.retryTimer)
    this.retryTimer = undefined
    globalThis.removeEventListener?.('online', this.backOnline)
    this.drop()
  }
}
