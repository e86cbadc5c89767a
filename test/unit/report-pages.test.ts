import { describe, expect, it } from 'vitest'

import { allTopics, scenariosNamed } from '../../simulator/catalogue.ts'
import { decimals, percentOf, secondsOf, table } from '../../simulator/report/markdown.ts'
import type { Records } from '../../simulator/report/page.ts'
import { heatMap, linePlot } from '../../simulator/report/plots.ts'
import { type RunRecord } from '../../simulator/report/records.ts'
import { neverWorse } from '../../simulator/report/topics/never-worse.ts'
import { topology } from '../../simulator/report/topics/topology.ts'
import { SMALL } from './simulator/small-scenario.ts'
import { WRITERS } from '../../simulator/report/writers.ts'
import { recordOf } from './report-record.ts'

describe('a page of results', () => {
  const writers = Object.entries(WRITERS)
  const swarm = recordOf({ ...SMALL, untilMs: 2_000 }, 'swarm')
  const plain = recordOf(SMALL, 'plain')

  it('is there for every topic', () => {
    expect(writers.map(([name]) => name).sort()).toStrictEqual(
      allTopics()
        .map(({ name }) => name)
        .sort(),
    )
  })

  it.each(writers)('%s asks only for scenarios that there are, and shows every plot', (topic, writer) => {
    const cases = scenariosNamed(topic) ?? []
    const asked = new Set<string>()
    const records: Records = (scenario, policy) => {
      expect(cases.map((one) => one.scenario.name)).toContain(scenario)
      asked.add(scenario)
      return { ...(policy === 'swarm' ? swarm : plain), scenario }
    }
    const { markdown, plots } = writer(records)
    expect(asked.size).toBe(cases.length)
    for (const [file, svg] of Object.entries(plots)) {
      expect(markdown).toContain(`](${file})`)
      expect(svg).toMatch(/^<svg /)
    }
    expect(markdown).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  it.each(writers)('%s can be written before anything has been run', (_topic, writer) => {
    const { markdown } = writer(() => undefined)
    expect(markdown).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  it('names the settings in which the swarm was slower', () => {
    const slower: RunRecord = { ...swarm, tookMs: { mean: 1, median: 130, p90: 1, p99: 1, last: 110 } }
    const base: RunRecord = { ...plain, tookMs: { mean: 1, median: 100, p90: 1, p99: 1, last: 100 } }
    const { markdown } = neverWorse((scenario, policy) => {
      if (policy === 'plain') return base
      return scenario === 'never-worse/at-once-n8-origin10-up1-rtt50' ? slower : { ...base, policy }
    })
    expect(markdown).toContain('in 1 the swarm was slower')
    expect(markdown).toContain('The worst quotient is 1.300')
    expect(markdown).toContain('| `never-worse/at-once-n8-origin10-up1-rtt50` | 1.300 | 1.100 |')
  })

  it('tells of broken invariants', () => {
    const broken: RunRecord = { ...swarm, violations: ['Peer 3 is lost.'], violationCount: 2 }
    expect(topology(() => broken).markdown).toContain('2, such as: Peer 3 is lost.')
  })
})

function draw(): string {
  return linePlot({
    title: 'Title',
    x: { name: 'time (s)' },
    y: { name: 'peers (%)' },
    lines: [
      {
        name: 'line',
        points: [
          [0, 0],
          [1, 100],
        ],
      },
    ],
  })
}

describe('what pages are made of', () => {
  it('writes tables, whatever is in their cells', () => {
    expect(table(['a', 'b'], [['x|y', '1']])).toBe('| a | b |\n| --- | ---: |\n| x\\|y | 1 |')
  })

  it('writes numbers shortly, and a dash for what is not known', () => {
    expect([1_234, 12_345, 3_840_000, null, undefined].map(secondsOf)).toStrictEqual([
      '1.23',
      '12.3',
      '3,840',
      '–',
      '–',
    ])
    expect([decimals(1.25, 1), decimals(null, 1), decimals(Infinity, 1)]).toStrictEqual(['1.3', '–', '–'])
    expect([percentOf(0.9876), percentOf(undefined)]).toStrictEqual(['98.8%', '–'])
  })

  it('draws the same plot for the same figures, with names, units and a white ground', () => {
    for (const words of ['Title', 'time (s)', 'peers (%)', 'line', '#ffffff']) expect(draw()).toContain(words)
    expect(draw()).toBe(draw())
  })

  it('draws cells in the colour of their band, and leaves unknown ones out', () => {
    const svg = heatMap({
      title: 'Title',
      x: { name: 'x' },
      y: { name: 'y' },
      columns: ['a', 'b'],
      rows: ['c'],
      cells: [[0.5, null]],
      bands: [
        { below: 1, colour: '#00ff00', label: 'good' },
        { below: Infinity, colour: '#ff0000', label: 'bad' },
      ],
    })
    expect(svg).toContain('0.50')
    expect(svg.toLowerCase()).toMatch(/#00ff00|rgb\(0,255,0\)/)
  })
})
