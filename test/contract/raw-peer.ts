/**
 * The other end of a link, made of a bare RTCPeerConnection: it can do what no well-behaved visitor does. Also
 * `watchConnections`, which counts the connections of this page.
 */

import type { PeerId } from '../../src/core/types.ts'
import type { Links } from '../../src/ports.ts'

interface Signal {
  readonly type: 'offer' | 'answer' | 'candidate'
  readonly session: string
  readonly sdp?: string
  readonly candidate?: string
}

export class RawPeer {
  readonly id: PeerId
  readonly connection: RTCPeerConnection = new RTCPeerConnection()
  readonly channel: RTCDataChannel
  /** Rewrites what goes out; null: it does not go out. */
  rewrite: (signal: Signal) => Signal | null = (signal) => signal
  private readonly to: Links
  private session = 'feedf00d'
  private work: Promise<void> = Promise.resolve()

  constructor(id: PeerId, to: Links) {
    this.id = id
    this.to = to
    this.channel = this.connection.createDataChannel('', { negotiated: true, id: 0 })
    this.connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate !== null && candidate.candidate !== '')
        this.emit({ type: 'candidate', session: this.session, candidate: candidate.candidate })
    })
  }

  get isOpen(): Promise<void> {
    return once(this.channel, 'open')
  }

  get isClosed(): Promise<void> {
    return once(this.channel, 'close')
  }

  /** Sends an offer; `session` is eight hex digits. */
  async offer(session: string): Promise<void> {
    this.session = session
    await this.connection.setLocalDescription()
    this.emit({ type: 'offer', session, sdp: this.connection.localDescription?.sdp ?? '' })
  }

  /** Takes what the links have signalled. */
  receive(data: unknown): void {
    const signal = data as Signal
    this.work = this.work.then(() => this.handle(signal))
  }

  private async handle({ type, session, sdp = '', candidate = '' }: Signal): Promise<void> {
    if (type === 'candidate') return this.connection.addIceCandidate({ candidate, sdpMLineIndex: 0 })
    await this.connection.setRemoteDescription({ type, sdp })
    if (type === 'answer') return
    this.session = session
    await this.connection.setLocalDescription()
    this.emit({ type: 'answer', session, sdp: this.connection.localDescription?.sdp ?? '' })
  }

  private emit(signal: Signal): void {
    const rewritten = this.rewrite(signal)
    if (rewritten !== null) this.to.signal(this.id, rewritten)
  }
}

export interface Connections {
  /** Ever made, closed ones included. */
  readonly made: number
  readonly live: number
  /** Candidates given to all of them. */
  readonly candidates: number
  /** Counts no more, and closes what is left. */
  stop(): void
}

/** Counts the RTCPeerConnections of this page from now on. */
export function watchConnections(): Connections {
  const Original = globalThis.RTCPeerConnection
  const made: RTCPeerConnection[] = []
  let candidates = 0
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      made.push(this)
    }

    override addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      candidates++
      return super.addIceCandidate(candidate)
    }
  }
  return {
    get made(): number {
      return made.length
    },
    get live(): number {
      return made.filter(({ signalingState }) => signalingState !== 'closed').length
    },
    get candidates(): number {
      return candidates
    },
    stop: () => {
      globalThis.RTCPeerConnection = Original
      for (const connection of made) connection.close()
    },
  }
}

function once(target: EventTarget, event: string): Promise<void> {
  return new Promise((resolve) => target.addEventListener(event, () => resolve(), { once: true }))
}
