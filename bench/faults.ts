/**
 * `npm run bench:faults -- --visitors 8 --mb 10 --origin-mbps 10`: the same visit with one part after the other missing,
 * each beside plain HTTP in the same run. One JSON line a fault; `ratio` is the last visitor's time over plain HTTP's.
 * Ends with code 1 if a visitor failed or got other bytes than the origin's.
 */

import { parseArgs } from 'node:util'

import type { Snapshot } from '../testbed/page-agent.ts'
import { number, oneOf, whole } from '../testbed/numbers.ts'
import { type OriginProcess, startOriginProcess, startTopologyProcess } from '../testbed/processes.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { makespanMs, runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import { median, round, sum } from './figures.ts'

const FAULTS = [
  'no-topology',
  'topology-absent',
  'topology-killed',
  'no-webrtc',
  'no-indexeddb',
  'no-ranges',
] as const

type Fault = (typeof FAULTS)[number]

const USAGE = `npm run bench:faults -- [options]
  --visitors 8       visitors, all in one Chromium
  --mb 10            size of the file in MB (10^6 bytes)
  --origin-mbps 10   rate of the origin in Mb/s, all responses together
  --fault …          only this one: ${FAULTS.join(' | ')}`

/** Nothing listens on the discard port. */
const ABSENT_TOPOLOGY = 'ws://127.0.0.1:9/'

const INIT_SCRIPTS: Partial<Record<Fault, string>> = {
  'no-webrtc': 'delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection',
  'no-indexeddb': `IDBFactory.prototype.open = () => { throw new DOMException('No storage here', 'SecurityError') }`,
}

interface Settings {
  readonly visitors: number
  readonly sizeBytes: number
  readonly rateBitsPerSec: number
  readonly faults: readonly Fault[]
}

const say = (line: string): void => console.error(line)

try {
  process.exitCode = await main(readSettings())
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function main(settings: Settings): Promise<number> {
  const testbed = await openTestbed({ say })
  try {
    let failures = 0
    for (const fault of settings.faults) {
      say(`${fault}: ${settings.visitors} visitors × ${settings.sizeBytes / 1e6} MB`)
      const line = await compare(testbed, settings, fault)
      console.log(JSON.stringify(line))
      if (line.correct < settings.visitors) failures++
    }
    return failures === 0 ? 0 : 1
  } finally {
    await testbed.close()
  }
}

async function compare(testbed: Testbed, settings: Settings, fault: Fault) {
  const { visitors, sizeBytes, rateBitsPerSec } = settings
  const file = { name: 'sample.bin', sizeBytes, seed: 1, rateBitsPerSec, ranges: fault !== 'no-ranges' }
  const origin = await startOriginProcess(file)
  try {
    const plain = await visit(testbed, settings, origin, 'http', null)
    await origin.resetStats()
    const swarm = await visit(testbed, settings, origin, 'swarm', fault)
    const stats = await origin.stats()
    const fromPeers = sum(swarm.map((result) => result.stats?.bytesFromPeers ?? 0))
    return {
      fault,
      visitors,
      bytes: sizeBytes,
      originMbps: rateBitsPerSec / 1e6,
      plainS: round(makespanMs(plain) / 1_000),
      swarmS: round(makespanMs(swarm) / 1_000),
      ratio: round(makespanMs(swarm) / makespanMs(plain)),
      medianRatio: round(medianMs(swarm) / medianMs(plain)),
      originCopies: round(stats.bytesSent / sizeBytes),
      peerShare: round(fromPeers / (visitors * sizeBytes)),
      correct: swarm.filter((result) => result.integrity === origin.integrity).length,
      errors: swarm.flatMap(({ error }) => (error === null ? [] : [error.code])),
    }
  } finally {
    await origin.kill()
  }
}

async function visit(
  testbed: Testbed,
  { visitors, sizeBytes, rateBitsPerSec }: Settings,
  origin: OriginProcess,
  system: 'swarm' | 'http',
  fault: Fault | null,
): Promise<VisitorResult[]> {
  const needsServer = fault !== null && fault !== 'no-topology' && fault !== 'topology-absent'
  const topology = needsServer ? await startTopologyProcess() : null
  const url = fault === 'topology-absent' ? ABSENT_TOPOLOGY : topology?.url
  const initScript = fault === null ? undefined : INIT_SCRIPTS[fault]
  let isKilled = false
  const killHalfway = async (snapshots: readonly Snapshot[]): Promise<void> => {
    const done = sum(snapshots.map(({ stats }) => stats?.completedBytes ?? 0))
    if (fault !== 'topology-killed' || isKilled || done < 0.4 * visitors * sizeBytes) return
    isKilled = true
    await topology?.kill()
  }
  try {
    return await runVisitors(testbed, {
      visitors,
      system,
      url: origin.url,
      options: { integrity: origin.integrity, ...(url === undefined ? {} : { topology: url }) },
      timeoutMs: ((visitors * sizeBytes * 8) / rateBitsPerSec) * 2_000 + 60_000,
      watch: killHalfway,
      ...(initScript === undefined ? {} : { initScript }),
    })
  } finally {
    await topology?.kill()
  }
}

function medianMs(results: readonly VisitorResult[]): number {
  return median(results.map((result) => result.elapsedMs))
}

function readSettings(): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      visitors: { ...text, default: '8' },
      mb: { ...text, default: '10' },
      'origin-mbps': { ...text, default: '10' },
      fault: text,
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(0)
  }
  return {
    visitors: whole('--visitors', values.visitors, { from: 1, to: 400 }),
    sizeBytes: Math.round(number('--mb', values.mb, { from: 0.001, to: 4_000 }) * 1e6),
    rateBitsPerSec: number('--origin-mbps', values['origin-mbps'], { from: 0.1, to: 1e6 }) * 1e6,
    faults: values.fault === undefined ? FAULTS : [oneOf('--fault', values.fault, FAULTS)],
  }
}
