/**
 * The way between two network namespaces: takes the frames of each one's VXLAN tunnel, lets them wait, drops or delays them
 * as an access line would, and hands them to the other tunnel. No kernel module for delays is needed. Usage, in a
 * namespace that has an address towards each end:
 *
 *     tsx testbed/wan-process.ts '{"home":{…},"outside":{…},"up":{…},"down":{…}}'
 */

import { createSocket, type Socket } from 'node:dgram'
import { setPriority } from 'node:os'

import { fillChecksum, kindOf, packetBytes, type TrafficKind } from './inner-frame.ts'
import { answerQuestions } from './questions.ts'
import { ShapedLine } from './shaped-line.ts'
import { VXLAN_PORT, type WanAnswers, type WanLook, type WanOptions, type WanTraceRow } from './wan-ends.ts'

const TRACE_EVERY_MS = 100
const QUEUE_SAMPLE_MS = 10
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
/** Measures before all else that runs beside it (nice value). */
const PRIORITY = -15

class Counts {
  readonly fromMs = performance.now()
  readonly bytes: Record<TrafficKind, number> = { tcp: 0, webrtc: 0, echo: 0, other: 0 }
  readonly trace: WanTraceRow[] = []
  drops = 0
  latestMs = 0
  private queueMs = 0
  private mostQueueMs = 0
  private samples = 0
  private traced = { atMs: this.fromMs, tcp: 0, webrtc: 0 }

  sample(queueMs: number): void {
    this.queueMs += queueMs
    this.mostQueueMs = Math.max(this.mostQueueMs, queueMs)
    this.samples++
    const atMs = performance.now()
    if (atMs - this.traced.atMs < TRACE_EVERY_MS) return
    const { tcp, webrtc } = this.bytes
    this.trace.push({
      atMs: Math.round(performance.timeOrigin + atMs),
      queueMs: Math.round(queueMs),
      tcpBytes: tcp - this.traced.tcp,
      webrtcBytes: webrtc - this.traced.webrtc,
    })
    this.traced = { atMs, tcp, webrtc }
  }

  read(): WanLook {
    const { bytes, drops, trace, mostQueueMs, latestMs } = this
    const elapsedMs = performance.now() - this.fromMs
    return {
      elapsedMs,
      bytes,
      drops,
      meanQueueMs: this.queueMs / this.samples,
      mostQueueMs,
      latestMs,
      trace,
    }
  }
}

let counts = new Counts()
const answers: WanAnswers = {
  /** Since the last look. */
  look: (): WanLook => {
    const looked = counts.read()
    counts = new Counts()
    return looked
  },
}

const { home, outside, up, down } = JSON.parse(process.argv[2] ?? '{}') as WanOptions
setPriority(PRIORITY)
const [homeSocket, outsideSocket] = [await bind(home.ownAddress), await bind(outside.ownAddress)]
const upLine = new ShapedLine<Buffer>(up)
carry(homeSocket, upLine, (frame) => outsideSocket.send(frame, VXLAN_PORT, outside.tunnelAddress), {
  took: (frame) => {
    counts.bytes[kindOf(frame)] += packetBytes(frame)
  },
  dropped: () => {
    counts.drops++
  },
})
carry(
  outsideSocket,
  new ShapedLine<Buffer>(down),
  (frame) => homeSocket.send(frame, VXLAN_PORT, home.tunnelAddress),
  { took: () => undefined, dropped: () => undefined },
)
setInterval(() => counts.sample(upLine.queueMs(performance.now())), QUEUE_SAMPLE_MS)
answerQuestions(answers)
console.log('{}')

interface CarryEvents {
  took(frame: Buffer): void
  dropped(): void
}

function carry(
  from: Socket,
  line: ShapedLine<Buffer>,
  deliver: (frame: Buffer) => void,
  events: CarryEvents,
): void {
  let timer: NodeJS.Timeout | null = null
  const deliverDue = (): void => {
    timer = null
    const nowMs = performance.now()
    const dueMs = line.nextArrivalMs ?? nowMs
    counts.latestMs = Math.max(counts.latestMs, nowMs - dueMs)
    for (const frame of line.arrived(nowMs)) deliver(frame)
    const nextMs = line.nextArrivalMs
    if (nextMs !== null) timer = setTimeout(deliverDue, nextMs - performance.now())
  }
  from.on('message', (frame) => {
    const nowMs = performance.now()
    if (!line.offer(frame, packetBytes(frame), nowMs)) return events.dropped()
    fillChecksum(frame)
    events.took(frame)
    timer ??= setTimeout(deliverDue, (line.nextArrivalMs ?? nowMs) - nowMs)
  })
}

function bind(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(VXLAN_PORT, address, () => resolve(socket))
  })
}
