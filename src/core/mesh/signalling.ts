/**
 * What two peers say to each other to open a link, before there is one: through the topology server where it introduced
 * them, else from neighbour to neighbour. What others say to each other is handed on.
 *
 * Handing on, in this order: to the addressee, where it is our neighbour; to the neighbour through which we last heard
 * of it; to a few neighbours at random, in the hope that they know better. Never back to where it came from, never
 * further than `ttl`, no copy twice, and no more than a neighbour's share.
 */

import type { Context } from '../context.ts'
import { TokenBuckets } from '../token-bucket.ts'
import type { PeerId } from '../types.ts'
import { MAX_RELAY_DATA_BYTES, MAX_RELAY_HOPS } from '../wire/limits.ts'
import type { Relay } from '../wire/peer-messages.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Neighbour } from './neighbour.ts'
import type { ReversePaths } from './reverse-paths.ts'

/** Messages that a neighbour may have carried: at once, and a second. A link takes about ten (guess: five at once). */
const RELAY_SHARE = { burst: 50, ratePerSec: 10 }

/** Copies are told apart for this long, in ms, and at most so many. Six links are crossed in a second or two. */
const SEEN_MS = 60_000
const MAX_SEEN = 4096

/** How long, in ms, and of how many peers, it is remembered by which way they signal (guess: some attempts' time). */
const WAY_MS = 600_000
const MAX_WAYS = 1024

/** A signal of a peer belongs to an attempt under way for so long, in ms: as long as links take to open at most. */
const ATTEMPT_MS = 15_000

/** Where nobody knows the addressee: neighbours tried at random, while the message has so many links left; then one. */
const WALKERS = 2
const FORKS_ABOVE_TTL: number = MAX_RELAY_HOPS - 2

export interface SignallingParts {
  readonly neighbours: ReadonlyMap<PeerId, Neighbour>
  readonly paths: ReversePaths
  /** News of that peer came by this neighbour. */
  readonly heardOf: (peer: PeerId, via: PeerId) => void
  /** The topology server can be spoken to. */
  readonly isAttached: () => boolean
  readonly isBanned: (peer: PeerId) => boolean
}

export class Signalling {
  private readonly context: Context
  private readonly parts: SignallingParts
  private readonly ways = new ExpiringMap<PeerId, 'server' | 'mesh'>(WAY_MS, MAX_WAYS)
  /** Who has signalled to us lately. */
  private readonly heardFrom = new ExpiringMap<PeerId, true>(ATTEMPT_MS, MAX_WAYS)
  private readonly seen = new ExpiringMap<string, true>(SEEN_MS, MAX_SEEN)
  private readonly shares = new TokenBuckets<PeerId>(RELAY_SHARE)

  constructor(context: Context, parts: SignallingParts) {
    this.context = context
    this.parts = parts
  }

  /** The topology server knows the way to these peers. */
  introduce(peers: readonly PeerId[]): void {
    for (const peer of peers) this.ways.set(peer, 'server', this.context.nowMs)
  }

  /** The topology server does not reach that peer any more. */
  peerGone(peer: PeerId): void {
    this.ways.delete(peer)
  }

  neighbourLost(peer: PeerId): void {
    this.shares.forget(peer)
  }

  /** What we say to that peer goes somewhere: to the topology server, or into the mesh. */
  reaches(peer: PeerId): boolean {
    if (this.goesByServer(peer)) return true
    for (const { isReady } of this.parts.neighbours.values()) if (isReady) return true
    return false
  }

  /** That peer has something to say to us, too, so that an attempt may be about to succeed. */
  hasAnswered(peer: PeerId): boolean {
    return this.heardFrom.has(peer, this.context.nowMs)
  }

  /** Our own end of a link has something to say to the other. */
  send(peer: PeerId, data: unknown): void {
    const { context } = this
    if (this.goesByServer(peer))
      return context.emit({ type: 'topology', message: { type: 'signal', to: peer, data } })
    const text = asciiJson(data)
    if (context.selfId === null || text === null) return
    const nonce = context.random.uint32()
    this.hand(
      { type: 'relay', from: context.selfId, to: peer, nonce, ttl: MAX_RELAY_HOPS, data: text },
      context.selfId,
    )
  }

  /** The topology server brought this. */
  signalled(from: PeerId, data: unknown): void {
    this.deliver(from, data, 'server')
  }

  /** A neighbour brought this: for us, or for somebody else. */
  hear(neighbour: PeerId, relay: Relay): void {
    const { selfId, nowMs } = this.context
    if (!this.shares.take(neighbour, nowMs)) return
    const copy = `${relay.from}:${relay.nonce}`
    if (selfId === null || relay.from === selfId || this.seen.has(copy, nowMs)) return
    this.seen.set(copy, true, nowMs)
    this.parts.heardOf(relay.from, neighbour)
    if (relay.to === selfId) {
      const data = parseJson(relay.data)
      if (data !== undefined) this.deliver(relay.from, data, 'mesh')
    } else if (relay.ttl > 1) this.hand({ ...relay, ttl: relay.ttl - 1 }, neighbour)
  }

  private goesByServer(peer: PeerId): boolean {
    return this.ways.get(peer, this.context.nowMs) === 'server' && this.parts.isAttached()
  }

  private deliver(from: PeerId, data: unknown, way: 'server' | 'mesh'): void {
    if (this.parts.isBanned(from)) return
    // Answers go by the way that the peer took: it knows best where it can be reached.
    this.ways.set(from, way, this.context.nowMs)
    this.heardFrom.set(from, true, this.context.nowMs)
    this.context.emit({ type: 'signal', peer: from, data })
  }

  private hand(relay: Relay, cameFrom: PeerId): void {
    for (const peer of this.nextOf(relay, cameFrom)) this.context.emit({ type: 'send', peer, message: relay })
  }

  private nextOf({ from, to, ttl }: Relay, cameFrom: PeerId): PeerId[] {
    const { neighbours, paths } = this.parts
    const via = paths.viaOf(to, this.context.nowMs)
    for (const next of [to, via])
      if (next !== null && next !== cameFrom && next !== from && neighbours.get(next)?.isReady === true)
        return [next]
    const others = [...neighbours.values()].filter(
      ({ id, isReady }) => isReady && id !== cameFrom && id !== from,
    )
    return this.context.random.some(others, ttl > FORKS_ABOVE_TTL ? WALKERS : 1).map(({ id }) => id)
  }
}

/** JSON in printable ASCII; null for what is none, or too long to be carried. */
function asciiJson(data: unknown): string | null {
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined || text.length > MAX_RELAY_DATA_BYTES) return null
  const escaped = text.replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return escaped.length <= MAX_RELAY_DATA_BYTES ? escaped : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
