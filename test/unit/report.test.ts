import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { allTopics, scenariosNamed } from '../../simulator/catalogue.ts'
import { disappointments } from '../../simulator/expectations.ts'
import { MeshObserver } from '../../simulator/observe.ts'
import { simulatePlain } from '../../simulator/plain-http.ts'
import { decimals, percentOf, secondsOf, table } from '../../simulator/report/markdown.ts'
import type { Records, Writer } from '../../simulator/report/page.ts'
import { heatMap, linePlot } from '../../simulator/report/plots.ts'
import { jobOf, RecordFile, type RunRecord } from '../../simulator/report/records.ts'
import { ablation } from '../../simulator/report/topics/ablation.ts'
import { capacity } from '../../simulator/report/topics/capacity.ts'
import { faults } from '../../simulator/report/topics/faults.ts'
import { flashCrowd } from '../../simulator/report/topics/flash-crowd.ts'
import { mesh } from '../../simulator/report/topics/mesh.ts'
import { neverWorse } from '../../simulator/report/topics/never-worse.ts'
import { redhat } from '../../simulator/report/topics/redhat.ts'
import { rollout } from '../../simulator/report/topics/rollout.ts'
import { rodriguez } from '../../simulator/report/topics/rodriguez.ts'
import { slurpieLan } from '../../simulator/report/topics/slurpie-lan.ts'
import { slurpieWan } from '../../simulator/report/topics/slurpie-wan.ts'
import { stutzbach } from '../../simulator/report/topics/stutzbach.ts'
import { textbook } from '../../simulator/report/topics/textbook.ts'
import { topology } from '../../simulator/report/topics/topology.ts'
import { runJobs } from '../../simulator/report/workers.ts'
import { summarise, type RunSummary } from '../../simulator/run-summary.ts'
import type { Scenario } from '../../simulator/scenario.ts'
import { simulate } from '../../simulator/simulation.ts'
import { quantile } from '../../simulator/statistics.ts'
import { Session } from '../../src/core/session.ts'
import type { PeerId } from '../../src/core/types.ts'
import { SMALL } from './simulator/small-scenario.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmfetch-report-'))
})
afterAll(() => rm(folder, { recursive: true }))

function recordOf(scenario: Scenario, policy: 'swarm' | 'plain'): RunRecord {
  const observer = new MeshObserver(1)
  const inspect = { everyMs: 200, look: (state: Parameters<MeshObserver['look']>[0]) => observer.look(state) }
  const result = policy === 'swarm' ? simulate(scenario, { inspect }) : simulatePlain(scenario)
  const { key } = jobOf(scenario, policy)
  return {
    key,
    ...summarise(scenario, result),
    commit: null,
    wallSec: 1,
    memoryMb: 1,
    mesh: observer.samples,
  }
}

describe('a summary', () => {
  const { makespanMs, ...swarm } = summarise(SMALL, simulate(SMALL))

  it('holds the figures of a run, and no peer’s own', () => {
    expect(swarm).toMatchObject({ peers: 4, completed: 4, died: 0, unfinished: 0, violationCount: 0 })
    expect(swarm.tookPercentilesMs).toHaveLength(101)
    expect(swarm.tookPercentilesMs[100]).toBe(Math.round(swarm.tookMs?.last ?? 0))
    expect(swarm.links['lan']).toMatchObject({ peers: 4, completed: 4 })
    expect(swarm.floor.ms).toBe(800)
    expect(swarm.ratioToFloor).toBeCloseTo(makespanMs / 800, 3)
    expect(swarm.peerShare).toBeGreaterThan(0.5)
    expect(JSON.stringify({ ...swarm, peers: 0 }).length).toBeLessThan(3000)
  })

  it('of a run in which nobody completed is still one', () => {
    const never = simulatePlain({ ...SMALL, maxMs: 1 })
    expect(summarise(SMALL, never)).toMatchObject({
      completed: 0,
      unfinished: 4,
      tookMs: null,
      tookPercentilesMs: [],
    })
  })

  it('interpolates between neighbours', () => {
    expect([0, 0.5, 0.75, 1].map((share) => quantile([1, 2, 5], share))).toStrictEqual([1, 2, 3.5, 5])
    expect(quantile([4], 0.9)).toBe(4)
  })
})

describe('expectations', () => {
  const runs = { swarm: recordOf(SMALL, 'swarm'), plain: recordOf(SMALL, 'plain') } as const

  it('that hold say nothing', () => {
    const holding = { maxRatioToFloor: 1.2, maxOriginCopies: 1.2, minPeerShare: 0.5, maxMedianToPlain: 0.5 }
    expect(disappointments(holding, runs)).toStrictEqual([])
    expect(disappointments({}, runs)).toStrictEqual([])
  })

  it.each([
    { maxRatioToFloor: 1 },
    { maxMedianToFloor: 0.9 },
    { maxMedianToLink: 0.9 },
    { maxP99ToLink: 0.9 },
    { maxDoublingToTransfer: 0.01 },
    { maxOriginCopies: 0.9 },
    { maxOriginOpenMean: 0.1 },
    { maxOriginOpenMax: 0 },
    { maxInputsPerChunk: 1 },
    { minPeerShare: 0.99 },
    { maxSockets: 1 },
    { maxMedianToPlain: 0.1 },
    { maxLastToPlain: 0.1 },
    { maxStrays: -1 },
    { minEstimate: 100 },
    { maxEstimate: 0.01 },
  ])('that do not hold are named: %j', (expectations) => {
    expect(disappointments(expectations, runs)).toStrictEqual([
      expect.stringContaining(`(${Object.keys(expectations).join()})`),
    ])
  })

  it('against plain HTTP ask for its run', () => {
    expect(disappointments({ maxLastToPlain: 0.1 }, { ...runs, plain: null })).toStrictEqual([])
  })

  it('are never met by a broken run', () => {
    const swarm: RunSummary = { ...runs.swarm, violations: ['Peer 1 is lost.'], violationCount: 7 }
    expect(disappointments({}, { swarm, plain: null })).toStrictEqual([
      'swarm: Peer 1 is lost.',
      'swarm: and 6 more',
    ])
  })

  it('are never met by a broken run of another policy, of which nothing else is expected', () => {
    const other: RunSummary = { ...runs.plain, policy: 'slurpie-3', ratioToFloor: 99 }
    const expectations = { maxRatioToFloor: 90 }
    expect(disappointments(expectations, { ...runs, others: [other] })).toStrictEqual([])
    const broken = { ...other, violations: ['Peer 1 is lost.'], violationCount: 1 }
    expect(disappointments(expectations, { swarm: null, plain: null, others: [broken] })).toStrictEqual([
      'slurpie-3: Peer 1 is lost.',
    ])
  })
})

describe('the mesh', () => {
  it('is seen growing together', () => {
    const { mesh: samples = [] } = recordOf({ ...SMALL, peers: 12, untilMs: 5_000 }, 'swarm')
    expect(samples.length).toBeGreaterThan(20)
    const last = samples.at(-1)
    expect(last).toMatchObject({ peers: 12, components: 1, largestShare: 1 })
    expect(last?.degrees.reduce((total, count) => total + count, 0)).toBe(12)
    expect(last?.meanDegree).toBeGreaterThan(3)
    expect(last?.longestPath).toBeGreaterThanOrEqual(1)
    for (const { p10, median, p90 } of Object.values(last?.estimates ?? {})) {
      expect(p10).toBeLessThanOrEqual(median)
      expect(median).toBeLessThanOrEqual(p90)
    }
  })
})

describe('strays', () => {
  /** Without a topology server after this, newcomers find nobody. */
  const shut: Scenario = {
    ...SMALL,
    peers: 6,
    arrivals: { kind: 'staggered', everyMs: 4000 },
    trouble: { topologyOutages: [{ fromMs: 14_000, untilMs: 21_000 }] },
    untilMs: 60_000,
  }
  const observer = new MeshObserver(1)
  const look = (state: Parameters<MeshObserver['look']>[0]): void => observer.look(state)
  simulate(shut, { inspect: { everyMs: 1000, look } })

  it('are nobody in a whole mesh, nor those who have just come', () => {
    for (const { strays } of observer.samples) expect(strays).toBe(0)
    expect(observer.samples.at(-1)).toMatchObject({ peers: 6, largestShare: 1 })
  })

  it('are those who have had time to come in, and have not', () => {
    const graph = [
      { id: 'a', at: 0 },
      { id: 'b', at: 0 },
      { id: 'c', at: 15_000 },
      { id: 'd', at: 0 },
    ]
    const known: Record<string, string[]> = { a: ['b'], b: ['a'], c: [], d: [] }
    const lonely = new MeshObserver(1)
    lonely.look({
      nowMs: 20_000,
      sockets: 0,
      hosts: graph.map(({ id, at }, index) => ({
        index,
        peerId: id as PeerId,
        arrivedMs: at,
        session: stubSession(known[id] ?? []),
        alive: true,
      })),
    })
    expect(lonely.samples).toMatchObject([{ peers: 4, components: 3, largestShare: 0.5, strays: 1 }])
  })
})

/** What an observer asks a session for. */
function stubSession(neighbours: readonly string[]): Session {
  const session = new Session({
    seed: 1,
    facts: null,
    chunkBytesFor: () => 65_536,
    locator: null,
    verification: 'none',
    chunkDigests: null,
  })
  Object.defineProperty(session, 'neighbours', { value: new Map(neighbours.map((id) => [id, null])) })
  return session
}

describe('the records of a report', () => {
  it('are found again by scenario, seed and policy, whatever the order of fields', () => {
    const { name, ...rest } = SMALL
    expect(jobOf({ ...rest, name }, 'swarm').key).toBe(jobOf(SMALL, 'swarm').key)
    const others = [
      jobOf(SMALL, 'plain'),
      jobOf({ ...SMALL, seed: 6 }, 'swarm'),
      jobOf({ ...SMALL, peers: 5 }, 'swarm'),
    ]
    expect(new Set([jobOf(SMALL, 'swarm'), ...others].map(({ key }) => key)).size).toBe(4)
  })

  it('survive the end of the process, but for a line cut short', async () => {
    const path = join(folder, 'new', 'records.jsonl')
    const file = await RecordFile.open(path)
    const record = recordOf(SMALL, 'plain')
    await file.add(record)
    await appendFile(path, '{"key":"0123456789abcdef","scena')
    const again = await RecordFile.open(path)
    expect(again.get(record.key)).toStrictEqual(record)
    expect(again.get('0123456789abcdef')).toBeUndefined()
    await again.add({ ...record, wallSec: 2 })
    expect((await RecordFile.open(path)).get(record.key)?.wallSec).toBe(2)
  })

  it('are kept only of what is still to be run, in that order', async () => {
    const path = join(folder, 'kept.jsonl')
    const file = await RecordFile.open(path)
    const jobs = [jobOf(SMALL, 'swarm'), jobOf(SMALL, 'plain')] as const
    await file.add(recordOf({ ...SMALL, seed: 77 }, 'plain'))
    await file.add(recordOf(SMALL, 'plain'))
    await file.add(recordOf(SMALL, 'swarm'))
    expect((await file.keep(jobs)).map(({ policy }) => policy)).toStrictEqual(['swarm', 'plain'])
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(2)
  })

  it('are made in processes of their own, one of which may fail', { timeout: 60_000 }, async () => {
    const good = jobOf(SMALL, 'swarm')
    const bad = jobOf({ ...SMALL, sizeBytes: -1 }, 'swarm')
    const ended: RunRecord[] = []
    const failed: string[] = []
    await runJobs([bad, good], {
      workers: 2,
      lookEveryMs: () => 500,
      errors: 'ignore',
      ended: async (_job, record) => void ended.push(record),
      failed: ({ key }, reason) => failed.push(`${key} ${reason}`),
    })
    expect(failed).toStrictEqual([`${bad.key} ended with code 1`])
    const { commit, wallSec, memoryMb, mesh: samples, ...rest } = ended[0] ?? recordOf(SMALL, 'plain')
    expect({ wallSec: typeof wallSec, memoryMb: typeof memoryMb }).toStrictEqual({
      wallSec: 'number',
      memoryMb: 'number',
    })
    expect(commit === null || /^[0-9a-f]{7,}\+?$/.test(commit)).toBe(true)
    expect(samples?.length).toBeGreaterThan(0)
    // A look at the mesh is an event of the queue, but changes nothing.
    const here = summarise(SMALL, simulate(SMALL))
    expect(rest).toStrictEqual({ key: good.key, ...here, events: here.events + (samples?.length ?? 0) })
  })
})

describe('a page of results', () => {
  const writers: readonly (readonly [topic: string, writer: Writer])[] = [
    ['slurpie-lan', slurpieLan],
    ['slurpie-wan', slurpieWan],
    ['stutzbach', stutzbach],
    ['textbook', textbook],
    ['capacity', capacity],
    ['rollout', rollout],
    ['redhat', redhat],
    ['flash-crowd', flashCrowd],
    ['never-worse', neverWorse],
    ['mesh', mesh],
    ['topology', topology],
    ['faults', faults],
    ['rodriguez', rodriguez],
    ['ablation', ablation],
  ]
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
