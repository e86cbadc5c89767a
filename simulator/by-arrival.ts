/** How long those took who came at about the same time: by steps of time, and by phases of arrivals. */

import { MAX_COURSE_POINTS } from './course.ts'
import type { Arrivals, PeerOutcome } from './scenario.ts'
import { mean, quantile, sorted } from './statistics.ts'

/** Those who came from `fromMs` on and before `untilMs`. Times are of those who completed; null: nobody did. */
export interface ArrivalGroup {
  readonly fromMs: number
  readonly untilMs: number
  readonly peers: number
  readonly completed: number
  readonly meanMs: number | null
  readonly medianMs: number | null
  readonly lastMs: number | null
}

type Came = Pick<PeerOutcome, 'arrivedMs' | 'tookMs'>

/** In steps of this length, or of twice, four times it as far as the number of groups demands; without empty ones. */
export function byTimeOfArrival(peers: readonly Came[], everyMs: number): readonly ArrivalGroup[] {
  const latestMs = peers.reduce((latest, { arrivedMs }) => Math.max(latest, arrivedMs), 0)
  let stepMs = everyMs
  while (latestMs / stepMs >= MAX_COURSE_POINTS) stepMs *= 2
  const steps = new Map<number, Came[]>()
  for (const peer of peers) {
    const step = Math.floor(peer.arrivedMs / stepMs)
    const those = steps.get(step)
    if (those === undefined) steps.set(step, [peer])
    else those.push(peer)
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([step, those]) => groupOf(those, step * stepMs, (step + 1) * stepMs))
}

/** A group a phase, also where nobody came; none where arrivals have no phases. */
export function byPhase(peers: readonly Came[], arrivals: Arrivals): readonly ArrivalGroup[] {
  if (arrivals.kind !== 'phases') return []
  let untilMs = 0
  return arrivals.phases.map(({ forMs }) => {
    const fromMs = untilMs
    untilMs += forMs
    const those = peers.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs < fromMs + forMs)
    return groupOf(those, fromMs, untilMs)
  })
}

function groupOf(peers: readonly Came[], fromMs: number, untilMs: number): ArrivalGroup {
  const took = sorted(peers.flatMap(({ tookMs }) => tookMs ?? []))
  const known = (ms: number): number | null => (took.length === 0 ? null : Math.round(ms))
  return {
    fromMs,
    untilMs,
    peers: peers.length,
    completed: took.length,
    meanMs: known(mean(took)),
    medianMs: known(quantile(took, 0.5)),
    lastMs: known(took.at(-1) ?? 0),
  }
}
