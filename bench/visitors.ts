/**
 * `npm run bench:visitors -- --visitors 8 --mb 10 --origin-mbps 10`: so many real, isolated visitors download one file
 * from one shaped origin, by swarm, plain HTTP or WebTorrent: one setting tried out, where `bench:all` measures many side by
 * side. Prints one JSON line a run on stdout, everything else on stderr; ends with code 1 if a visitor failed or got other
 * bytes than the origin's.
 */

import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'

import { makeManifest, type Manifest } from '../signaling-server/manifest.ts'
import { number, oneOf, whole } from '../testbed/numbers.ts'
import type { Job, SystemName } from '../testbed/page-agent.ts'
import type { OriginProcess } from '../testbed/processes.ts'
import { makeSampleFile } from '../testbed/sample-file.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { makespanMs, runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import { median, round, sum } from './figures.ts'
import { floorS } from './floor.ts'
import { ensurePackages } from './packages.ts'
import { progressLines } from './progress.ts'
import { measureRing, ringScript } from './ring.ts'
import { pagesOf, serve } from './serve.ts'

const USAGE = `npm run bench:visitors -- [options]
  --visitors 8       visitors, all in one Chromium
  --mb 10            size of the file in MB (10^6 bytes)
  --origin-mbps 10   rate of the origin in Mb/s, all responses together; 0: unlimited
  --system swarm     swarm | http | webtorrent
  --integrity sri    sri | manifest | none (none: peers by unverifiedPeers)
  --storage …        indexeddb | memory (absent: the library's default)
  --stagger-s 0      seconds between two visitors' arrivals
  --repeat 1         runs, one JSON line each
  --timeout-s …      when a run is given up (absent: twice what plain HTTP must take, plus a minute)`

interface Settings {
  readonly visitors: number
  readonly sizeBytes: number
  readonly rateBitsPerSec: number | null
  readonly system: SystemName
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
  if (settings.system === 'webtorrent') ensurePackages(say)
  const { scripts = [], files = {} } = pagesOf(settings.system)
  const testbed = await openTestbed({ scripts: [ringScript, ...scripts], files, say })
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
  const { system, sizeBytes, rateBitsPerSec: originBitsPerSec } = settings
  const { origin, job, stop } = await serve({ system, sizeBytes, seed, originBitsPerSec })
  try {
    let ringBytesPerSec: number | null = null
    let originStats = await origin.stats()
    const results = await runVisitors(testbed, {
      ...settings,
      ...job,
      options: await downloadOptions(settings, job, seed),
      beforehand: () => testbed.whenQuiet(),
      watch: progressLines(settings, say),
      watchEveryMs: 2_000,
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
    await stop()
  }
}

async function downloadOptions(
  settings: Settings,
  { system, options }: Job,
  seed: number,
): Promise<Job['options']> {
  if (system !== 'swarm') return options
  const { integrity, ...others } = options
  const own = { ...others, ...(settings.storage === undefined ? {} : { storage: settings.storage }) }
  if (settings.integrity === 'none') return { ...own, unverifiedPeers: true }
  if (settings.integrity === 'sri') return { ...own, integrity }
  return { ...own, integrity: await manifestOfSample(settings.sizeBytes, seed) }
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
  const ringMBps = ringBytesPerSec === null ? null : ringBytesPerSec / 1e6
  const bounds = { visitors, sizeBytes, originBitsPerSec: rateBitsPerSec, hosts: [] }
  return {
    system: settings.system,
    visitors,
    bytes: sizeBytes,
    originMbps: rateBitsPerSec === null ? 0 : rateBitsPerSec / 1e6,
    integrity: settings.system === 'swarm' ? settings.integrity : null,
    storage: settings.system === 'swarm' ? (settings.storage ?? 'default') : null,
    staggerS: settings.staggerMs / 1_000,
    floorS: round(floorS(bounds, ringMBps)),
    makespanS: round(makespanMs(results) / 1_000),
    medianS: round(median(results.map((result) => result.elapsedMs)) / 1_000),
    originCopies: round(originStats.bytesSent / sizeBytes),
    originRequests: originStats.requests,
    originConnectionsMax: originStats.openResponsesMax,
    originConnectionsMean: round(originStats.openResponsesMean),
    peerShare: fromPeers + fromOrigin === 0 ? 0 : round(fromPeers / (fromPeers + fromOrigin)),
    correct: results.filter((result) => result.integrity === origin.integrity).length,
    errors: results.flatMap(({ error }) => (error === null ? [] : [error.code])),
    dataChannelMBps: ringMBps === null ? null : round(ringMBps),
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
    system: oneOf('--system', values.system, ['swarm', 'http', 'webtorrent']),
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
