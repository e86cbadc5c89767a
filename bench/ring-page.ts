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
  /** Sends, where it has an outgoing channel, and resolves to the bytes that came in a part of that time. */
  run(times: RingTimes): Promise<number>
  close(): void
}

/**
 * By the clock on the wall, in ms since 1970, as it is to be the same time in all pages: on a busy machine they begin up to two
 * seconds one after the other, and each would find the machine half empty.
 */
export interface RingTimes {
  readonly countFromMs: number
  readonly untilMs: number
}

declare global {
  interface Window {
    ring: RingPage
  }
}

/** The library's blocks are as long. With 64 KiB it was 5 to 15% less. */
const MESSAGE_BYTES = 128 * 1024

/** Water marks of the sender, in bytes: those that were fastest (src/browser/webrtc-links.ts). */
const HIGH_WATER_BYTES = 128 * 1024
const LOW_WATER_BYTES = 32 * 1024

let outgoing: RTCPeerConnection | null = null
let incoming: RTCPeerConnection | null = null
let channel: RTCDataChannel | null = null
let counted: RingTimes | null = null
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
        if (isCounted(Date.now())) receivedBytes += message.data.byteLength
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
  async run(times) {
    counted = times
    if (channel !== null) void sendUntil(channel, times.untilMs)
    await wait(times.untilMs - Date.now())
    return receivedBytes
  },
  close() {
    outgoing?.close()
    incoming?.close()
  },
}

function isCounted(nowMs: number): boolean {
  return counted !== null && nowMs >= counted.countFromMs && nowMs < counted.untilMs
}

async function sendUntil(to: RTCDataChannel, untilMs: number): Promise<void> {
  const message = new Uint8Array(MESSAGE_BYTES)
  while (Date.now() < untilMs && to.readyState === 'open') {
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
