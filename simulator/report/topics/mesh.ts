/** What kind of graph the mesh is, left alone and under churn, and how well peers know how many they are. */

import type { MeshSample } from '../../observe.ts'
import { decimals, percentOf, table, wholeOf } from '../markdown.ts'
import { image, repeat, violationsOf, type Writer } from '../page.ts'
import { barPlot, linePlot, type Line } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const SIZES = [10, 30, 100, 300, 1_000, 3_000, 10_000]

const KINDS = [
  ['calm', 'left alone'],
  ['churn', '10% replaced every 12 s'],
  ['halves', 'half replaced every minute'],
] as const

/** Churn ends here; what comes later shows whether the mesh recovers. */
const CHURN_MS = { from: 120_000, until: 720_000 }

export const mesh: Writer = (records) => {
  const run = (kind: string, peers: number): RunRecord | undefined =>
    records(`mesh/${kind}-n${peers}`, 'swarm')
  const all = KINDS.flatMap(([kind]) => SIZES.map((peers) => run(kind, peers)))
  const markdown = `# The mesh

A small file (1 MB), so that it is the mesh that is seen. Peers come within a minute and stay. From the second to the twelfth
minute half of them a minute die without a word and as many newcomers come: in small steps, or all together. Every 30 s the
graph of open links is looked at. Shortest paths are measured from 32 peers.

${repeat('mesh')}

${KINDS.map(([kind, label]) =>
  section(
    label,
    SIZES.map((peers) => run(kind, peers)),
  ),
).join('\n\n')}

${image('mesh-degrees.svg', 'Peers by their number of neighbours')}

${image('mesh-paths.svg', 'Longest and mean shortest path over the number of peers')}

## Group size

What a peer takes the swarm's size for, ÷ the true size. A third too much or too little is one connection more or less at the
origin.

${estimateTable(run)}

${image('mesh-estimates.svg', 'Estimated ÷ true size over the number of peers')}

${violationsOf(all)}
`
  return {
    markdown,
    plots: {
      'mesh-degrees.svg': degreePlot(run),
      'mesh-paths.svg': pathPlot(run),
      'mesh-estimates.svg': estimatePlot(run),
    },
  }
}

type RunOf = (kind: string, peers: number) => RunRecord | undefined

/** The state at the end, and the worst while there was churn. */
function section(label: string, runs: readonly (RunRecord | undefined)[]): string {
  const rows = runs.flatMap((run) => {
    const samples = run?.mesh ?? []
    const last = samples.at(-1)
    if (run === undefined || last === undefined) return []
    const troubled = samples.filter(({ atMs }) => atMs >= CHURN_MS.from && atMs <= CHURN_MS.until)
    const parted = troubled.reduce((least, { largestShare }) => Math.min(least, largestShare), 1)
    return [
      [
        wholeOf(last.peers),
        decimals(last.meanDegree, 2),
        wholeOf(last.degrees.findIndex((count) => count > 0)),
        wholeOf(last.degrees.length - 1),
        wholeOf(last.longestPath),
        decimals(last.meanPath, 2),
        percentOf(last.largestShare, 2),
        percentOf(parted, 2),
      ],
    ]
  })
  const head = [
    'peers',
    'mean degree',
    'least',
    'most',
    'longest path',
    'mean path',
    'in the largest component',
    'worst in minutes 2–12',
  ]
  return `## ${label[0]?.toUpperCase() ?? ''}${label.slice(1)}\n\n${table(head, rows)}`
}

function lastSample(run: RunRecord | undefined): MeshSample | undefined {
  return run?.mesh?.at(-1)
}

function degreePlot(run: RunOf): string {
  const samples = [100, 1_000, 10_000].flatMap((peers) => lastSample(run('calm', peers)) ?? [])
  const most = Math.max(0, ...samples.map(({ degrees }) => degrees.length))
  return barPlot({
    title: 'Neighbours of a peer, left alone',
    x: { name: 'neighbours' },
    y: { name: 'peers (%)' },
    categories: Array.from({ length: most }, (_, degree) => `${degree}`),
    bars: samples.map(({ degrees, peers }) => ({
      name: `${wholeOf(peers)} peers`,
      values: Array.from(
        { length: most },
        (_, degree) => Math.round(((degrees[degree] ?? 0) / peers) * 1e4) / 100,
      ),
    })),
  })
}

function pathPlot(run: RunOf): string {
  const lines = KINDS.flatMap(([kind, label], colour): Line[] => {
    const points = (of: (sample: MeshSample) => number): [number, number][] =>
      SIZES.flatMap((peers) => {
        const sample = lastSample(run(kind, peers))
        return sample === undefined ? [] : [[peers, of(sample)] as [number, number]]
      })
    return [
      { name: `longest, ${label}`, points: points(({ longestPath }) => longestPath), marked: true, colour },
      {
        name: `mean, ${label}`,
        points: points(({ meanPath }) => meanPath),
        marked: true,
        dashed: true,
        colour,
      },
    ]
  })
  return linePlot({
    title: 'Shortest paths through the mesh',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'hops', min: 0 },
    lines,
  })
}

function estimatorsIn(run: RunOf): readonly string[] {
  return [...new Set(SIZES.flatMap((peers) => Object.keys(lastSample(run('calm', peers))?.estimates ?? {})))]
}

function estimateTable(run: RunOf): string {
  const rows = KINDS.flatMap(([kind, label]) =>
    SIZES.flatMap((peers) => {
      const { estimates = {} } = lastSample(run(kind, peers)) ?? {}
      return Object.entries(estimates).map(([name, { p10, median, p90 }]) => [
        name,
        label,
        wholeOf(peers),
        decimals(p10, 2),
        decimals(median, 2),
        decimals(p90, 2),
      ])
    }),
  )
  return table(['estimator', 'mesh', 'peers', '10% of peers below', 'median', '90% below'], rows)
}

function estimatePlot(run: RunOf): string {
  const lines = estimatorsIn(run).flatMap((estimator, colour): Line[] => {
    const points = (of: 'p10' | 'median' | 'p90'): [number, number][] =>
      SIZES.flatMap((peers) => {
        const spread = lastSample(run('calm', peers))?.estimates[estimator]
        return spread === undefined ? [] : [[peers, spread[of]] as [number, number]]
      })
    return [
      { name: `${estimator}: median`, points: points('median'), marked: true, colour },
      { name: `${estimator}: 10%`, points: points('p10'), dashed: true, colour },
      { name: `${estimator}: 90%`, points: points('p90'), dashed: true, colour },
    ]
  })
  const highest = lines.reduce((most, { points }) => Math.max(most, ...points.map(([, ratio]) => ratio)), 0)
  return linePlot({
    title: 'Estimated ÷ true number of peers, left alone',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'estimate ÷ truth (logarithmic)', log: true, min: 0.1, ...(highest < 10 ? { max: 10 } : {}) },
    lines,
  })
}
