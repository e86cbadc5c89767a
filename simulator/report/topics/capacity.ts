/** How the capacity of a swarm grows in a flash crowd, whether whole files are passed on or chunks. */

import { doublingToTransfer } from '../../expectations.ts'
import { rateOver, scaled, sentBytes } from '../course-lines.ts'
import { decimals, secondsOf, table } from '../markdown.ts'
import { distribution, image, repeat, runTable, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const RUNS: readonly (readonly [scenario: string, label: string])[] = [
  ['whole-file', 'the whole file, as by default'],
  ['whole-file-one', 'the whole file, the origin serving one at a time'],
  ['chunked', 'chunks of 64 KiB (default)'],
  ['chunked-16', 'chunks of 16 KiB'],
]

/** The scenario file's: peers, and the time in which one sends the file, in s. */
const PEERS = 127
const TRANSFER_SEC = 4.194304
const RATE_BYTES_PER_SEC = 1e6

export const capacity: Writer = (records) => {
  const runs = RUNS.map(([name, label]) => [label, records(`capacity/${name}`, 'swarm')] as const)
  const markdown = `# The capacity of a flash crowd

127 peers come at once for a file of 4 MiB; peers and origin send 1 MB/s each, so that the file takes T = 4.19 s to be passed on. If
each passes the whole file to one other at a time, those who have it become twice as many in each T: the capacity is 2^(t/T), and all
have it after T·log₂(n + 1) = 29.4 s (Yang and de Veciana, Service capacity of peer to peer networks, 2004). In M chunks it takes
(F/u)(1 + ⌊log₂n⌋/M) (Mundinger, Weber, Weiss): 4.59 s with M = 64, 4.29 s with M = 256.

${repeat('capacity')}

${runTable(runs)}

${table(
  ['run', 'model s', 'measured s', '÷ model', 'doubling time ÷ T'],
  runs.flatMap(([label, run]) =>
    run === undefined
      ? []
      : [
          [
            label,
            secondsOf(run.floor.pipelineMs),
            secondsOf(run.makespanMs),
            decimals(run.ratioToFloor, 3),
            label.startsWith('the whole') ? decimals(doublingToTransfer(run), 2) : '–',
          ],
        ],
  ),
)}

${image('capacity-rate.svg', 'Bytes a second that origin and peers send, over time')}

${image('capacity-done.svg', 'Share of the peers that are done, over time')}

## What whole files show

There are no more seats at the origin than chunks, a chunk that takes long is sent to one neighbour at a time, and nobody holds
it against the mesh that nothing has come before a first chunk can have been passed on to all. So the file is passed on as in the
model. Where the origin serves several at once, it has sent two files at half the rate before the first claim was known
everywhere, and one doubling of the seven is lost. The last few wait for two rounds, and then some of them go to the origin.

${violationsOf(runs.map(([, run]) => run))}
`
  return {
    markdown,
    plots: { 'capacity-rate.svg': rates(runs), 'capacity-done.svg': done(runs) },
  }
}

type Runs = readonly (readonly [label: string, run: RunRecord | undefined])[]

function rates(runs: Runs): string {
  const doublings = Math.log2(PEERS + 1)
  const model = Array.from({ length: 8 * doublings + 1 }, (_, eighth): [number, number] => [
    (eighth / 8) * TRANSFER_SEC,
    2 ** (eighth / 8),
  ])
  return linePlot({
    title: 'What origin and 127 peers send',
    x: { name: 'time (s, logarithmic)', log: true, min: 0.1 },
    y: { name: 'rate ÷ what one can send (logarithmic)', log: true, min: 0.5 },
    lines: [
      { name: 'model, whole file: 2^(t/T)', points: model.slice(1), dashed: true, colour: 7 },
      ...runs.map(([name, run], colour) => ({
        name,
        points: scaled(rateOver(run, sentBytes), 1000, RATE_BYTES_PER_SEC).filter(([, rate]) => rate > 0),
        colour,
      })),
    ],
  })
}

function done(runs: Runs): string {
  const model = Array.from({ length: Math.log2(PEERS + 1) + 1 }, (_, doubling): [number, number] => [
    doubling * TRANSFER_SEC,
    ((2 ** doubling - 1) / PEERS) * 100,
  ])
  return linePlot({
    title: '4 MiB to 127 peers',
    x: { name: 'time (s, logarithmic)', log: true, min: 1 },
    y: { name: 'peers done (%)', min: 0, max: 100 },
    lines: [
      { name: 'model, whole file', points: model.slice(1), dashed: true, marked: true, colour: 7 },
      ...runs.flatMap(([name, run], colour) =>
        run === undefined ? [] : [{ name, points: distribution(run), colour }],
      ),
    ],
  })
}
