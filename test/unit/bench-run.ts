/** What the bench records of runs, made up. */

import type { Machine } from '../../bench/machine.ts'
import type { RunRecord, Visits } from '../../bench/runs.ts'
import type { Scenario } from '../../bench/scenarios.ts'
import * as goals from '../../bench/goals.ts'

export const CROWD: Scenario = {
  name: 'crowd',
  title: '4 × 5 MB, 10 Mb/s',
  place: 'pages',
  visitors: 4,
  sizeBytes: 5_000_000,
  originBitsPerSec: 10_000_000,
  staggerMs: 0,
  hosts: [],
  systems: ['swarm', 'http', 'webtorrent'],
  bounds: ['ring'],
  goals: [goals.toFloor(1.15), goals.copies(1.1)],
}

export const MACHINE: Machine = {
  commit: 'abc1234',
  cpu: 'A processor',
  cores: 2,
  memoryGB: 8,
  node: 'v20',
  browser: 'Chromium 1',
  webtorrent: '2',
  simplePeer: '9',
}

export function visits(changes: Partial<Visits> = {}): Visits {
  return {
    makespanS: 5,
    visitsS: [4, 4.5, 4.8, 5],
    medianS: 4.65,
    worstS: 5,
    originCopies: 1.05,
    requests: 20,
    preflights: 0,
    connectionsMean: 2,
    connectionsPeak: 4,
    socketsPeak: 5,
    cpuSecPerGB: 100,
    peerShare: 0.7,
    correct: 4,
    errors: [],
    heapMB: null,
    buffersMB: null,
    wanMeanLateMs: null,
    wanLatestMs: null,
    ...changes,
  }
}

export function record(
  whom: RunRecord['whom'],
  repeat: number,
  came: { readonly visits: Visits } | { readonly boundMBps: number },
): RunRecord {
  return {
    key: `${whom} ${repeat}`,
    scenario: CROWD.name,
    repeat,
    whom,
    visits: null,
    boundMBps: null,
    at: '2024-01-01T00:00:00.000Z',
    machine: MACHINE,
    ...came,
  }
}
