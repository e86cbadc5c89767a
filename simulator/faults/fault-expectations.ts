/** Bounds on what faults may do, for scenarios to name. See `expectations.ts`. */

import type { Expectation, Runs } from '../expectations.ts'
import type { RunSummary } from '../run-summary.ts'
import type { FaultFigures } from './fault-tally.ts'

type Swarm = { readonly swarm: RunSummary }

/** Time itself, where a fault's cost is told by the same swarm without it: the bound is so many times what that took. */
export const FAULT_EXPECTATIONS = {
  maxMedianMs: { what: 'median of honest peers in ms', isMost: true, of: tookMs('median') },
  maxLastMs: { what: 'last of honest peers in ms', isMost: true, of: tookMs('last') },
  maxHeldMs: {
    what: 'longest time in ms that a chunk was left with one who does not send it',
    isMost: true,
    of: figure(({ longestHeldMs }) => longestHeldMs),
  },
  maxEarlyRequests: {
    what: 'requests before the time that Retry-After told',
    isMost: true,
    of: figure(({ earlyRequests }) => earlyRequests),
  },
  maxRequestBurst: {
    what: 'most requests a second after the origin came back ÷ before',
    isMost: true,
    of: figure(
      ({ requestPeakAfter, requestPeakBefore }) => requestPeakAfter / Math.max(1, requestPeakBefore),
    ),
  },
  minChunksWithoutOrigin: {
    what: 'chunks that peers gave each other while the origin was away',
    isMost: false,
    of: figure(({ chunksWithoutOrigin }) => chunksWithoutOrigin),
  },
  maxJoinBurst: {
    what: 'most joins a second after the topology server came back ÷ their mean',
    isMost: true,
    of: figure(({ joinPeak, joinMean }) => (joinMean === 0 ? null : joinPeak / joinMean)),
  },
  maxRefillMs: {
    what: 'time in ms until the topology server had its sockets again',
    isMost: true,
    of: figure(({ refilledMs, joinMean }) => refilledMs ?? (joinMean === 0 ? null : Infinity)),
  },
} as const satisfies Readonly<Record<string, Expectation>>

function tookMs(which: 'median' | 'last'): (runs: Swarm & Pick<Runs, 'plain'>) => number | null {
  return ({ swarm }) => swarm.tookMs?.[which] ?? null
}

function figure(of: (figures: FaultFigures) => number | null): (runs: Swarm) => number | null {
  return ({ swarm: { faults } }) => (faults === undefined ? null : of(faults))
}
