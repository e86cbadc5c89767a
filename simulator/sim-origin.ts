/**
 * The origin: one uplink shared max–min fairly among its open responses, connections that have to be made, are kept
 * and are reused, and TCP's slow start. Bytes count when they leave it; they arrive half a round trip later.
 */

import type { Random } from '../src/core/random.ts'
import type { EventHandle, EventQueue } from './event-queue.ts'
import { FairShare, type Flow } from './fair-share.ts'
import { OriginFaults, type Refusal } from './faults/origin-faults.ts'
import type { OriginFault } from './faults/trouble.ts'
import type { Connection, OriginClient } from './origin-client.ts'
import type { OriginModel } from './scenario.ts'

/** What the asker wants of a response. */
export interface ResponseRequest {
  readonly client: OriginClient
  readonly lengthBytes: number
  /** How often the asker wants to hear: after so many bytes each. Infinity: at the end. */
  readonly stepBytes: number
  /** The headers, and the first byte, have arrived. */
  readonly opened: () => void
  /** So many bytes of the body have arrived, all told. */
  readonly arrived: (bytes: number) => void
  /** Instead of all that: a status that says later. */
  readonly refused?: (refusal: Refusal) => void
  /** In the middle of it: the connection broke. */
  readonly broke?: () => void
}

type ResponseState = 'asked' | 'waiting' | 'flowing' | 'gone'

export class SimResponse {
  readonly request: ResponseRequest
  readonly connection: Connection
  state: ResponseState = 'asked'
  /** Nobody listens any more. */
  isCut: boolean = false
  flow: Flow | null = null
  /** Bytes a ms that the asker's line has for it. */
  lineBytesPerMs: number
  isGrowing: boolean = false

  constructor(request: ResponseRequest, connection: Connection) {
    this.request = request
    this.connection = connection
    this.lineBytesPerMs = request.client.downBytesPerMs
  }

  /** Bytes arrive: -1 stands for the headers. */
  happen(bytes: number): void {
    if (this.isCut) return
    if (bytes < 0) this.request.opened()
    else this.request.arrived(bytes)
  }
}

/** Over all origins of a file. */
export function totalOf(origins: readonly SimOrigin[], figure: (origin: SimOrigin) => number): number {
  return origins.reduce((total, origin) => total + figure(origin), 0)
}

export class SimOrigin {
  requests = 0
  openMax = 0
  private readonly queue: EventQueue
  readonly model: OriginModel
  private readonly share: FairShare
  private readonly bySlot: (SimResponse | null)[] = []
  private readonly waiting: SimResponse[] = []
  private openCount = 0
  private openMs = 0
  private openSinceMs = 0
  private wakeUp: EventHandle | null = null
  private faults: OriginFaults = new OriginFaults([])
  /** A request has come, by one who was told to wait or not. */
  asked: (isEarly: boolean) => void = () => {}

  constructor(queue: EventQueue, model: OriginModel) {
    this.queue = queue
    this.model = model
    this.share = new FairShare(model.upBytesPerSec / 1000)
  }

  /** These go wrong, in their time. */
  suffer(faults: readonly OriginFault[], random: Random): void {
    const { queue, share, model } = this
    this.faults = new OriginFaults(faults)
    this.faults.schedule(queue, {
      setRateShare: (rateShare) => {
        share.setRate((model.upBytesPerSec / 1000) * rateShare, queue.nowMs)
        this.followUp()
      },
      breakOne: () => this.breakOne(random),
    })
  }

  /** It refuses everybody just now. */
  get isAway(): boolean {
    return this.faults.refusal(this.queue.nowMs) !== null
  }

  get bytesSent(): number {
    return this.share.totalBytes(this.queue.nowMs)
  }

  /** Sum of the time that responses were open, in ms. */
  get openTimeMs(): number {
    return this.openMs + this.openCount * (this.queue.nowMs - this.openSinceMs)
  }

  ask(request: ResponseRequest): SimResponse {
    this.requests++
    const { client } = request
    this.asked(this.queue.nowMs < client.notBeforeMs)
    const { connection, readyInMs } = client.connect(this.queue.nowMs)
    const response = new SimResponse(request, connection)
    const askedMs = readyInMs + client.rttMs / 2
    this.queue.callAt(this.queue.nowMs + askedMs, () => this.admit(response))
    return response
  }

  /** The asker hangs up: the origin hears of it half a round trip later. */
  cut(response: SimResponse): void {
    if (response.isCut || response.state === 'gone') return
    response.isCut = true
    const { client } = response.request
    if (this.model.http === 'h2') client.release(response.connection, this.queue.nowMs)
    else client.lose(response.connection)
    this.queue.callAt(this.queue.nowMs + client.rttMs / 2, () => this.close(response))
  }

  /** Bytes a ms that the response gets now. */
  rateBytesPerMs({ flow }: SimResponse): number {
    return flow === null ? 0 : this.share.rateOf(flow)
  }

  /** Lets the asker hear, in half a round trip, what has been sent up to now. */
  report(response: SimResponse): void {
    const { flow, request } = response
    if (flow === null) return
    const bytes = Math.floor(this.share.sentBytes(flow, this.queue.nowMs))
    this.queue.after(request.client.rttMs / 2, response, bytes)
  }

  /** The asker's line has this much room for the response from now on. */
  setLine(response: SimResponse, bytesPerMs: number): void {
    response.lineBytesPerMs = bytesPerMs
    this.review(response)
  }

  // ---------------------------------------------------------------------------------------------- responses

  /** The request has arrived. */
  private admit(response: SimResponse): void {
    if (response.state !== 'asked') return
    const refusal = this.faults.refusal(this.queue.nowMs)
    if (refusal !== null) return this.refuse(response, refusal)
    if (this.openCount < (this.model.maxConnections ?? Infinity)) return this.start(response)
    response.state = 'waiting'
    this.waiting.push(response)
  }

  private refuse(response: SimResponse, refusal: Refusal): void {
    const { queue } = this
    const { client, refused } = response.request
    response.state = 'gone'
    queue.callAt(queue.nowMs + client.rttMs / 2, () => {
      if (response.isCut) return
      client.release(response.connection, queue.nowMs)
      if (refusal.retryAfterMs !== null) client.notBeforeMs = queue.nowMs + refusal.retryAfterMs
      refused?.(refusal)
    })
  }

  /** What was sent of it still arrives. */
  private breakOne(random: Random): void {
    const { queue } = this
    const open = this.bySlot.flatMap((response) => response ?? [])
    const response = open[random.below(Math.max(1, open.length))]
    if (response === undefined || response.isCut) return
    const { client, broke } = response.request
    this.report(response)
    this.close(response)
    client.lose(response.connection)
    queue.callAt(queue.nowMs + client.rttMs / 2, () => {
      if (!response.isCut) broke?.()
    })
  }

  private start(response: SimResponse): void {
    const { client, lengthBytes, stepBytes } = response.request
    this.count(1)
    response.state = 'flowing'
    this.queue.after(client.rttMs / 2, response, -1)
    if (lengthBytes === 0) {
      this.queue.after(client.rttMs / 2, response, 0)
      return this.close(response)
    }
    const flow = this.share.open(this.capOf(response), Math.min(lengthBytes, stepBytes), this.queue.nowMs)
    response.flow = flow
    this.bySlot[flow.slot] = response
    this.followUp()
  }

  private close(response: SimResponse): void {
    const { state, flow } = response
    if (state === 'gone') return
    response.state = 'gone'
    if (state === 'waiting') this.waiting.splice(this.waiting.indexOf(response), 1)
    if (state !== 'flowing') return
    if (!response.isCut) response.request.client.release(response.connection, this.queue.nowMs)
    this.count(-1)
    if (flow !== null) {
      this.share.close(flow, this.queue.nowMs)
      this.bySlot[flow.slot] = null
      response.flow = null
    }
    const next = this.waiting.shift()
    if (next !== undefined) this.start(next)
    this.followUp()
  }

  private count(change: 1 | -1): void {
    this.openMs = this.openTimeMs
    this.openSinceMs = this.queue.nowMs
    this.openCount += change
    this.openMax = Math.max(this.openMax, this.openCount)
  }

  private capOf({ request: { client }, connection, lineBytesPerMs }: SimResponse): number {
    const { maxBytesPerSecPerConnection } = this.model
    const most = maxBytesPerSecPerConnection === undefined ? Infinity : maxBytesPerSecPerConnection / 1000
    return Math.min(lineBytesPerMs, most, connection.windowBytes / client.rttMs)
  }

  private review(response: SimResponse): void {
    const { flow } = response
    if (flow === null) return
    const cap = this.capOf(response)
    if (cap === flow.capBytesPerMs) return
    this.share.setCap(flow, cap, this.queue.nowMs)
    this.followUp()
  }

  /** Every window that has become the limit doubles in a round trip, until it is beyond what the line takes. */
  private grow(response: SimResponse): void {
    const { connection, request, flow } = response
    response.isGrowing = false
    if (flow === null || !flow.isAtCap) return
    connection.windowBytes *= 2
    if (connection.windowBytes / request.client.rttMs > 2 * request.client.downBytesPerMs)
      connection.windowBytes = Infinity
    this.review(response)
  }

  private isLimitedByWindow({ flow, connection, request }: SimResponse): boolean {
    return flow?.isAtCap === true && flow.capBytesPerMs === connection.windowBytes / request.client.rttMs
  }

  /** After every change: windows that now limit, and the time of the next mark. */
  private followUp(): void {
    const { queue, share } = this
    for (const { slot } of share.takeHeld()) {
      const response = this.bySlot[slot] ?? null
      if (response === null || response.isGrowing || !this.isLimitedByWindow(response)) continue
      response.isGrowing = true
      queue.callAt(queue.nowMs + response.request.client.rttMs, () => this.grow(response))
    }
    const nextMs = share.nextMarkMs()
    if (nextMs === Infinity) {
      if (this.wakeUp !== null) queue.cancel(this.wakeUp)
      this.wakeUp = null
    } else if (this.wakeUp === null) this.wakeUp = queue.at(nextMs, this, null)
    else if (queue.timeOf(this.wakeUp) !== nextMs) queue.move(this.wakeUp, nextMs)
  }

  /** The next mark is reached. */
  happen(): void {
    this.wakeUp = null
    const { queue, share } = this
    for (let flow = share.takeMarked(queue.nowMs); flow !== null; flow = share.takeMarked(queue.nowMs)) {
      const response = this.bySlot[flow.slot] ?? null
      if (response === null) continue
      const { lengthBytes, stepBytes, client } = response.request
      const bytes = flow.settledBytes
      queue.after(client.rttMs / 2, response, bytes)
      if (bytes >= lengthBytes) this.close(response)
      else share.setMark(flow, Math.min(lengthBytes, bytes + stepBytes))
    }
    this.followUp()
  }
}
