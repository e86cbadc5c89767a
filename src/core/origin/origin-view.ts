/**
 * What our seat knows of the swarm when it decides: which chunks are free, taken or needless, and how the mesh and
 * the origin have done so far.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { Claims } from './claims.ts'
import type { DuplicateView } from './duplicate-run.ts'
import type { Run } from './run.ts'

/** After a run was cut short, others' claims on what we claim ourselves do not count for so long, in ms (guess). */
const YIELD_PAUSE_MS = 10_000

export class OriginView {
  readonly inventory: Inventory
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly claims: Claims
  private yieldedAtMs = -Infinity

  constructor(context: Context, mesh: Mesh, claims: Claims, inventory: Inventory) {
    this.context = context
    this.mesh = mesh
    this.claims = claims
    this.inventory = inventory
  }

  /** Nobody has it, asks for it or is about to fetch it. */
  isFree(chunk: number): boolean {
    const { inventory } = this
    if (!inventory.isMissing(chunk) || inventory.isReserved(chunk)) return false
    return inventory.askedCount(chunk) === 0 && !this.isTaken(chunk)
  }

  /** Somebody is working its way towards the chunk, from the one before it. */
  isApproached(chunk: number): boolean {
    return chunk > 0 && !this.inventory.kept.has(chunk - 1) && this.isTaken(chunk - 1)
  }

  /** The run need not bring this chunk: it is here, or comes from elsewhere. */
  isNeedless(run: Run, chunk: number): boolean {
    if (!this.inventory.isMissing(chunk)) return true
    if (run.isDuplicate || !this.mesh.requests.trustPeers) return false
    if (this.isElsewhere(chunk)) return true
    // Both have claimed it: the smaller id fetches it. Not again and again, or an echo of our claims would starve us.
    const isOurs = this.inventory.isReserved(chunk)
    if (isOurs && this.context.nowMs < this.yieldedAtMs + YIELD_PAUSE_MS) return false
    return this.claims.covers(chunk, this.context.nowMs, isOurs ? this.context.selfId : null)
  }

  /** A run was cut short: what others claim does not end another one for a while. */
  noteCut(): void {
    this.yieldedAtMs = this.context.nowMs
  }

  /** Neighbours have all that is missing from this chunk on. */
  isAllElsewhere(from: number): boolean {
    for (let chunk = from; chunk < this.inventory.geometry.chunkCount; chunk++)
      if (this.inventory.isMissing(chunk) && !this.isElsewhere(chunk)) return false
    return true
  }

  /** Time since the mesh last gave us anything, or since we came, in ms. */
  get meshSilentMs(): number {
    return this.context.nowMs - (this.mesh.requests.lastChunkAtMs ?? this.context.startedAtMs)
  }

  /** Figures for the question whether to fetch what others have. */
  duplicateView(origin: {
    readonly bytesPerSec: number
    readonly swarmSize: number
    readonly isDuplicating: boolean
    /** False: what is claimed counts as something that others have and we cannot get. */
    readonly trustClaims: boolean
  }): DuplicateView {
    const { nowMs, startedAtMs } = this.context
    const { geometry } = this.inventory
    let missingElsewhereBytes = 0
    let nowhereBytes = 0
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      if (!this.inventory.isMissing(chunk) || this.inventory.isReserved(chunk)) continue
      if (origin.trustClaims ? this.isElsewhere(chunk) : this.isTaken(chunk))
        missingElsewhereBytes += geometry.lengthBytes(chunk)
      else nowhereBytes += geometry.lengthBytes(chunk)
    }
    return {
      missingElsewhereBytes,
      nowhereBytes,
      meshBytesPerSec: this.mesh.requests.rate.bytesPerSec(nowMs),
      meshSilentSec: this.meshSilentMs / 1000,
      originBytesPerSec: origin.bytesPerSec,
      swarmSize: origin.swarmSize,
      elapsedSec: (nowMs - startedAtMs) / 1000,
      fileBytes: geometry.sizeBytes,
      isDuplicating: origin.isDuplicating,
    }
  }

  /** Others have it or claim it. */
  private isTaken(chunk: number): boolean {
    if (this.isElsewhere(chunk)) return true
    return this.mesh.requests.trustPeers && this.claims.covers(chunk, this.context.nowMs)
  }

  /** A neighbour has it, and may be believed. */
  private isElsewhere(chunk: number): boolean {
    if (!this.mesh.requests.trustPeers || this.inventory.isDoubtful(chunk)) return false
    return this.inventory.rarity.holderCount(chunk) > 0
  }
}
