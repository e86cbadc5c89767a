/**
 * The origin as a web seed (BEP 19): over one connection, piece after piece, each asked for as a range; what is here of
 * a piece already is left out. Where a neighbour is quicker with a piece, in the endgame, the response is cut.
 */

import type { HostRuns } from '../runs.ts'
import { pieceFromWebSeed, type WebSeedOrder } from './piece-picker.ts'
import type { Pieces } from './pieces.ts'

interface Range {
  readonly run: number
  readonly piece: number
  nextByte: number
}

export class WebSeed {
  private readonly order: WebSeedOrder
  private readonly pieces: Pieces
  private readonly runs: HostRuns
  private range: Range | null = null
  private rangeCount = 0

  constructor(order: WebSeedOrder, pieces: Pieces, runs: HostRuns) {
    this.order = order
    this.pieces = pieces
    this.runs = runs
  }

  /** Asks for the next piece, where none is under way. */
  fill(): void {
    const { pieces } = this
    if (this.range !== null) return
    const piece = pieceFromWebSeed(this.order, pieces)
    if (piece === null) return
    const { geometry } = pieces
    const nextByte = pieces.bytesOf(piece)
    const run = this.rangeCount++
    pieces.bring(piece)
    this.range = { run, piece, nextByte }
    this.runs.fetch({
      type: 'fetch',
      run,
      firstByte: geometry.firstByte(piece) + nextByte,
      lastByte: geometry.firstByte(piece) + geometry.lengthBytes(piece) - 1,
      firstChunk: piece,
    })
  }

  /** So many bytes more of the range have come. */
  progressed(run: number, bytes: number): void {
    const { range } = this
    if (range?.run !== run) return
    const from = range.nextByte
    range.nextByte += bytes
    this.pieces.add(range.piece, { from, to: range.nextByte })
  }

  /** All of the range has come: its piece. */
  ended(run: number): number | null {
    const { range } = this
    if (range?.run !== run) return null
    this.range = null
    this.pieces.release(range.piece)
    return range.piece
  }

  /** The piece has come from elsewhere. */
  cancel(piece: number): void {
    const { range } = this
    if (range?.piece !== piece) return
    this.range = null
    this.pieces.release(piece)
    this.runs.abort(range.run)
  }
}
