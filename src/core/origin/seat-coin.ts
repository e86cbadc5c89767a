/**
 * The coin that is tossed for a vacant seat: when, and with what chance of winning.
 */

import type { Context } from '../context.ts'
import type { Mesh } from '../mesh/mesh.ts'
import { DEFAULT_LIMITS } from '../session-io.ts'
import { literalProbability, seatProbability, slotMs } from './backoff.ts'
import type { OriginLedger } from './ledger.ts'
import type { OriginView } from './origin-view.ts'
import type { RunPlanner } from './run-planner.ts'

/** The first neighbour is waited for so long before a toss for a seat, in ms (guess: a connection takes 1 s or two). */
const MESH_PATIENCE_MS = 3000

/**
 * Or so many times as long as the topology server took to answer, as all signals to the first neighbours go by it; but no more than so
 * many ms after it has (guesses). Of 48 visitors on two cores, whom it answered after one to three seconds, half tossed alone, before
 * any of them knew of another's seat (measured).
 */
const MESH_PATIENCE_ANSWERS = 4
const LONGEST_AFTER_ANSWER_MS = 4000

/**
 * On a busy processor connections take longer, and the first neighbours know as little as we: there the mesh has so long, in ms,
 * or longer, until a neighbour has been there for as long as claims live. Of 48 visitors on two cores 22 more tossed beside their
 * third neighbour, and with ten seconds alone 20 that had none, or none for long: they had not heard of a seat (measured).
 */
const BUSY_MESH_PATIENCE_MS = 10_000
const LONGEST_BUSY_PATIENCE_MS = 20_000
const HEARS_WITHIN_MS = 5000

/**
 * But no longer than this share of what a plain download takes, as far as is known (guess; at first the origin is overrated, or the
 * swarm underrated, up to four times). Of eight hosts on two cores, who take 13 to 17 s by plain downloads from an origin of
 * 100 Mb/s, one with an eighth of the file waited for seven seconds (measured).
 */
const BUSY_PATIENCE_SHARE = 0.25

/**
 * Where the topology server is waited for longer than usual, as preparations were slow, news of the first seats is slow as well,
 * before late timers show a busy processor: so much longer no toss is made, in ms, and no more than this (guess). Of 48
 * visitors on two cores twelve had tossed within four seconds beside the eight that were to have a seat (measured).
 */
const LONGEST_FOR_NEWS_MS = 5000

/**
 * While neighbours have plenty for us, so many vacant slots count at most. What one peer alone takes to be free, among
 * thousands, it has most likely only missed the news of; what is free indeed all of them toss for. With 10,000 peers
 * 0.4 copies were fetched by the ill-informed without this (simulated); five slots make up for a count 13 times too high.
 * Where the processor is the limit, news is slow, and whoever has time does not count them at all.
 */
const MAX_VACANT_SLOTS_IF_BUSY = 5

export class SeatCoin {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly ledger: OriginLedger
  private readonly planner: RunPlanner
  /** Slots for which a seat has been seen vacant. */
  private vacantSlots = 0
  /** When there last was something for us to fetch, in ms. */
  private lastWorkMs = 0

  constructor(context: Context, mesh: Mesh, ledger: OriginLedger, planner: RunPlanner) {
    this.context = context
    this.mesh = mesh
    this.ledger = ledger
    this.planner = planner
  }

  /** There is something to fetch: slots are short again. */
  noteWork(): void {
    this.lastWorkMs = this.context.nowMs
    this.vacantSlots = 0
  }

  /** Sets the time of the next toss. */
  schedule(): void {
    const { deadlines, lateness, nowMs, random } = this.context
    const isSlow = lateness.isBusy && !this.planner.isLiteral
    // Nor is a toss put off by what happens meanwhile, where it may be more than one thing in such a time.
    if (isSlow && deadlines.has('coin')) return
    const slot = slotMs(random.fraction(), nowMs - this.lastWorkMs, isSlow)
    deadlines.set('coin', nowMs + slot)
  }

  /** Tosses. Who trusts nobody but the origin always wins. */
  wins(view: OriginView): boolean {
    if (!this.mesh.requests.trustPeers) return true
    return !this.awaitsMesh(view) && this.context.random.fraction() < this.chance(view)
  }

  /** Probability of winning in this slot. */
  chance(view: OriginView): number {
    const { context, ledger, planner } = this
    const { originLoad, mechanisms } = context.limits
    if (typeof originLoad === 'number') return literalProbability(originLoad, ledger.gossip.swarmSize)
    const seats = planner.seatsNow(view)
    const taken = ledger.takenSeats
    const { hasTime } = view
    const mostSlots = hasTime ? 0 : view.isMeshBusy ? MAX_VACANT_SLOTS_IF_BUSY : Infinity
    const chance = seatProbability({
      seats,
      taken,
      swarmSize: ledger.gossip.leechers,
      vacantSlots: mechanisms.vacantSlots ? Math.min(this.vacantSlots, mostSlots) : 0,
      meshIsSilent: !hasTime && planner.isMeshSilent(view),
    })
    this.vacantSlots = taken < seats ? this.vacantSlots + 1 : 0
    return chance
  }

  /** Who holds seats is heard from neighbours: no toss while the first of them is still being connected to, or where their news is slow. */
  private awaitsMesh(view: OriginView): boolean {
    const { nowMs, startedAtMs } = this.context
    const { mesh, ledger, planner } = this
    const elapsedMs = nowMs - startedAtMs
    if (mesh.isFindingFirst && elapsedMs < this.firstPatienceMs) return true
    const hasNobody = mesh.firstMetAtMs === Infinity && !mesh.isFindingFirst
    if (hasNobody || ledger.gossip.swarmSize === 1 || planner.isReaderWaiting(view)) return false
    return elapsedMs < Math.min(this.newsPatienceMs, BUSY_PATIENCE_SHARE * planner.plainMs(view))
  }

  /** From the start till neighbours must have said who holds seats, in ms. Not above 0: what they said at once will do. */
  private get newsPatienceMs(): number {
    const { nowMs, lateness, limits } = this.context
    if (!lateness.isBusy)
      return Math.min(LONGEST_FOR_NEWS_MS, limits.topologyPatienceMs - DEFAULT_LIMITS.topologyPatienceMs)
    const hasHeard = nowMs - this.mesh.firstMetAtMs >= HEARS_WITHIN_MS
    return hasHeard ? BUSY_MESH_PATIENCE_MS : LONGEST_BUSY_PATIENCE_MS
  }

  private get firstPatienceMs(): number {
    const { startedAtMs, welcomedAtMs } = this.context
    const answerMs = (welcomedAtMs ?? startedAtMs) - startedAtMs
    const patienceMs = Math.min(MESH_PATIENCE_ANSWERS * answerMs, answerMs + LONGEST_AFTER_ANSWER_MS)
    return Math.max(MESH_PATIENCE_MS, patienceMs)
  }
}
