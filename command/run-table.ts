/** The table that `swarmfetch simulate` prints: a line a run, as soon as it has ended. */

import type { RunSummary } from '../simulator/run-summary.ts'

interface Column {
  readonly title: readonly [upper: string, lower: string]
  readonly width: number
  readonly of: (run: RunSummary) => string
}

const NAME_TITLE = 'scenario'
const POLICY_TITLE = 'policy'

const COLUMNS: readonly Column[] = [
  { title: ['', 'peers'], width: 6, of: ({ peers }) => `${peers}` },
  { title: ['makespan', 's'], width: 9, of: ({ makespanMs }) => secondsOf(makespanMs) },
  { title: ['median', 's'], width: 9, of: ({ tookMs }) => secondsOf(tookMs?.median) },
  { title: ['last', 's'], width: 9, of: ({ tookMs }) => secondsOf(tookMs?.last) },
  { title: ['floor', 's'], width: 9, of: ({ floor }) => secondsOf(floor.ms) },
  { title: ['makespan', '÷ floor'], width: 8, of: ({ ratioToFloor }) => ratioToFloor.toFixed(3) },
  { title: ['origin', 'copies'], width: 8, of: ({ originCopies }) => originCopies.toFixed(3) },
  { title: ['connections', 'mean'], width: 11, of: ({ originOpenMean }) => originOpenMean.toFixed(2) },
  { title: ['', 'max'], width: 5, of: ({ originOpenMax }) => `${originOpenMax}` },
  { title: ['inputs', 'a chunk'], width: 8, of: ({ inputsPerChunk }) => inputsPerChunk.toFixed(1) },
  { title: ['from', 'peers'], width: 6, of: ({ peerShare }) => `${(peerShare * 100).toFixed(1)}%` },
  { title: ['', 'violations'], width: 10, of: ({ violationCount }) => `${violationCount}` },
]

/** Of the longest name, and of the longest policy. */
export interface TableWidths {
  readonly name: number
  readonly policy: number
}

/** The two lines above the rest. */
export function tableHead({ name, policy }: TableWidths): string {
  const line = (at: 0 | 1): string =>
    [
      (at === 1 ? NAME_TITLE : '').padEnd(Math.max(name, NAME_TITLE.length)),
      (at === 1 ? POLICY_TITLE : '').padEnd(Math.max(policy, POLICY_TITLE.length)),
      ...COLUMNS.map(({ title, width }) => title[at].padStart(width)),
    ]
      .join('  ')
      .trimEnd()
  return `${line(0)}\n${line(1)}`
}

export function tableLine(run: RunSummary, { name, policy }: TableWidths): string {
  return [
    run.scenario.padEnd(Math.max(name, NAME_TITLE.length)),
    run.policy.padEnd(Math.max(policy, POLICY_TITLE.length)),
    ...COLUMNS.map(({ width, of }) => of(run).padStart(width)),
  ].join('  ')
}

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1000).toFixed(2)
}
