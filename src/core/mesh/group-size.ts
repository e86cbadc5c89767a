/**
 * How many are in the swarm, n̂, as far as one peer can tell.
 *
 * The topology server counts, and its count is taken while it is fresh. A swarm goes on without the server, so peers
 * also estimate n themselves, from how far away those are whose claims flood the swarm. Slurpie's rule, n = (η̄−1)^d
 * with d the largest hop count, is 2 to 50 times too large. Here n is that of the random regular graph whose expected
 * mean distance is the one observed. Measured on such graphs (n = 10…10,000, η = 6…16, 8 claimers): the median over
 * peers is 0.88…1.15 of the truth, and nine tenths of the peers are within a factor of 3; with 32 claimers within 1.7.
 * Degrees that differ (8 to 16) change nothing. The median of the distances instead of their mean would be worse, as
 * distances are whole numbers and one link more is η times as many peers.
 *
 * A claim's first copy comes the quickest way, which is not the one of fewest hops: where links' delays differ, n̂ from
 * first copies is 20 to 3,000 times too large. So the least hop count of all recent copies counts, and is what is
 * passed on (`hopsTo`): by the third claim of the same claimer, the counts are the true distances.
 *
 * Hops and degrees are hearsay, and are bounded; who forges many claims can still mislead it. What is decided by n̂ must
 * therefore be safe for any value of it.
 */

import type { PeerId } from '../types.ts'
import { MAX_HOPS } from '../wire/limits.ts'

export const GROUP_SIZE = {
  /** The server's count is taken as it is for so long, in ms (guess: a flash crowd's seconds). */
  serverExactMs: 3000,
  /** It may have doubled since then for so long, in ms: those who come at once are told 1, 2, 3 … (guess). */
  serverGrowsMs: 30_000,
  /** The swarm is taken to be no smaller than the server's count for so long, in ms. Guess: a flash crowd grows in minutes, a socket is kept for as long. */
  serverFreshMs: 300_000,
  /** Claimers remembered. More than 32 do not make the estimate better; seats are few. */
  maxClaimers: 64,
  /** How long a claimer's distance counts after its last claim, in ms (guess: several claims, which come every 2 to 16 s). */
  claimerLifetimeMs: 70_000,
  /** Within this and the span before it, in ms, the least hop count is taken: two claims each, and more. Then a lost link shows. */
  spanMs: 33_000,
  /** Fewer claimers than this say less than an old count of the server (guess). */
  enoughClaimers: 3,
  /** A distance further than this from the median is a lie: on random regular graphs fewer than 1 in 100 are. */
  maxDeviation: 2,
  /** Largest degree that is believed: four times what a peer seeks at most in measurements (16). */
  maxDegree: 64,
  /** Largest estimate. Slurpie aims at 10⁴ to 10⁶. */
  maxEstimate: 10_000_000,
} as const

/** A smaller degree makes no random graph: paths and rings. */
const MIN_DEGREE = 3

/** Distances beyond this contribute nothing, even at the smallest degree and the largest n. */
const MAX_DISTANCE = 64

interface Claimer {
  spanFromMs: number
  leastHops: number
  /** The least of the span before; Infinity where nothing was heard in it. */
  leastBefore: number
  heardAtMs: number
}

/** Every estimate there is, for comparison; null where nothing is known. */
export interface GroupSizeReport {
  readonly serverCount: number | null
  readonly serverAgeMs: number | null
  /** From the mean distance, as above: the one that is used. */
  readonly meanHop: number | null
  /** 1 + (η̄−1)^(mean distance). */
  readonly powerOfMeanHop: number | null
  /** Slurpie to the letter: (η̄−1)^(largest distance). */
  readonly powerOfMaxHop: number | null
}

/**
 * Which estimate is decided by. 'best': the server's count and the mean distance, as above. 'maxHop': Slurpie's rule and
 * nothing else, for comparison; it knows of no server that counts. 'server': what the server counted last, and nothing else.
 */
export type GroupSizeBy = 'best' | 'maxHop' | 'server'

export class GroupSize {
  private readonly by: GroupSizeBy
  private server: { readonly count: number; readonly atMs: number } | null = null
  private ownDegree = 0
  private meanDegree = 0
  /** In the order in which they were first heard. */
  private readonly claimers = new Map<PeerId, Claimer>()
  /** What the mean distance came to; undefined when it must be worked out again. */
  private meanHop: number | null | undefined = undefined

  constructor(by: GroupSizeBy = 'best') {
    this.by = by
  }

  /** The topology server counts so many, ourselves included. */
  noteServerCount(count: number, nowMs: number): void {
    this.server = { count: Math.max(1, count), atMs: nowMs }
  }

  /** Our own neighbours, and the mean of all degrees that are known, ours included. */
  noteDegrees({ own, mean }: { readonly own: number; readonly mean: number }): void {
    const believed = Math.min(GROUP_SIZE.maxDegree, Math.max(MIN_DEGREE, mean))
    if (believed !== this.meanDegree) this.meanHop = undefined
    this.ownDegree = own
    this.meanDegree = believed
  }

  /** A copy of a claim came, of the first or a later one; `hops` are the links it has crossed, the last included. */
  noteHops(peer: PeerId, hops: number, nowMs: number): void {
    const believed = Math.min(MAX_HOPS, Math.max(1, hops))
    const known = this.claimers.get(peer)
    if (known === undefined) return this.remember(peer, believed, nowMs)
    const before = distanceOf(known)
    renew(known, believed, nowMs)
    if (distanceOf(known) !== before) this.meanHop = undefined
  }

  private remember(peer: PeerId, hops: number, nowMs: number): void {
    this.claimers.set(peer, { spanFromMs: nowMs, leastHops: hops, leastBefore: Infinity, heardAtMs: nowMs })
    this.meanHop = undefined
    const [oldest] = this.claimers.keys()
    if (this.claimers.size > GROUP_SIZE.maxClaimers && oldest !== undefined) this.claimers.delete(oldest)
  }

  /** The fewest links between the claimer and us, as far as we heard lately; null: nothing. A claim is passed on with one more. */
  hopsTo(peer: PeerId): number | null {
    const claimer = this.claimers.get(peer)
    return claimer === undefined ? null : distanceOf(claimer)
  }

  /**
   * n̂, ourselves included: a whole number, never fewer than we see. The server's count where it has just been told;
   * for half a minute up to twice as many, as some may have come since (those who come at once are told 1, 2, 3 …); the count
   * again until it is old; then what claimers' distances say, or, where there are too few of them, the server's count however old. A graph worse
   * than random, as churn makes it, shows far too long distances: so the count bounds what they say.
   */
  estimate(nowMs: number): number {
    if (this.by === 'maxHop') return this.fromMaxHop(nowMs)
    const { server, ownDegree } = this
    if (this.by === 'server') return Math.max(ownDegree + 1, server?.count ?? 1)
    const ageMs = server === null ? Infinity : nowMs - server.atMs
    const enough = server === null ? 1 : GROUP_SIZE.enoughClaimers
    const fromHops = ageMs <= GROUP_SIZE.serverExactMs ? null : this.fromMeanHop(nowMs, enough)
    const said = fromHops ?? server?.count ?? 1
    if (server === null || ageMs > GROUP_SIZE.serverFreshMs) return Math.max(ownDegree + 1, Math.round(said))
    const most = ageMs <= GROUP_SIZE.serverGrowsMs ? 2 * server.count : server.count
    return Math.max(ownDegree + 1, server.count, Math.round(Math.min(said, most)))
  }

  report(nowMs: number): GroupSizeReport {
    const { server } = this
    const distances = this.distances(nowMs)
    const isKnown = distances.length > 0
    return {
      serverCount: server?.count ?? null,
      serverAgeMs: server === null ? null : nowMs - server.atMs,
      meanHop: this.fromMeanHop(nowMs, 1),
      powerOfMeanHop: isKnown ? 1 + this.power(mean(distances)) : null,
      powerOfMaxHop: isKnown ? this.power(Math.max(...distances)) : null,
    }
  }

  /** While nobody was heard of, those we see. */
  private fromMaxHop(nowMs: number): number {
    const distances = this.distances(nowMs)
    const size = distances.length === 0 ? 1 : this.power(Math.max(...distances))
    return Math.max(this.ownDegree + 1, Math.round(Math.min(GROUP_SIZE.maxEstimate, size)))
  }

  private power(hops: number): number {
    return (Math.max(MIN_DEGREE, this.meanDegree) - 1) ** hops
  }

  private fromMeanHop(nowMs: number, enoughClaimers: number): number | null {
    this.expire(nowMs)
    if (this.claimers.size < enoughClaimers) return null
    if (this.meanHop === undefined) {
      const distances = this.distances(nowMs)
      this.meanHop = distances.length === 0 ? null : sizeOfGraph(mean(rejectLies(distances)), this.meanDegree)
    }
    return this.meanHop
  }

  private distances(nowMs: number): number[] {
    this.expire(nowMs)
    return [...this.claimers.values()].map(distanceOf)
  }

  private expire(nowMs: number): void {
    for (const [peer, { heardAtMs }] of this.claimers) {
      if (nowMs - heardAtMs <= GROUP_SIZE.claimerLifetimeMs) continue
      this.claimers.delete(peer)
      this.meanHop = undefined
    }
  }
}

// --------------------------------------------------------------------------------------------------- graph theory

/**
 * Mean distance between two nodes of a random r-regular graph of n nodes. A node is further than k hops away if all r
 * edges lead to nodes that are further than k − 1 away without it, which is worked out as if they were independent.
 */
export function expectedDistance(size: number, degree: number): number {
  if (size <= degree + 1) return 1
  // So that the share of direct neighbours, degree / (size − 1), is exact.
  const outside = (1 - degree / (size - 1)) ** (1 / degree)
  let alongEdge = outside
  let distance = 1
  for (let hops = 1; hops < MAX_DISTANCE; hops++) {
    const beyond = alongEdge ** degree
    distance += beyond
    if (beyond < 1e-9) break
    alongEdge = outside * alongEdge ** (degree - 1)
  }
  return distance
}

/** Nodes of the random regular graph of this degree whose mean distance is the one given. By bisection. */
export function sizeOfGraph(meanDistance: number, degree: number): number {
  const believed = Math.max(MIN_DEGREE, degree)
  let low = believed + 1
  let high: number = GROUP_SIZE.maxEstimate
  if (meanDistance <= expectedDistance(low, believed)) return low
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high)
    if (expectedDistance(middle, believed) < meanDistance) low = middle
    else high = middle
  }
  return Math.sqrt(low * high)
}

// ------------------------------------------------------------------------------------------------------- distances

function renew(claimer: Claimer, hops: number, nowMs: number): void {
  const ageMs = nowMs - claimer.spanFromMs
  claimer.heardAtMs = nowMs
  if (ageMs < GROUP_SIZE.spanMs) {
    claimer.leastHops = Math.min(claimer.leastHops, hops)
    return
  }
  const isLongAgo = ageMs >= 2 * GROUP_SIZE.spanMs
  claimer.leastBefore = isLongAgo ? Infinity : claimer.leastHops
  claimer.leastHops = hops
  claimer.spanFromMs = isLongAgo ? nowMs : claimer.spanFromMs + GROUP_SIZE.spanMs
}

function distanceOf({ leastHops, leastBefore }: Claimer): number {
  return Math.min(leastHops, leastBefore)
}

/** Moves what lies too far from the median to where it is just believable. */
function rejectLies(distances: readonly number[]): number[] {
  const sorted = distances.toSorted((a, b) => a - b)
  const low = sorted[(sorted.length - 1) >> 1] ?? 1
  const high = sorted[sorted.length >> 1] ?? 1
  const median = (low + high) / 2
  const { maxDeviation } = GROUP_SIZE
  return sorted.map((hops) => Math.min(median + maxDeviation, Math.max(median - maxDeviation, hops)))
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
