/** The plot of the textbooks: distribution time over the number of peers. */

import { decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import { image, repeat, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

/** Peers with the textbooks' hour, and with a tenth of file and time. */
const SIZES = [1, 2, 5, 10, 15, 20, 25, 30, 35, 100]
const TENTH_SIZES = [100, 1_000, 10_000]

/** The textbooks' plot ends here. */
const PLOTTED = 35

/** F/u, in ms; the origin has ten times u, and so has a peer's downlink. */
const HOUR_MS = 3_600_000
const TENTH_MS = HOUR_MS / 10
const ORIGIN_TIMES = 10

interface Size {
  readonly peers: number
  /** F/u, in ms: what all times are told in. */
  readonly unitMs: number
  readonly swarm: RunRecord | undefined
  readonly plain: RunRecord | undefined
}

export const textbook: Writer = (records) => {
  const sizesOf = (prefix: string, unitMs: number, sizes: readonly number[]): Size[] =>
    sizes.map((peers) => ({
      peers,
      unitMs,
      swarm: records(`textbook/${prefix}n${peers}`, 'swarm'),
      plain: records(`textbook/${prefix}n${peers}`, 'plain'),
    }))
  const usual = sizesOf('', HOUR_MS, SIZES)
  const tenths = sizesOf('tenth-', TENTH_MS, TENTH_SIZES)
  const sizes = [...usual, ...tenths]
  const markdown = `# The distribution time of the textbooks

Client and server need max{N·F/u_s, F/d}; peers need no less than max{F/u_s, F/d, N·F/(u_s + N·u)} (Kumar and Ross,
Peer-assisted file distribution, 2006; Kurose and Ross draw it for F/u = 1 h, u_s = 10u, d ≥ u_s). Here F is 1 GB,
d = u_s, round trips are 20 to 80 ms, all come at once and stay. Up to 35 peers everybody may go to the origin (\`originLoad\` 'full'),
so that its uplink is never idle; beyond that it gives next to nothing of all bytes, and the default is run.

A thousand peers and more have a tenth of file and time (100 MB in chunks of 512 KiB, F/u = 6 min), as what has to be simulated grows
with peers, chunks and time. Bounds do not change by it, told in F/u; a chunk is a larger part of the file (1/191 instead of
1/477), and it and the round trips of the beginning weigh more. A hundred are there both ways, for comparison.

${repeat('textbook')}

${table(
  [
    'peers',
    'F/u min',
    'client–server F/u',
    'plain HTTP F/u',
    'bound F/u',
    'swarm F/u',
    '÷ bound',
    'median s',
    'origin copies',
    'inputs a chunk',
  ],
  sizes.flatMap(({ peers, unitMs, swarm, plain }) =>
    swarm === undefined
      ? []
      : [
          [
            wholeOf(peers),
            wholeOf(unitMs / 60_000),
            decimals(clientServer(peers), 3),
            inUnits(plain?.makespanMs, unitMs),
            inUnits(swarm.floor.ms, unitMs),
            inUnits(swarm.makespanMs, unitMs),
            decimals(swarm.ratioToFloor, 3),
            secondsOf(swarm.tookMs?.median),
            decimals(swarm.originCopies, 2),
            decimals(swarm.inputsPerChunk, 1),
          ],
        ],
  ),
)}

${image('textbook.svg', 'Distribution time over the number of peers: client and server, bound, measured')}

${image('textbook-many.svg', 'The same for many peers')}

${violationsOf(sizes.flatMap(({ swarm, plain }) => [swarm, plain]))}
`
  return {
    markdown,
    plots: {
      'textbook.svg': timeOver(
        'Distribution time: F/u = 1 h, u_s = 10u, d = u_s',
        usual.filter(({ peers }) => peers <= PLOTTED),
        false,
      ),
      'textbook-many.svg': timeOver(
        'Distribution time, many peers: from 100 on F/u = 6 min',
        [...usual.filter(({ peers }) => peers <= PLOTTED), ...tenths],
        true,
      ),
    },
  }
}

function inUnits(ms: number | undefined, unitMs: number): string {
  return decimals(ms === undefined ? null : ms / unitMs, 3)
}

/** In F/u, as the bound. */
function clientServer(peers: number): number {
  return Math.max(peers, 1) / ORIGIN_TIMES
}

/** Without the part of whole chunks, which is small: a line for every number of peers, run or not. */
function bound(peers: number): number {
  return Math.max(1 / ORIGIN_TIMES, peers / (ORIGIN_TIMES + peers))
}

function timeOver(title: string, sizes: readonly Size[], isLog: boolean): string {
  const line = (of: (size: Size) => number | undefined): [number, number][] =>
    sizes.flatMap((size) => {
      const time = of(size)
      return time === undefined ? [] : [[size.peers, time] as [number, number]]
    })
  return linePlot({
    title,
    x: isLog ? { name: 'peers (logarithmic)', log: true } : { name: 'peers', min: 0, max: PLOTTED },
    y: isLog ? { name: 'time (F/u, logarithmic)', log: true } : { name: 'time (F/u)', min: 0 },
    lines: [
      {
        name: 'client–server: max{NF/u_s, F/d}',
        points: line(({ peers }) => clientServer(peers)),
        dashed: true,
        colour: 1,
      },
      {
        name: 'plain HTTP, measured',
        points: line(({ plain, unitMs }) => plain && plain.makespanMs / unitMs),
        marked: true,
        colour: 1,
      },
      {
        name: 'bound: max{F/u_s, F/d, NF/(u_s + Nu)}',
        points: line(({ peers }) => bound(peers)),
        dashed: true,
        colour: 0,
      },
      {
        name: 'swarm, measured',
        points: line(({ swarm, unitMs }) => swarm && swarm.makespanMs / unitMs),
        marked: true,
        colour: 0,
      },
    ],
  })
}
