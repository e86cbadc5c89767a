/**
 * `npm run bench:visitors -- --visitors 8 --mb 10 --origin-mbps 10`: so many real, isolated visitors download one file
 * from one shaped origin, by swarm or by plain HTTP. Prints one JSON line a run on stdout, everything else on stderr;
 * ends with code 1 if a visitor failed or got other bytes than the origin's.
 */

import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'

import { makeManifest, type Manifest } from '../signaling-server/manifest.ts'
import { number, oneOf, whole } from '../testbed/numbers.ts'
import { startOriginProcess, startTopologyProcess, type OriginProcess } from '../testbed/processes.ts'
import type { Snapshot } from '../testbed/page-agent.ts'
import { makeSampleFile } from '../testbed/sample-file.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { makespanMs, runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import { median, round, sum } from './figures.ts'
import { measureRing, ringScript } from './ring.ts'

const USAGE = `npm run bench:visitors -- [options]
  --visitors 8       visitors, all in one Chromium
  --mb 10            size of the file in MB (10^6 bytes)
  --origin-mbps 10   rate of the origin in Mb/s, all responses together; 0: unlimited
  --system swarm     swarm | http
  --integrity sri    sri | manifest | none (none: peers by unverifiedPeers)
  --storage …        indexeddb | memory (absent: the library's default)
  --stagger-s 0      seconds between two visitors' arrivals
  --repeat 1         runs, one JSON line each
  --timeout-s …      when a run is given up (absent: twice what plain HTTP must take, plus a minute)`

interface Settings {
  readonly visitors: number
  readonly sizeBytes: number
  readonly rateBitsPerSec: number | null
  readonly system: 'swarm' | 'http'
  readonly integrity: 'sri' | 'manifest' | 'none'
  readonly storage: string | undefined
  readonly staggerMs: number
  readonly repeat: number
  readonly timeoutMs: number
}

const say = (line: string): void => console.error(line)

try {
  process.exitCode = await main(readSettings())
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function main(settings: Settings): Promise<number> {
  const testbed = await openTestbed({ scripts: [ringScript], say })
  try {
    let failures = 0
    for (let run = 1; run <= settings.repeat; run++) {
      say(`Run ${run} of ${settings.repeat}: ${describe(settings)}`)
      const line = await benchOnce(testbed, settings, run)
      console.log(JSON.stringify(line))
      if (line.correct < settings.visitors) failures++
    }
    return failures === 0 ? 0 : 1
  } finally {
    await testbed.close()
  }
}

async function benchOnce(testbed: Testbed, settings: Settings, seed: number): Promise<BenchLine> {
  const { sizeBytes, rateBitsPerSec } = settings
  const origin = await startOriginProcess({ name: 'sample.bin', sizeBytes, seed, rateBitsPerSec })
  const topology = settings.system === 'swarm' ? await startTopologyProcess() : null
  const progress = progressLines(settings)
  try {
    let ringBytesPerSec: number | null = null
    let originStats = await origin.stats()
    const results = await runVisitors(testbed, {
      ...settings,
      url: origin.url,
      options: await downloadOptions(settings, origin, topology?.url, seed),
      watch: (snapshots) => progress(snapshots),
      watchEveryMs: 1_000,
      afterwards: async (pages) => {
        originStats = await origin.stats()
        // Reloading ends the downloads' own connections: the ring is measured alone, and after a cold start.
        await Promise.all(pages.map((page) => page.reload()))
        ringBytesPerSec = await measureRing(pages)
      },
    })
    for (const { error } of results)
      if (error !== null) say(`A visitor failed: ${error.code}: ${error.message}`)
    return summarise(settings, results, { origin, originStats, ringBytesPerSec })
  } finally {
    await topology?.kill()
    await origin.kill()
  }
}

async function downloadOptions(
  settings: Settings,
  origin: OriginProcess,
  topology: string | undefined,
  seed: number,
): Promise<Record<string, unknown>> {
  if (topology === undefined) return {}
  const options = { topology, ...(settings.storage === undefined ? {} : { storage: settings.storage }) }
  if (settings.integrity === 'none') return { ...options, unverifiedPeers: true }
  if (settings.integrity === 'sri') return { ...options, integrity: origin.integrity }
  return { ...options, integrity: await manifestOfSample(settings.sizeBytes, seed) }
}

/** Made here from the seed: reading it from the shaped origin would cost a copy and the time of one. */
function manifestOfSample(sizeBytes: number, seed: number): Promise<Manifest> {
  const file = makeSampleFile(sizeBytes, seed)
  return makeManifest({ sizeBytes, body: Readable.from([file]) })
}

interface Measured {
  readonly origin: OriginProcess
  readonly originStats: Awaited<ReturnType<OriginProcess['stats']>>
  readonly ringBytesPerSec: number | null
}

type BenchLine = ReturnType<typeof summarise>

function summarise(settings: Settings, results: readonly VisitorResult[], measured: Measured) {
  const { visitors, sizeBytes, rateBitsPerSec } = settings
  const { origin, originStats, ringBytesPerSec } = measured
  const swarmed = results.flatMap(({ stats }) => (stats === null ? [] : [stats]))
  const fromPeers = sum(swarmed.map((stats) => stats.bytesFromPeers))
  const fromOrigin = sum(swarmed.map((stats) => stats.bytesFromOrigin))
  const originS = rateBitsPerSec === null ? 0 : (sizeBytes * 8) / rateBitsPerSec
  const ringS = ringBytesPerSec === null ? 0 : ((visitors - 1) * sizeBytes) / ringBytesPerSec
  return {
    system: settings.system,
    visitors,
    bytes: sizeBytes,
    originMbps: rateBitsPerSec === null ? 0 : rateBitsPerSec / 1e6,
    integrity: settings.system === 'swarm' ? settings.integrity : null,
    storage: settings.system === 'swarm' ? (settings.storage ?? 'default') : null,
    staggerS: settings.staggerMs / 1_000,
    floorS: round(Math.max(originS, ringS)),
    makespanS: round(makespanMs(results) / 1_000),
    medianS: round(median(results.map((result) => result.elapsedMs)) / 1_000),
    originCopies: round(originStats.bytesSent / sizeBytes),
    originRequests: originStats.requests,
    originConnectionsMax: originStats.openResponsesMax,
    originConnectionsMean: round(originStats.openResponsesMean),
    peerShare: fromPeers + fromOrigin === 0 ? 0 : round(fromPeers / (fromPeers + fromOrigin)),
    correct: results.filter((result) => result.integrity === origin.integrity).length,
    errors: results.flatMap(({ error }) => (error === null ? [] : [error.code])),
    dataChannelMBps: ringBytesPerSec === null ? null : round(ringBytesPerSec / 1e6),
  }
}

function progressLines(settings: Settings): (snapshots: readonly Snapshot[]) => void {
  let startedMs: number | null = null
  let lines = 0
  return (snapshots) => {
    if (lines++ % 2 === 1) return
    startedMs ??= performance.now()
    const all = snapshots.flatMap(({ stats }) => (stats === null ? [] : [stats]))
    const elapsedS = Math.round((performance.now() - startedMs) / 1_000)
    if (all.length === 0) return say(`${elapsedS} s`)
    const share = sum(all.map((stats) => stats.completedBytes)) / (settings.visitors * settings.sizeBytes)
    const links = sum(all.map((stats) => stats.neighbours.length)) / all.length
    const done = snapshots.filter(({ state }) => state === 'complete').length
    say(`${elapsedS} s: ${Math.round(100 * share)}%, ${done} done, ${links.toFixed(1)} neighbours each`)
  }
}

function describe({ visitors, sizeBytes, rateBitsPerSec, system }: Settings): string {
  const rate = rateBitsPerSec === null ? 'an unlimited origin' : `an origin of ${rateBitsPerSec / 1e6} Mb/s`
  return `${visitors} visitors × ${sizeBytes / 1e6} MB by ${system}, ${rate}`
}

function readSettings(): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      visitors: { ...text, default: '8' },
      mb: { ...text, default: '10' },
      'origin-mbps': { ...text, default: '10' },
      system: { ...text, default: 'swarm' },
      integrity: { ...text, default: 'sri' },
      storage: text,
      'stagger-s': { ...text, default: '0' },
      repeat: { ...text, default: '1' },
      'timeout-s': text,
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(0)
  }
  const visitors = whole('--visitors', values.visitors, { from: 1, to: 400 })
  const sizeBytes = Math.round(number('--mb', values.mb, { from: 0, to: 4_000 }) * 1e6)
  const mbps = number('--origin-mbps', values['origin-mbps'], { from: 0, to: 1e6 })
  const staggerMs = number('--stagger-s', values['stagger-s'], { from: 0, to: 3_600 }) * 1_000
  const plainMs = mbps === 0 ? 0 : (visitors * sizeBytes * 8) / (mbps * 1_000)
  const timeoutS = values['timeout-s']
  return {
    visitors,
    sizeBytes,
    rateBitsPerSec: mbps === 0 ? null : mbps * 1e6,
    system: oneOf('--system', values.system, ['swarm', 'http']),
    integrity: oneOf('--integrity', values.integrity, ['sri', 'manifest', 'none']),
    storage: values.storage,
    staggerMs,
    repeat: whole('--repeat', values.repeat, { from: 1, to: 1_000 }),
    timeoutMs:
      timeoutS === undefined
        ? 60_000 + visitors * staggerMs + 2 * plainMs
        : number('--timeout-s', timeoutS, { from: 1, to: 86_400 }) * 1_000,
  }
}
