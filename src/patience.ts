/**
 * How long a download waits at its start for what may never come, by how long its preparations took: a few hashes and a lock, none of
 * it over the network. Where next to nothing takes its time, all will on its way through the browser's processes: an idle machine
 * prepares in 15 ms; 48 pages that start at once on two cores take 130 to 300 (measured).
 */

import { DEFAULT_LIMITS } from './core/session-io.ts'

/**
 * The topology server's answer is waited for so many times as long, and no longer than that, in ms (guesses). Those 48 were answered
 * after half a second to five; after 0.3 s, nearly all of them had begun with the first chunk. On a slower day ten were not answered
 * after five seconds, and began with it: a quarter of a copy (measured).
 */
const TOPOLOGY_FACTOR = 20
const LONGEST_FOR_TOPOLOGY_MS = 10_000

/**
 * The same for the opening of the store; 3 s at the least (guesses: a cold disk takes 100 ms). With 3 s, up to 35 of those 48 kept
 * their chunks in memory (measured).
 */
const STORE_FACTOR = 100
const LEAST_FOR_STORE_MS = 3000
const LONGEST_FOR_STORE_MS = 8000

/** How long the topology server may take to answer before the origin is asked without it, in ms. */
export function topologyPatienceMs(preparedInMs: number): number {
  const patienceMs = Math.max(DEFAULT_LIMITS.topologyPatienceMs, TOPOLOGY_FACTOR * preparedInMs)
  return Math.min(LONGEST_FOR_TOPOLOGY_MS, patienceMs)
}

/** How long the store may take to open before chunks are kept in memory, in ms. */
export function storePatienceMs(preparedInMs: number): number {
  return Math.min(LONGEST_FOR_STORE_MS, Math.max(LEAST_FOR_STORE_MS, STORE_FACTOR * preparedInMs))
}
