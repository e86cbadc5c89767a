/**
 * The way between network namespaces: takes the frames of each one's VXLAN tunnel, lets them wait, drops or delays them as
 * the sender's and the receiver's access lines would, and hands them to the receiver's tunnel. No kernel module for delays is
 * needed. Usage, in a namespace that has an address towards each end:
 *
 *     tsx testbed/wan-process.ts '{"ends":[{…},…]}'
 */

import { createSocket, type Socket } from 'node:dgram'

import { destinationOf, fillChecksum, kindOf, packetBytes, type TrafficKind } from './inner-frame.ts'
import { putFirst } from './priority.ts'
import { answerQuestions } from './questions.ts'
import { TimedLine } from './timed-line.ts'
import { VXLAN_PORT, type WanAnswers, type WanLook, type WanOptions, type WanTraceRow } from './wan-ends.ts'

const TRACE_EVERY_MS = 100
const QUEUE_SAMPLE_MS = 10
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

class Counts {
  readonly fromMs = performance.now()
  readonly bytes: Record<TrafficKind, number> = { tcp: 0, webrtc: 0, echo: 0, other: 0 }
  readonly trace: WanTraceRow[] = []
  drops = 0
  latestMs = 0
  private lateMs = 0
  private handedOn = 0
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

  late(byMs: number): void {
    this.latestMs = Math.max(this.latestMs, byMs)
    this.lateMs += byMs
    this.handedOn++
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
      meanLateMs: this.lateMs / Math.max(1, this.handedOn),
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

interface Port {
  readonly socket: Socket
  readonly up: TimedLine<Buffer>
  readonly down: TimedLine<Buffer>
}

const { ends } = JSON.parse(process.argv[2] ?? '{}') as WanOptions
putFirst(process.pid)
const ports = new Map<string, Port>()
for (const end of ends) {
  const socket = await bind(end.ownAddress)
  const up = new TimedLine<Buffer>(end.up, (frame) => passOn(frame), late)
  const down = new TimedLine<Buffer>(
    end.down,
    (frame) => socket.send(frame, VXLAN_PORT, end.tunnelAddress),
    late,
  )
  ports.set(end.address, { socket, up, down })
}
const [first] = ports.values()
for (const port of ports.values()) port.socket.on('message', (frame) => takeIn(frame, port))
setInterval(() => counts.sample(first?.up.queueMs() ?? 0), QUEUE_SAMPLE_MS)
answerQuestions(answers)
console.log('{}')

function takeIn(frame: Buffer, port: Port): void {
  const isTaken = port.up.offer(frame, packetBytes(frame))
  if (port !== first) return
  if (isTaken) counts.bytes[kindOf(frame)] += packetBytes(frame)
  else counts.drops++
}

/** Whatever is for nobody here is lost, as in any network. */
function passOn(frame: Buffer): void {
  const to = ports.get(destinationOf(frame) ?? '')
  if (to === undefined) return
  fillChecksum(frame)
  to.down.offer(frame, packetBytes(frame))
}

function late(byMs: number): void {
  counts.late(byMs)
}

function bind(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(VXLAN_PORT, address, () => resolve(socket))
  })
}
