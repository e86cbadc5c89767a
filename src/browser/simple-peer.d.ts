/** As much of simple-peer 9.11.1 as `webrtc-link.ts` uses, so that no Node types come into a browser library. */
declare module 'simple-peer/simplepeer.min.js' {
  export interface SimplePeerOptions {
    initiator: boolean
    trickle: boolean
    config: RTCConfiguration
    channelName: string
    channelConfig: RTCDataChannelInit
  }

  export default class SimplePeer {
    constructor(options: SimplePeerOptions)

    /** Undefined where RTCPeerConnection's constructor threw; null once destroyed. */
    readonly _pc: RTCPeerConnection | null | undefined
    readonly _channel: RTCDataChannel | null

    on(event: 'signal', listener: (data: unknown) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'close', listener: () => void): this

    /** Throws once destroyed. */
    signal(data: unknown): void
    /** Closes the RTCPeerConnection in a microtask; `close` follows. May be called again. */
    destroy(): void
  }
}
