/**
 * What no scheme can beat, however it is built: lower bounds on the time from the first arrival to the last completion.
 * Fluid bounds after Kumar and Ross, "Peer-assisted file distribution: the minimum distribution time" (2006), for peers
 * that come at different times; the bound for chunks after Mundinger, Weber and Weiss, "Optimal scheduling of
 * peer-to-peer file dissemination" (2008).
 *
 * All of them hold whether peers stay or leave when they are done. A peer that leaves takes its uplink away, and so
 * can only make things slower; and the fluid bound is not higher for it, as the best schedule lets everybody be done
 * at the same moment, until when all are there.
 */

import { defaultChunkBytes } from '../src/core/geometry.ts'
import type { PeerOutcome, Scenario } from './scenario.ts'
import { quantile } from './statistics.ts'

export interface Floor {
  /** The highest of the bounds below. */
  readonly ms: number
  /** The origin must send every byte once: F/u_s. With mirrors, u_s is the sum of them all. */
  readonly originMs: number
  /** A peer receives no faster than its downlink: the latest a_i + F/d_i. */
  readonly downlinkMs: number
  /**
   * All that is received was sent by somebody: N·F/(u_s + Σu). For those who come at or after a time t likewise, from t
   * on: the latest t + N_t·F/(u_s + Σu) over all t.
   */
  readonly aggregateMs: number
  /** Chunks are passed on whole; see `pipelineFloorMs`. Zero where peers do not come at once. */
  readonly pipelineMs: number
}

/** What a bound needs to know of a peer. */
export type Arrived = Pick<PeerOutcome, 'arrivedMs' | 'link' | 'tookMs'>

/** For these peers, as they came. Who never completed need not have received anything, but may have given. */
export function makespanFloor(scenario: Scenario, peers: readonly Arrived[]): Floor {
  const { sizeBytes } = scenario
  const originBytesPerSec = originsRate(scenario)
  const done = peers.filter(({ tookMs }) => tookMs !== null)
  const firstMs = peers.reduce((first, { arrivedMs }) => Math.min(first, arrivedMs), Infinity)
  const links = new Map(scenario.links.map((link) => [link.name, link]))
  const uplinks = peers.map(({ link }) => links.get(link)?.upBytesPerSec ?? Infinity)
  const downMs = ({ link }: Arrived): number =>
    transferMs(sizeBytes, links.get(link)?.downBytesPerSec ?? Infinity)
  const capacity = uplinks.reduce((total, rate) => total + rate, originBytesPerSec)

  const originMs = done.length === 0 ? 0 : transferMs(sizeBytes, originBytesPerSec)
  const downlinkMs = done.reduce(
    (latest, peer) => Math.max(latest, peer.arrivedMs - firstMs + downMs(peer)),
    0,
  )
  const arrivals = done.map(({ arrivedMs }) => arrivedMs - firstMs).sort((a, b) => a - b)
  const aggregateMs = arrivals.reduce(
    (latest, atMs, index) =>
      Math.max(latest, atMs + transferMs((arrivals.length - index) * sizeBytes, capacity)),
    0,
  )
  const pipelineMs =
    (arrivals.at(-1) ?? 0) > 0 || done.length === 0
      ? 0
      : pipelineFloorMs({
          sizeBytes,
          chunkBytes: scenario.chunkBytes ?? defaultChunkBytes(sizeBytes),
          peers: done.length,
          fastestBytesPerSec: uplinks.reduce((fastest, rate) => Math.max(fastest, rate), originBytesPerSec),
        })
  return {
    ms: roundedDown(Math.max(originMs, downlinkMs, aggregateMs, pipelineMs)),
    originMs: roundedDown(originMs),
    downlinkMs: roundedDown(downlinkMs),
    aggregateMs: roundedDown(aggregateMs),
    pipelineMs: roundedDown(pipelineMs),
  }
}

/**
 * (F/u)(1 + ⌊log₂N⌋/M): with M chunks, each passed on only when it is whole, and origin and peers of equal capacity u.
 * It is exact for equal capacities, and a bound for others if u is the highest of them.
 */
export function pipelineFloorMs({
  sizeBytes,
  chunkBytes,
  peers,
  fastestBytesPerSec,
}: {
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly peers: number
  readonly fastestBytesPerSec: number
}): number {
  const chunks = Math.ceil(sizeBytes / chunkBytes)
  if (chunks === 0) return 0
  return transferMs(sizeBytes, fastestBytesPerSec) * (1 + Math.floor(Math.log2(peers)) / chunks)
}

/** Mean over the peers of the earliest possible completion, in ms, for peers that come at once. Null for others. */
export function meanFloorMs(scenario: Scenario, peers: readonly Arrived[]): number | null {
  const earliest = earliestMs(scenario, peers)
  if (earliest === null) return null
  return roundedDown(earliest.reduce((total, ms) => total + ms, 0) / earliest.length)
}

/** Likewise the median. */
export function medianFloorMs(scenario: Scenario, peers: readonly Arrived[]): number | null {
  const earliest = earliestMs(scenario, peers)
  return earliest === null ? null : roundedDown(quantile(earliest, 0.5))
}

/**
 * For peers that come at once, stay or leave: the k-th to be done is done no earlier than F/u_s, than the k-th shortest
 * F/d_i, and than k·F/(u_s + Σu). Ascending. Null for others.
 */
function earliestMs(scenario: Scenario, peers: readonly Arrived[]): readonly number[] | null {
  const { sizeBytes } = scenario
  const originBytesPerSec = originsRate(scenario)
  const done = peers.filter(({ tookMs }) => tookMs !== null)
  if (done.length === 0 || peers.some(({ arrivedMs }) => arrivedMs !== peers[0]?.arrivedMs)) return null
  const links = new Map(scenario.links.map((link) => [link.name, link]))
  const capacity = peers.reduce(
    (total, { link }) => total + (links.get(link)?.upBytesPerSec ?? Infinity),
    originBytesPerSec,
  )
  const originMs = transferMs(sizeBytes, originBytesPerSec)
  const downMs = done.map(({ link }) => transferMs(sizeBytes, links.get(link)?.downBytesPerSec ?? Infinity))
  return downMs
    .sort((a, b) => a - b)
    .map((ms, index) => Math.max(ms, originMs, transferMs((index + 1) * sizeBytes, capacity)))
}

/**
 * Where peers come at a steady rate λ, leave when they are done and take T on average, λT are there, and what they get,
 * λF, was sent by the origin or by them: λF ≤ u_s + λT·u. So T ≥ F/u − u_s/(λu) (Little's law). Nor is anybody done
 * before F/d. Means over many arrivals; in ms. For one kind of link.
 */
export function steadyFloorMs({
  sizeBytes,
  originBytesPerSec,
  upBytesPerSec,
  downBytesPerSec,
  everyMeanMs,
}: {
  readonly sizeBytes: number
  readonly originBytesPerSec: number
  readonly upBytesPerSec: number
  readonly downBytesPerSec: number
  /** Mean gap between two arrivals: 1/λ. */
  readonly everyMeanMs: number
}): number {
  const lacking = transferMs(sizeBytes, upBytesPerSec) - (originBytesPerSec / upBytesPerSec) * everyMeanMs
  return roundedDown(Math.max(transferMs(sizeBytes, downBytesPerSec), lacking))
}

/**
 * How long a download by plain HTTP takes on average where peers come at a steady rate λ and the origin is shared
 * evenly: S/(1 − λS) with S = F/u_s, whatever else is known of the arrivals being Poisson (M/D/1 with processor
 * sharing). Null where λS ≥ 1: then it has no end.
 */
export function sharedOriginMs(
  sizeBytes: number,
  originBytesPerSec: number,
  everyMeanMs: number,
): number | null {
  const serviceMs = transferMs(sizeBytes, originBytesPerSec)
  return serviceMs < everyMeanMs ? serviceMs / (1 - serviceMs / everyMeanMs) : null
}

/** All origins together. */
function originsRate({ origin, mirrors = [] }: Scenario): number {
  return mirrors.reduce((total, { upBytesPerSec }) => total + upBytesPerSec, origin.upBytesPerSec)
}

function transferMs(bytes: number, bytesPerSec: number): number {
  return (bytes / bytesPerSec) * 1000
}

/** To a thousandth of a ms, so that it stays a bound. */
function roundedDown(ms: number): number {
  return Math.floor(ms * 1000) / 1000
}
