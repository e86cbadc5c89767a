/** What a topic of the report makes of its runs. */

import type { RunPolicy } from '../policies.ts'
import type { RunRecord } from './records.ts'
import { decimals, percentOf, secondsOf, table, wholeOf } from './markdown.ts'

export interface Page {
  readonly markdown: string
  /** By file name, such as `slurpie-lan-cdf.svg`. */
  readonly plots: Readonly<Record<string, string>>
}

/** The runs that have been made, by scenario. */
export type Records = (scenario: string, policy: RunPolicy) => RunRecord | undefined

/** How one topic is written. It takes what there is: absent runs leave gaps, never errors. */
export type Writer = (records: Records) => Page

/** The figures that every topic shows, a line a run. */
export function runTable(rows: readonly (readonly [label: string, record: RunRecord | undefined])[]): string {
  return table(
    [
      'run',
      'peers',
      'makespan s',
      'median s',
      'last s',
      'floor s',
      '÷ floor',
      'origin copies',
      'connections mean',
      'max',
      'inputs a chunk',
      'from peers',
    ],
    rows.flatMap(([label, run]) =>
      run === undefined
        ? []
        : [
            [
              label,
              wholeOf(run.peers),
              secondsOf(run.makespanMs),
              secondsOf(run.tookMs?.median),
              secondsOf(run.tookMs?.last),
              secondsOf(run.floor.ms),
              decimals(run.ratioToFloor, 3),
              decimals(run.originCopies, 2),
              decimals(run.originOpenMean, 1),
              wholeOf(run.originOpenMax),
              decimals(run.inputsPerChunk, 1),
              percentOf(run.peerShare),
            ],
          ],
    ),
  )
}

export function image(file: string, words: string): string {
  return `![${words}](${file})`
}

/** The cumulative distribution of completion times: share of the peers done, in percent, over seconds. */
export function distribution(record: RunRecord): readonly (readonly [sec: number, percent: number])[] {
  return record.tookPercentilesMs.map((ms, percent) => [ms / 1000, percent] as const)
}

/** The command that repeats these runs. */
export function repeat(topic: string): string {
  return `Repeat it with \`npx swarmfetch simulate ${topic}\`; the scenarios are in [\`simulator/scenarios/${topic}.json\`](../../simulator/scenarios/${topic}.json), the figures in [\`data/${topic}.jsonl\`](data/${topic}.jsonl).`
}

/** Broken invariants of these runs, if any. */
export function violationsOf(runs: readonly (RunRecord | undefined)[]): string {
  const broken = runs.flatMap((run) =>
    run === undefined || run.violationCount === 0
      ? []
      : [`- ${run.scenario} (${run.policy}): ${run.violationCount}, such as: ${run.violations[0] ?? ''}`],
  )
  return broken.length === 0
    ? 'No invariant was broken in any run.'
    : `Broken invariants:\n\n${broken.join('\n')}`
}
