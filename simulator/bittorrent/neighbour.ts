/** What a client knows of one that it has a link to. */

import { Bitfield } from '../../src/core/bitfield.ts'
import type { PeerId } from '../../src/core/types.ts'
import type { LinkEnd } from '../link-end.ts'
import type { Service } from '../uplink.ts'
import type { Chokable } from './choking.ts'
import type { Holder } from './piece-picker.ts'
import { RateWindow } from './rate-window.ts'

/** The rest of a piece, from a byte of it on. */
export interface Rest {
  readonly chunk: number
  readonly fromByte: number
}

export class Neighbour implements Chokable, Holder {
  readonly end: LinkEnd
  readonly peer: PeerId
  readonly connectedMs: number
  readonly has: Bitfield
  readonly received: RateWindow
  readonly sent: RateWindow
  /** It wants something that we have. */
  isInterested: boolean = false
  isServed: boolean = false
  chokesUs: boolean = true
  /** Pieces that it has and we lack; whether we have told it that there are any. */
  wanted: number = 0
  isWanted: boolean = false
  /** By piece: the byte of it that is due next. */
  readonly asked: Map<number, number> = new Map()
  /** Of all that it has been asked for, what has not come. */
  dueBytes: number = 0
  /** What it asks of us; the first is being sent. */
  readonly queue: Rest[] = []
  service: Readonly<Service> | null = null

  constructor(end: LinkEnd, pieceCount: number, nowMs: number) {
    this.end = end
    this.peer = end.peer
    this.connectedMs = nowMs
    this.has = new Bitfield(pieceCount)
    this.received = new RateWindow(nowMs)
    this.sent = new RateWindow(nowMs)
  }
}
