/**
 * What `bench:polite` makes of its measurements: figures of a run, whether they are within the goals, and a table.
 */

import { median, round, sum } from './figures.ts'

/** What a phase showed. */
export interface Phase {
  readonly name: PhaseName
  readonly seconds: number
  /** What arrived at the sink; 0 where there was no TCP upload. */
  readonly tcpMbps: number
  /** What the modem took of WebRTC, headers included. */
  readonly webrtcMbps: number
  /** Round trips of small UDP packets through the same uplink, in ms. */
  readonly meanMs: number
  readonly medianMs: number
  readonly p95Ms: number
  readonly echoes: number
  /** The modem's own queue, in ms. */
  readonly meanQueueMs: number
  readonly mostQueueMs: number
  readonly drops: number
  /** Latest that the line handed on a packet, in ms. */
  readonly latestMs: number
}

export type PhaseName = 'idle' | 'tcp' | 'uploads' | 'both'

export interface Run {
  readonly run: number
  readonly phases: readonly Phase[]
  /** TCP's rate beside the uploads, over its rate alone. */
  readonly tcpShare: number
  /** Mean and 95th percentile of round trips with uploads only, over the mean without anything, in ms. */
  readonly addedMs: number
  readonly addedP95Ms: number
  /** Mean round trip with both, over that with TCP alone, in ms: TCP fills the modem's buffer by itself. */
  readonly addedToTcpMs: number
}

export const GOALS = { tcpShare: 0.8, addedMs: 100 } as const

export function delays(
  roundTripsMs: readonly number[],
): Pick<Phase, 'meanMs' | 'medianMs' | 'p95Ms' | 'echoes'> {
  const sorted = roundTripsMs.toSorted((a, b) => a - b)
  return {
    meanMs: round(sum(sorted) / sorted.length),
    medianMs: round(median(sorted)),
    p95Ms: round(sorted[Math.floor(0.95 * (sorted.length - 1))] ?? NaN),
    echoes: sorted.length,
  }
}

export function summarise(run: number, phases: readonly Phase[]): Run {
  const of = (name: PhaseName): Phase => {
    const phase = phases.find((each) => each.name === name)
    if (phase === undefined) throw new Error(`There was no phase “${name}”.`)
    return phase
  }
  const idleMs = of('idle').meanMs
  return {
    run,
    phases,
    tcpShare: round(of('both').tcpMbps / of('tcp').tcpMbps),
    addedMs: round(of('uploads').meanMs - idleMs),
    addedP95Ms: round(of('uploads').p95Ms - idleMs),
    addedToTcpMs: round(of('both').meanMs - of('tcp').meanMs),
  }
}

export function isPolite({ tcpShare, addedMs, addedToTcpMs }: Run): boolean {
  return tcpShare >= GOALS.tcpShare && addedMs <= GOALS.addedMs && addedToTcpMs <= GOALS.addedMs
}

const COLUMNS = [
  'run',
  'phase',
  'TCP Mb/s',
  'WebRTC Mb/s',
  'echo ms: mean',
  'median',
  'p95',
  'queue ms: mean',
  'most',
]

export function table(runs: readonly Run[]): string {
  const rows = runs.flatMap(({ run, phases }) =>
    phases.map((phase) => [
      String(run),
      phase.name,
      phase.tcpMbps.toFixed(2),
      phase.webrtcMbps.toFixed(2),
      phase.meanMs.toFixed(0),
      phase.medianMs.toFixed(0),
      phase.p95Ms.toFixed(0),
      phase.meanQueueMs.toFixed(0),
      phase.mostQueueMs.toFixed(0),
    ]),
  )
  const widths = COLUMNS.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [COLUMNS, ...rows]
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
    .join('\n')
}
