/**
 * A run's course: who is there, and how much origin, seeds and leechers have sent, at a few moments. However long a run
 * takes, its course stays small enough to be kept.
 */

import type { Counted, Entry } from './entry.ts'
import type { NetworkWorld } from './machine.ts'
import { totalOf } from './sim-origin.ts'

/** Where a run stands at a moment. Bytes are all that were sent until then. */
export interface CoursePoint {
  readonly atMs: number
  /** Alive, complete or not. */
  readonly present: number
  /** Of those, how many have the whole file. */
  readonly seeds: number
  /** Complete by now, here or gone. */
  readonly completed: number
  readonly originBytes: number
  /** What peers sent to peers, by whether the sender had the whole file when a block left it. */
  readonly seedBytes: number
  readonly leecherBytes: number
}

/** Most points of a course: enough for a plot (guess). Of more, every other one is dropped. */
export const MAX_COURSE_POINTS = 240

/** Besides those taken there is the one at the end. */
const MOST_TAKEN: number = MAX_COURSE_POINTS - 1

type Present = Counted & { readonly isSeed: boolean }

export class Course {
  private readonly world: Pick<NetworkWorld, 'queue' | 'origins' | 'tally'>
  private readonly entries: readonly Entry<Present>[]
  private readonly taken: CoursePoint[] = []
  private everyMs: number

  /** Looks from now on in these intervals of virtual time, and in longer ones the longer the run takes. */
  constructor(
    world: Pick<NetworkWorld, 'queue' | 'origins' | 'tally'>,
    entries: readonly Entry<Present>[],
    everyMs: number,
  ) {
    this.world = world
    this.entries = entries
    this.everyMs = everyMs
    this.look()
  }

  /** And where the run stands now. */
  get points(): readonly CoursePoint[] {
    return [...this.taken, this.standing()]
  }

  private look(): void {
    const { queue } = this.world
    this.taken.push(this.standing())
    // With an odd number the last stays, and the next comes a new interval after it.
    if (this.taken.length === MOST_TAKEN) this.thin()
    queue.callAt(queue.nowMs + this.everyMs, () => this.look())
  }

  private thin(): void {
    const kept = this.taken.filter((_, place) => place % 2 === 0)
    this.taken.splice(0, Infinity, ...kept)
    this.everyMs *= 2
  }

  private standing(): CoursePoint {
    const { queue, origins, tally } = this.world
    const hosts = this.entries.flatMap(({ host }) => host ?? [])
    return {
      atMs: Math.round(queue.nowMs),
      present: hosts.length,
      seeds: hosts.filter(({ isSeed }) => isSeed).length,
      completed: this.entries.filter(({ completedMs }) => completedMs !== null).length,
      originBytes: Math.round(totalOf(origins, ({ bytesSent }) => bytesSent)),
      seedBytes: tally.seedBytes,
      leecherBytes: tally.leecherBytes,
    }
  }
}
