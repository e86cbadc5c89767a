/**
 * What is to be reached, and how far a repeat is from it. Each figure is of one repeat, so that what is compared was measured
 * within the same minutes; a scenario's figure is the median over its repeats.
 */

import type { SystemName } from '../testbed/page-agent.ts'
import { floorS } from './floor.ts'
import type { Visits } from './runs.ts'
import type { BoundName, Scenario } from './scenarios.ts'

export interface Goal {
  /** As the table says it: `≤ 1.15 × floor`. */
  readonly words: string
  readonly limit: number
  readonly holds: 'at most' | 'at least'
  /** Null: something that it needs has not been measured. */
  readonly of: (whom: SystemName, repeat: Repeat) => number | null
}

/** All that was measured in one repeat of a scenario. */
export interface Repeat {
  readonly scenario: Scenario
  readonly systems: Partial<Readonly<Record<SystemName, Visits>>>
  readonly boundsMBps: Partial<Readonly<Record<BoundName, number>>>
}

export function toFloor(limit: number): Goal {
  return atMost(limit, `${limit} × floor`, (whom, repeat) => {
    const visits = repeat.systems[whom]
    const floor = floorOf(repeat)
    return visits === undefined || floor === null ? null : visits.makespanS / floor
  })
}

export function copies(limit: number): Goal {
  return atMost(
    limit,
    `${limit.toFixed(2)} copies`,
    (whom, { systems }) => systems[whom]?.originCopies ?? null,
  )
}

export function connections(limit: number): Goal {
  return atMost(
    limit,
    `${limit} origin connections on average`,
    (whom, { systems }) => systems[whom]?.connectionsMean ?? null,
  )
}

export function medianToWebTorrent(limit: number): Goal {
  return atMost(limit, `${limit} × WebTorrent’s median visit`, (whom, { systems }) =>
    quotient(systems[whom]?.medianS, systems.webtorrent?.medianS),
  )
}

export function toPlain(limit: number): Goal {
  return atMost(limit, `${limit.toFixed(2)} × plain HTTP`, (whom, { systems }) =>
    quotient(systems[whom]?.makespanS, systems.http?.makespanS),
  )
}

/** The visitor who fares worst against his own time by plain HTTP. */
export function everyVisitToPlain(limit: number): Goal {
  return atMost(limit, `${limit} × plain HTTP, every visitor`, (whom, { systems }) => {
    const [visits, plain] = [systems[whom]?.visitsS, systems.http?.visitsS]
    if (visits === undefined || plain === undefined) return null
    return Math.max(...visits.map((visitS, index) => visitS / (plain[index] ?? NaN)))
  })
}

/** Rate of the last visitor's download, over the bound's. */
export function toBound(bound: BoundName, limit: number): Goal {
  const words = bound === 'channel' ? 'the raw channel' : `raw ${bound}`
  return {
    words: `≥ ${limit} × ${words}`,
    limit,
    holds: 'at least',
    of: (whom, { scenario, systems, boundsMBps }) => {
      const lastS = systems[whom]?.visitsS.at(-1)
      return quotient(lastS === undefined ? undefined : scenario.sizeBytes / 1e6 / lastS, boundsMBps[bound])
    },
  }
}

/** JavaScript's heap and buffers together, at the peak. */
export function heapMB(limit: number): Goal {
  return atMost(limit, `${limit} MB of heap`, (whom, { systems }) => {
    const visits = systems[whom]
    if (visits === undefined || visits.heapMB === null) return null
    return visits.heapMB + (visits.buffersMB ?? 0)
  })
}

/** Null: a ring belongs to it, and was not measured. */
export function floorOf({ scenario, boundsMBps }: Repeat): number | null {
  const { ring } = boundsMBps
  return ring === undefined && scenario.bounds.includes('ring') ? null : floorS(scenario, ring ?? null)
}

export function isReached({ holds, limit }: Goal, figure: number): boolean {
  return holds === 'at most' ? figure <= limit : figure >= limit
}

function atMost(limit: number, words: string, of: Goal['of']): Goal {
  return { words: `≤ ${words}`, limit, holds: 'at most', of }
}

function quotient(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined ? null : a / b
}
