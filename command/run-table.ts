/** The table that `swarmfetch simulate` prints: a line a run, as soon as it has ended. */

import type { RunSummary } from '../simulator/run-summary.ts'

interface Column {
  readonly title: readonly [upper: string, lower: string]
  readonly width: number
  readonly of: (run: RunSummary) => string
}

const COLUMNS: readonly Column[] = [
  { title: ['', 'policy'], width: 6, of: ({ policy }) => policy },
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

/** The two lines above the rest. `nameWidth`: of the longest name. */
export function tableHead(nameWidth: number): string {
  const line = (at: 0 | 1): string =>
    [
      (at === 1 ? 'scenario' : '').padEnd(nameWidth),
      ...COLUMNS.map(({ title, width }) => title[at].padStart(width)),
    ]
      .join('  ')
      .trimEnd()
  return `${line(0)}\n${line(1)}`
}

export function tableLine(run: RunSummary, nameWidth: number): string {
  return [run.scenario.padEnd(nameWidth), ...COLUMNS.map(({ width, of }) => of(run).padStart(width))].join(
    '  ',
  )
}

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1000).toFixed(2)
}
