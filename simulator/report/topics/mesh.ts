/** What kind of graph the mesh is, left alone and under churn, and how well peers know how many they are. */

import type { EstimateSpread, MeshSample } from '../../observe.ts'
import { quantile, sorted } from '../../statistics.ts'
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
graph of open links is looked at; at full minutes that is the very moment of the deaths. Strays are peers outside the largest
component that came more than 10 s ago. Shortest paths are measured from 32 peers.

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

What a peer takes the swarm's size for, ÷ the true size, in the middle of all looks once everybody has come. A third too much
or too little is one connection more or less at the origin. Where an estimator has fewer looks than others, nobody could make
an estimate at the rest: distances are known from claims, and claims are made only while the origin is read.

${estimateTable(run)}

${image('mesh-estimates.svg', 'Median estimate ÷ true size over the number of peers, by estimator')}

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
        wholeOf(troubled.reduce((most, { strays }) => Math.max(most, strays), 0)),
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
    'strays at worst',
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

/** An estimate over a whole run, once everybody has come: in the middle of all looks. */
interface Estimate {
  readonly estimator: string
  readonly looks: number
  readonly p10: number
  readonly median: number
  readonly p90: number
  /** Share of the looks at which the median peer was no more than a third off. */
  readonly goodShare: number
}

const COME_MS = 60_000
const GOOD = { from: 2 / 3, to: 3 / 2 }

function estimatesOf(run: RunRecord | undefined): readonly Estimate[] {
  const looks = (run?.mesh ?? []).filter(({ atMs }) => atMs >= COME_MS).map(({ estimates }) => estimates)
  const names = [...new Set(looks.flatMap((estimates) => Object.keys(estimates)))]
  return names.map((estimator) => {
    const spreads = looks.flatMap((estimates) => estimates[estimator] ?? [])
    const middle = (of: (spread: EstimateSpread) => number): number => quantile(sorted(spreads.map(of)), 0.5)
    const good = spreads.filter(({ median }) => median >= GOOD.from && median <= GOOD.to)
    return {
      estimator,
      looks: spreads.length,
      p10: middle(({ p10 }) => p10),
      median: middle(({ median }) => median),
      p90: middle(({ p90 }) => p90),
      goodShare: good.length / spreads.length,
    }
  })
}

function estimateTable(run: RunOf): string {
  const rows = KINDS.flatMap(([kind, label]) =>
    SIZES.flatMap((peers) =>
      estimatesOf(run(kind, peers)).map(({ estimator, looks, p10, median, p90, goodShare }) => [
        `${estimator}, ${label}`,
        wholeOf(peers),
        wholeOf(looks),
        factor(p10),
        factor(median),
        factor(p90),
        percentOf(goodShare),
      ]),
    ),
  )
  return table(
    ['estimator', 'peers', 'looks', '10% of peers below', 'median', '90% below', 'looks within a third'],
    rows,
  )
}

/** Some estimators are wrong by more than anybody wants to read the digits of. */
function factor(value: number): string {
  return value >= 1000 ? value.toExponential(0) : decimals(value, 2)
}

function estimatePlot(run: RunOf): string {
  const names = [
    ...new Set(
      KINDS.flatMap(([kind]) => SIZES.flatMap((peers) => estimatesOf(run(kind, peers)))).map(
        ({ estimator }) => estimator,
      ),
    ),
  ]
  const lines = names.flatMap((name, colour) =>
    (['calm', 'churn'] as const).map((kind): Line => ({
      name: kind === 'calm' ? name : `${name}, churn`,
      points: SIZES.flatMap((peers) => {
        const found = estimatesOf(run(kind, peers)).find(({ estimator }) => estimator === name)
        return found === undefined ? [] : [[peers, found.median] as [number, number]]
      }),
      marked: true,
      dashed: kind === 'churn',
      colour,
    })),
  )
  const highest = lines.reduce((most, { points }) => Math.max(most, ...points.map(([, ratio]) => ratio)), 0)
  return linePlot({
    title: 'Median peer’s estimate ÷ true number of peers',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'estimate ÷ truth (logarithmic)', log: true, min: 0.1, ...(highest < 10 ? { max: 10 } : {}) },
    lines,
  })
}
