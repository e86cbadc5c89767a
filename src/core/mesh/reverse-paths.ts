/**
 * The way to peers that are not our neighbours: through the neighbour by which we last heard of them. Who was heard of
 * within the last minute is also whom we may connect to.
 *
 * Only news may be noted (the first copy of what floods): first copies take a tree of shortest ways through the mesh, so
 * that following them back leads to where they came from; a later copy could point back to ourselves.
 */

import type { PeerId } from '../types.ts'
import { ExpiringMap } from './expiring-map.ts'

/** A way older than this is forgotten, in ms (guess: peers are heard of every few seconds; links live for minutes). */
const LIFETIME_MS = 60_000

/** Most ways known; beyond that the oldest is forgotten. A few hundred KiB. */
const MAX_PATHS = 4096

interface Path {
  readonly via: PeerId
  /** It has the whole file; null: nothing was said of that. */
  readonly isSeed: boolean | null
}

export class ReversePaths {
  private readonly paths = new ExpiringMap<PeerId, Path>(LIFETIME_MS, MAX_PATHS)

  get size(): number {
    return this.paths.size
  }

  /** `isSeed` null: nothing was said of that. */
  note(peer: PeerId, via: PeerId, isSeed: boolean | null, nowMs: number): void {
    const known = this.paths.get(peer, nowMs)
    this.paths.set(peer, { via, isSeed: isSeed ?? known?.isSeed ?? null }, nowMs)
  }

  /** The neighbour through which the peer was last heard of; null: not lately. It may be a neighbour no more. */
  viaOf(peer: PeerId, nowMs: number): PeerId | null {
    return this.paths.get(peer, nowMs)?.via ?? null
  }

  /** Whether it has the whole file; null: not known. */
  isSeed(peer: PeerId, nowMs: number): boolean | null {
    return this.paths.get(peer, nowMs)?.isSeed ?? null
  }

  /** Nobody answers there. */
  forget(peer: PeerId): void {
    this.paths.delete(peer)
  }

  /** Everybody that was heard of lately. */
  *peers(nowMs: number): Generator<PeerId> {
    for (const [peer] of this.paths.live(nowMs)) yield peer
  }
}
