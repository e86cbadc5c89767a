/**
 * The origin as a web seed (BEP 19): over one connection, range after range. A range is one piece, and as many of those
 * that follow it as come in a second at the present rate, as BEP 19 wants adjacent pieces asked for together: else a
 * round trip would be lost with each. What is here of a piece already is left out. Where a neighbour is quicker with a
 * piece, in the endgame, the response is cut.
 */

import type { EventQueue } from '../event-queue.ts'
import type { HostRuns } from '../runs.ts'
import { followsForWebSeed, pieceFromWebSeed, type WebSeedOrder } from './piece-picker.ts'
import type { Pieces } from './pieces.ts'

/** A range is no longer than what comes in this time, in seconds: WebTorrent's `PIPELINE_MAX_DURATION`. */
const RANGE_SEC = 1

interface Range {
  readonly run: number
  readonly askedMs: number
  readonly endPiece: number
  /** What comes next: a piece, from a byte of it on. */
  piece: number
  nextByte: number
  bytes: number
}

export class WebSeed {
  private readonly order: WebSeedOrder
  private readonly pieces: Pieces
  private readonly runs: HostRuns
  private readonly queue: EventQueue
  private range: Range | null = null
  private rangeCount = 0
  /** Of the last whole range, from the question on. */
  private bytesPerSec = 0

  constructor(order: WebSeedOrder, pieces: Pieces, { runs, queue }: { runs: HostRuns; queue: EventQueue }) {
    this.order = order
    this.pieces = pieces
    this.runs = runs
    this.queue = queue
  }

  /** Asks for the next range, where none is under way. */
  fill(): void {
    const { pieces } = this
    const { geometry } = pieces
    if (this.range !== null) return
    const piece = pieceFromWebSeed(this.order, pieces)
    if (piece === null) return
    const endPiece = this.endAfter(piece)
    const nextByte = pieces.bytesOf(piece)
    const run = this.rangeCount++
    for (let each = piece; each < endPiece; each++) pieces.bring(each)
    this.range = { run, askedMs: this.queue.nowMs, endPiece, piece, nextByte, bytes: 0 }
    this.runs.fetch({
      type: 'fetch',
      origin: 0,
      run,
      firstByte: geometry.firstByte(piece) + nextByte,
      lastByte: geometry.firstByte(endPiece - 1) + geometry.lengthBytes(endPiece - 1) - 1,
      firstChunk: piece,
    })
  }

  /** So many bytes more of the range have come. The pieces that have come to their end. */
  progressed(run: number, bytes: number): readonly number[] {
    const { range, pieces } = this
    if (range?.run !== run) return []
    const ended: number[] = []
    range.bytes += bytes
    for (let rest = bytes; rest > 0 && range.piece < range.endPiece;) {
      const { piece, nextByte } = range
      const lengthBytes = pieces.geometry.lengthBytes(piece)
      const to = Math.min(lengthBytes, nextByte + rest)
      pieces.add(piece, { from: nextByte, to })
      rest -= to - nextByte
      range.nextByte = to
      if (to < lengthBytes) break
      pieces.release(piece)
      ended.push(piece)
      range.piece++
      range.nextByte = 0
    }
    return ended
  }

  /** The range has come to its end. */
  ended(run: number): void {
    const { range } = this
    if (range?.run !== run) return
    this.range = null
    this.bytesPerSec = (range.bytes / (this.queue.nowMs - range.askedMs)) * 1000
  }

  /** The piece has come from elsewhere. */
  cancel(piece: number): void {
    const { range } = this
    if (range === null || piece < range.piece || piece >= range.endPiece) return
    this.range = null
    for (let each = range.piece; each < range.endPiece; each++) this.pieces.release(each)
    this.runs.abort(range.run)
  }

  private endAfter(first: number): number {
    const { pieces, order } = this
    let end = first + 1
    // What is reported of a range is aligned with pieces only where it begins with one.
    if (pieces.bytesOf(first) > 0) return end
    const most = (this.bytesPerSec * RANGE_SEC) / pieces.geometry.chunkBytes
    while (end - first < most && followsForWebSeed(order, { first, next: end }, pieces)) end++
    return end
  }
}
