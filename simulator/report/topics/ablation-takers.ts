/** What the mechanisms are worth that were made for swarms in which many only take. */

import { ABSENT, decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import type { Records } from '../page.ts'
import type { RunRecord } from '../records.ts'
import { copies, meanOf, ratioOf, type RunsOf } from './ablation-figures.ts'
import { AMONG_TAKERS } from './ablation-verdicts.ts'

/** Where each runs, and how many seeds. */
const SEEDS = { quarter: 3, half: 5, s1: 3, crowd: 2 } as const
type Place = keyof typeof SEEDS

/** Three seeds beside a quarter said nothing certain of one of them. */
const SEEDS_OF_MORE = 8
const MORE_AT_A_QUARTER = new Set(['now', 'no-briefDuplicates'])

export function takersSection(run: Records): string {
  const runs: RunsOf<Place> = (variant, place) =>
    Array.from({ length: seedsOf(variant, place) }, (_, seed) =>
      run(`${variant}-${place}-${seed + 1}`, 'swarm'),
    ).flatMap((record) => record ?? [])
  return `## Among those who only take

Five mechanisms came later than the tables above, so they are held against everything of their own day (at \`${commitOf(runs('now', 'half'))}\`), not
against the lines above. The swarm is that of _Who gives_, of which a quarter (three seeds, or eight) or half (five) give nothing. Times are of those
who give; _from–to_ is the last of each seed, the quickest and the slowest.

${ridersTable(runs)}

The same where nobody only takes: the local network with three seeds, the crowd with two.

${honestTable(runs)}

By chance alone the copies of a crowd are about 4 or about 9.`
}

function seedsOf(variant: string, place: Place): number {
  return place === 'quarter' && MORE_AT_A_QUARTER.has(variant) ? SEEDS_OF_MORE : SEEDS[place]
}

/** Of the core that the reference ran on. */
function commitOf(runs: readonly RunRecord[]): string {
  return runs[0]?.commit ?? 'unknown'
}

function ridersTable(runs: RunsOf<Place>): string {
  const columns = ['median s', 'last s', 'from–to', 'copies', 'inputs a chunk']
  return table(
    [
      '',
      'quarter: seeds',
      ...columns.map((each) => `quarter: ${each}`),
      ...columns.map((each) => `half: ${each}`),
    ],
    AMONG_TAKERS.map(({ name, label }) => [
      label,
      wholeOf(runs(name, 'quarter').length),
      ...givers(runs(name, 'quarter')),
      ...givers(runs(name, 'half')),
    ]),
  )
}

function givers(runs: readonly RunRecord[]): readonly string[] {
  const lasts = runs.flatMap(({ tookMs }) => tookMs?.last ?? [])
  return [
    secondsOf(meanOf(runs, ({ tookMs }) => tookMs?.median)),
    secondsOf(meanOf(runs, ({ tookMs }) => tookMs?.last)),
    lasts.length === 0 ? ABSENT : `${secondsOf(Math.min(...lasts))}–${secondsOf(Math.max(...lasts))}`,
    copies(runs),
    inputs(runs),
  ]
}

function inputs(runs: readonly RunRecord[]): string {
  return decimals(
    meanOf(runs, ({ inputsPerChunk }) => inputsPerChunk),
    1,
  )
}

function honestTable(runs: RunsOf<Place>): string {
  const columns = ['÷ floor', 'copies', 'inputs a chunk']
  return table(
    ['', ...columns.map((each) => `LAN: ${each}`), ...columns.map((each) => `crowd: ${each}`)],
    AMONG_TAKERS.map(({ name, label }) => [
      label,
      ...(['s1', 'crowd'] as const).flatMap((place) => {
        const here = runs(name, place)
        return [ratioOf(here), copies(here), inputs(here)]
      }),
    ]),
  )
}
