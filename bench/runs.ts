/**
 * What one run came to. A run is one system, or one bound of the machine, in one repeat of one scenario.
 */

import type { SystemName } from '../testbed/page-agent.ts'
import type { SampleOriginStats } from '../testbed/sample-origin-stats.ts'
import { makespanMs, type VisitorResult } from '../testbed/visitors.ts'
import { median, round, sum } from './figures.ts'
import type { Machine } from './machine.ts'
import type { BoundName, Scenario } from './scenarios.ts'

export interface RunRecord {
  /** Of the scenario, whom, and the repeat: by this a run is found again. */
  readonly key: string
  readonly scenario: string
  readonly repeat: number
  readonly whom: SystemName | BoundName
  /** Null for a bound. */
  readonly visits: Visits | null
  /** A bound's rate in MB/s; null for a system. */
  readonly boundMBps: number | null
  /** When it began, UTC. */
  readonly at: string
  readonly machine: Machine
}

/** Figures of visits by a system. */
export interface Visits {
  readonly makespanS: number
  /** In the order of arrival. */
  readonly visitsS: readonly number[]
  readonly medianS: number
  readonly worstS: number
  readonly originCopies: number
  readonly requests: number
  readonly preflights: number
  /** Of responses under way, over the time in which there were any. */
  readonly connectionsMean: number
  readonly connectionsPeak: number
  /** Of sockets, idle ones too. */
  readonly socketsPeak: number
  /** How long the origin's process was kept from the processor, beyond what it made up for. Null without a rate; absent in runs of before. */
  readonly originLostS?: number | null
  /** Of the browsers, all their processes, over bytes delivered; null where the system does not tell. */
  readonly cpuSecPerGB: number | null
  /** What visitors got from each other; null where the system does not say. */
  readonly peerShare: number | null
  /** Visitors whose bytes were the origin's, by SHA-256. */
  readonly correct: number
  readonly errors: readonly string[]
  /** At the peak: JavaScript's heap, and what buffers hold beside it. Null where it was not looked at. */
  readonly heapMB: number | null
  readonly buffersMB: number | null
  /** By how much the network between hosts handed frames on too late, on average and at most, in ms; null where there was none. */
  readonly wanMeanLateMs: number | null
  readonly wanLatestMs: number | null
}

/** What a place where visitors are run has to tell. */
export interface Measured {
  readonly results: readonly VisitorResult[]
  readonly integrity: string
  readonly origin: SampleOriginStats
  readonly cpuSec: number | null
  readonly heap?: { readonly usedBytes: number; readonly buffersBytes: number }
  readonly wan?: { readonly latestMs: number; readonly meanLateMs: number }
}

export function visitsOf(
  { sizeBytes, originBitsPerSec }: Pick<Scenario, 'sizeBytes' | 'originBitsPerSec'>,
  measured: Measured,
): Visits {
  const { results, origin, cpuSec, heap, wan } = measured
  const visitsS = results.map(({ elapsedMs }) => round(elapsedMs / 1_000))
  const delivered = sum(results.map((result) => result.sizeBytes ?? 0))
  return {
    makespanS: round(makespanMs(results) / 1_000),
    visitsS,
    medianS: round(median(visitsS)),
    worstS: Math.max(...visitsS),
    originCopies: round(origin.bytesSent / sizeBytes),
    requests: origin.requests,
    preflights: origin.preflights,
    connectionsMean: round(origin.openResponsesMean),
    connectionsPeak: origin.openResponsesMax,
    socketsPeak: origin.openConnectionsMax,
    originLostS: originBitsPerSec === null ? null : round(origin.lostMs / 1_000),
    cpuSecPerGB: cpuSec === null || delivered === 0 ? null : round(cpuSec / (delivered / 1e9)),
    peerShare: peerShareOf(results),
    correct: results.filter((result) => result.integrity === measured.integrity).length,
    errors: results.flatMap(({ error }) => (error === null ? [] : [error.code])),
    heapMB: heap === undefined ? null : round(heap.usedBytes / 1e6),
    buffersMB: heap === undefined ? null : round(heap.buffersBytes / 1e6),
    wanMeanLateMs: wan === undefined ? null : round(wan.meanLateMs),
    wanLatestMs: wan === undefined ? null : round(wan.latestMs),
  }
}

/** Every visitor has exactly the origin's bytes. Over one link only the second one's visit is told. */
export function allRight(
  { correct }: Visits,
  { place, visitors }: Pick<Scenario, 'place' | 'visitors'>,
): boolean {
  return correct === (place === 'link' ? 1 : visitors)
}

function peerShareOf(results: readonly VisitorResult[]): number | null {
  const all = results.flatMap(({ stats }) => (stats === null ? [] : [stats]))
  const fromPeers = sum(all.map((stats) => stats.bytesFromPeers))
  const fromOrigin = sum(all.map((stats) => stats.bytesFromOrigin))
  return fromPeers + fromOrigin === 0 ? null : round(fromPeers / (fromPeers + fromOrigin))
}
