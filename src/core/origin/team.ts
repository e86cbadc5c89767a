/**
 * The other origins' seats of the same visitor, as one of them sees them: what they are about to bring is not to be
 * fetched, and where nothing else is left to fetch, they are helped.
 */

import type { OriginView } from './origin-view.ts'
import type { RunChoice } from './run.ts'
import type { RunFollower } from './run-follower.ts'
import type { RunPlanner } from './run-planner.ts'
import { helpFor, type Help, type IdleOrigin } from './split-run.ts'

export interface Teammate {
  readonly follower: RunFollower
  readonly planner: RunPlanner
  /** It may be expected to deliver. */
  readonly isHopeful: boolean
}

export class Team {
  private readonly own: Teammate
  private readonly all: () => readonly Teammate[]

  constructor(own: Teammate, all: () => readonly Teammate[]) {
    this.own = own
    this.all = all
  }

  get hasOthers(): boolean {
    return this.all().length > 1
  }

  /** Another seat may be expected to deliver. */
  get isHopeful(): boolean {
    return this.others().some(({ isHopeful }) => isHopeful)
  }

  /** Another seat is about to bring this chunk. */
  isFollowed(chunk: number): boolean {
    for (const mate of this.all()) if (mate !== this.own && mate.follower.isFollowing(chunk)) return true
    return false
  }

  /** We fetch from this chunk on: what others have beyond it is ours. */
  takeFrom(chunk: number): void {
    for (const { follower } of this.others()) follower.endAt(chunk)
  }

  /** What of the others' work we should do; null: they are quicker alone. */
  help(view: OriginView): RunChoice | null {
    const allSec = this.allSec(view)
    if (this.own.follower.isOpen && this.isTooLate(view, allSec)) return null
    let best: { help: Help; end: number; savedSec: number } | null = null
    for (const mate of this.others()) {
      const run = mate.follower.openRun
      if (run === null || mate.follower.isDuplicating) continue
      const secPerChunk = this.speedOf(mate, view, run.silentSec)
      const idle = {
        secPerChunk: this.ownSpeed(view, secPerChunk),
        delaySec: this.delaySec(view),
      }
      const help = helpFor({ ...run, secPerChunk }, idle, allSec)
      if (help === null || (help.type === 'race' && !this.winsRace(run.end - 1, idle, view))) continue
      if (help.savedSec > (best?.savedSec ?? 0)) best = { help, end: run.end, savedSec: help.savedSec }
    }
    if (best === null) return null
    const count = best.help.type === 'take' ? best.help.chunks : 1
    const isRace = best.help.type === 'race'
    return { run: { start: best.end - count, count }, turnChunks: count, isDuplicate: false, isRace }
  }

  /** From now to the first byte of what we ask for: a round trip, or until what we are at is done. */
  private delaySec(view: OriginView): number {
    const { planner, follower } = this.own
    const secPerChunk = planner.pace.secPerChunk(view.inventory.geometry) ?? 0
    return Math.max(planner.pace.roundTripMs / 1000, follower.restChunks * secPerChunk)
  }

  /** Until all are done, if all are busy until then; 0: not known. */
  private allSec(view: OriginView): number {
    const own = this.own.planner.pace.secPerChunk(view.inventory.geometry)
    if (own === null) return 0
    let chunks = this.delaySec(view) / own
    let chunksPerSec = 1 / own
    for (const mate of this.others()) {
      const run = mate.follower.openRun
      if (run === null) continue
      chunks += run.chunks - run.partShare
      chunksPerSec += 1 / this.speedOf(mate, view, run.silentSec)
    }
    return chunks / chunksPerSec
  }

  /** All could be done before we bring another chunk: no reason to ask for one ahead. */
  private isTooLate(view: OriginView, allSec: number): boolean {
    const secPerChunk = this.own.planner.pace.secPerChunk(view.inventory.geometry)
    return secPerChunk !== null && allSec < this.delaySec(view) + secPerChunk
  }

  /** We shall have this chunk clearly before any of those who are at it. */
  private winsRace(chunk: number, idle: IdleOrigin, view: OriginView): boolean {
    // Who is still at work has nothing to spare for a race; in a swarm, what an origin sends twice would serve others.
    if (this.own.follower.isOpen || !this.own.planner.isAlone) return false
    return this.others().every((mate) => {
      const run = mate.follower.isReceiving(chunk) ? mate.follower.openRun : null
      if (run === null) return true
      const theirs = { ...run, secPerChunk: this.speedOf(mate, view, run.silentSec) }
      return helpFor(theirs, idle)?.type === 'race'
    })
  }

  /** Seconds a chunk. Who is silent for long is at least as slow as that; of whom nothing is known yet is as we are. */
  private speedOf({ planner }: Teammate, view: OriginView, silentSec: number): number {
    const { geometry } = view.inventory
    const known = planner.pace.secPerChunk(geometry) ?? this.own.planner.pace.secPerChunk(geometry) ?? 1
    return Math.max(known, silentSec)
  }

  /** The same for us; while nothing is known, those who have not begun yet share with us what we take. */
  private ownSpeed(view: OriginView, theirSecPerChunk: number): number {
    const known = this.own.planner.pace.secPerChunk(view.inventory.geometry)
    if (known !== null) return known
    const toBegin = this.others().filter(
      ({ isHopeful, follower, planner }) =>
        isHopeful && !follower.isOpen && planner.pace.secPerChunk(view.inventory.geometry) === null,
    )
    return theirSecPerChunk / (1 + toBegin.length)
  }

  private others(): readonly Teammate[] {
    return this.all().filter((mate) => mate !== this.own)
  }
}
