/** A large file to every host of a data centre at once. */

import { rateOver, scaled, sentBytes } from '../course-lines.ts'
import { decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import { distribution, image, repeat, runTable, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const SIZES = [300, 2_600]

const LINK_BYTES_PER_SEC = 300e6

/** Kraken's own figures for 2,600 hosts: 10 s at the median, 18 s at 99%, where the links' limit is 10 s. */
const KRAKEN = { median: 1, p99: 1.8 } as const

export const rollout: Writer = (records) => {
  const runs = SIZES.map((peers) => ({
    peers,
    swarm: records(`rollout/n${peers}`, 'swarm'),
    plain: records(`rollout/n${peers}`, 'plain'),
  }))
  const markdown = `# A rollout in a data centre

Murder (Twitter, 2010) brought a build to its servers in 12 s instead of 15 minutes: 75 times as fast. Kraken (Uber) distributes 3 GB to 2,600
hosts whose links are held at 300 MB/s: half of them are done in the 10 s that the links take, 99% in 18 s. Here are the same file, hosts and
links, one origin with the link of a host, round trips of 0.2 to 1 ms; all come at once and stay.

${repeat('rollout')}

${table(
  [
    'hosts',
    'link’s limit s',
    'median s',
    '÷ limit',
    'Kraken ÷ limit',
    '99% s',
    '÷ limit',
    'Kraken ÷ limit',
    'last s',
    'origin alone s',
    'times as fast',
  ],
  runs.flatMap(({ peers, swarm, plain }) => (swarm === undefined ? [] : [rowOf(peers, swarm, plain)])),
)}

${runTable(runs.map(({ peers, swarm }) => [wholeOf(peers), swarm] as const))}

${image('rollout-cdf.svg', 'Share of the hosts that are done over time')}

${image('rollout-rate.svg', 'Bytes a second that origin and hosts send')}

What is lost is lost at the beginning: links upwards are used to two thirds after half a second, to nine tenths after one and a half
and to nearly all from four seconds on, as at first few chunks are spread yet, and a third of the hosts have nothing that a
neighbour lacks. The longer a chunk is under way, the more: with chunks of 4 MiB, twice as long as these, the median of
300 hosts is 1.096. Chunks that left the origin twice are the rest.

${violationsOf(runs.flatMap(({ swarm, plain }) => [swarm, plain]))}
`
  return {
    markdown,
    plots: {
      'rollout-cdf.svg': linePlot({
        title: '3 GB to every host at once, links of 300 MB/s',
        x: { name: 'time (s)', min: 0 },
        y: { name: 'hosts done (%)', min: 0, max: 100 },
        lines: runs.flatMap(({ peers, swarm }) =>
          swarm === undefined ? [] : [{ name: `${wholeOf(peers)} hosts`, points: distribution(swarm) }],
        ),
      }),
      'rollout-rate.svg': rates(runs),
    },
  }
}

function rowOf(peers: number, { tookMs, floor }: RunRecord, plain: RunRecord | undefined): string[] {
  const limitMs = floor.downlinkMs
  const share = (ms: number | undefined): string => decimals(ms === undefined ? null : ms / limitMs, 3)
  const [isKraken, last] = [peers === SIZES.at(-1), tookMs?.last]
  return [
    wholeOf(peers),
    secondsOf(limitMs),
    secondsOf(tookMs?.median),
    share(tookMs?.median),
    decimals(isKraken ? KRAKEN.median : null, 1),
    secondsOf(tookMs?.p99),
    share(tookMs?.p99),
    decimals(isKraken ? KRAKEN.p99 : null, 1),
    secondsOf(last),
    secondsOf(plain?.makespanMs),
    wholeOf(plain === undefined || last === undefined ? null : plain.makespanMs / last),
  ]
}

/** As a share of what all hosts' links and the origin's can send. */
function rates(runs: readonly { readonly peers: number; readonly swarm: RunRecord | undefined }[]): string {
  return linePlot({
    title: 'What hosts and origin send',
    x: { name: 'time (s)', min: 0 },
    y: { name: 'share of all links upwards (%)', min: 0, max: 100 },
    lines: runs.flatMap(({ peers, swarm }) =>
      swarm === undefined
        ? []
        : [
            {
              name: `${wholeOf(peers)} hosts`,
              points: scaled(rateOver(swarm, sentBytes), 1000, ((peers + 1) * LINK_BYTES_PER_SEC) / 100),
            },
          ],
    ),
  })
}
