/**
 * One WebRTC data channel to one neighbour. simple-peer opens and closes the RTCPeerConnection and exchanges
 * descriptions; frames go past its stream, straight to the channel, because that stream stops at 64 KiB of unsent bytes,
 * copies what arrives, and notices an open channel up to 100 ms late.
 *
 * The channel is negotiated beforehand (id 0): both ends make it before they talk, so nothing hangs on what the other
 * end announces, and a channel that it does announce is a violation.
 */

// Whoever compiles this file finds the declaration by it, whatever his tsconfig includes.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./simple-peer.d.ts" />

import SimplePeer from 'simple-peer/simplepeer.min.js'

import { MAX_FRAME_BYTES } from '../core/wire/limits.ts'
import type { Bytes } from '../ports.ts'
import { type LinkSignal, MAX_CANDIDATES_PER_LINK } from './link-signals.ts'

export interface LinkSettings {
  /** Bytes at or above which a sender of bulk waits. 128 KiB; measured, see webrtc-links.ts. */
  readonly highWaterBytes: number
  /** Bytes at or below which it may go on. 32 KiB. */
  readonly lowWaterBytes: number
  /**
   * Unsent bytes at which the link is closed: a neighbour that does not read may not fill our memory. 8 MiB (guess: many
   * times what a well-behaved sender keeps waiting; Chromium closes a channel of its own accord at 16 MiB).
   */
  readonly maxUnsentBytes: number
  /** Time for a connection to open, in milliseconds. 15 s (guess: relays over slow mobile links take 5 to 10 s). */
  readonly openWithinMs: number
}

export interface LinkEvents {
  opened(): void
  frame(frame: Bytes): void
  signal(signal: LinkSignal): void
  drained(): void
  closed(): void
}

export interface LinkStart {
  readonly session: string
  /** The other side's offer, where it is the initiator. */
  readonly offer: Extract<LinkSignal, { type: 'offer' | 'answer' }> | null
  /** How many attempts at this peer, by either side, this one replaces. */
  readonly replaced: number
  readonly config: RTCConfiguration
}

/** Smallest maximum message that a neighbour may announce, in bytes. Every browser of today takes 256 KiB. */
const LEAST_MAX_MESSAGE_BYTES = 64 * 1024

/** Events come from tasks of their own, never from within a call; none comes after `close()`. */
export class WebrtcLink {
  readonly start: LinkStart
  private readonly settings: LinkSettings
  private readonly events: LinkEvents
  private readonly connection: SimplePeer
  /** Both undefined or null where the browser refused to make another. */
  private readonly pc: RTCPeerConnection | null | undefined
  private readonly channel: RTCDataChannel | null
  private readonly timer: ReturnType<typeof setTimeout>
  private state: 'starting' | 'open' | 'failed' | 'closed' = 'starting'
  private messageBytes = MAX_FRAME_BYTES
  private isAnswered = false
  private candidates = 0
  private isAboveHighWater = false
  /** Unsent bytes at which the sender is waiting to be woken; null: it waits for the low water mark, if for anything. */
  private wakeAtBytes: number | null = null

  constructor(start: LinkStart, settings: LinkSettings, events: LinkEvents) {
    this.start = start
    this.settings = settings
    this.events = events
    this.timer = setTimeout(() => this.fail(), settings.openWithinMs)
    this.connection = new SimplePeer({
      initiator: start.offer === null,
      trickle: true,
      config: start.config,
      channelName: 'swarmfetch',
      channelConfig: { negotiated: true, id: 0 },
    })
    this.connection.on('signal', (data) => this.emitSignal(data))
    this.connection.on('error', () => this.fail())
    this.connection.on('close', () => this.fail())
    const { _pc: pc, _channel: channel } = this.connection
    this.pc = pc
    this.channel = channel
    this.listen()
    if (start.offer !== null) this.pass({ type: 'offer', sdp: start.offer.sdp })
  }

  get isStarting(): boolean {
    return this.state === 'starting'
  }

  get isInitiator(): boolean {
    return this.start.offer === null
  }

  get maxFrameBytes(): number {
    return this.messageBytes
  }

  get unsentBytes(): number {
    return this.state === 'open' ? (this.channel?.bufferedAmount ?? 0) : 0
  }

  /** Says `drained` once the unsent bytes have fallen to this. */
  wakeAt(unsentBytes: number): void {
    if (this.channel === null || this.state !== 'open') return
    this.wakeAtBytes = unsentBytes
    this.channel.bufferedAmountLowThreshold = unsentBytes
  }

  /** An answer or a candidate of this link's session. What cannot be meant now is dropped. */
  signal(signal: LinkSignal): void {
    if (this.state === 'failed' || this.state === 'closed') return
    if (signal.type === 'candidate') {
      if (++this.candidates > MAX_CANDIDATES_PER_LINK) return
      this.pass({ type: 'candidate', candidate: { candidate: signal.candidate, sdpMLineIndex: 0 } })
    } else if (signal.type === 'answer' && this.isInitiator && !this.isAnswered) {
      this.isAnswered = true
      this.pass({ type: 'answer', sdp: signal.sdp })
    }
  }

  send(frame: Bytes): void {
    if (this.state !== 'open' || this.channel?.readyState !== 'open') return
    if (frame.length > this.messageBytes) return this.fail()
    if (this.channel.bufferedAmount + frame.length > this.settings.maxUnsentBytes) return this.fail()
    try {
      this.channel.send(frame)
    } catch {
      return this.fail()
    }
    if (this.channel.bufferedAmount >= this.settings.highWaterBytes) this.isAboveHighWater = true
  }

  /** Closes without a word to `events`. */
  close(): void {
    this.stop()
    this.state = 'closed'
  }

  /** Takes the channel's traffic away from simple-peer; its closing and its errors stay there. */
  private listen(): void {
    const { channel, pc } = this
    if (channel === null || !pc) return
    pc.ondatachannel = () => this.fail()
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = this.settings.lowWaterBytes
    Object.assign(channel, { onopen: null, onmessage: null, onbufferedamountlow: null })
    channel.addEventListener('open', () => this.open())
    channel.addEventListener('message', ({ data }) => this.receive(data))
    channel.addEventListener('bufferedamountlow', () => this.drain())
  }

  private open(): void {
    if (this.state !== 'starting') return
    const announcedBytes = this.pc?.sctp?.maxMessageSize ?? LEAST_MAX_MESSAGE_BYTES
    if (announcedBytes < LEAST_MAX_MESSAGE_BYTES) return this.fail()
    this.messageBytes = Math.min(MAX_FRAME_BYTES, announcedBytes)
    this.state = 'open'
    clearTimeout(this.timer)
    this.events.opened()
  }

  private receive(data: unknown): void {
    if (this.state === 'starting') this.open()
    if (this.state !== 'open') return
    if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_FRAME_BYTES) return this.fail()
    this.events.frame(new Uint8Array(data))
  }

  private drain(): void {
    if (this.state !== 'open' || (this.wakeAtBytes === null && !this.isAboveHighWater)) return
    if (this.unsentBytes > (this.wakeAtBytes ?? this.settings.lowWaterBytes)) return
    this.isAboveHighWater = false
    this.wakeAtBytes = null
    if (this.channel !== null) this.channel.bufferedAmountLowThreshold = this.settings.lowWaterBytes
    this.events.drained()
  }

  private emitSignal(data: unknown): void {
    if (this.state !== 'starting' && this.state !== 'open') return
    const signal = toLinkSignal(data, this.start.session)
    if (signal !== null) this.events.signal(signal)
  }

  /** Hands something to simple-peer, which throws when it was destroyed behind our back. */
  private pass(data: unknown): void {
    try {
      this.connection.signal(data)
    } catch {
      this.fail()
    }
  }

  private fail(): void {
    if (this.state === 'failed' || this.state === 'closed') return
    this.stop()
    this.state = 'failed'
    queueMicrotask(() => {
      if (this.state !== 'failed') return
      this.state = 'closed'
      this.events.closed()
    })
  }

  private stop(): void {
    clearTimeout(this.timer)
    this.connection.destroy()
  }
}

/** What simple-peer wants to have signalled, in our form; null for what is not worth sending (the end of candidates). */
function toLinkSignal(data: unknown, session: string): LinkSignal | null {
  const { type, sdp, candidate } = data as {
    readonly type?: unknown
    readonly sdp?: unknown
    readonly candidate?: { readonly candidate?: unknown }
  }
  if ((type === 'offer' || type === 'answer') && typeof sdp === 'string') return { type, session, sdp }
  const text = candidate?.candidate
  return typeof text === 'string' && text !== '' ? { type: 'candidate', session, candidate: text } : null
}
