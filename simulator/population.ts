/**
 * Who comes, when, over which link, and with what weakness. Everything is drawn before the run, so that the same seed
 * brings the same people whatever they then do.
 */

import type { Random } from '../src/core/random.ts'
import { dealRoles, drawRole, type Role } from './faults/roles.ts'
import type { AccessLink, ArrivalPhase, Arrivals, Departure, Scenario } from './scenario.ts'

export interface Visitor {
  readonly index: number
  readonly arrivesMs: number
  readonly link: AccessLink
  /** It has no WebRTC: the origin alone. */
  readonly isAlone: boolean
  /** It was never told of the topology server. */
  readonly lacksTopology: boolean
  /** It sends other bytes than it says. */
  readonly isPolluter: boolean
  readonly role: Role
}

export function population(scenario: Scenario, random: Random): Visitor[] {
  const { links, trouble } = scenario
  const times = arrivalTimes(scenario.arrivals, scenario.peers, random.fork())
  const peers = times.length
  const linkOf = dealt(
    peers,
    links.map(({ share }) => share),
    random.fork(),
  )
  const alone = chosen(peers, trouble?.withoutPeersShare ?? 0, random.fork())
  const lacking = chosen(peers, trouble?.withoutTopologyShare ?? 0, random.fork())
  const polluters = chosen(peers, trouble?.pollutersShare ?? 0, random.fork())
  const roles = dealRoles(peers, trouble, polluters, random.fork())
  return times.map((arrivesMs, index) => ({
    index,
    arrivesMs,
    link: linkAt(links, linkOf[index] ?? 0),
    isAlone: alone.has(index),
    lacksTopology: lacking.has(index),
    isPolluter: polluters.has(index),
    role: roles[index] ?? 'honest',
  }))
}

/** One who comes in place of one that died: as any other, by chance. */
export function newcomer(scenario: Scenario, index: number, arrivesMs: number, random: Random): Visitor {
  const { links, trouble } = scenario
  const shares = links.map(({ share }) => share)
  let rest = random.fraction() * sum(shares)
  const place = shares.findIndex((share) => (rest -= share) < 0)
  const weaknesses = {
    isAlone: random.fraction() < (trouble?.withoutPeersShare ?? 0),
    lacksTopology: random.fraction() < (trouble?.withoutTopologyShare ?? 0),
    isPolluter: random.fraction() < (trouble?.pollutersShare ?? 0),
  }
  const role = drawRole(trouble, weaknesses.isPolluter, random)
  return { index, arrivesMs, link: linkAt(links, Math.max(0, place)), ...weaknesses, role }
}

/** When each arrives, in ms, ascending. By phases it may be fewer than `count`. */
export function arrivalTimes(arrivals: Arrivals, count: number, random: Random): number[] {
  switch (arrivals.kind) {
    case 'atOnce':
      return Array.from({ length: count }, () => 0)
    case 'staggered':
      return Array.from({ length: count }, (_, index) => index * arrivals.everyMs)
    case 'poisson':
      return gaps(count, 0, arrivals.meanMs, random)
    case 'flash': {
      const { share, withinMs, restMeanMs } = arrivals
      const early = Math.round(count * share)
      const first = Array.from({ length: early }, () => random.between(0, withinMs)).sort(ascending)
      return [...first, ...gaps(count - early, withinMs, restMeanMs, random)]
    }
    case 'decaying':
      return Array.from({ length: count }, () => exponential(arrivals.meanMs, random)).sort(ascending)
    case 'phases':
      return inPhases(arrivals.phases, count, random)
  }
}

/** How long one who is complete stays, in ms, where it does not stay for good. */
export function stayMs(departure: Exclude<Departure, { kind: 'stay' }>, random: Random): number {
  if (departure.kind === 'leave') return 0
  return departure.exact === true ? departure.ms : exponential(departure.ms, random)
}

/** A time drawn from an exponential density with this mean. */
export function exponential(meanMs: number, random: Random): number {
  return -meanMs * Math.log(1 - random.fraction())
}

function gaps(count: number, startMs: number, meanMs: number, random: Random): number[] {
  let atMs = startMs
  return Array.from({ length: count }, () => (atMs += exponential(meanMs, random)))
}

/** Exponential gaps forget what was before, so each phase begins anew. */
function inPhases(phases: readonly ArrivalPhase[], most: number, random: Random): number[] {
  const times: number[] = []
  let startMs = 0
  for (const { forMs, everyMeanMs } of phases) {
    const endMs = startMs + forMs
    for (let atMs = startMs; times.length < most;) {
      atMs += exponential(everyMeanMs, random)
      if (atMs >= endMs) break
      times.push(atMs)
    }
    startMs = endMs
  }
  return times
}

/** As many of each kind as its share says (largest remainders), shuffled. */
function dealt(count: number, shares: readonly number[], random: Random): number[] {
  const total = sum(shares)
  const exact = shares.map((share, kind) => ({ kind, due: total > 0 ? (count * share) / total : 0 }))
  const kinds = exact.flatMap(({ kind, due }) => Array.from({ length: Math.floor(due) }, () => kind))
  const byRemainder = exact.sort((a, b) => (b.due % 1) - (a.due % 1) || a.kind - b.kind)
  for (let place = 0; kinds.length < count; place++)
    kinds.push(byRemainder[place % byRemainder.length]?.kind ?? 0)
  return shuffled(kinds, random)
}

function chosen(count: number, share: number, random: Random): ReadonlySet<number> {
  const order = shuffled(
    Array.from({ length: count }, (_, index) => index),
    random,
  )
  return new Set(order.slice(0, Math.round(count * share)))
}

function shuffled<T>(list: T[], random: Random): T[] {
  for (let place = list.length - 1; place > 0; place--) {
    const other = random.below(place + 1)
    const [here, there] = [list[place], list[other]]
    if (here === undefined || there === undefined) continue
    list[place] = there
    list[other] = here
  }
  return list
}

function linkAt(links: readonly AccessLink[], place: number): AccessLink {
  const link = links[place]
  if (link === undefined) throw new RangeError('A scenario names at least one link.')
  return link
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function ascending(a: number, b: number): number {
  return a - b
}
