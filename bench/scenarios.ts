/**
 * What `npm run bench:all` measures, as data: who comes, for what, from which origin, by which systems, and what is to be
 * reached.
 */

import type { SystemName } from '../testbed/page-agent.ts'
import type { AccessLine } from '../testbed/wan-ends.ts'
import type { Goal } from './goals.ts'
import * as goals from './goals.ts'

/** What the machine can do at that moment, measured in the same repeat as what is held against it. */
export type BoundName = 'ring' | 'channel' | 'setMany' | 'fetch'

export interface Scenario {
  readonly name: string
  /** What it is, for the page. */
  readonly title: string
  /**
   * - pages: visitors in isolated contexts of one Chromium;
   * - disk: one visitor in a profile on disk;
   * - link: two visitors, of whom the second comes when the first has all, and the origin nothing left to give;
   * - hosts: each visitor in a Chromium and a network namespace of its own, behind its line of `hosts`.
   */
  readonly place: 'pages' | 'disk' | 'link' | 'hosts'
  readonly visitors: number
  readonly sizeBytes: number
  /** Of all the origin's responses together; null: unlimited. */
  readonly originBitsPerSec: number | null
  /** Between two arrivals; 0: all at once. */
  readonly staggerMs: number
  readonly hosts: readonly AccessLine[]
  readonly systems: readonly SystemName[]
  readonly bounds: readonly BoundName[]
  readonly goals: readonly Goal[]
}

const ALL: readonly SystemName[] = ['swarm', 'http', 'webtorrent']

const COMMON = {
  place: 'pages',
  originBitsPerSec: null,
  staggerMs: 0,
  hosts: [],
  systems: ALL,
  bounds: ['ring'],
} as const

const MBPS = 1e6
const MB = 1e6

/** What an access line's modem keeps, as time on the line, in ms (guess: within what Bufferbloat's measurements found). */
const BUFFER_MS = 300

function residential(upMbps: number, downMbps: number, delayMs: number): AccessLine {
  const line = { bufferMs: BUFFER_MS, delayMs }
  return {
    up: { ...line, rateBitsPerSec: upMbps * MBPS },
    down: { ...line, rateBitsPerSec: downMbps * MBPS },
  }
}

/** From ADSL to fibre (our choice): up 1 to 50, down 10 to 100 Mb/s, 5 to 30 ms to the network's middle. */
const RESIDENTIAL: readonly AccessLine[] = [
  residential(1, 10, 30),
  residential(2, 16, 25),
  residential(5, 25, 20),
  residential(5, 50, 15),
  residential(10, 50, 12),
  residential(10, 50, 10),
  residential(20, 100, 8),
  residential(50, 100, 5),
]

const ALONE = {
  ...COMMON,
  place: 'disk',
  visitors: 1,
  bounds: ['setMany', 'fetch'],
} as const

const HOSTS = {
  ...COMMON,
  place: 'hosts',
  visitors: RESIDENTIAL.length,
  sizeBytes: 20 * MB,
  hosts: RESIDENTIAL,
  bounds: [],
} as const

export const SCENARIOS: readonly Scenario[] = [
  {
    ...COMMON,
    name: 'crowd-8',
    title: '8 × 10 MB, 10 Mb/s',
    visitors: 8,
    sizeBytes: 10 * MB,
    originBitsPerSec: 10 * MBPS,
    goals: [goals.toFloor(1.15), goals.copies(1.1)],
  },
  {
    ...COMMON,
    name: 'crowd-16',
    title: '16 × 20 MB, 10 Mb/s',
    visitors: 16,
    sizeBytes: 20 * MB,
    originBitsPerSec: 10 * MBPS,
    goals: [goals.toFloor(1.15), goals.copies(1.1)],
  },
  {
    ...COMMON,
    name: 'crowd-48',
    title: '48 × 20 MB, 10 Mb/s',
    visitors: 48,
    sizeBytes: 20 * MB,
    originBitsPerSec: 10 * MBPS,
    goals: [goals.toFloor(1.5), goals.copies(1.15), goals.connections(6)],
  },
  {
    ...COMMON,
    name: 'arrivals-24',
    title: '24 visitors, one every 2 s, 20 MB, 10 Mb/s',
    visitors: 24,
    sizeBytes: 20 * MB,
    originBitsPerSec: 10 * MBPS,
    staggerMs: 2_000,
    goals: [goals.medianToWebTorrent(0.6), goals.copies(1.15)],
  },
  {
    ...COMMON,
    name: 'crowd-8-fast',
    title: '8 × 50 MB, 100 Mb/s',
    visitors: 8,
    sizeBytes: 50 * MB,
    originBitsPerSec: 100 * MBPS,
    goals: [goals.toPlain(1), goals.toFloor(1.3)],
  },
  {
    ...ALONE,
    name: 'alone-500',
    title: 'alone, 500 MB, origin unshaped',
    sizeBytes: 500 * MB,
    goals: [goals.toBound('setMany', 0.8), goals.heapMB(64)],
  },
  {
    ...ALONE,
    name: 'alone-1000',
    title: 'alone, 1 GB, origin unshaped',
    sizeBytes: 1_000 * MB,
    goals: [],
  },
  {
    ...ALONE,
    name: 'alone-400',
    title: 'alone, 500 MB, 400 Mb/s',
    sizeBytes: 500 * MB,
    originBitsPerSec: 400 * MBPS,
    goals: [goals.toPlain(1.05)],
  },
  {
    ...COMMON,
    name: 'link',
    title: 'one link: two visitors, one holds all 200 MB',
    place: 'link',
    visitors: 2,
    sizeBytes: 200 * MB,
    systems: ['swarm', 'webtorrent'],
    bounds: ['channel'],
    goals: [goals.toBound('channel', 0.85)],
  },
  {
    ...HOSTS,
    name: 'hosts-slow',
    title: 'eight hosts behind mixed residential links, 20 MB, origin 10 Mb/s',
    originBitsPerSec: 10 * MBPS,
    goals: [goals.toFloor(1.2), goals.copies(1.1)],
  },
  {
    ...HOSTS,
    name: 'hosts-fast',
    title: 'the same, origin 100 Mb/s',
    originBitsPerSec: 100 * MBPS,
    goals: [goals.everyVisitToPlain(1.05)],
  },
]
