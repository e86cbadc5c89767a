/**
 * How many members of a group have no socket: an estimate, since those who leave without one tell nobody.
 *
 * Each socketless member tosses a coin once a minute, first at a moment drawn uniformly from the minute after it
 * detached, and registers again with probability p = min(1, window / n), n being the swarm size that it was told.
 * Whoever is seen to do so within a minute therefore stands for 1/p who tossed (Horvitz and Thompson 1952): itself,
 * who has a socket now, and 1/p − 1 who have none. Of those who detached a ms ago, 1 − a/60,000 have not tossed yet.
 * The sum of both has no bias, however old the n of each is, and about 1/√window of standard deviation; those who
 * vanish without a word stay in it for half a minute on average.
 *
 * Members known to be present, joins less departures, bound it from above. Memory is O(window).
 */

import type { PeerId } from '../src/core/types.ts'
import { Hearsay } from './hearsay.ts'
import { RecentIds } from './recent-ids.ts'

/** How often a socketless member tosses its coin, in ms. */
const COIN_PERIOD_MS = 60_000

/** The grain of the memory, in ms: a minute is 60 of it. */
const GRAIN_MS = 1_000

/**
 * How much larger than the n that it was told, or than what the server believes, a visitor may say that its n was
 * (guess: meshes estimate within a factor of two). The larger, the more it stands for.
 */
const MAX_STRETCH = 2

/** Most ids remembered, of those whose socket broke and of those who have tossed (guess: 16 windows of them). */
const MAX_IDS = 1_024

/** How long somebody whose socket broke may take to come back as if nothing had been, in ms (guess). */
const COMEBACK_MS = 300_000

/**
 * How long the next coin of the same visitor counts for nothing, in ms: less than an honest one is likely to take to be
 * released, to detach and to toss again, and enough that nobody counts for a crowd by coming again and again.
 */
const TOSS_MS = 15_000

/** How long after its first member a group believes members of before a restart how large it is, in ms (guess). */
const RECALL_MS = 300_000

/** What happened within one grain. */
interface Grain {
  readonly number: number
  /** Lost their socket and stay, less those who came back without a coin. */
  detached: number
  /** Socketless for whom those stand who came back by the coin. */
  silent: number
}

export interface ComeBack {
  readonly id: PeerId
  /** The swarm size in its token: the last it was told. */
  readonly told: number
  /** The swarm size by which it says to have tossed; null: it comes without a coin. */
  readonly swarmSize: number | null
}

export class GroupSize {
  private readonly window: number
  private foundedAtMs: number | null = null
  /** Joins less known departures: at least as many as there are. */
  private present = 0
  /** Oldest first; those without events are left out. */
  private grains: Grain[] = []
  private readonly lostIds = new RecentIds({ forMs: COMEBACK_MS, limit: MAX_IDS })
  private readonly tossedIds = new RecentIds({ forMs: TOSS_MS, limit: MAX_IDS })
  private readonly recalled = new Hearsay()

  constructor(window: number) {
    this.window = window
  }

  /** Members with a socket and an estimate of those without. */
  estimate(live: number, nowMs: number): number {
    let socketless = 0
    for (const { number, detached, silent } of this.grains) {
      const ageMs = nowMs - number * GRAIN_MS
      if (ageMs < COIN_PERIOD_MS) socketless += silent + detached * (1 - Math.max(0, ageMs) / COIN_PERIOD_MS)
    }
    const counted = live + Math.max(0, Math.min(Math.round(socketless), this.present - live))
    return this.isYoung(nowMs, COIN_PERIOD_MS) ? Math.max(counted, this.recalled.median ?? 0) : counted
  }

  joined(nowMs: number): void {
    this.foundedAtMs ??= nowMs
    this.present++
  }

  /** A member is known to be gone. */
  left(): void {
    this.present = Math.max(0, this.present - 1)
  }

  /** A socket broke that its owner was to keep: gone, unless it comes back. */
  lost(id: PeerId, nowMs: number): void {
    this.left()
    this.lostIds.note(id, nowMs)
  }

  /** A member gave up its socket and stays. */
  detached(nowMs: number): void {
    this.grainAt(nowMs).detached++
  }

  /** A member without a socket registers again. `live`: members with a socket, this one included. */
  cameBack({ id, told, swarmSize }: ComeBack, live: number, nowMs: number): void {
    if (this.lostIds.take(id, nowMs)) this.present++
    else if (swarmSize === null) this.grainAt(nowMs).detached--
    else if (!this.tossedIds.has(id, nowMs)) {
      this.tossedIds.note(id, nowMs)
      const likely = Math.max(told, this.estimate(live - 1, nowMs))
      this.grainAt(nowMs).silent += this.standsFor(swarmSize, likely)
    }
    this.present = Math.max(this.present, live)
  }

  /**
   * Somebody registers again whom only an earlier run of the server can know. While the group is young, the swarm size
   * that several of these tell is believed; without it a restarted server would take the first few to return for all.
   */
  recall(addressPrefix: string, swarmSize: number | null, live: number, nowMs: number): void {
    this.joined(nowMs)
    if (swarmSize === null) return
    if (this.isYoung(nowMs, RECALL_MS)) {
      this.recalled.tell(addressPrefix, swarmSize)
      this.present = Math.max(this.present, MAX_STRETCH * (this.recalled.median ?? 0))
    }
    const likely = Math.max(this.recalled.median ?? 0, this.estimate(live - 1, nowMs))
    this.grainAt(nowMs).silent += this.standsFor(swarmSize, likely)
  }

  /** The members of the other group are this one's from now on. */
  absorb(other: GroupSize): void {
    this.present += other.present
    const grains = [...this.grains, ...other.grains].sort((a, b) => a.number - b.number)
    this.grains = []
    for (const { number, detached, silent } of grains) {
      const grain = this.grainNumbered(number)
      grain.detached += detached
      grain.silent += silent
    }
  }

  /** How many without a socket one stands for that tossed by this swarm size, itself not counted. */
  private standsFor(swarmSize: number, likely: number): number {
    return Math.max(1, Math.min(swarmSize, MAX_STRETCH * likely) / this.window) - 1
  }

  private isYoung(nowMs: number, ageMs: number): boolean {
    return this.foundedAtMs !== null && nowMs - this.foundedAtMs < ageMs
  }

  private grainAt(nowMs: number): Grain {
    const number = Math.floor(nowMs / GRAIN_MS)
    const oldest = number - COIN_PERIOD_MS / GRAIN_MS
    while (this.grains[0] !== undefined && this.grains[0].number <= oldest) this.grains.shift()
    return this.grainNumbered(number)
  }

  private grainNumbered(number: number): Grain {
    const latest = this.grains.at(-1)
    if (latest !== undefined && latest.number >= number) return latest
    const grain: Grain = { number, detached: 0, silent: 0 }
    this.grains.push(grain)
    return grain
  }
}
