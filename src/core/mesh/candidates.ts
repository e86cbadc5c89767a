/**
 * Whom we might connect to: peers that the topology server introduced, and peers that were heard of in the mesh. One is
 * drawn at random, so that the mesh stays close to a random graph.
 */

import type { Context } from '../context.ts'
import type { PeerId } from '../types.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { ReversePaths } from './reverse-paths.ts'

/** Most peers kept in mind, beside those of whom the mesh speaks at present. */
const MAX_KEPT = 256

/** Who refused, left or never answered is let alone for this long, in ms, and at most so many are remembered. */
const AVOIDED_MS = 60_000
const MAX_AVOIDED = 1024

export interface Candidate {
  readonly peer: PeerId
  /** Attempts in vain. */
  readonly attempts: number
  /** Known from the mesh alone, and so to be signalled through it. */
  readonly isHearsay: boolean
}

export class Candidates {
  private readonly context: Context
  private readonly paths: ReversePaths
  private readonly kept = new Map<PeerId, Candidate>()
  private readonly avoided = new ExpiringMap<PeerId, true>(AVOIDED_MS, MAX_AVOIDED)

  constructor(context: Context, paths: ReversePaths) {
    this.context = context
    this.paths = paths
  }

  has(peer: PeerId): boolean {
    return this.kept.has(peer)
  }

  /** The topology server knows that it is there, or it is to be tried again. */
  keep(candidate: Candidate): void {
    if (this.kept.size >= MAX_KEPT && !this.kept.has(candidate.peer)) return
    this.kept.set(candidate.peer, candidate)
  }

  forget(peer: PeerId): void {
    this.kept.delete(peer)
  }

  avoid(peer: PeerId): void {
    this.kept.delete(peer)
    this.avoided.set(peer, true, this.context.nowMs)
  }

  /** One at random, of those that are fit; null where there is none. */
  draw(isFit: (candidate: Candidate) => boolean): Candidate | null {
    const { limits, nowMs, random } = this.context
    const fit = [...this.kept.values()].filter(isFit)
    const heardOf = limits.mechanisms.hearsay ? this.paths.peers(nowMs) : []
    for (const peer of heardOf) {
      const candidate = { peer, attempts: 0, isHearsay: true }
      if (!this.kept.has(peer) && !this.avoided.has(peer, nowMs) && isFit(candidate)) fit.push(candidate)
    }
    return fit.length === 0 ? null : (fit[random.below(fit.length)] ?? null)
  }
}
