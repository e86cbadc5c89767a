/** Slurpie's local network, and what becomes of the origin as more peers come. */

import { decimals, table, wholeOf } from '../markdown.ts'
import { distribution, image, repeat, runTable, violationsOf, type Records, type Writer } from '../page.ts'
import { linePlot, type Line } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const LABELS: readonly (readonly [scenario: string, label: string])[] = [
  ['at-once', 'all at once'],
  ['staggered', 'one every 3 s'],
  ['staggered-leave', 'one every 3 s, leaving when done'],
  ['at-once-k3', 'all at once, k = 3 (Slurpie to the letter)'],
]

const SIZES: readonly (readonly [peers: number, scenario: string])[] = [
  [10, 'n10'],
  [48, 'at-once'],
  [100, 'n100'],
  [300, 'n300'],
  [1000, 'n1000'],
]

export const slurpieLan: Writer = (records) => {
  const run: Records = (name, policy) => records(`slurpie-lan/${name}`, policy)
  const rows = LABELS.flatMap(([name, label]): [string, RunRecord | undefined][] => [
    [label, run(name, 'swarm')],
    [`${label}: plain HTTP`, run(name, 'plain')],
  ])
  const sizes = SIZES.map(([peers, name]) => ({
    peers,
    swarm: run(name, 'swarm'),
    plain: run(name, 'plain'),
  }))
  const markdown = `# Slurpie's local network

Slurpie (Sherwood, Braud, Bhattacharjee, INFOCOM 2004) was measured on 48 peers of 100 Mb/s that download from an origin of
10 Mb/s. This is that network in the simulator: 100 MB (our choice, as no size is stated), a round trip of 2 ms, the very
sessions and topology server that run in pages and on a host. The floor is what no scheme can beat: here, the time in which
the origin sends the file once.

${repeat('slurpie-lan')}

${runTable(rows)}

${image('slurpie-lan-cdf.svg', 'Share of the peers that are done over time, for each way of arriving')}

## More peers, the same origin

Plain HTTP opens a connection for every peer and takes in proportion longer. Slurpie's back-off keeps the number of
connections the same however many come.

${table(
  [
    'peers',
    'makespan s',
    'plain HTTP s',
    'times as fast',
    'origin copies',
    'connections mean',
    'max',
    'plain HTTP mean',
  ],
  sizes.flatMap(({ peers, swarm, plain }) =>
    swarm === undefined
      ? []
      : [
          [
            wholeOf(peers),
            decimals(swarm.makespanMs / 1000, 1),
            decimals(plain === undefined ? null : plain.makespanMs / 1000, 0),
            decimals(plain === undefined ? null : plain.makespanMs / swarm.makespanMs, 1),
            decimals(swarm.originCopies, 3),
            decimals(swarm.originOpenMean, 2),
            wholeOf(swarm.originOpenMax),
            decimals(plain?.originOpenMean, 1),
          ],
        ],
  ),
)}

${image('slurpie-lan-connections.svg', 'Connections at the origin over the number of peers')}

${violationsOf([...rows.map(([, record]) => record), ...sizes.flatMap(({ swarm, plain }) => [swarm, plain])])}
`
  return {
    markdown,
    plots: {
      'slurpie-lan-cdf.svg': distributions(run),
      'slurpie-lan-connections.svg': connections(sizes),
    },
  }
}

function distributions(run: Records): string {
  const lines = LABELS.flatMap(([name, label], colour): Line[] => {
    const [swarm, plain] = [run(name, 'swarm'), run(name, 'plain')]
    return [
      ...(swarm === undefined ? [] : [{ name: label, points: distribution(swarm), colour }]),
      ...(plain === undefined || name === 'staggered-leave'
        ? []
        : [{ name: `plain HTTP, ${label}`, points: distribution(plain), dashed: true, colour }]),
    ]
  })
  return linePlot({
    title: 'Completion of 48 peers: 100 MB, origin 10 Mb/s, peers 100 Mb/s',
    x: { name: 'time from arrival to completion (s, logarithmic)', log: true, min: 5 },
    y: { name: 'peers done (%)', min: 0, max: 100 },
    lines,
  })
}

function connections(
  sizes: readonly {
    readonly peers: number
    readonly swarm: RunRecord | undefined
    readonly plain: RunRecord | undefined
  }[],
): string {
  const points = (of: (size: (typeof sizes)[number]) => number | undefined): [number, number][] =>
    sizes.flatMap((size) => {
      const value = of(size)
      return value === undefined ? [] : [[size.peers, value] as [number, number]]
    })
  return linePlot({
    title: 'Connections at the origin, all peers at once',
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: 'open responses (logarithmic)', log: true, min: 1 },
    lines: [
      { name: 'swarm, mean', points: points(({ swarm }) => swarm?.originOpenMean), marked: true, colour: 0 },
      {
        name: 'swarm, most',
        points: points(({ swarm }) => swarm?.originOpenMax),
        marked: true,
        dashed: true,
        colour: 0,
      },
      {
        name: 'plain HTTP, mean',
        points: points(({ plain }) => plain?.originOpenMean),
        marked: true,
        colour: 1,
      },
    ],
  })
}
