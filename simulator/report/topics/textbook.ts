/** The plot of the textbooks: distribution time over the number of peers. */

import { decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import { image, repeat, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const SIZES = [1, 2, 5, 10, 15, 20, 25, 30, 35, 100, 1_000, 10_000]

/** The textbooks' plot ends here. */
const PLOTTED = 35

/** F/u, in ms; the origin has ten times u, and so has a peer's downlink. */
const HOUR_MS = 3_600_000
const ORIGIN_TIMES = 10

interface Size {
  readonly peers: number
  readonly swarm: RunRecord | undefined
  readonly plain: RunRecord | undefined
}

export const textbook: Writer = (records) => {
  const sizes = SIZES.map((peers): Size => ({
    peers,
    swarm: records(`textbook/n${peers}`, 'swarm'),
    plain: records(`textbook/n${peers}`, 'plain'),
  }))
  const markdown = `# The distribution time of the textbooks

Client and server need max{N·F/u_s, F/d}; peers need no less than max{F/u_s, F/d, N·F/(u_s + N·u)} (Kumar and Ross,
Peer-assisted file distribution, 2006; Kurose and Ross draw it for F/u = 1 h, u_s = 10u, d ≥ u_s). Here F is 1 GB,
d = u_s, round trips are 20 to 80 ms, all come at once and stay. Up to 35 peers everybody may go to the origin (\`originLoad\` 'full'),
so that its uplink is never idle; beyond that it gives next to nothing of all bytes, and the default is run.

${repeat('textbook')}

${table(
  [
    'peers',
    'client–server h',
    'plain HTTP h',
    'bound h',
    'swarm h',
    '÷ bound',
    'median s',
    'origin copies',
    'inputs a chunk',
  ],
  sizes.flatMap(({ peers, swarm, plain }) =>
    swarm === undefined
      ? []
      : [
          [
            wholeOf(peers),
            decimals(clientServerMs(peers) / HOUR_MS, 3),
            hours(plain?.makespanMs),
            hours(swarm.floor.ms),
            hours(swarm.makespanMs),
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
        sizes.filter(({ peers }) => peers <= PLOTTED),
        false,
      ),
      'textbook-many.svg': timeOver('Distribution time, many peers', sizes, true),
    },
  }
}

function hours(ms: number | undefined): string {
  return decimals(ms === undefined ? null : ms / HOUR_MS, 3)
}

function clientServerMs(peers: number): number {
  return Math.max(peers, 1) * (HOUR_MS / ORIGIN_TIMES)
}

/** Without the part of whole chunks, which is small: a line for every number of peers, run or not. */
function boundMs(peers: number): number {
  return Math.max(HOUR_MS / ORIGIN_TIMES, (peers * HOUR_MS) / (ORIGIN_TIMES + peers))
}

function timeOver(title: string, sizes: readonly Size[], isLog: boolean): string {
  const line = (of: (size: Size) => number | undefined): [number, number][] =>
    sizes.flatMap((size) => {
      const ms = of(size)
      return ms === undefined ? [] : [[size.peers, ms / HOUR_MS] as [number, number]]
    })
  return linePlot({
    title,
    x: isLog ? { name: 'peers (logarithmic)', log: true } : { name: 'peers', min: 0, max: PLOTTED },
    y: isLog ? { name: 'time (h, logarithmic)', log: true } : { name: 'time (h)', min: 0 },
    lines: [
      {
        name: 'client–server: max{NF/u_s, F/d}',
        points: line(({ peers }) => clientServerMs(peers)),
        dashed: true,
        colour: 1,
      },
      {
        name: 'plain HTTP, measured',
        points: line(({ plain }) => plain?.makespanMs),
        marked: true,
        colour: 1,
      },
      {
        name: 'bound: max{F/u_s, F/d, NF/(u_s + Nu)}',
        points: line(({ peers }) => boundMs(peers)),
        dashed: true,
        colour: 0,
      },
      { name: 'swarm, measured', points: line(({ swarm }) => swarm?.makespanMs), marked: true, colour: 0 },
    ],
  })
}
