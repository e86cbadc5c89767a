/**
 * Bounds that a scenario names for its own results. What does not hold fails the run, as a broken invariant does.
 * They are of the swarm's run; those against plain HTTP are held against both, if both were run.
 */

import { FAULT_EXPECTATIONS } from './faults/fault-expectations.ts'
import { CHOSEN_ESTIMATE } from './observe.ts'
import type { ArrivalGroup } from './by-arrival.ts'
import type { RunSummary } from './run-summary.ts'

/** What is measured, by the bound's name, and whether the bound is the most or the least of it. Null: not known. */
export const EXPECTATIONS = {
  maxRatioToFloor: most('makespan ÷ floor', ({ swarm }) => swarm.ratioToFloor),
  maxMedianToFloor: most('median ÷ its floor', ({ swarm: { tookMs, medianFloorMs } }) =>
    tookMs === null || medianFloorMs === null ? null : tookMs.median / medianFloorMs,
  ),
  maxMedianToLink: most('median ÷ the file’s time over the slowest downlink', ({ swarm }) =>
    toLink(swarm, 'median'),
  ),
  maxP99ToLink: most('99% ÷ the file’s time over the slowest downlink', ({ swarm }) => toLink(swarm, 'p99')),
  maxBusyToSteady: most('mean time in the busiest phase ÷ in the first', ({ swarm }) => busyToSteady(swarm)),
  minPlainBusyToSteady: least('plain HTTP’s mean time in the busiest phase ÷ in the first', ({ plain }) =>
    plain === null ? null : busyToSteady(plain),
  ),
  maxDoublingToTransfer: most(
    'time in which those who have the file become twice as many ÷ F/u_s',
    ({ swarm }) => doublingToTransfer(swarm),
  ),
  maxOriginCopies: most('copies from the origin', ({ swarm }) => swarm.originCopies),
  maxOriginOpenMean: most('responses open at the origin on average', ({ swarm }) => swarm.originOpenMean),
  maxOriginOpenMax: most('responses open at the origin at most', ({ swarm }) => swarm.originOpenMax),
  maxInputsPerChunk: most('inputs per chunk', ({ swarm }) => swarm.inputsPerChunk),
  minPeerShare: least('share of bytes from peers', ({ swarm }) => swarm.peerShare),
  maxSockets: most('sockets at the topology server at most', ({ swarm }) => swarm.topology.socketsMax),
  maxStrays: most('peers that could not be reached, at the worst look', ({ swarm: { mesh } }) =>
    mesh === undefined ? null : Math.max(...mesh.map(({ strays }) => strays)),
  ),
  minEstimate: least('median peer’s estimate of the swarm ÷ its size, at the end', ({ swarm }) =>
    estimateIn(swarm),
  ),
  maxEstimate: most('median peer’s estimate of the swarm ÷ its size, at the end', ({ swarm }) =>
    estimateIn(swarm),
  ),
  maxMedianToPlain: most('median ÷ plain HTTP’s', ({ swarm, plain }) => versus('median', swarm, plain)),
  maxLastToPlain: most('last ÷ plain HTTP’s', ({ swarm, plain }) => versus('last', swarm, plain)),
  ...FAULT_EXPECTATIONS,
} as const satisfies Readonly<Record<string, Expectation>>

export type Expectations = { readonly [Name in keyof typeof EXPECTATIONS]?: number }

/** The runs of one scenario and seed. */
export interface Runs {
  readonly swarm: RunSummary | null
  readonly plain: RunSummary | null
  /** By any other policy: nothing is expected of them but that no invariant breaks. */
  readonly others?: readonly RunSummary[]
}

/** What is wrong with these runs, in sentences; empty: nothing. */
export function disappointments(
  expect: Expectations,
  { swarm, plain, others = [] }: Runs,
): readonly string[] {
  const broken = [swarm, plain, ...others].flatMap((run) => (run === null ? [] : faultsOf(run)))
  if (swarm === null) return broken
  for (const name of Object.keys(EXPECTATIONS) as (keyof Expectations)[]) {
    const bound = expect[name]
    const { what, isMost, of } = EXPECTATIONS[name]
    const value = bound === undefined ? null : of({ swarm, plain })
    if (bound === undefined || value === null || (isMost ? value <= bound : value >= bound)) continue
    broken.push(
      `${what}: ${Number(value.toPrecision(6))}, expected at ${isMost ? 'most' : 'least'} ${bound} (${name})`,
    )
  }
  return broken
}

export interface Expectation {
  readonly what: string
  readonly isMost: boolean
  readonly of: (runs: { readonly swarm: RunSummary; readonly plain: RunSummary | null }) => number | null
}

function most(what: string, of: Expectation['of']): Expectation {
  return { what, isMost: true, of }
}

function least(what: string, of: Expectation['of']): Expectation {
  return { what, isMost: false, of }
}

/** `p99` and `median` mean little where peers come at different times: then there is no such quotient. */
function toLink({ tookMs, floor, medianFloorMs }: RunSummary, which: 'median' | 'p99'): number | null {
  return tookMs === null || medianFloorMs === null ? null : tookMs[which] / floor.downlinkMs
}

/**
 * Where whole files are passed on and each transfer takes T, 2^(t/T) have the file at t, the origin among them. By when
 * half of the peers have it; T is the origin's time for one copy. Null where not all came at once.
 */
export function doublingToTransfer({ tookMs, peers, floor, medianFloorMs }: RunSummary): number | null {
  if (tookMs === null || medianFloorMs === null) return null
  return tookMs.median / Math.log2(1 + peers / 2) / floor.originMs
}

/** Arrivals a second, not times, make a phase the busiest. */
export function busyToSteady({ phases = [] }: RunSummary): number | null {
  const [steady] = phases
  const busiest = phases.reduce<ArrivalGroup | null>(
    (most, phase) => (most === null || arrivalRate(phase) > arrivalRate(most) ? phase : most),
    null,
  )
  if (steady === undefined || steady.meanMs === null || (busiest?.meanMs ?? null) === null) return null
  return (busiest?.meanMs ?? 0) / steady.meanMs
}

function arrivalRate({ peers, fromMs, untilMs }: ArrivalGroup): number {
  return peers / (untilMs - fromMs)
}

function versus(which: 'median' | 'last', swarm: RunSummary, plain: RunSummary | null): number | null {
  if (plain === null || plain.tookMs === null || swarm.tookMs === null) return null
  return swarm.tookMs[which] / plain.tookMs[which]
}

function estimateIn({ mesh }: RunSummary): number | null {
  return mesh?.at(-1)?.estimates[CHOSEN_ESTIMATE]?.median ?? null
}

function faultsOf({ policy, violations, violationCount }: RunSummary): string[] {
  const faults = violations.map((violation) => `${policy}: ${violation}`)
  if (violationCount > violations.length)
    faults.push(`${policy}: and ${violationCount - violations.length} more`)
  return faults
}
