/** What the tables of the ablation show of the runs of one variant in one setting. */

import { scenariosNamed } from '../../catalogue.ts'
import { mean } from '../../statistics.ts'
import { decimals, percentOf, secondsOf, wholeOf } from '../markdown.ts'
import type { RunRecord } from '../records.ts'

/** The runs of a variant in a setting, a seed each. */
export type RunsOf<Place extends string> = (variant: string, place: Place) => readonly RunRecord[]

/** Lengths of the files, by scenario. */
const SIZES: ReadonlyMap<string, number> = new Map(
  (scenariosNamed('ablation') ?? []).map(({ scenario }) => [scenario.name, scenario.sizeBytes]),
)

/** Share of all that arrived which was fetched twice or given up half-way. */
function needlessShare(run: RunRecord): number {
  const cameBytes = run.peerShare > 0 ? run.bytesFromPeers / run.peerShare : 0
  const wantedBytes = (SIZES.get(run.scenario) ?? 0) * run.completed
  return cameBytes === 0 ? 0 : Math.max(0, 1 - wantedBytes / cameBytes)
}

export function meanOf(
  runs: readonly RunRecord[],
  of: (run: RunRecord) => number | undefined,
): number | null {
  const values = runs.flatMap((run) => of(run) ?? [])
  return values.length === 0 ? null : mean(values)
}

/** The makespan ÷ floor; or how many were not done when the run was stopped. */
export function ratioOf(runs: readonly RunRecord[]): string {
  const stranded = runs.reduce((sum, { unfinished }) => sum + unfinished, 0)
  if (stranded > 0) return `${wholeOf(stranded)} not done`
  return decimals(
    meanOf(runs, ({ ratioToFloor }) => ratioToFloor),
    3,
  )
}

export function figures(runs: readonly RunRecord[]): readonly string[] {
  return [
    ratioOf(runs),
    secondsOf(meanOf(runs, ({ tookMs }) => tookMs?.median)),
    decimals(
      meanOf(runs, ({ originCopies }) => originCopies),
      2,
    ),
    decimals(
      meanOf(runs, ({ inputsPerChunk }) => inputsPerChunk),
      1,
    ),
    percentOf(meanOf(runs, needlessShare)),
  ]
}

export function copies(runs: readonly RunRecord[]): string {
  return decimals(
    meanOf(runs, ({ originCopies }) => originCopies),
    2,
  )
}
