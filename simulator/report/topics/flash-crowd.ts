/** Everybody comes at once: does it scale, and what of people at home, who leave when they are done? */

import { decimals, percentOf, secondsOf, table, wholeOf } from '../markdown.ts'
import { distribution, image, repeat, runTable, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const SIZES = [100, 1_000, 10_000]

export const flashCrowd: Writer = (records) => {
  const runsOf = (kind: string): [number, RunRecord | undefined][] =>
    SIZES.map((peers) => [peers, records(`flash-crowd/${kind}-n${peers}`, 'swarm')])
  const alike = runsOf('alike')
  const residential = runsOf('residential')
  const labelled = (runs: typeof alike): [string, RunRecord | undefined][] =>
    runs.map(([peers, run]) => [wholeOf(peers), run])
  const largest = residential.findLast(([, run]) => run !== undefined)?.[1]
  const markdown = `# Flash crowd

All peers come at the same moment for a file of 1 GB. The origin has 200 Mb/s. Round trips are 20 to 80 ms.

${repeat('flash-crowd')}

## Peers that are alike

100 Mb/s down, 20 Mb/s up; they stay when they are done. The floor is the highest of F/u_s, F/d, N·F/(u_s + Σu) and the
pipeline of whole chunks, (F/u)(1 + ⌊log₂N⌋/M).

${runTable(labelled(alike))}

The work of a peer must not grow with the swarm: an input is whatever a session is handed (a message, a chunk, a timer).

${image('flash-crowd-scale.svg', 'Time to completion over the number of peers')}

${image('flash-crowd-inputs.svg', 'Inputs per chunk over the number of peers')}

## Peers at home

Fibre (25%: 100 Mb/s up, 300 down), cable (40%: 20/200), DSL (25%: 5/50) and mobile (10%: 5/30). They leave as soon as they
are done, so that the best uplinks go first. The floor of the makespan does not count that, as the best schedule lets all be
done at once; the floor of the mean does count that some may be done early.

${runTable(labelled(residential))}

${largest === undefined ? '' : linkTable(largest)}

${image('flash-crowd-residential.svg', 'Share of the peers that are done over time')}

${violationsOf([...alike, ...residential].map(([, run]) => run))}
`
  return {
    markdown,
    plots: {
      'flash-crowd-scale.svg': scale(alike, residential),
      'flash-crowd-inputs.svg': inputs(alike, residential),
      'flash-crowd-residential.svg': distributions(residential),
    },
  }
}

function linkTable(run: RunRecord): string {
  return `Mean time of all ${wholeOf(run.peers)}: ${secondsOf(run.tookMs?.mean)} s; no scheme could do it in less than ${secondsOf(run.meanFloorMs)} s. By kind of link:

${table(
  ['link', 'peers', 'mean s', 'median s', '90% s', 'last s', 'gave ÷ got'],
  Object.entries(run.links).map(([name, { peers, tookMs, gaveShare }]) => [
    name,
    wholeOf(peers),
    secondsOf(tookMs?.mean),
    secondsOf(tookMs?.median),
    secondsOf(tookMs?.p90),
    secondsOf(tookMs?.last),
    percentOf(gaveShare, 0),
  ]),
)}`
}

type Runs = readonly (readonly [peers: number, run: RunRecord | undefined])[]

function over(runs: Runs, of: (run: RunRecord) => number | undefined): [number, number][] {
  return runs.flatMap(([peers, run]) => {
    const value = run === undefined ? undefined : of(run)
    return value === undefined ? [] : [[peers, value] as [number, number]]
  })
}

function scale(alike: Runs, residential: Runs): string {
  return linePlot({
    title: 'Flash crowd: 1 GB, origin 200 Mb/s',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'time to completion (s)', min: 0 },
    lines: [
      {
        name: 'alike, last',
        points: over(alike, ({ tookMs }) => secondsIn(tookMs?.last)),
        marked: true,
        colour: 0,
      },
      {
        name: 'alike, median',
        points: over(alike, ({ tookMs }) => secondsIn(tookMs?.median)),
        marked: true,
        colour: 5,
      },
      { name: 'alike, floor', points: over(alike, ({ floor }) => floor.ms / 1000), dashed: true, colour: 0 },
      {
        name: 'at home, last',
        points: over(residential, ({ tookMs }) => secondsIn(tookMs?.last)),
        marked: true,
        colour: 1,
      },
      {
        name: 'at home, median',
        points: over(residential, ({ tookMs }) => secondsIn(tookMs?.median)),
        marked: true,
        colour: 4,
      },
      {
        name: 'at home, floor',
        points: over(residential, ({ floor }) => floor.ms / 1000),
        dashed: true,
        colour: 1,
      },
    ],
  })
}

function secondsIn(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}

function inputs(alike: Runs, residential: Runs): string {
  return linePlot({
    title: 'Work of a peer',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'inputs a session handles per chunk', min: 0 },
    lines: [
      { name: 'alike', points: over(alike, ({ inputsPerChunk }) => inputsPerChunk), marked: true },
      { name: 'at home', points: over(residential, ({ inputsPerChunk }) => inputsPerChunk), marked: true },
    ],
  })
}

function distributions(residential: Runs): string {
  return linePlot({
    title: 'Peers at home, leaving when done: 1 GB, origin 200 Mb/s',
    x: { name: 'time from arrival to completion (s)', min: 0 },
    y: { name: 'peers done (%)', min: 0, max: 100 },
    lines: residential.flatMap(([peers, run]) =>
      run === undefined ? [] : [{ name: `${decimals(peers, 0)} peers`, points: distribution(run) }],
    ),
  })
}
