/**
 * Links to neighbours over WebRTC: which connections there are, which wait, and who is the initiator where both ends
 * connect at once. `webrtc-link.ts` is one connection, `link-signals.ts` what opens it.
 *
 * Every attempt has a session id of its own, so that what is left over from an earlier or a beaten attempt cannot be
 * taken for part of this one. An offer for a link that is open is ignored: its sender is only what some relay says.
 */

import type { PeerId } from '../core/types.ts'
import { MAX_FRAME_BYTES } from '../core/wire/limits.ts'
import type { Bytes, Links, LinksEvents, LinksFactory, LinksOptions } from '../ports.ts'
import { type LinkSignal, parseLinkSignal } from './link-signals.ts'
import { type LinkEvents, type LinkSettings, WebrtcLink } from './webrtc-link.ts'

export interface WebrtcLinksSettings extends LinkSettings {
  /** Most connections at once, waiting ones included. 64; Chromium allows 500 to all pages of a process together. */
  readonly maxLinks: number
  /** Most connections of our own making that are being set up; more wait. 4: DTLS is what a busy machine waits for. */
  readonly maxStarting: number
  /** Most connections of others' making that are being set up; further offers are ignored. 32 (guess: half of all). */
  readonly maxAnswering: number
  /** Most times that offers of one peer may start its connection anew before it opens. 4 (guess). */
  readonly maxReplaced: number
}

/**
 * The water marks are measured (Chromium 156, two pages on one machine of two cores, medians of 3 to 7 runs, in MB/s):
 *
 * | high / low water, KiB | 128 / 32 | 256 / 64 | 512 / 128 | 1024 / 256 | 4096 / 1024 |
 * |---|---|---|---|---|---|
 * | blocks of 192 KiB | 26–28 | 18–25 | 17–18 | 12–17 | 11–16 |
 * | blocks of 64 KiB | 19–22 | 19–25 | 19–25 | 11–21 | 12–13 |
 *
 * A bare channel does the same. More in the queue costs throughput, and every control frame waits behind it; a high
 * mark of less than 64 KiB would run dry when the page is busy for a few milliseconds.
 *
 * More also stops a new link: as long as the queue has something for a doubled window, slow start goes on until it loses a
 * whole burst, and SCTP waits for its timers. A bare channel with 1 MiB waiting brought 1.6 MB and then next to nothing for
 * 1.3 to 2.0 s (5 of 5 runs); with 320 to 384 KiB, 2 of 9 runs stood still for 0.8 and 1.4 s; with 128 to 256 KiB, 1 of 15.
 */
export const DEFAULT_LINKS_SETTINGS: WebrtcLinksSettings = {
  highWaterBytes: 128 * 1024,
  lowWaterBytes: 32 * 1024,
  maxUnsentBytes: 8 * 1024 * 1024,
  openWithinMs: 15_000,
  maxLinks: 64,
  maxStarting: 4,
  maxAnswering: 32,
  maxReplaced: 4,
}

/** Null where the browser has no RTCPeerConnection. Events are never emitted from within a call of `Links`. */
export const webrtcLinks: LinksFactory = (events) => createWebrtcLinks(events, {})

export function createWebrtcLinks(events: LinksEvents, settings: Partial<WebrtcLinksSettings>): Links | null {
  if (typeof globalThis.RTCPeerConnection !== 'function') return null
  return new WebrtcLinks(events, { ...DEFAULT_LINKS_SETTINGS, ...settings })
}

class WebrtcLinks implements Links {
  private readonly events: LinksEvents
  private readonly settings: WebrtcLinksSettings
  private readonly links = new Map<PeerId, WebrtcLink>()
  /** Peers to connect to when there is room, in order of asking. */
  private readonly waiting = new Set<PeerId>()
  /** Peers beyond `maxLinks`, of which `closed` is about to be said. */
  private readonly refused = new Set<PeerId>()
  private selfId: string = ''
  private config: RTCConfiguration = { iceServers: [] }

  constructor(events: LinksEvents, settings: WebrtcLinksSettings) {
    this.events = events
    this.settings = settings
  }

  get highWaterBytes(): number {
    return this.settings.highWaterBytes
  }

  configure({ selfId, iceServers, relayOnly }: LinksOptions): void {
    const servers = iceServers.map((server) => ({ ...server, urls: [...server.urls] }))
    this.selfId = selfId
    this.config = { iceServers: usableServers(servers), iceTransportPolicy: relayOnly ? 'relay' : 'all' }
  }

  connect(peer: PeerId): void {
    if (this.links.has(peer) || this.waiting.has(peer) || this.refused.has(peer)) return
    if (this.links.size + this.waiting.size >= this.settings.maxLinks) return this.refuse(peer)
    this.waiting.add(peer)
    this.startWaiting()
  }

  signal(peer: PeerId, data: unknown): void {
    const signal = parseLinkSignal(data)
    if (signal === null) return
    if (signal.type === 'offer') return this.answer(peer, signal)
    const link = this.links.get(peer)
    if (link?.start.session === signal.session) link.signal(signal)
  }

  send(peer: PeerId, frame: Bytes): void {
    this.links.get(peer)?.send(frame)
  }

  unsentBytes(peer: PeerId): number {
    return this.links.get(peer)?.unsentBytes ?? 0
  }

  wakeAt(peer: PeerId, unsentBytes: number): void {
    this.links.get(peer)?.wakeAt(unsentBytes)
  }

  maxFrameBytes(peer: PeerId): number {
    return this.links.get(peer)?.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  close(peer: PeerId): void {
    this.refused.delete(peer)
    this.waiting.delete(peer)
    this.links.get(peer)?.close()
    this.links.delete(peer)
    this.startWaiting()
  }

  closeAll(): void {
    this.refused.clear()
    this.waiting.clear()
    for (const link of this.links.values()) link.close()
    this.links.clear()
  }

  private refuse(peer: PeerId): void {
    this.refused.add(peer)
    queueMicrotask(() => {
      if (this.refused.delete(peer)) this.events.closed(peer)
    })
  }

  private startWaiting(): void {
    for (const peer of this.waiting) {
      if (this.count((link) => link.isStarting && link.isInitiator) >= this.settings.maxStarting) return
      this.waiting.delete(peer)
      this.open(peer, null, 0)
    }
  }

  private answer(peer: PeerId, offer: Extract<LinkSignal, { type: 'offer' | 'answer' }>): void {
    const earlier = this.links.get(peer)
    if (earlier === undefined) {
      if (!this.waiting.has(peer) && this.links.size + this.waiting.size >= this.settings.maxLinks) return
      if (this.count((link) => link.isStarting && !link.isInitiator) >= this.settings.maxAnswering) return
    } else {
      if (!earlier.isStarting || earlier.start.session === offer.session) return
      if (earlier.isInitiator && this.selfId < peer) return
      if (earlier.start.replaced >= this.settings.maxReplaced) return
      earlier.close()
    }
    this.waiting.delete(peer)
    this.open(peer, offer, earlier === undefined ? 0 : earlier.start.replaced + 1)
    this.startWaiting()
  }

  private open(
    peer: PeerId,
    offer: Extract<LinkSignal, { type: 'offer' | 'answer' }> | null,
    replaced: number,
  ): void {
    const session = offer?.session ?? drawSession()
    const start = { session, offer, replaced, config: this.config }
    this.links.set(peer, new WebrtcLink(start, this.settings, this.eventsOf(peer)))
  }

  /** A link that was closed or replaced says no more, so whatever is said comes from the one in `links`. */
  private eventsOf(peer: PeerId): LinkEvents {
    return {
      opened: () => {
        this.startWaiting()
        this.events.opened(peer)
      },
      frame: (frame) => this.events.frame(peer, frame),
      signal: (signal) => this.events.signal(peer, signal),
      drained: () => this.events.drained(peer),
      closed: () => {
        this.links.delete(peer)
        this.startWaiting()
        this.events.closed(peer)
      },
    }
  }

  private count(isCounted: (link: WebrtcLink) => boolean): number {
    let count = 0
    for (const link of this.links.values()) if (isCounted(link)) count++
    return count
  }
}

function drawSession(): string {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1))
  return word.toString(16).padStart(8, '0')
}

/** Leaves out the servers that this browser refuses (a relay without credentials), lest they take the rest along. */
function usableServers(servers: RTCIceServer[]): RTCIceServer[] {
  if (servers.length === 0 || isUsable(servers)) return servers
  return servers.filter((server) => isUsable([server]))
}

function isUsable(iceServers: RTCIceServer[]): boolean {
  try {
    new RTCPeerConnection({ iceServers }).close()
    return true
  } catch {
    return false
  }
}
