/**
 * What a client asks of neighbours that serve it. Requests are kept outstanding, so that no round trip is lost between
 * blocks: five blocks at first (Cohen, "Incentives build robustness in BitTorrent", 2003), and as many as come in a second
 * of the present rate, as WebTorrent has it, up to 250.
 */

import type { PeerId } from '../../src/core/types.ts'
import type { Neighbour } from './neighbour.ts'
import { pieceFrom } from './piece-picker.ts'
import type { Pieces } from './pieces.ts'
import { REQUEST_BYTES, type WireMessage } from './wire.ts'

/** Blocks asked for ahead. The least is Cohen's, the most what clients take by default (`reqq`, BEP 10). */
const LEAST_AHEAD_BLOCKS = 5
const MOST_AHEAD_BLOCKS = 250

/** Time whose bytes are asked for ahead, in seconds: WebTorrent's `PIPELINE_MAX_DURATION`. */
const AHEAD_SEC = 1

export interface RequestEvents {
  readonly nowMs: () => number
  readonly send: (to: Neighbour, message: WireMessage) => void
}

/** A block of a piece that a neighbour sent. */
export interface CameIn {
  readonly chunk: number
  readonly offsetBytes: number
  readonly bytes: number
  readonly isGenuine: boolean
}

export class Requests {
  private readonly pieces: Pieces
  private readonly events: RequestEvents

  constructor(pieces: Pieces, events: RequestEvents) {
    this.pieces = pieces
    this.events = events
  }

  /** Asks the neighbour for as much as is to be outstanding. */
  fill(neighbour: Neighbour): void {
    if (neighbour.chokesUs || neighbour.wanted === 0) return
    const aheadBytes = aheadBytesAt(neighbour.received.bytesPerSec(this.events.nowMs()))
    while (neighbour.dueBytes < aheadBytes) {
      const piece = pieceFrom(neighbour, this.pieces)
      if (piece === null) return
      const fromByte = this.pieces.bytesOf(piece)
      const bytes = this.pieces.geometry.lengthBytes(piece) - fromByte
      this.pieces.bring(piece)
      neighbour.asked.set(piece, fromByte)
      neighbour.dueBytes += bytes
      this.events.send(neighbour, { type: 'request', chunk: piece, fromByte, bytes })
    }
  }

  /** A block has come, asked for or not any more. True if its piece is whole by it. */
  take(neighbour: Neighbour, { chunk, offsetBytes, bytes, isGenuine }: CameIn): boolean {
    const { pieces } = this
    const end = offsetBytes + bytes
    neighbour.received.totalBytes += bytes
    const spoiler: PeerId | null = isGenuine ? null : neighbour.peer
    const news = pieces.add(chunk, { from: offsetBytes, to: end, spoiler })
    const due = neighbour.asked.get(chunk)
    if (due !== undefined && end > due) {
      neighbour.dueBytes -= end - due
      neighbour.asked.set(chunk, end)
      if (end === pieces.geometry.lengthBytes(chunk)) this.settle(neighbour, chunk)
    }
    return news > 0 && pieces.isWhole(chunk)
  }

  /** The piece has come from elsewhere. */
  cancel(neighbour: Neighbour, piece: number): void {
    const due = neighbour.asked.get(piece)
    if (due === undefined) return
    this.settle(neighbour, piece)
    const bytes = this.pieces.geometry.lengthBytes(piece) - due
    this.events.send(neighbour, { type: 'cancel', chunk: piece, bytes })
  }

  /** The neighbour chokes us, or is gone: others may bring what it was asked for. */
  forget(neighbour: Neighbour): void {
    for (const piece of neighbour.asked.keys()) this.settle(neighbour, piece)
  }

  private settle(neighbour: Neighbour, piece: number): void {
    const due = neighbour.asked.get(piece)
    if (due === undefined) return
    neighbour.asked.delete(piece)
    neighbour.dueBytes -= this.pieces.geometry.lengthBytes(piece) - due
    this.pieces.release(piece)
  }
}

/** Bytes to keep outstanding at this rate. */
export function aheadBytesAt(bytesPerSec: number): number {
  const blocks = LEAST_AHEAD_BLOCKS + Math.ceil((bytesPerSec * AHEAD_SEC) / REQUEST_BYTES)
  return Math.min(MOST_AHEAD_BLOCKS, blocks) * REQUEST_BYTES
}
