/**
 * What we tell the swarm of our seat. One claim stands at a time; each replaces the one before, and an empty one says
 * that the seat is vacant.
 */

import type { Context } from '../context.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import { MAX_RUNS_PER_CLAIM } from '../wire/limits.ts'
import type { Claim, SeatPlan } from '../wire/peer-messages.ts'

/** A claim is said again before the 5 s for which it counts are over, in ms. */
const RENEWAL_MS = 2000

/** What was brought is told for this long, in ms: a claim may be overtaken by the next two, and then is not heard. */
const BROUGHT_MS = 6000

interface Brought {
  start: number
  count: number
  lastMs: number
}

export class StandingClaim {
  private readonly context: Context
  private readonly mesh: Mesh
  private sequence = 0
  private standing: Claim | null = null
  private brought: Brought[] = []

  constructor(context: Context, mesh: Mesh) {
    this.context = context
    this.mesh = mesh
  }

  /** Chunk after the last that the standing claim covers; 0 where none stands. */
  get end(): number {
    const run = this.standing?.runs[0]
    return run === undefined ? 0 : run.start + run.count
  }

  /** We have brought this chunk into the swarm: told with the next claim. */
  noteBrought(chunk: number): void {
    const { nowMs } = this.context
    const last = this.brought.at(-1)
    if (last !== undefined && last.start + last.count === chunk) {
      last.count++
      last.lastMs = nowMs
    } else this.brought.push({ start: chunk, count: 1, lastMs: nowMs })
    if (this.brought.length > MAX_RUNS_PER_CLAIM) this.brought.shift()
  }

  /** Floods the run as our claim; null: we hold no seat. */
  say(run: ChunkRun | null, goodputBytesPerSec: number, plan: SeatPlan): void {
    const { selfId, deadlines, nowMs } = this.context
    if (selfId === null || (run === null && this.standing === null)) return
    this.brought = this.brought.filter(({ lastMs }) => nowMs - lastMs < BROUGHT_MS)
    const claim: Claim = {
      type: 'claim',
      peer: selfId,
      sequence: ++this.sequence,
      hops: 1,
      runs: run === null ? [] : [run],
      brought: this.brought.map(({ start, count }) => ({ start, count })),
      goodputBytesPerSec: Math.min(2 ** 32 - 1, Math.round(goodputBytesPerSec)),
      plan,
    }
    this.standing = run === null ? null : claim
    if (run === null) deadlines.clear('claim')
    else deadlines.set('claim', nowMs + RENEWAL_MS)
    this.mesh.flood(claim, null)
  }

  /** Says the standing claim to a neighbour who has not heard it. */
  tell(peer: PeerId): void {
    if (this.standing !== null) this.context.emit({ type: 'send', peer, message: this.standing })
  }
}
