/**
 * The topology server: a thin shell of sockets around `Rooms`. It turns frames into typed inputs and outputs into
 * frames, and guards what rooms cannot see: bytes, silence, and readers that do not read. Visitors are strangers:
 * whatever one of them sends costs that one its socket, and nobody else anything.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

import { WebSocketServer, type RawData, type ServerOptions, type WebSocket } from 'ws'

import type { PeerId } from '../src/core/types.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES } from '../src/core/wire/limits.ts'
import { encodeTopologyMessage, parseClientMessage } from '../src/core/wire/topology-codec.ts'
import type { ServerMessage } from '../src/core/wire/topology-messages.ts'
import { addressPrefix } from './address-prefix.ts'
import { RecencyList, type Link } from './recency-list.ts'
import { Rooms, type Connection, type RoomsInput, type RoomsOutput } from './rooms.ts'
import { settingsFrom, type Settings, type TopologyServerOptions } from './server-settings.ts'
import { signedTokens, type Signature } from './tokens.ts'

export type { TopologyServerOptions } from './server-settings.ts'

export interface TopologyServer {
  /** `ws://host:port` */
  readonly url: string
  readonly port: number
  /** Refuses newcomers, says 1001 to everybody, and resolves when all sockets are closed. */
  close(): Promise<void>
}

/** Resolves when it listens. Rejects with a TypeError for impossible options, else as `net.Server` does. */
export async function startTopologyServer(options: TopologyServerOptions = {}): Promise<TopologyServer> {
  const settings = settingsFrom(options)
  const shell = new Shell(settings)
  const port = await shell.listen()
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  return { url: `ws://${host}:${port}`, port, close: () => shell.close() }
}

interface Client {
  readonly connection: Connection
  readonly socket: WebSocket
  lastHeardMs: number
}

/** Close codes of RFC 6455 §7.4.1. */
const GOING_AWAY = 1001
const UNSUPPORTED_DATA = 1003

/** Frames that a message may come in (guess): no client needs more than one for 16 KiB. */
const MAX_FRAGMENTS = 16

/** Pieces in which those may reach us (guess): a dribbled message is no message. */
const MAX_BUFFERED_PIECES = 1024

class Shell {
  private readonly settings: Settings
  private readonly rooms: Rooms
  private readonly http: Server
  private readonly webSockets: WebSocketServer
  /** Every socket that is not closed yet. */
  private readonly sockets = new Set<WebSocket>()
  /** Those that rooms know, */
  private readonly clients = new Map<Connection, Link<Client>>()
  /** by when they were last heard. */
  private readonly byLastHeard = new RecencyList<Client>()
  private sweepTimer: NodeJS.Timeout | null = null
  private lastSweepMs = performance.now()
  private connections = 0
  private isClosing = false
  private lastSent: { readonly message: ServerMessage; readonly text: string } | null = null

  constructor(settings: Settings) {
    this.settings = settings
    const { iceServersFor, heartbeatMs, limits } = settings
    const tokens = signedTokens(newSignature())
    this.rooms = new Rooms({ newPeerId, random: Math.random, tokens, iceServersFor, heartbeatMs, limits })
    this.http = createServer(
      {
        maxHeaderSize: 8 * 1024,
        headersTimeout: settings.handshakeWithinMs,
        requestTimeout: settings.handshakeWithinMs,
        connectionsCheckingInterval: Math.max(50, settings.handshakeWithinMs / 4),
        keepAliveTimeout: 1_000,
      },
      answerRequest,
    )
    this.http.maxHeadersCount = 64
    this.http.on('upgrade', (request, socket, head) => {
      this.guard(
        () => this.upgrade(request, socket, head),
        () => socket.destroy(),
      )
    })
    this.http.on('error', (error) => settings.log(`The listening socket failed: ${error.message}`))
    this.webSockets = new WebSocketServer(webSocketOptions(settings.drainMs))
  }

  listen(): Promise<number> {
    const { host, port, sweepMs } = this.settings
    return new Promise((resolve, reject) => {
      this.http.once('error', reject)
      this.http.listen(port, host, () => {
        this.http.off('error', reject)
        this.sweepTimer = setInterval(() => this.guard(() => this.sweep()), sweepMs)
        resolve((this.http.address() as AddressInfo).port)
      })
    })
  }

  async close(): Promise<void> {
    this.isClosing = true
    if (this.sweepTimer !== null) clearInterval(this.sweepTimer)
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()))
    for (const { value } of this.clients.values()) this.part(value, GOING_AWAY, 'the server is going away')
    this.http.closeIdleConnections()
    const impatience = setTimeout(() => {
      for (const socket of this.sockets) socket.terminate()
      this.http.closeAllConnections()
    }, this.settings.drainMs)
    await closed
    clearTimeout(impatience)
  }

  // ------------------------------------------------------------------------------------------------ opening

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pageOrigins, maxConnections, trustProxy } = this.settings
    const page = request.headers.origin
    if (pageOrigins !== null && (page === undefined || !pageOrigins.has(page)))
      return refuseUpgrade(socket, 403)
    if (this.isClosing || this.sockets.size >= maxConnections) return refuseUpgrade(socket, 503)
    const address = (trustProxy ? forwardedFor(request) : undefined) ?? request.socket.remoteAddress
    this.webSockets.handleUpgrade(request, socket, head, (opened) =>
      this.opened(opened, addressPrefix(address)),
    )
  }

  private opened(socket: WebSocket, prefix: string): void {
    const client: Client = { connection: ++this.connections, socket, lastHeardMs: performance.now() }
    this.sockets.add(socket)
    this.clients.set(client.connection, this.byLastHeard.add(client))
    const end = (): void => socket.terminate()
    socket.on('message', (data, isBinary) => this.guard(() => this.received(client, data, isBinary), end))
    socket.on('error', () => this.guard(() => this.forget(client), end))
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.guard(() => this.forget(client))
    })
    this.feed({ type: 'connected', connection: client.connection, addressPrefix: prefix })
  }

  // ----------------------------------------------------------------------------------------------- messages

  private received(client: Client, data: RawData, isBinary: boolean): void {
    const link = this.clients.get(client.connection)
    if (link === undefined) return
    client.lastHeardMs = performance.now()
    this.byLastHeard.renew(link)
    if (isBinary) return this.part(client, UNSUPPORTED_DATA, 'text only')
    const message = parseClientMessage((data as Buffer).toString())
    this.feed({ type: 'message', connection: client.connection, message })
  }

  private feed(input: RoomsInput): void {
    for (const output of this.rooms.handle(input, performance.now())) this.carryOut(output)
  }

  private carryOut(output: RoomsOutput): void {
    const client = this.clients.get(output.connection)?.value
    if (client === undefined) return
    if (output.type === 'send') this.send(client, output.message)
    else this.part(client, output.code, output.reason)
  }

  private send(client: Client, message: ServerMessage): void {
    const { maxBacklogBytes } = this.settings
    const { bufferedAmount } = client.socket
    if (message.type === 'signal' && bufferedAmount > maxBacklogBytes / 4) return
    if (bufferedAmount > maxBacklogBytes) {
      this.forget(client)
      client.socket.terminate()
    } else client.socket.send(this.textOf(message))
  }

  /** The same message often goes to many in a row. */
  private textOf(message: ServerMessage): string {
    if (this.lastSent?.message !== message) this.lastSent = { message, text: encodeTopologyMessage(message) }
    return this.lastSent.text
  }

  // ------------------------------------------------------------------------------------------------ parting

  /** Closes with a handshake, which `ws` gives up on after `drainMs`. */
  private part(client: Client, code: number, reason: string): void {
    this.forget(client)
    client.socket.close(code, reason)
  }

  private forget(client: Client): void {
    const link = this.clients.get(client.connection)
    if (link === undefined) return
    this.clients.delete(client.connection)
    this.byLastHeard.remove(link)
    this.feed({ type: 'disconnected', connection: client.connection })
  }

  /**
   * Ends the sockets that have been silent for too long. After a long pause of this very process their messages wait
   * unread, so nobody is blamed until the next sweep.
   */
  private sweep(): void {
    const { heartbeatMs, sweepMs } = this.settings
    const nowMs = performance.now()
    const wasPaused = nowMs - this.lastSweepMs > 2 * sweepMs
    this.lastSweepMs = nowMs
    this.feed({ type: 'tick' })
    for (let client = this.byLastHeard.oldest; client !== undefined; client = this.byLastHeard.oldest) {
      if (wasPaused || nowMs - client.lastHeardMs <= heartbeatMs) return
      this.forget(client)
      client.socket.terminate()
    }
  }

  /** A defect met while serving one visitor costs that one its socket, and the rest nothing. */
  private guard(act: () => void, end?: () => void): void {
    try {
      act()
    } catch (error) {
      this.settings.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
      end?.()
    }
  }
}

// ----------------------------------------------------------------------------------------------------- pieces

function webSocketOptions(closeTimeout: number): ServerOptions {
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: MAX_TOPOLOGY_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_BUFFERED_PIECES,
    closeTimeout,
  }
  return options
}

/** 64 random bits in hexadecimal. */
function newPeerId(): PeerId {
  return randomBytes(8).toString('hex') as PeerId
}

/** With a key of this process: tokens of an earlier one are void. HMAC-SHA256, cut to 128 bits. */
function newSignature(): Signature {
  const key = randomBytes(32)
  return {
    sign: (text) => createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url'),
    isSame: (left, right) => {
      const [a, b] = [Buffer.from(left), Buffer.from(right)]
      return a.length === b.length && timingSafeEqual(a, b)
    },
  }
}

function answerRequest(request: IncomingMessage, response: ServerResponse): void {
  const isHealth = request.url === '/health'
  response.writeHead(isHealth ? 200 : 426, {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    connection: 'close',
    ...(isHealth ? {} : { upgrade: 'websocket' }),
  })
  response.end(isHealth ? 'ok' : 'This is a swarmfetch topology server. It speaks WebSocket only.\n')
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  )
}

/** The address that the nearest proxy saw: entries before the last are the visitor's own words. */
function forwardedFor(request: IncomingMessage): string | undefined {
  const header = request.headers['x-forwarded-for']
  return (Array.isArray(header) ? header.join(',') : header)?.split(',').at(-1)?.trim()
}
