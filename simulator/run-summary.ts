/**
 * What is kept of a run: figures in the units in which they are talked about, none per peer, none of wall-clock time.
 * Equal runs give equal summaries, byte for byte once they are JSON.
 */

import { makespanFloor, meanFloorMs, medianFloorMs, type Floor } from './bounds.ts'
import { byPhase, byTimeOfArrival, type ArrivalGroup } from './by-arrival.ts'
import type { CoursePoint } from './course.ts'
import type { FaultFigures } from './faults/fault-tally.ts'
import { mustFinish } from './faults/roles.ts'
import type { MeshSample } from './observe.ts'
import type { RunPolicy } from './policies.ts'
import type { PeerOutcome, RunResult, Scenario } from './scenario.ts'
import { mean, quantile, sorted } from './statistics.ts'

export interface RunSummary {
  readonly scenario: string
  readonly policy: RunPolicy
  readonly seed: number
  readonly peers: number
  readonly completed: number
  /** Killed by the scenario, before or after they were complete. */
  readonly died: number
  /** Lived, and had not got the file when the run ended. */
  readonly unfinished: number
  readonly makespanMs: number
  /** From each honest peer's arrival to its completion. Null where nobody completed. */
  readonly tookMs: Spread | null
  /** The same, at 0, 1, … 100%, in whole ms: a cumulative distribution. */
  readonly tookPercentilesMs: readonly number[]
  /** By kind of access link. */
  readonly links: Readonly<Record<string, LinkSummary>>
  readonly floor: Floor
  /** Makespan ÷ floor. */
  readonly ratioToFloor: number
  /** Bound on the mean of `tookMs`, where all came at once; else null. */
  readonly meanFloorMs: number | null
  /** Likewise on their median. */
  readonly medianFloorMs: number | null
  readonly originCopies: number
  readonly originRequests: number
  /** Share of each origin in the bytes of all; absent where there are no mirrors. */
  readonly originShares?: readonly number[]
  readonly originOpenMean: number
  readonly originOpenMax: number
  readonly inputs: number
  readonly inputsByKind: Readonly<Record<string, number>>
  readonly chunksKept: number
  readonly inputsPerChunk: number
  /** Of the bytes that all peers got, those that came from peers. */
  readonly peerShare: number
  readonly bytesFromPeers: number
  readonly controlBytes: number
  readonly topology: RunResult['topology']
  readonly events: number
  readonly trace: string
  /** All of them, and the first few. */
  readonly violationCount: number
  readonly violations: readonly string[]
  /** What faults did, where the scenario has trouble. */
  readonly faults?: FaultFigures
  /** Those who are not honest, by role: how they fared, and what they gave. */
  readonly roles?: Readonly<Record<string, LinkSummary>>
  /** By phase, where arrivals have phases. */
  readonly phases?: readonly ArrivalGroup[]
  /** Those who came when, and the run's course, where the scenario asks for them; there is no course of plain HTTP. */
  readonly byArrival?: readonly ArrivalGroup[]
  readonly course?: readonly CoursePoint[]
  /** Looks at the mesh, where somebody looked. */
  readonly mesh?: readonly MeshSample[]
}

export interface Spread {
  readonly mean: number
  readonly median: number
  readonly p90: number
  readonly p99: number
  readonly last: number
}

export interface LinkSummary {
  readonly peers: number
  readonly completed: number
  readonly tookMs: Spread | null
  /** What they gave ÷ what they got from peers and origin together. */
  readonly gaveShare: number
}

/** Enough to see what is wrong; a broken run may have millions. */
const KEPT_VIOLATIONS = 10

export function summarise(
  scenario: Scenario,
  result: RunResult,
  mesh: readonly MeshSample[] = [],
): RunSummary {
  const { peers } = result
  const honest = peers.filter(({ role }) => role === undefined)
  const counted = peers.filter(({ role }) => role === undefined || mustFinish(role))
  const took = timesOf(honest)
  const floor = makespanFloor(scenario, peers)
  const fromOrigin = peers.reduce((total, peer) => total + peer.bytesFromOrigin, 0)
  return {
    scenario: result.scenario,
    policy: result.policy,
    seed: result.seed,
    peers: peers.length,
    completed: timesOf(counted).length,
    died: peers.filter(({ died }) => died).length,
    unfinished: counted.filter(({ died, tookMs }) => !died && tookMs === null).length,
    makespanMs: rounded(result.makespanMs),
    tookMs: spreadOf(took),
    tookPercentilesMs:
      took.length === 0
        ? []
        : Array.from({ length: 101 }, (_, percent) => Math.round(quantile(took, percent / 100))),
    links: byLink(scenario, peers),
    floor,
    ratioToFloor: rounded(floor.ms === 0 ? 1 : result.makespanMs / floor.ms, 1e4),
    meanFloorMs: meanFloorMs(scenario, peers),
    medianFloorMs: medianFloorMs(scenario, peers),
    originCopies: rounded(result.originCopies, 1e4),
    originRequests: result.originRequests,
    ...(result.originShares === undefined
      ? {}
      : { originShares: result.originShares.map((share) => rounded(share, 1e4)) }),
    originOpenMean: rounded(result.originOpenMean),
    originOpenMax: result.originOpenMax,
    inputs: result.inputs,
    inputsByKind: Object.fromEntries(
      Object.entries(result.inputsByKind).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    chunksKept: result.chunksKept,
    inputsPerChunk: rounded(result.inputs / Math.max(1, result.chunksKept)),
    peerShare: rounded(result.bytesFromPeers / Math.max(1, result.bytesFromPeers + fromOrigin), 1e4),
    bytesFromPeers: result.bytesFromPeers,
    controlBytes: result.controlBytes,
    topology: result.topology,
    events: result.events,
    trace: result.trace,
    violationCount: result.violations.length,
    violations: result.violations.slice(0, KEPT_VIOLATIONS),
    ...(result.faults === undefined ? {} : { faults: result.faults }),
    ...(honest.length === peers.length ? {} : { roles: byRole(peers) }),
    ...coursesOf(scenario, result),
    ...(mesh.length === 0 ? {} : { mesh }),
  }
}

function coursesOf(
  { arrivals, courseEveryMs }: Scenario,
  { peers, course }: RunResult,
): Pick<RunSummary, 'phases' | 'byArrival' | 'course'> {
  return {
    ...(arrivals.kind === 'phases' ? { phases: byPhase(peers, arrivals) } : {}),
    ...(courseEveryMs === undefined ? {} : { byArrival: byTimeOfArrival(peers, courseEveryMs) }),
    ...(course === undefined ? {} : { course }),
  }
}

/** From shortest to longest, of those who got there. */
function timesOf(peers: readonly PeerOutcome[]): readonly number[] {
  return sorted(peers.flatMap(({ tookMs }) => (tookMs === null ? [] : [tookMs])))
}

function spreadOf(times: readonly number[]): Spread | null {
  if (times.length === 0) return null
  return {
    mean: rounded(mean(times)),
    median: rounded(quantile(times, 0.5)),
    p90: rounded(quantile(times, 0.9)),
    p99: rounded(quantile(times, 0.99)),
    last: rounded(quantile(times, 1)),
  }
}

function byLink(scenario: Scenario, peers: readonly PeerOutcome[]): Record<string, LinkSummary> {
  return Object.fromEntries(
    scenario.links.map(({ name }) => [name, summaryOf(peers.filter(({ link }) => link === name))]),
  )
}

function byRole(peers: readonly PeerOutcome[]): Record<string, LinkSummary> {
  const roles = [...new Set(peers.flatMap(({ role }) => role ?? []))].sort()
  return Object.fromEntries(roles.map((name) => [name, summaryOf(peers.filter(({ role }) => role === name))]))
}

function summaryOf(those: readonly PeerOutcome[]): LinkSummary {
  const took = timesOf(those)
  const gave = those.reduce((total, { bytesToPeers }) => total + bytesToPeers, 0)
  const got = those.reduce((total, peer) => total + peer.bytesFromPeers + peer.bytesFromOrigin, 0)
  return {
    peers: those.length,
    completed: took.length,
    tookMs: spreadOf(took),
    gaveShare: rounded(gave / Math.max(1, got), 1e4),
  }
}

/** To thousandths, unless finer is asked for: below all that means anything here. */
function rounded(value: number, parts = 1000): number {
  return Math.round(value * parts) / parts
}
