/** A steady stream of clients, an hour of many more, and a steady stream again. */

import { sharedOriginMs, steadyFloorMs } from '../../bounds.ts'
import { busyToSteady } from '../../expectations.ts'
import { decimals, percentOf, secondsOf, table, wholeOf } from '../markdown.ts'
import { image, repeat, violationsOf, type Writer } from '../page.ts'
import { linePlot, type Line } from '../plots.ts'
import type { RunRecord } from '../records.ts'

/** The network of the scenario file, for the formulas. */
const NETWORK = {
  sizeBytes: 2 ** 20,
  originBytesPerSec: 125_000,
  upBytesPerSec: 125_000,
  downBytesPerSec: 250_000,
} as const

/** Mean gaps between two clients in the three phases, in ms. */
const STEADY_GAP_MS = 10_000
const TO_12: readonly number[] = [STEADY_GAP_MS, 5_000, STEADY_GAP_MS]
const TO_120: readonly number[] = [STEADY_GAP_MS, 500, STEADY_GAP_MS]

const RUNS = [
  { name: 'hour-of-12', label: 'an hour of 12/min', gapsMs: TO_12 },
  { name: 'hour-of-120', label: 'an hour of 120/min, chunks of 16 KiB', gapsMs: TO_120 },
  { name: 'large-chunks', label: '20 minutes of 120/min, chunks of 64 KiB', gapsMs: TO_120 },
  { name: 'large-chunks-linger', label: 'an hour of 120/min, chunks of 64 KiB, staying 2 s', gapsMs: TO_120 },
] as const

type Run = (typeof RUNS)[number] & {
  readonly swarm: RunRecord | undefined
  readonly plain: RunRecord | undefined
}

export const stutzbach: Writer = (records) => {
  const runs = RUNS.map((run): Run => ({
    ...run,
    swarm: records(`stutzbach/${run.name}`, 'swarm'),
    plain: run.name.startsWith('large') ? undefined : records(`stutzbach/${run.name}`, 'plain'),
  }))
  const markdown = `# A stream of clients, and an hour of many more

Stutzbach, Zappala and Rejaie (The scalability of swarming peer-to-peer content delivery, 2005) serve a file of 1 MB from a
server of 1 Mb/s to clients of 2 Mb/s down and 1 Mb/s up, who leave when they are done. Six a minute are 84% of what the
server alone can serve. In their simulations it breaks at one hour of 12 a minute, while the swarm takes one of 120.

${repeat('stutzbach')}

${table(HEAD, runs.flatMap(rowsOf))}

λ is the rate of arrivals and 1/λ the mean gap. For plain HTTP the formula is S/(1 − λS) with S = F/u_s = 8.4 s, endless
where λS ≥ 1. For the swarm it is a bound: those there, λT of them, and the origin must send what all get, so that the mean T is
at least F/u − u_s/(λu), and F/d. (Clients who came at the end of the first phase of 120/min were held up by the second.)

${image('stutzbach-12.svg', 'Mean time of a download by the time of arrival, with an hour of 12 a minute')}

${image('stutzbach-120.svg', 'Mean time of a download by the time of arrival, with an hour of 120 a minute')}

## The missing chunk

Where peers leave at once when they are done, a swarm can be caught: nearly everybody has every chunk but the same one, who
gets that one leaves with it, and newcomers are soon like all others. Then no more are done than the origin sends copies of one chunk.
Whichever useful chunk is chosen, it can happen where λ is above u_s ÷ (size of a chunk) (Hajek and Zhu, The missing piece syndrome in
peer-to-peer communication, 2010; Zhu and Hajek, Stability of a peer-to-peer communication system, 2012). Here that is 1.9/s with 64 KiB, and 2/s arrive; with the 16 KiB of small files it is 7.6/s. It is also cured where who is done stays for as long as it takes to pass on one chunk more: 0.5 s here.

${image('stutzbach-present.svg', 'Peers that are there, over time')}

${violationsOf(runs.flatMap(({ swarm, plain }) => [swarm, plain]))}
`
  return {
    markdown,
    plots: {
      'stutzbach-12.svg': byArrival('with an hour of 12 a minute', runs.slice(0, 1)),
      'stutzbach-120.svg': byArrival('with an hour (or 20 minutes) of 120 a minute', runs.slice(1)),
      'stutzbach-present.svg': presence(runs),
    },
  }
}

const HEAD = ['run', 'clients', 'first phase, mean s', 'formula s', 'busy phase, mean s', 'formula s'].concat(
  ['busy ÷ first', 'longest s', 'origin’s copies ÷ clients', 'most there'],
)

function rowsOf({ label, gapsMs, swarm, plain }: Run): string[][] {
  return [
    ...(swarm === undefined ? [] : [rowOf(label, swarm, gapsMs, steadyMs)]),
    ...(plain === undefined ? [] : [rowOf(`${label}: plain HTTP`, plain, gapsMs, sharedMs)]),
  ]
}

function rowOf(
  label: string,
  run: RunRecord,
  [firstGapMs = 0, busyGapMs = 0]: readonly number[],
  formula: (everyMeanMs: number) => string,
): string[] {
  const [first, busy] = run.phases ?? []
  const mostThere = run.course?.reduce((most, { present }) => Math.max(most, present), 0)
  return [
    label,
    wholeOf(run.completed),
    secondsOf(first?.meanMs),
    formula(firstGapMs),
    secondsOf(busy?.meanMs),
    formula(busyGapMs),
    decimals(busyToSteady(run), 2),
    secondsOf(run.tookMs?.last),
    percentOf(run.originCopies / run.peers, 0),
    wholeOf(mostThere ?? run.originOpenMax),
  ]
}

function steadyMs(everyMeanMs: number): string {
  return `≥ ${secondsOf(steadyFloorMs({ ...NETWORK, everyMeanMs }))}`
}

function sharedMs(everyMeanMs: number): string {
  const ms = sharedOriginMs(NETWORK.sizeBytes, NETWORK.originBytesPerSec, everyMeanMs)
  return ms === null ? 'none' : secondsOf(ms)
}

const MINUTE_MS = 60_000

function byArrival(title: string, runs: readonly Run[]): string {
  return linePlot({
    title: `Mean time of a download, ${title}`,
    x: { name: 'time of arrival (min)', min: 0 },
    y: { name: 'mean time to completion (s, logarithmic)', log: true, min: 1 },
    lines: runs.flatMap(({ label, swarm, plain }, colour) => [
      ...meanLine(label, swarm, colour, false),
      ...meanLine(`${label}: plain HTTP`, plain, colour, true),
    ]),
  })
}

function meanLine(name: string, run: RunRecord | undefined, colour: number, dashed: boolean): Line[] {
  if (run?.byArrival === undefined) return []
  const points = run.byArrival.flatMap(({ fromMs, meanMs }) =>
    meanMs === null ? [] : [[fromMs / MINUTE_MS, meanMs / 1000] as const],
  )
  return [{ name, points, colour, dashed }]
}

function presence(runs: readonly Run[]): string {
  return linePlot({
    title: 'Peers that are there',
    x: { name: 'time (min)', min: 0 },
    y: { name: 'peers', min: 0 },
    lines: runs.flatMap(({ label, swarm }, colour) =>
      swarm?.course === undefined
        ? []
        : [
            {
              name: label,
              points: swarm.course.map(({ atMs, present }) => [atMs / MINUTE_MS, present] as const),
              colour,
            },
          ],
    ),
  })
}
