/** Is the swarm ever slower than plain HTTP? */

import { decimals, table } from '../markdown.ts'
import { image, repeat, violationsOf, type Page, type Writer } from '../page.ts'
import { heatMap, type Band } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const PEERS = [1, 2, 8, 64]
const ORIGINS = [1, 10, 100, 1000]
const UPLINKS = [1, 10, 100]
const RTTS = [5, 50, 200]

/** What counts as noise: the promise is "never worse than plain HTTP by more than 5%". */
const NOISE = 1.05

const BANDS: readonly Band[] = [
  { below: 0.2, colour: '#2b83ba', label: 'under 0.2' },
  { below: 0.5, colour: '#73b4d4', label: '0.2 to 0.5' },
  { below: 0.95, colour: '#bcdcea', label: '0.5 to 0.95' },
  { below: NOISE + 1e-9, colour: '#e9f3e0', label: '0.95 to 1.05: as plain HTTP' },
  { below: 1.2, colour: '#fdae61', label: '1.05 to 1.2' },
  { below: Infinity, colour: '#d7191c', label: 'above 1.2' },
]

interface Cell {
  readonly name: string
  readonly swarm: RunRecord | undefined
  readonly plain: RunRecord | undefined
  readonly median: number | null
  readonly last: number | null
  /** The worse of the two. */
  readonly ratio: number | null
}

export const neverWorse: Writer = (records) => {
  const cellOf =
    (arrivals: string) =>
    (peers: number, rtt: number, origin: number, up: number): Cell => {
      const name = `never-worse/${arrivals}-n${peers}-origin${origin}-up${up}-rtt${rtt}`
      const [swarm, plain] = [records(name, 'swarm'), records(name, 'plain')]
      const median = quotient(swarm?.tookMs?.median, plain?.tookMs?.median)
      const last = quotient(swarm?.tookMs?.last, plain?.tookMs?.last)
      return {
        name,
        swarm,
        plain,
        median,
        last,
        ratio: median === null || last === null ? null : Math.max(median, last),
      }
    }
  const atOnce = section('at-once', 'All at once', cellOf('at-once'))
  const poisson = section('poisson', 'One after another', cellOf('poisson'))
  const markdown = `# Never worse than plain HTTP

A grid of 144 settings: 1, 2, 8 or 64 peers; origins of 1, 10, 100 and 1000 Mb/s; uplinks of 1, 10 and 100 Mb/s; round trips
of 5, 50 and 200 ms. Downlinks have 100 Mb/s, the file has 100 MB, peers stay. Each setting is run by swarm and by plain HTTP with
the same arrivals. Below is the worse of two quotients, swarm ÷ plain HTTP: of the median peer's time, and of the last peer's.
Up to 1.05 counts as noise.

${repeat('never-worse')}

${atOnce.markdown}

${poisson.markdown}

## Where it is missed, and why

Every setting above 1.05 has an origin of 1 Gb/s: so fast that each visitor alone fills its downlink, and 5% of the download is
0.4 s. There is little to win from others, and what the swarm costs shows. By a trace of the requests: a run that is closed for
another place (a new connection and slow start under HTTP/1.1: 1 s and more at 200 ms); one round trip wherever a run ends before
the next is asked for; chunks that come twice, as a run passes what neighbours have brought, where leaving them out would cost more
than they do; and a neighbour's claim that takes long, as its own line is full of what others send it.
`
  return { markdown, plots: { ...atOnce.plots, ...poisson.plots } }
}

type CellOf = (peers: number, rtt: number, origin: number, up: number) => Cell

function section(arrivals: string, title: string, cellOf: CellOf): Page {
  const rows = PEERS.flatMap((peers) => RTTS.map((rtt) => ({ peers, rtt })))
  const columns = ORIGINS.flatMap((origin) => UPLINKS.map((up) => ({ origin, up })))
  const cells = rows.map(({ peers, rtt }) => columns.map(({ origin, up }) => cellOf(peers, rtt, origin, up)))
  const all = cells.flat()
  const known = all.flatMap((cell) => (cell.ratio === null ? [] : [{ ...cell, ratio: cell.ratio }]))
  const worse = known.filter(({ ratio }) => ratio > NOISE).sort((a, b) => b.ratio - a.ratio)
  const file = `never-worse-${arrivals}.svg`
  return {
    markdown: `## ${title}

${arrivals === 'at-once' ? '' : 'Poisson arrivals, as fast as the origin alone could serve them, but all within no less than 8 s on average.\n'}
${known.length} of ${all.length} settings were run; in ${worse.length} the swarm was slower than plain HTTP by more than 5%. The worst quotient is ${decimals(
      known.reduce<number | null>((worst, { ratio }) => Math.max(worst ?? 0, ratio), null),
      3,
    )}.

${image(file, 'Swarm ÷ plain HTTP in every setting of the grid')}

${worse.length === 0 ? '' : worstTable(worse)}

${violationsOf(all.flatMap(({ swarm, plain }) => [swarm, plain]))}`,
    plots: {
      [file]: heatMap({
        title: `Time by swarm ÷ by plain HTTP, worse of median and last: ${title.toLowerCase()}`,
        x: { name: 'origin / uplink (Mb/s)' },
        y: { name: 'peers, round trip' },
        columns: columns.map(({ origin, up }) => `${origin} / ${up}`),
        rows: rows.map(({ peers, rtt }) => `n=${peers}, ${rtt} ms`),
        cells: cells.map((row) => row.map(({ ratio }) => ratio)),
        bands: BANDS,
      }),
    },
  }
}

function worstTable(worse: readonly Cell[]): string {
  return table(
    ['setting', 'median', 'last', 'origin copies'],
    worse.map(({ name, median, last, swarm }) => [
      `\`${name}\``,
      decimals(median, 3),
      decimals(last, 3),
      decimals(swarm?.originCopies, 2),
    ]),
  )
}

function quotient(above: number | undefined, below: number | undefined): number | null {
  return above === undefined || below === undefined || below === 0 ? null : above / below
}
