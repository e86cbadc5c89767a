/** What goes wrong in a simulated swarm, and what a look into it sees of that. */

import { describe, expect, it } from 'vitest'

import type { Inspection } from '../../../simulator/inspection.ts'
import { SILENCE_NOTICED_MS } from '../../../simulator/links.ts'
import type { RunResult, Scenario } from '../../../simulator/scenario.ts'
import { HEARTBEAT_MS } from '../../../simulator/sim-topology.ts'
import { simulate } from '../../../simulator/simulation.ts'

const TEN: Scenario = {
  name: 'ten',
  seed: 3,
  peers: 10,
  sizeBytes: 200_000,
  origin: { upBytesPerSec: 12_500_000 },
  links: [{ name: 'lan', share: 1, upBytesPerSec: 12_500_000, downBytesPerSec: 12_500_000 }],
  latency: { rttMs: [20, 20] },
  arrivals: { kind: 'atOnce' },
  departure: { kind: 'stay' },
  untilMs: 20_000,
}

interface Look {
  readonly nowMs: number
  readonly sockets: number
  readonly alive: readonly number[]
  readonly ids: ReadonlySet<string>
  /** Neighbours that anybody says it has. */
  readonly named: ReadonlySet<string>
}

function watch(scenario: Scenario, everyMs: number): { result: RunResult; looks: Look[] } {
  const looks: Look[] = []
  const look = ({ nowMs, sockets, hosts }: Inspection): void => {
    const seen = [...hosts]
    looks.push({
      nowMs,
      sockets,
      alive: seen.map(({ index }) => index),
      ids: new Set(seen.flatMap(({ peerId }) => peerId ?? [])),
      named: new Set(seen.flatMap(({ session }) => [...session.neighbours.keys()])),
    })
  }
  return { result: simulate(scenario, { inspect: { everyMs, look } }), looks }
}

function at(looks: readonly Look[], nowMs: number): Look {
  const found = looks.find((look) => look.nowMs === nowMs)
  if (found === undefined) throw new Error(`Nobody looked at ${nowMs} ms.`)
  return found
}

describe('a look into a run', () => {
  const { result, looks } = watch({ ...TEN, arrivals: { kind: 'staggered', everyMs: 1000 } }, 500)

  it('comes in equal intervals, to the end of the run', () => {
    expect(looks.map(({ nowMs }) => nowMs)).toEqual(
      Array.from({ length: 40 }, (_, index) => 500 * (index + 1)),
    )
    expect(result.violations).toEqual([])
  })

  it('sees those who are there, whom they know, and the server’s sockets', () => {
    expect(at(looks, 4500).alive).toEqual([0, 1, 2, 3, 4])
    expect(at(looks, 4500).sockets).toBe(5)
    const last = at(looks, 20_000)
    expect(last.alive).toHaveLength(10)
    expect(last.ids.size).toBe(10)
    expect(last.named).toEqual(last.ids)
    expect(last.sockets).toBe(result.topology.socketsAtEnd)
  })

  it('sees the first learn by its pongs how many came after it, the first of which come soon', () => {
    const counts = new Map<number, number | null>()
    simulate(
      { ...TEN, arrivals: { kind: 'staggered', everyMs: 1000 }, untilMs: 22_000 },
      {
        inspect: {
          everyMs: 5500,
          look: ({ nowMs, hosts }) => {
            for (const { index, session } of hosts)
              if (index === 0) counts.set(nowMs, session.groupSize.serverCount)
          },
        },
      },
    )
    // After 2 s, after 8 s, and a third of a heartbeat after the welcome.
    expect([...counts]).toEqual([
      [5500, 3],
      [11_000, 9],
      [16_500, 9],
      [22_000, 10],
    ])
  })

  it('does not change the run', () => {
    const scenario = { ...TEN, peers: 20, sizeBytes: 2_000_000, origin: { upBytesPerSec: 1_250_000 } }
    expect(watch(scenario, 333).result.trace).toBe(simulate(scenario).trace)
  })
})

describe('those that die without a word', () => {
  const churn = { fromMs: 10_000, untilMs: 10_001, everyMs: 1000, share: 0.3 }
  const { result, looks } = watch({ ...TEN, trouble: { churn }, untilMs: 120_000 }, 250)
  const before = at(looks, 9750)
  const dead = [...before.ids].filter((id) => !at(looks, 10_250).ids.has(id))

  it('are gone at once, and as many come', () => {
    expect(dead).toHaveLength(3)
    expect(result.peers).toHaveLength(13)
    expect(result.peers.filter(({ died }) => died)).toHaveLength(3)
    expect(at(looks, 10_250).alive).toHaveLength(10)
    expect(result.peers.slice(10).map(({ arrivedMs }) => arrivedMs)).toEqual([10_000, 10_000, 10_000])
    expect(result.violations).toEqual([])
  })

  it('are neighbours until silence is noticed, and no longer', () => {
    const { named: early } = at(looks, 10_000 + SILENCE_NOTICED_MS - 250)
    const { named: late } = at(looks, 10_000 + SILENCE_NOTICED_MS + 250)
    expect(dead.filter((id) => early.has(id))).toEqual(dead)
    expect(dead.filter((id) => late.has(id))).toEqual([])
  })

  it('leave sockets that the server keeps until its own patience is over', () => {
    expect(at(looks, 9750).sockets).toBe(10)
    expect(at(looks, 30_000).sockets).toBe(13)
    expect(at(looks, 10_250 + HEARTBEAT_MS).sockets).toBe(10)
  })
})

describe('steps of churn', () => {
  it('take their share of the living each time, from the first to the last', () => {
    const churn = { fromMs: 5000, untilMs: 9000, everyMs: 2000, share: 0.2 }
    const { result, looks } = watch({ ...TEN, trouble: { churn } }, 1000)
    const died = result.peers.filter((peer) => peer.died).length
    expect(died).toBe(4)
    expect(result.peers.slice(10).map(({ arrivedMs }) => arrivedMs)).toEqual([5000, 5000, 7000, 7000])
    for (const { alive } of looks) expect(alive).toHaveLength(10)
    expect(result.violations).toEqual([])
  })

  it('kill also those who are not done, who are not missed in the end', () => {
    const churn = { fromMs: 500, untilMs: 501, everyMs: 1000, share: 0.5 }
    const { result } = watch({ ...TEN, sizeBytes: 10_000_000, trouble: { churn } }, 1000)
    const died = result.peers.filter((peer) => peer.died)
    expect(died).toHaveLength(5)
    expect(died.some(({ tookMs }) => tookMs === null)).toBe(true)
    expect(result.violations).toEqual([])
  })
})

describe('an outage of the topology server', () => {
  const outage = { fromMs: 5000, untilMs: 10_000 }
  const { result, looks } = watch({ ...TEN, trouble: { topologyOutages: [outage] }, untilMs: 60_000 }, 500)

  it('closes every socket, and lets nobody in', () => {
    expect(at(looks, 4500).sockets).toBe(10)
    for (let nowMs = 5500; nowMs <= 10_000; nowMs += 500) expect(at(looks, nowMs).sockets).toBe(0)
  })

  it('leaves the mesh as it was', () => {
    expect(at(looks, 9500).named).toEqual(at(looks, 4500).ids)
    expect(result.violations).toEqual([])
  })

  it('is over when it is over: they come back, each in its own time', () => {
    const counts = looks.filter(({ nowMs }) => nowMs > 10_000).map(({ sockets }) => sockets)
    expect(Math.max(...counts)).toBe(10)
    expect(new Set(counts).size).toBeGreaterThan(2)
    expect(result.topology.joins).toBeGreaterThan(15)
  })

  it('that never ends keeps newcomers from nothing but each other', () => {
    const alone = watch({ ...TEN, trouble: { topologyOutages: [{ fromMs: 0, untilMs: null }] } }, 1000)
    expect(alone.result.violations).toEqual([])
    expect(alone.result.bytesFromPeers).toBe(0)
    expect(alone.result.peers.every(({ tookMs }) => tookMs !== null)).toBe(true)
  })
})
