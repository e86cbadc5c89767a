/**
 * A random scenario with a random mix of faults, drawn by a seed. Some kinds of fault are left out of each, so that also
 * what goes wrong only without some of them is met (swarm testing: Groce et al., ISSTA 2012). Until a certain time
 * anything may go wrong; then those who do harm leave, the network is whole and the origin well, and everybody who is
 * left must come to an end: safety under faults first, liveness when they are over.
 */

import { Random } from '../../src/core/random.ts'
import type { AccessLink, Arrivals, Departure, OriginModel, Scenario } from '../scenario.ts'
import { oneOf, perhaps, periodWithin, present, spreadBetween } from './draws.ts'
import type { OriginFault, Trouble } from './trouble.ts'

/** What the mix goes by on the command line. */
export const FAULT_MIX = 'fault-mix'

/** Fewest and most peers. Few are drawn more often, as they are run faster. */
const PEERS = [5, 60] as const

/** Most chunks, and most in one run out of ten. */
const CHUNKS = 60
const MANY_CHUNKS = 300
const MANY_SHARE = 0.1

/** Faults are over within these times, in ms. */
const FAULTS_MS = [10_000, 60_000] as const

/** Each kind of fault is in so many of the runs. */
const KIND_SHARE = 0.35

/** Longest that the origin, or a part of the network, is away, in ms. */
const LONGEST_OUTAGE_MS = 30_000

/**
 * An origin that lets requests wait has dealt with all of them within this, in ms: one that sends nothing for 20 s is taken
 * for dead, and after the third time the visitor is told.
 */
const LONGEST_QUEUE_MS = 15_000

/**
 * When faults are over, the rest takes no longer than this and three times a plain download, in ms: pauses double up to
 * half a minute, half of it more (guess: two of them and the longest shunning of a neighbour, 160 s).
 */
const GRACE_MS = 300_000
const PLAIN_TIMES = 3

export function faultMix(seed: number): Scenario {
  const random = new Random(seed)
  const peers = Math.floor(PEERS[0] + (PEERS[1] + 1 - PEERS[0]) * random.fraction() ** 2)
  const chunks = random.fraction() < MANY_SHARE ? random.below(MANY_CHUNKS) + 1 : random.below(CHUNKS) + 1
  const chunkBytes = oneOf([16_384, 65_536, 262_144], random)
  const sizeBytes = chunks * chunkBytes - random.below(chunkBytes)
  // One copy takes 0.1 to 20 s, so that most of the downloads meet the faults.
  const upBytesPerSec = sizeBytes / spreadBetween(0.1, 20, random)
  const faultsEndMs = Math.round(random.between(...FAULTS_MS))
  const low = spreadBetween(2, 200, random)
  return {
    name: FAULT_MIX,
    seed,
    peers,
    sizeBytes,
    chunkBytes,
    origin: drawOrigin({ upBytesPerSec, plainMs: (peers * sizeBytes * 1000) / upBytesPerSec }, random),
    links: drawLinks(upBytesPerSec, random),
    latency: { rttMs: [low, low * spreadBetween(1, 4, random)], jitterShare: oneOf([0, 0.2, 1], random) },
    arrivals: drawArrivals(peers, faultsEndMs, random),
    departure: drawDeparture(random),
    trouble: drawTrouble(faultsEndMs, peers, random),
    maxMs: faultsEndMs + GRACE_MS + PLAIN_TIMES * ((2 * peers * sizeBytes) / upBytesPerSec) * 1000,
    untilMs: faultsEndMs,
  }
}

/** `plainMs`: what a plain download takes, if all fetch at once. */
function drawOrigin(
  { upBytesPerSec, plainMs }: { readonly upBytesPerSec: number; readonly plainMs: number },
  random: Random,
): OriginModel {
  const maxConnections = perhaps(0.2, random, () => 2 + random.below(30))
  return {
    upBytesPerSec,
    http: oneOf(['h1', 'h2'], random),
    ...(maxConnections === undefined || plainMs > LONGEST_QUEUE_MS ? {} : { maxConnections }),
  }
}

function drawLinks(originBytesPerSec: number, random: Random): AccessLink[] {
  return Array.from({ length: 1 + random.below(3) }, (_, kind) => {
    const upBytesPerSec = originBytesPerSec * spreadBetween(0.03, 10, random)
    return {
      name: `link${kind}`,
      share: random.between(0.1, 1),
      upBytesPerSec,
      downBytesPerSec: upBytesPerSec * spreadBetween(1, 20, random),
    }
  })
}

function drawArrivals(peers: number, spanMs: number, random: Random): Arrivals {
  const meanMs = (random.fraction() * spanMs) / peers
  switch (random.below(4)) {
    case 0:
      return { kind: 'atOnce' }
    case 1:
      return { kind: 'staggered', everyMs: meanMs }
    case 2:
      return { kind: 'poisson', meanMs }
    default:
      return {
        kind: 'flash',
        share: random.fraction(),
        withinMs: random.between(0, spanMs / 2),
        restMeanMs: meanMs,
      }
  }
}

function drawDeparture(random: Random): Departure {
  switch (random.below(3)) {
    case 0:
      return { kind: 'stay' }
    case 1:
      return { kind: 'leave' }
    default:
      return { kind: 'linger', ms: random.between(0, 20_000) }
  }
}

function drawTrouble(endMs: number, peers: number, random: Random): Trouble {
  const kind = <T>(make: () => T): T | undefined => perhaps(KIND_SHARE, random, make)
  const period = (): { fromMs: number; untilMs: number } => periodWithin(endMs, LONGEST_OUTAGE_MS, random)
  const trouble = present<Trouble>({
    churn: kind(() => ({
      fromMs: 0,
      untilMs: endMs,
      everyMs: random.between(1000, 10_000),
      share: random.between(0, 0.3),
    })),
    topologyOutages: kind(() => [random.fraction() < 0.1 ? { fromMs: 0, untilMs: null } : period()]),
    withoutPeersShare: kind(() => random.between(0, 0.4)),
    withoutTopologyShare: kind(() => random.between(0, 0.4)),
    pollutersShare: kind(() => random.between(0, 0.3)),
    liarsShare: kind(() => random.between(0, 0.2)),
    stallersShare: kind(() => random.between(0, 0.2)),
    forgersShare: kind(() => random.between(0, 0.15)),
    freeRidersShare: kind(() => random.between(0, 0.4)),
    partitions: kind(() => [{ ...period(), share: random.between(0.1, 0.9) }]),
    slowPeers: kind(() => [{ ...period(), share: random.between(0.1, 1), rateShare: 0.01 }]),
    originFaults: kind(() => drawOriginFaults(period, random)),
  })
  // What many forgers say to many peers takes long to run, and a few of them are heard by all.
  const forgedPerSec = oneOf(peers < 15 ? [5, 50, 250] : [5, 20], random)
  return { ...trouble, forgedPerSec, hostileUntilMs: endMs }
}

function drawOriginFaults(
  period: () => { readonly fromMs: number; readonly untilMs: number },
  random: Random,
): readonly OriginFault[] {
  const each = <T>(make: () => T): readonly T[] => (random.fraction() < 0.4 ? [make()] : [])
  return [
    ...each((): OriginFault => ({ kind: 'unavailable', ...period() })),
    ...each((): OriginFault => ({
      kind: 'tooMany',
      ...period(),
      retryAfterMs: random.between(500, 15_000),
      isReadable: random.fraction() < 0.5,
    })),
    ...each((): OriginFault => ({ kind: 'slow', ...period(), rateShare: spreadBetween(0.01, 1, random) })),
    ...each((): OriginFault => ({ kind: 'cuts', ...period(), everyMs: spreadBetween(300, 10_000, random) })),
  ]
}
