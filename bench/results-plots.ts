/** The plots of the page of results. */

import { barPlot, linePlot } from '../simulator/report/plots.ts'
import type { SystemName } from '../testbed/page-agent.ts'
import { median } from './figures.ts'
import type { Repeat } from './goals.ts'
import type { Visits } from './runs.ts'
import type { Scenario } from './scenarios.ts'
import { spreadOf } from './summary.ts'

interface MeasuredScenario {
  readonly scenario: Scenario
  readonly repeats: readonly Repeat[]
}

const SYSTEMS = [
  ['swarm', 'swarmfetch'],
  ['http', 'plain HTTP'],
  ['webtorrent', 'WebTorrent'],
] as const satisfies readonly (readonly [SystemName, string])[]

/** By file name. What has not been measured is left out. */
export function plotsOf(measured: readonly MeasuredScenario[]): Readonly<Record<string, string>> {
  const made = measured.filter(({ repeats }) => repeats.length > 0)
  const crowds = made.filter(({ scenario }) => scenario.visitors > 2)
  const few = made.filter(({ scenario }) => scenario.visitors <= 2)
  const arrivals = crowds.find(({ scenario }) => scenario.staggerMs > 0)
  return {
    ...(crowds.length === 0 ? {} : { 'bench-time.svg': times(crowds), 'bench-copies.svg': copies(crowds) }),
    ...(few.length === 0 ? {} : { 'bench-rate.svg': rates(few) }),
    ...(arrivals === undefined ? {} : { 'bench-arrivals.svg': visitsPlot(arrivals) }),
  }
}

function times(crowds: readonly MeasuredScenario[]): string {
  return bars(crowds, 'Until all are done', { name: 's', log: true, min: 1 }, ({ makespanS }) => makespanS)
}

function copies(crowds: readonly MeasuredScenario[]): string {
  const axis = { name: 'copies', log: true, min: 1 }
  return bars(crowds, 'Copies that the origin sent', axis, ({ originCopies }) => originCopies)
}

function rates(few: readonly MeasuredScenario[]): string {
  const axis = { name: 'MB/s', min: 0 }
  return bars(few, 'Rate of a visit', axis, ({ medianS }, { sizeBytes }) => sizeBytes / 1e6 / medianS)
}

function bars(
  measured: readonly MeasuredScenario[],
  title: string,
  y: Parameters<typeof barPlot>[0]['y'],
  of: (visits: Visits, scenario: Scenario) => number,
): string {
  return barPlot({
    title: `${title} (medians)`,
    x: { name: 'scenario' },
    y,
    categories: measured.map(({ scenario }) => scenario.name),
    bars: SYSTEMS.map(([whom, name]) => ({
      name,
      values: measured.map(({ scenario, repeats }) => {
        const figures = visitsBy(whom, repeats).map((visits) => of(visits, scenario))
        return spreadOf(figures)?.median ?? 0
      }),
    })),
  })
}

/** Each visit's time by its place in the order of arrival: the median of the repeats. */
function visitsPlot({ scenario, repeats }: MeasuredScenario): string {
  return linePlot({
    title: `${scenario.title}: each visit (medians)`,
    x: { name: 'arrived after s' },
    y: { name: 'visit s', min: 0 },
    lines: SYSTEMS.flatMap(([whom, name], colour) => {
      const all = visitsBy(whom, repeats)
      if (all.length === 0) return []
      const points = Array.from({ length: scenario.visitors }, (_, place) => {
        const visitS = median(all.flatMap(({ visitsS }) => visitsS[place] ?? []))
        return [(place * scenario.staggerMs) / 1_000, visitS] as const
      })
      return [{ name, points, marked: true, colour }]
    }),
  })
}

function visitsBy(whom: SystemName, repeats: readonly Repeat[]): readonly Visits[] {
  return repeats.flatMap(({ systems }) => systems[whom] ?? [])
}
