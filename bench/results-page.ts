/** The page of results: goals first, then all that was measured. */

import { ABSENT, table } from '../simulator/report/markdown.ts'
import { image, type Page } from '../simulator/report/page.ts'
import type { SystemName } from '../testbed/page-agent.ts'
import { floorOf, type Goal, isReached, type Repeat } from './goals.ts'
import type { Machine } from './machine.ts'
import { plotsOf } from './results-plots.ts'
import { allRight, type RunRecord, type Visits } from './runs.ts'
import type { Scenario } from './scenarios.ts'
import { figureOf, repeatsOf, type Spread, spreadOf } from './summary.ts'

export const SYSTEM_NAMES: Readonly<Record<SystemName, string>> = {
  swarm: 'swarmfetch',
  http: 'plain HTTP',
  webtorrent: 'WebTorrent',
}

const SYSTEMS: readonly SystemName[] = ['swarm', 'http', 'webtorrent']

export function resultsPage(scenarios: readonly Scenario[], records: readonly RunRecord[]): Page {
  const measured = scenarios.map((scenario) => ({ scenario, repeats: repeatsOf(scenario, records) }))
  const plots = plotsOf(measured)
  const markdown = `# Side by side in real browsers

Real visitors in headless Chromium download one file from one origin, whose responses share one rate: by this library, by
plain \`fetch(url).blob()\`, and by WebTorrent in the browser (the origin as web seed, its own tracker, pieces by \`rarest\`, the
torrent made beforehand). Within a repeat the systems take turns, so that they meet the same minutes of the machine, each in
a browser of its own, and begin when it has come to rest after the pages were opened. Everybody stays until all are done. The library is given the SRI of the file. Every visitor’s bytes are
compared with the origin’s by SHA-256, after the clock has stopped.

Repeat it with \`npm run bench:all\`; the scenarios are in [\`bench/scenarios.ts\`](../../bench/scenarios.ts), the runs in
[\`data/bench.jsonl\`](data/bench.jsonl). Figures are medians of the repeats, with the least and the most in brackets.

${machines(records)}

## What is to be reached

${goalTable(measured)}

Quotients are taken within a repeat, before the median. The floor is max(F/u_s, F/d_min, (N−1)·F ÷ ring’s rate): the origin
sends each byte once, nobody takes it faster than his line does, and pages of one machine carry no more between them than a
ring of as many raw data channels did in the same repeat. A connection is a response under way; the average is over the time in
which there are any. CPU is of all the browsers’ processes. Heap is JavaScript’s, garbage included, and what buffers hold beside
it, at the peak. Hosts are network namespaces; late is by how much the network between them handed packets on after
their time: where that is much, the machine was too busy to measure. What stands for other machines, the origin, the servers
and the network, goes before the visitors’ processes, as it would not wait for theirs (the bench needs root for that); where
the origin had to wait all the same, it was held up for as long as it says. Runs that say nothing there are from before that.

${Object.keys(plots)
  .map((file) => image(file, PLOT_WORDS[file] ?? file))
  .join('\n\n')}

Where the processors' time goes while 48 visitors download: [now](bench-flame.svg), and [before the work on speed](bench-flame-before.svg)
(\`npm run bench:flame\`; what limits them is said in [ARCHITECTURE.md](../ARCHITECTURE.md)).

## All figures

${measured
  .filter(({ repeats }) => repeats.length > 0)
  .map(({ scenario, repeats }) => section(scenario, repeats))
  .join('\n\n')}
`
  return { markdown, plots }
}

const PLOT_WORDS: Readonly<Record<string, string>> = {
  'bench-time.svg': 'Time until the last visitor is done, by scenario and system',
  'bench-rate.svg': 'Rate of a visit alone, or over one link, by scenario and system',
  'bench-copies.svg': 'Copies that the origin sent, by scenario and system',
  'bench-arrivals.svg': 'Each visit of the staggered arrivals, by system',
}

interface MeasuredScenario {
  readonly scenario: Scenario
  readonly repeats: readonly Repeat[]
}

function goalTable(measured: readonly MeasuredScenario[]): string {
  const rows = measured.flatMap(({ scenario, repeats }) =>
    scenario.goals.map((goal) => {
      const figures = SYSTEMS.map((whom) => figureOf(goal, whom, repeats))
      const [ours = null] = figures
      return [
        scenario.title,
        goal.words,
        verdict(goal, ours, scenario, repeats),
        ...figures.map((figure) => spread(figure, 2)),
      ]
    }),
  )
  return table(['scenario', 'to reach', 'reached', ...SYSTEMS.map((whom) => SYSTEM_NAMES[whom])], rows)
}

/** Nothing is reached where a visitor did not get his file. */
function verdict(goal: Goal, ours: Spread | null, scenario: Scenario, repeats: readonly Repeat[]): string {
  if (ours === null) return ABSENT
  if (repeats.some(({ systems: { swarm } }) => swarm !== undefined && !allRight(swarm, scenario)))
    return 'no: visits failed'
  return isReached(goal, ours.median) ? 'yes' : 'no'
}

function section(scenario: Scenario, repeats: readonly Repeat[]): string {
  const bounds = scenario.bounds.map((bound) => {
    const rate = spreadOf(repeats.map(({ boundsMBps }) => boundsMBps[bound]))
    return `${BOUND_WORDS[bound]} ${spread(rate, 1)} MB/s`
  })
  const floor = spreadOf(repeats.map(floorOf))
  const floors =
    scenario.place === 'disk' || scenario.place === 'link' ? [] : [`the floor ${spread(floor, 1)} s`]
  const facts = [...floors, ...bounds].join('; ')
  return `### ${scenario.title}

\`${scenario.name}\`${facts === '' ? '' : `: ${facts}.`}

${figureTable(scenario, repeats)}`
}

/** A line a system; columns of which nothing is known are left out. */
function figureTable(scenario: Scenario, repeats: readonly Repeat[]): string {
  const rows = scenario.systems.map((whom) => {
    const visits = repeats.flatMap(({ systems }) => systems[whom] ?? [])
    const figures = COLUMNS.map(({ of }) => spreadOf(visits.map((each) => of(each, scenario))))
    return { whom, runs: visits.length, figures }
  })
  const shown = COLUMNS.filter((_, column) => rows.some(({ figures }) => figures[column] !== null))
  return table(
    ['system', 'runs', ...shown.map(({ head }) => head)],
    rows.map(({ whom, runs, figures }) => [
      SYSTEM_NAMES[whom],
      String(runs),
      ...shown.map((column) => spread(figures[COLUMNS.indexOf(column)] ?? null, column.digits)),
    ]),
  )
}

const BOUND_WORDS = {
  ring: 'a ring of raw data channels carried',
  channel: 'one raw data channel carried',
  setMany: 'raw setMany took',
  fetch: 'a raw fetch got',
} as const

interface Column {
  readonly head: string
  readonly digits: number
  readonly of: (visits: Visits, scenario: Scenario) => number | null
}

const COLUMNS: readonly Column[] = [
  { head: 'all done s', digits: 1, of: ({ makespanS }) => makespanS },
  { head: 'median visit s', digits: 1, of: ({ medianS }) => medianS },
  { head: 'worst visit s', digits: 1, of: ({ worstS }) => worstS },
  { head: 'origin copies', digits: 2, of: ({ originCopies }) => originCopies },
  { head: 'requests', digits: 0, of: ({ requests }) => requests },
  { head: 'connections mean', digits: 1, of: ({ connectionsMean }) => connectionsMean },
  { head: 'peak', digits: 0, of: ({ connectionsPeak }) => connectionsPeak },
  { head: 'origin held up s', digits: 1, of: ({ originLostS = null }) => originLostS },
  { head: 'MB/s of a visit', digits: 1, of: ({ medianS }, { sizeBytes }) => sizeBytes / 1e6 / medianS },
  { head: 'CPU s per GB', digits: 1, of: ({ cpuSecPerGB }) => cpuSecPerGB },
  { head: 'heap MB', digits: 0, of: ({ heapMB }) => heapMB },
  { head: 'buffers MB', digits: 0, of: ({ buffersMB }) => buffersMB },
  { head: 'from peers %', digits: 0, of: ({ peerShare }) => (peerShare === null ? null : peerShare * 100) },
  { head: 'network late ms: mean', digits: 1, of: ({ wanMeanLateMs }) => wanMeanLateMs },
  { head: 'most', digits: 0, of: ({ wanLatestMs }) => wanLatestMs },
  { head: 'right bytes', digits: 0, of: ({ correct }) => correct },
]

/** `12.3 (11.8–14.0)`; one run alone has no spread. */
export function spread(values: Spread | null, digits: number): string {
  if (values === null) return ABSENT
  const { median, min, max, runs } = values
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits))
  return runs === 1 || least === most ? (middle ?? ABSENT) : `${middle} (${least}–${most})`
}

function machines(records: readonly RunRecord[]): string {
  const lines = new Map<string, number>()
  for (const { machine } of records) lines.set(words(machine), (lines.get(words(machine)) ?? 0) + 1)
  return [...lines].map(([line, runs]) => `- ${runs} runs: ${line}`).join('\n')
}

function words(machine: Machine): string {
  const { cpu, cores, memoryGB, browser, node, webtorrent, simplePeer, commit } = machine
  const packages = [`webtorrent ${webtorrent ?? ABSENT}`, `simple-peer ${simplePeer ?? ABSENT}`]
  return [
    `${cpu}, ${cores} cores, ${memoryGB} GB`,
    browser,
    `Node ${node}`,
    ...packages,
    `commit ${commit ?? ABSENT}`,
  ].join('; ')
}
