/** A crowd that comes, stays for some hours after it is done, and goes: who serves it? */

import { rateOver, scaled, sentBytes, stateOver } from '../course-lines.ts'
import { ABSENT, decimals, percentOf, secondsOf, table, wholeOf } from '../markdown.ts'
import { image, repeat, runTable, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

interface Crowd {
  readonly scenario: string
  readonly label: string
  readonly sizeBytes: number
}

/** Of file and times a tenth; of more clients a hundredth, as a tenth takes hours. One number is there both ways. */
const CROWDS: readonly Crowd[] = [
  { scenario: 'n100', label: '100', sizeBytes: 177e6 },
  { scenario: 'n300', label: '300', sizeBytes: 177e6 },
  { scenario: 'n1000', label: '1,000', sizeBytes: 177e6 },
  { scenario: 'hundredth-n1000', label: '1,000, a hundredth', sizeBytes: 17.7e6 },
  { scenario: 'hundredth-n3000', label: '3,000, a hundredth', sizeBytes: 17.7e6 },
]

/** Whose plots are shown: the largest of a tenth. */
const PLOTTED = 'n1000'

const HOUR_MS = 3_600_000

export const redhat: Writer = (records) => {
  const runs = CROWDS.map((crowd) => [crowd, records(`redhat/${crowd.scenario}`, 'swarm')] as const)
  const plotted = records(`redhat/${PLOTTED}`, 'swarm')
  const markdown = `# Five months in a torrent’s life, the first days

Izal and others (Dissecting BitTorrent: five months in a torrent's lifetime, 2004) saw RedHat 9, 1.77 GB, go to 180,000 clients; in the first
days over 4,000 were there at once. Clients got 1.3 Mb/s and took 30,000 s on average, and stayed 3 hours after they were done. Seeds gave twice
what leechers gave. Here file and all times are a tenth, which changes none of the shares: 177 MB, stays of 18 minutes on average, and
most come in the first hour (exponentially decaying, mean 36 minutes); or a hundredth, where a chunk and the way to neighbours weigh more. Links are our choice: 60% ADSL (1.5 Mb/s down, 256
kb/s up), 22% cable (3 Mb/s, 384 kb/s), 18% universities (10 Mb/s, 5 Mb/s); the origin has 10 Mb/s; round trips of 20 to 200 ms.

${repeat('redhat')}

${runTable(runs.map(([{ label }, run]) => [label, run] as const))}

${table(
  [
    'clients',
    'mean time s',
    'mean rate Mb/s',
    'most there',
    'from origin',
    'from seeds',
    'from leechers',
    'seeds ÷ leechers',
  ],
  runs.flatMap(([crowd, run]) => (run === undefined ? [] : [rowOf(crowd, run)])),
)}

The origin’s share of all bytes sent in each quarter of them, in order of time; it falls as the crowd grows:

${table(
  ['clients', 'first quarter', 'second', 'third', 'last'],
  runs.flatMap(([{ label }, run]) => (run === undefined ? [] : [[label, ...originShares(run)]])),
)}

${image('redhat-senders.svg', 'Bytes a second from origin, seeds and leechers over time')}

${image('redhat-crowd.svg', 'Leechers and seeds that are there, and copies that left the origin, over time')}

${violationsOf(runs.map(([, run]) => run))}
`
  return {
    markdown,
    plots: { 'redhat-senders.svg': sendersPlot(plotted), 'redhat-crowd.svg': crowdPlot(plotted) },
  }
}

/** (The paper's 1.77 GB in 30,000 s would be 0.5 Mb/s; its 1.3 Mb/s is another mean.) */
function rowOf({ label, sizeBytes }: Crowd, run: RunRecord): string[] {
  const last = run.course?.at(-1)
  const mostThere = run.course?.reduce((most, { present }) => Math.max(most, present), 0)
  const meanMs = run.tookMs?.mean
  const share = (bytes: number | undefined): string =>
    percentOf(last === undefined || bytes === undefined ? null : bytes / Math.max(1, sentBytes(last)))
  return [
    label,
    secondsOf(meanMs),
    decimals(meanMs === undefined ? null : (sizeBytes * 8) / meanMs / 1000, 2),
    wholeOf(mostThere),
    share(last?.originBytes),
    share(last?.seedBytes),
    share(last?.leecherBytes),
    last === undefined || last.leecherBytes === 0 ? ABSENT : decimals(last.seedBytes / last.leecherBytes, 2),
  ]
}

export function originShares({ course = [] }: Pick<RunRecord, 'course'>): string[] {
  const all = course.at(-1)
  if (all === undefined) return []
  let before = { sent: 0, origin: 0 }
  return [0.25, 0.5, 0.75, 1].map((share) => {
    const point = course.find((candidate) => sentBytes(candidate) >= share * sentBytes(all)) ?? all
    const now = { sent: sentBytes(point), origin: point.originBytes }
    const part = (now.origin - before.origin) / (now.sent - before.sent)
    before = now
    return Number.isFinite(part) ? percentOf(part, 2) : ABSENT
  })
}

function sendersPlot(run: RunRecord | undefined): string {
  const perMbps = 125_000
  return linePlot({
    title: `Who sends: ${wholeOf(run?.peers)} clients`,
    x: { name: 'time (h)', min: 0 },
    y: { name: 'sent (Mb/s)', min: 0 },
    lines: [
      {
        name: 'origin',
        points: scaled(
          rateOver(run, (point) => point.originBytes),
          HOUR_MS,
          perMbps,
        ),
        colour: 1,
      },
      {
        name: 'seeds',
        points: scaled(
          rateOver(run, (point) => point.seedBytes),
          HOUR_MS,
          perMbps,
        ),
        colour: 2,
      },
      {
        name: 'leechers',
        points: scaled(
          rateOver(run, (point) => point.leecherBytes),
          HOUR_MS,
          perMbps,
        ),
        colour: 0,
      },
    ],
  })
}

function crowdPlot(run: RunRecord | undefined): string {
  return linePlot({
    title: `Who is there: ${wholeOf(run?.peers)} clients`,
    x: { name: 'time (h)', min: 0 },
    y: { name: 'clients; copies', min: 0 },
    lines: [
      {
        name: 'leechers',
        points: scaled(
          stateOver(run, ({ present, seeds }) => present - seeds),
          HOUR_MS,
          1,
        ),
        colour: 0,
      },
      {
        name: 'seeds',
        points: scaled(
          stateOver(run, ({ seeds }) => seeds),
          HOUR_MS,
          1,
        ),
        colour: 2,
      },
      {
        name: 'copies from the origin so far',
        points: scaled(
          stateOver(run, ({ originBytes }) => originBytes),
          HOUR_MS,
          177e6,
        ),
        dashed: true,
        colour: 1,
      },
    ],
  })
}
