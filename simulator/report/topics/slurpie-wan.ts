/** Slurpie's wide-area experiment, and what becomes of time and origin under each rule of who goes there. */

import { decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import { distribution, image, repeat, runTable, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const LOADS: readonly (readonly [name: string, label: string])[] = [
  ['adaptive', 'seats (default)'],
  ['k3', 'k = 3'],
  ['k1', 'k = 1'],
  ['full', 'everybody'],
]

const SIZES = [5, 10, 20, 55, 100, 200]

/** Without any back-off every peer tells every other what it fetches: beyond this the runs say nothing new, and take long. */
const MOST_AT_FULL_LOAD = 55

/** PlanetLab's, in the paper. */
const PAPER_SIZE = 55

interface Runs {
  readonly label: string
  readonly bySize: readonly (readonly [peers: number, run: RunRecord | undefined])[]
}

export const slurpieWan: Writer = (records) => {
  const loads = LOADS.map(([name, label]): Runs => ({
    label,
    bySize: SIZES.filter((peers) => name !== 'full' || peers <= MOST_AT_FULL_LOAD).map(
      (peers) => [peers, records(`slurpie-wan/${name}-n${peers}`, 'swarm')] as const,
    ),
  }))
  const plain: Runs = {
    label: 'plain HTTP',
    bySize: SIZES.map((peers) => [peers, records(`slurpie-wan/adaptive-n${peers}`, 'plain')] as const),
  }
  const all = [...loads, plain]
  const withoutHomes = records('slurpie-wan/without-homes-n55', 'swarm')
  const paper = [
    ...all.map(({ label, bySize }) => [label, runAt(bySize, PAPER_SIZE)] as const),
    ['seats, no homes among them', withoutHomes] as const,
  ]
  const markdown = `# Slurpie's wide area

Slurpie (Sherwood, Braud, Bhattacharjee, INFOCOM 2004) was also measured on 55 hosts of PlanetLab, from the same origin of 10 Mb/s. File,
links and distances are not stated; ours: 100 MB; 60% universities (100 Mb/s), 25% offices (10 Mb/s), 15% homes (8 Mb/s down, 0.5 Mb/s up); round trips
of 20 to 300 ms with 10% of jitter. The floor of the median: nobody is done before F/u_s = 80 s, than its own F/d, and
the k-th not before k·F/(u_s + Σu).

${repeat('slurpie-wan')}

${runTable(paper)}

Median of 55 ÷ its floor: ${paper.map(([label, run]) => `${label} ${medianRatio(run)}`).join(', ')}.

Whoever has a seat brings first copies as fast as the origin serves it; a home of 0.5 Mb/s needs 4 s to pass one chunk of 256 KiB
on to a single neighbour. So who has more first copies than its uplink passes on in 5 s, while others wait for a seat, leaves it to
them. Without that the median took 1.11 to 1.24 times the origin's time for the file (three seeds) instead of 1.07 to 1.12.

${image('slurpie-wan-cdf.svg', 'Share of the 55 peers that are done over time')}

## Who goes to the origin

Slurpie tosses a coin with P(k/n) for each chunk that nobody near has; k = 1 keeps one connection open on average, 3 worked better in the paper. The
default gives out seats instead, and 'everybody' has no back-off at all.

${table(
  [
    'peers',
    ...all.map(({ label }) => `${label}: median s`),
    ...loads.map(({ label }) => `${label}: connections`),
    ...loads.map(({ label }) => `${label}: copies`),
  ],
  SIZES.map((peers) => [
    wholeOf(peers),
    ...all.map(({ bySize }) => secondsOf(runAt(bySize, peers)?.tookMs?.median)),
    ...loads.map(({ bySize }) => decimals(runAt(bySize, peers)?.originOpenMean, 1)),
    ...loads.map(({ bySize }) => decimals(runAt(bySize, peers)?.originCopies, 2)),
  ]),
)}

${image('slurpie-wan-time.svg', 'Median time over the number of peers')}

${image('slurpie-wan-connections.svg', 'Connections at the origin over the number of peers')}

${image('slurpie-wan-copies.svg', 'Copies that leave the origin over the number of peers')}

${violationsOf([withoutHomes, ...all.flatMap(({ bySize }) => bySize.map(([, run]) => run))])}
`
  return {
    markdown,
    plots: {
      'slurpie-wan-cdf.svg': linePlot({
        title: '55 peers far apart: 100 MB, origin 10 Mb/s',
        x: { name: 'time (s, logarithmic)', log: true, min: 10 },
        y: { name: 'peers done (%)', min: 0, max: 100 },
        lines: paper.flatMap(([name, run], colour) =>
          run === undefined ? [] : [{ name, points: distribution(run), colour }],
        ),
      }),
      'slurpie-wan-time.svg': over('Median time', 'time (s, logarithmic)', all, (run) =>
        run.tookMs === null ? null : run.tookMs.median / 1000,
      ),
      'slurpie-wan-connections.svg': over(
        'Connections at the origin',
        'open responses, mean (logarithmic)',
        all,
        (run) => run.originOpenMean,
      ),
      'slurpie-wan-copies.svg': over(
        'Bytes from the origin',
        'copies of the file (logarithmic)',
        all,
        (run) => run.originCopies,
      ),
    },
  }
}

function runAt(bySize: Runs['bySize'], size: number): RunRecord | undefined {
  return bySize.find(([peers]) => peers === size)?.[1]
}

function medianRatio(run: RunRecord | undefined): string {
  const [median, floorMs] = [run?.tookMs?.median, run?.medianFloorMs]
  return decimals(
    median === undefined || floorMs === undefined || floorMs === null ? null : median / floorMs,
    3,
  )
}

function over(
  title: string,
  what: string,
  all: readonly Runs[],
  of: (run: RunRecord) => number | null,
): string {
  return linePlot({
    title: `${title}: all at once, 100 MB, origin 10 Mb/s`,
    x: { name: 'peers (logarithmic)', log: true },
    y: { name: what, log: true },
    lines: all.map(({ label, bySize }, colour) => ({
      name: label,
      points: bySize.flatMap(([peers, run]) => {
        const value = run === undefined ? null : of(run)
        return value === null || value <= 0 ? [] : [[peers, value] as const]
      }),
      marked: true,
      colour,
    })),
  })
}
