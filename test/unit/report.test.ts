import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { disappointments } from '../../simulator/expectations.ts'
import { MeshObserver } from '../../simulator/observe.ts'
import { simulatePlain } from '../../simulator/plain-http.ts'
import { jobOf, RecordFile, type RunRecord } from '../../simulator/report/records.ts'
import { runJobs } from '../../simulator/report/workers.ts'
import { summarise, type RunSummary } from '../../simulator/run-summary.ts'
import type { Scenario } from '../../simulator/scenario.ts'
import { simulate } from '../../simulator/simulation.ts'
import { quantile } from '../../simulator/statistics.ts'
import { Session } from '../../src/core/session.ts'
import type { PeerId } from '../../src/core/types.ts'
import { SMALL } from './simulator/small-scenario.ts'
import { recordOf } from './report-record.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmfetch-report-'))
})
afterAll(() => rm(folder, { recursive: true }))

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
