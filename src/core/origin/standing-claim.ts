/**
 * What we tell the swarm of our seat. One claim stands at a time; each replaces the one before, and an empty one says
 * that the seat is vacant.
 */

import type { Context } from '../context.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import type { Claim } from '../wire/peer-messages.ts'

/** A claim is said again before the 5 s for which it counts are over, in ms. */
const RENEWAL_MS = 2000

export class StandingClaim {
  private readonly context: Context
  private readonly mesh: Mesh
  private sequence = 0
  private standing: Claim | null = null

  constructor(context: Context, mesh: Mesh) {
    this.context = context
    this.mesh = mesh
  }

  /** Chunk after the last that the standing claim covers; 0 where none stands. */
  get end(): number {
    const run = this.standing?.runs[0]
    return run === undefined ? 0 : run.start + run.count
  }

  /** Floods the run as our claim; null: we hold no seat. */
  say(run: ChunkRun | null): void {
    const { selfId, deadlines, nowMs } = this.context
    if (selfId === null || (run === null && this.standing === null)) return
    const runs = run === null ? [] : [run]
    const claim: Claim = { type: 'claim', peer: selfId, sequence: ++this.sequence, hops: 1, runs }
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
