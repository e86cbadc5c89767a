/** The options of a topology server with their defaults, checked: what is impossible is said before it listens. */

import { parsePeerId, type PeerId } from '../src/core/types.ts'
import {
  MAX_INTRODUCTIONS,
  MAX_SEATS,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
  PROTOCOL_VERSION,
} from '../src/core/wire/limits.ts'
import {
  encodeTopologyMessage,
  MAX_TOKEN_LENGTH,
  MAX_WINDOW,
  parseServerMessage,
} from '../src/core/wire/topology-codec.ts'
import type { IceServer } from '../src/core/wire/topology-messages.ts'
import type { RoomsLimits } from './rooms-limits.ts'
import { parseWebOrigin } from './web-origin.ts'

export interface TopologyServerOptions {
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string
  /** 0: any free port. Default 8400. */
  readonly port?: number
  /** Origins (`https://files.example.com`) whose files may be audited. Checked for their form; not used so far. */
  readonly origins?: readonly string[]
  /** Pages (`https://www.example.com`) that may connect; all others get 403. Default: every page. */
  readonly pageOrigins?: readonly string[]
  /** What visitors are given to find a way to each other, for all the same or for each his own. Default: none. */
  readonly iceServers?: readonly IceServer[] | ((id: PeerId) => readonly IceServer[])
  /** A socket silent for longer is closed, in ms, 100 to 3,600,000. Default 60,000 (guess; proxies cut at 60–100 s). */
  readonly heartbeatMs?: number
  /** Time for a handshake, in ms, counted from the first byte or its absence. Default 10,000 (guess). */
  readonly handshakeWithinMs?: number
  /** How long closing sockets are waited for, in ms: each and all. Default 2,000 (guess). */
  readonly drainMs?: number
  /** Most sockets at once; more get 503. Default 50,000: at 6–20 KB each, up to a gigabyte. */
  readonly maxConnections?: number
  /**
   * Unsent bytes at which a socket is closed, since its visitor does not read. Default 256 KiB. Signals from others
   * are dropped at a quarter of it, so that nobody can have somebody else closed.
   */
  readonly maxBacklogBytes?: number
  /** Takes the visitor's address from the last entry of `X-Forwarded-For`. Only behind a proxy that writes it. */
  readonly trustProxy?: boolean
  readonly limits?: Partial<RoomsLimits>
  /** Gets a line where something went wrong here. Never an address, never what a visitor said. */
  readonly log?: (line: string) => void
}

/** The options, complete. */
export interface Settings {
  readonly host: string
  readonly port: number
  /** Null: every page. */
  readonly pageOrigins: ReadonlySet<string> | null
  readonly iceServersFor: (id: PeerId) => readonly IceServer[]
  readonly heartbeatMs: number
  /** Period of the one timer: a silent socket lives this much longer than `heartbeatMs` at most. */
  readonly sweepMs: number
  readonly handshakeWithinMs: number
  readonly drainMs: number
  readonly maxConnections: number
  readonly maxBacklogBytes: number
  readonly trustProxy: boolean
  readonly limits: Partial<RoomsLimits>
  readonly log: (line: string) => void
}

/** Throws a TypeError whose message is a sentence for whoever started the server. */
export function settingsFrom(options: TopologyServerOptions): Settings {
  const { iceServers = [], heartbeatMs = 60_000, pageOrigins } = options
  checkedOrigins(options.origins ?? [])
  const settings: Settings = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8400,
    pageOrigins: pageOrigins === undefined ? null : new Set(checkedOrigins(pageOrigins)),
    iceServersFor: typeof iceServers === 'function' ? iceServers : () => iceServers,
    heartbeatMs,
    sweepMs: Math.min(1_000, heartbeatMs / 4),
    handshakeWithinMs: options.handshakeWithinMs ?? 10_000,
    drainMs: options.drainMs ?? 2_000,
    maxConnections: options.maxConnections ?? 50_000,
    maxBacklogBytes: options.maxBacklogBytes ?? 256 * 1024,
    trustProxy: options.trustProxy ?? false,
    limits: options.limits ?? {},
    log: options.log ?? (() => undefined),
  }
  checkWelcome(settings)
  return settings
}

function checkedOrigins(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const origin = parseWebOrigin(text)
    if (origin === null) throw new TypeError(`"${text}" is not an origin such as https://www.example.com.`)
    return origin
  })
}

/** The fullest welcome that these settings can lead to must be one that visitors accept. */
function checkWelcome({ iceServersFor, heartbeatMs }: Settings): void {
  const ids = Array.from({ length: MAX_INTRODUCTIONS + 1 }, (_, index) => idOf(index))
  const [id, ...peers] = ids
  if (id === undefined) return
  const iceServers = iceServersFor(id)
  const largest = 0xffff_ffff
  const facts = {
    sizeBytes: MIN_CHUNK_BYTES,
    chunkBytes: MIN_CHUNK_BYTES,
    validator: '"'.repeat(MAX_VALIDATOR_LENGTH),
    root: '0'.repeat(64),
  }
  const text = encodeTopologyMessage({
    type: 'welcome',
    version: PROTOCOL_VERSION,
    id,
    token: '"'.repeat(MAX_TOKEN_LENGTH),
    joinIndex: largest,
    swarmSize: largest,
    window: MAX_WINDOW,
    seats: MAX_SEATS,
    peers,
    facts,
    iceServers,
    heartbeatMs,
  })
  if (parseServerMessage(text) === null) {
    throw new TypeError(
      'The ICE servers or the heartbeat are out of bounds: visitors would refuse the welcome.',
    )
  }
}

function idOf(index: number): PeerId {
  const id = parsePeerId(index.toString(16).padStart(16, '0'))
  if (id === null) throw new TypeError('Not an id.')
  return id
}
