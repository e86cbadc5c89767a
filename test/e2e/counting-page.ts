/**
 * Counts the frames that cross a page's data channels, by type. It sits between the library and the browser's own
 * channels, so that the library needs to know nothing of it. Bundled into the test page as `window.counted`.
 */

import { FRAME_TYPE } from '../../src/core/wire/peer-frame.ts'

type FrameName = keyof typeof FRAME_TYPE | 'unknown'

export interface Count {
  frames: number
  /** With the frames' headers, without what SCTP, DTLS and UDP add. */
  bytes: number
}

/** Types of which there was no frame are missing. */
type Counts = Partial<Record<FrameName, Count>>

export interface Counted {
  readonly sent: Counts
  readonly received: Counts
}

declare global {
  interface Window {
    readonly counted: Counted
  }
}

const sent: Counts = {}
const received: Counts = {}
const names = new Map<number | undefined, FrameName>(
  Object.entries(FRAME_TYPE).map(([name, type]) => [type, name as FrameName]),
)

Object.assign(window, { counted: { sent, received } })

// oxlint-disable-next-line typescript/unbound-method -- it is applied to each connection below
const { createDataChannel } = RTCPeerConnection.prototype
RTCPeerConnection.prototype.createDataChannel = function (...settings) {
  const channel = createDataChannel.apply(this, settings)
  const send = channel.send.bind(channel) as (data: unknown) => void
  channel.send = (data: unknown) => {
    send(data)
    count(sent, data)
  }
  channel.addEventListener('message', ({ data }) => count(received, data))
  return channel
}

function count(counts: Counts, data: unknown): void {
  const frame = bytesOf(data)
  const name = names.get(frame[0]) ?? 'unknown'
  const known = (counts[name] ??= { frames: 0, bytes: 0 })
  known.frames++
  known.bytes += frame.byteLength
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw new TypeError('Frames are binary.')
}
