/**
 * The page's half of the ring: one outgoing and one incoming data channel, as fast as they go. Signalling is carried by
 * whoever drives the pages, with all candidates in one description: on one machine they are there within milliseconds.
 */

export interface RingPage {
  /** The offer of the outgoing connection. */
  offer(): Promise<string>
  /** The answer to the previous page's offer. */
  answer(offer: string): Promise<string>
  /** Resolves when the outgoing channel is open. */
  accept(answer: string): Promise<void>
  /**
   * Sends, where it has an outgoing channel, and receives for `warmUpMs + measureMs`; resolves to bytes received a second in the
   * latter part.
   */
  run(times: { readonly warmUpMs: number; readonly measureMs: number }): Promise<number>
  close(): void
}

declare global {
  interface Window {
    ring: RingPage
  }
}

/** 64 KiB messages: what one block of a small file is. */
const MESSAGE_BYTES = 64 * 1024

/** Water marks of the sender, in bytes: the range in which Chromium neither starves nor swells. */
const HIGH_WATER_BYTES = 1024 * 1024
const LOW_WATER_BYTES = 256 * 1024

let outgoing: RTCPeerConnection | null = null
let incoming: RTCPeerConnection | null = null
let channel: RTCDataChannel | null = null
let receivedBytes = 0

window.ring = {
  async offer() {
    outgoing = new RTCPeerConnection()
    channel = outgoing.createDataChannel('ring')
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES
    await outgoing.setLocalDescription()
    return gathered(outgoing)
  },
  async answer(offer) {
    incoming = new RTCPeerConnection()
    incoming.addEventListener('datachannel', (event) => {
      event.channel.binaryType = 'arraybuffer'
      event.channel.addEventListener('message', (message: MessageEvent<ArrayBuffer>) => {
        receivedBytes += message.data.byteLength
      })
    })
    await incoming.setRemoteDescription({ type: 'offer', sdp: offer })
    await incoming.setLocalDescription()
    return gathered(incoming)
  },
  async accept(answer) {
    const open = channel
    if (outgoing === null || open === null) throw new Error('There is no offer to be answered.')
    await outgoing.setRemoteDescription({ type: 'answer', sdp: answer })
    if (open.readyState !== 'open') await once(open, 'open')
  },
  async run({ warmUpMs, measureMs }) {
    const untilMs = performance.now() + warmUpMs + measureMs
    const sending = channel === null ? null : sendUntil(channel, untilMs)
    await wait(warmUpMs)
    const from = { bytes: receivedBytes, ms: performance.now() }
    await wait(measureMs)
    const bytesPerSec = ((receivedBytes - from.bytes) / (performance.now() - from.ms)) * 1_000
    await sending
    return bytesPerSec
  },
  close() {
    outgoing?.close()
    incoming?.close()
  },
}

async function sendUntil(to: RTCDataChannel, untilMs: number): Promise<void> {
  const message = new Uint8Array(MESSAGE_BYTES)
  while (performance.now() < untilMs && to.readyState === 'open') {
    while (to.bufferedAmount < HIGH_WATER_BYTES) to.send(message)
    await once(to, 'bufferedamountlow')
  }
}

async function gathered(connection: RTCPeerConnection): Promise<string> {
  while (connection.iceGatheringState !== 'complete') await once(connection, 'icegatheringstatechange')
  return connection.localDescription?.sdp ?? ''
}

function once(target: EventTarget, type: string): Promise<void> {
  return new Promise((resolve) => target.addEventListener(type, () => resolve(), { once: true }))
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
