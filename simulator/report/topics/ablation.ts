/** What each mechanism is worth: the same swarms with everything, and with one thing left out. */

import { ABSENT, decimals, percentOf, secondsOf, table, wholeOf } from '../markdown.ts'
import { repeat, violationsOf, type Records, type Writer } from '../page.ts'
import type { RunRecord } from '../records.ts'
import { copies, figures, meanOf, ratioOf, type RunsOf } from './ablation-figures.ts'
import { takersSection } from './ablation-takers.ts'
import { AMONG_TAKERS, VARIANTS } from './ablation-verdicts.ts'

/** Where each variant runs, and how many seeds. */
const SEEDS = { s1: 3, crowd: 2, home: 2, leave: 3, rich: 1, poor: 1 } as const
type Place = keyof typeof SEEDS

/** Those of which two seeds at home said nothing certain have eight there. */
const SEEDS_AT_HOME = 8
const MORE_AT_HOME = new Set([
  'all',
  'no-vacantSlots',
  'no-seatTrials',
  'no-busyMesh',
  'no-everybody',
  'no-rarestFirst',
  'in-order',
  'no-randomFirst',
  'no-endgame',
  'no-stallsByUsual',
  'no-rareServedFirst',
  'no-laggardsFirst',
  'no-updates',
  'no-moreNeighbours',
  'no-rewiring',
])

/** Those that matter where the mesh is lied to. */
const FORGED = [
  'all',
  'no-claims',
  'no-firstCopies',
  'no-duplicates',
  'no-everybody',
  'no-doubt',
  'no-vacantSlots',
]

const CHURNED = ['all', 'no-rewiring', 'no-introductions', 'no-hearsay', 'no-updates', 'no-moreNeighbours']

const RECIPROCITY: readonly (readonly [label: string, home: readonly string[], riders: string])[] = [
  ['none', ['none-home'], 'none-riders'],
  ['givers', ['givers-home'], 'givers-riders'],
  ['titForTat', ['titForTat-home'], 'titForTat-riders'],
]

export const ablation: Writer = (records) => {
  const run: Records = (name, policy) => records(`ablation/${name}`, policy)
  const runs = (variant: string, place: Place): readonly RunRecord[] =>
    Array.from({ length: seedsOf(variant, place) }, (_, seed) =>
      run(`${variant}-${place}-${seed + 1}`, 'swarm'),
    ).flatMap((record) => record ?? [])
  const plain = { rich: run('plain-rich', 'plain'), poor: run('plain-poor', 'plain') }
  const all = VARIANTS.flatMap(({ name }) =>
    (Object.keys(SEEDS) as Place[]).flatMap((place) => runs(name, place)),
  )
  const markdown = `# What each mechanism is worth

Every mechanism of a session can be left out (\`src/core/mechanisms.ts\`; \`"without"\` in a scenario). Here is each swarm with
everything, and with one thing left out. Figures are means over seeds.

${repeat('ablation')}

## Slurpie's local network, and a crowd of 500

The local network is \`slurpie-lan/at-once\`, three seeds: 48 peers of 100 Mb/s, an origin of 10 Mb/s, 100 MB. The crowd is that of
\`flash-crowd/alike\` with 500 peers and two seeds, but with a file of 50 MB in 96 chunks, as a run of 1 GB would take hours
for all of these. _Needless_ are bytes that came to somebody beyond the file: fetched twice, or given up half-way.

${mainTable(runs)}

## Where some of them should matter

- _At home_: 100 peers with the links that people have, who leave when they are done; 100 MB, origin 200 Mb/s;
  eight seeds, or two.
- _Leaving_: \`slurpie-lan/staggered-leave\`, one every 3 s, who leave when they are done; three seeds, which differ by a fifth.
- _Rich_: 64 at once at an origin of 1 Gb/s, with uplinks of 10 Mb/s; 100 MB. Plain HTTP is not far off.
- _Poor_: 64 one after the other, as fast as that origin could serve them, with uplinks of 1 Mb/s: the mesh is of no use.

${otherTable(runs, plain)}

## Forged claims

30 peers with uplinks of 1 Mb/s at an origin of 100 Mb/s, of whom three flood forged claims; 20 MB, one seed.

${forgedTable((name) => run(`${name}-forgers`, 'swarm'))}

## The mesh under churn

300 peers with a file of 1 MB, of whom 10% are replaced every 12 s, from the second to the seventh minute; looked at every 30 s.

${churnTable((name) => run(`${name}-churn`, 'swarm'))}

## Who gives

By default who only takes comes last (_givers_). At home as above, one seed; and 100 peers with uplinks of 10 Mb/s, of whom a quarter give nothing.

${reciprocityTable(run)}

${takersSection(run)}

## Verdicts

_Earns_: the figures are worse without it. _Kept_: they do not tell, or hardly, but something else does. _Optional_: a setting,
off. One run at home has a standard deviation of 0.05 of the floor, one of leaving likewise; the copies of the crowd are
about 4 or about 9, by chance.

${table(
  ['mechanism', 'verdict', 'because'],
  [...VARIANTS, ...AMONG_TAKERS].flatMap(({ label, verdict, because }) =>
    verdict === null ? [] : [[label, verdict, because]],
  ),
)}

## What was taken out

- _Passing on seats that only duplicate_, to those who miss more (from a fluid model). At home, eight seeds: 1.30 × the floor without
  it, 1.36 with it, better in seven seeds of them, for 6.3 copies instead of 6.0. Crowd 1.19 either way. Local network, leaving, rich
  and poor: not one input differs; nor in 18 of 19 settings of [never-worse](never-worse.md). All figures above are with it.

Whoever is not done within the scenario's time breaks an invariant; so without duplicates.

${violationsOf(all)}
`
  return { markdown, plots: {} }
}

function seedsOf(variant: string, place: Place): number {
  return place === 'home' && MORE_AT_HOME.has(variant) ? SEEDS_AT_HOME : SEEDS[place]
}

function mainTable(runs: RunsOf<Place>): string {
  const columns = ['÷ floor', 'median s', 'copies', 'inputs a chunk', 'needless']
  return table(
    ['', ...columns.map((each) => `LAN: ${each}`), ...columns.map((each) => `crowd: ${each}`)],
    VARIANTS.map(({ name, label }) => [label, ...figures(runs(name, 's1')), ...figures(runs(name, 'crowd'))]),
  )
}

function toPlain(runs: readonly RunRecord[], plain: RunRecord | undefined, of: 'median' | 'last'): string {
  const swarm = meanOf(runs, ({ tookMs }) => tookMs?.[of])
  const other = plain?.tookMs?.[of]
  if (runs.some(({ unfinished }) => unfinished > 0)) return ratioOf(runs)
  return swarm === null || other === undefined ? ABSENT : decimals(swarm / other, 2)
}

function otherTable(
  runs: RunsOf<Place>,
  plain: { readonly rich: RunRecord | undefined; readonly poor: RunRecord | undefined },
): string {
  return table(
    [
      '',
      'at home: seeds',
      '÷ floor',
      'median s',
      'copies',
      'leaving: ÷ floor',
      'copies',
      'rich: last ÷ plain HTTP',
      'copies',
      'poor: last ÷ plain HTTP',
    ],
    VARIANTS.map(({ name, label }) => {
      const [home, leave] = [runs(name, 'home'), runs(name, 'leave')]
      return [
        label,
        wholeOf(home.length),
        ratioOf(home),
        secondsOf(meanOf(home, ({ tookMs }) => tookMs?.median)),
        copies(home),
        ratioOf(leave),
        copies(leave),
        toPlain(runs(name, 'rich'), plain.rich, 'last'),
        copies(runs(name, 'rich')),
        toPlain(runs(name, 'poor'), plain.poor, 'last'),
      ]
    }),
  )
}

function forgedTable(run: (name: string) => RunRecord | undefined): string {
  return table(
    ['', 'median s', 'last s', 'copies', 'not done'],
    FORGED.map((name) => {
      const record = run(name)
      return [
        labelOf(name),
        secondsOf(record?.tookMs?.median),
        secondsOf(record?.tookMs?.last),
        decimals(record?.originCopies, 2),
        wholeOf(record?.unfinished),
      ]
    }),
  )
}

function labelOf(name: string): string {
  return VARIANTS.find((variant) => variant.name === name)?.label ?? name
}

function churnTable(run: (name: string) => RunRecord | undefined): string {
  return table(
    ['', 'strays at worst', 'in the largest component at worst', 'mean degree', 'longest path', 'inputs'],
    CHURNED.map((name) => {
      const record = run(name)
      const samples = record?.mesh ?? []
      const last = samples.at(-1)
      return [
        labelOf(name),
        wholeOf(samples.reduce((most, { strays }) => Math.max(most, strays), 0)),
        percentOf(
          samples.reduce((least, { largestShare }) => Math.min(least, largestShare), 1),
          2,
        ),
        decimals(last?.meanDegree, 2),
        wholeOf(last?.longestPath),
        wholeOf(record?.inputs),
      ]
    }),
  )
}

function reciprocityTable(run: Records): string {
  return table(
    ['', 'at home: last s', 'median s', 'beside free riders: last s', 'median s', 'free riders’ median s'],
    RECIPROCITY.map(([label, homeNames, ridersName]) => {
      const home = homeNames.flatMap((name) => run(name, 'swarm') ?? [])
      const riders = run(ridersName, 'swarm')
      return [
        label,
        secondsOf(meanOf(home, ({ tookMs }) => tookMs?.last)),
        secondsOf(meanOf(home, ({ tookMs }) => tookMs?.median)),
        secondsOf(riders?.tookMs?.last),
        secondsOf(riders?.tookMs?.median),
        secondsOf(riders?.roles?.['freeRider']?.tookMs?.median),
      ]
    }),
  )
}
