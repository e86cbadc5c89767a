/**
 * `npm run bench:alone -- --mb 100 --origin-mbps 400`: what the library costs a visitor who is alone. One page of a
 * profile on disk downloads the file by swarm (SRI, chunks kept in IndexedDB) and by plain `fetch().blob()`, in turns,
 * so that a busy minute of the machine hits both. Prints one JSON line on stdout; ends with code 1 if a download
 * failed or got other bytes than the origin's.
 */

import { parseArgs } from 'node:util'

import { number, oneOf, whole } from '../testbed/numbers.ts'
import { startOriginProcess, startTopologyProcess, type OriginProcess } from '../testbed/processes.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import { median, round } from './figures.ts'

const USAGE = `npm run bench:alone -- [options]
  --mb 100             size of the file in MB (10^6 bytes)
  --origin-mbps 400    rate of the origin in Mb/s; 0: unlimited
  --rounds 5           downloads by each system
  --topology on        on | off: whether the visitor has a topology server to ask
  --storage indexeddb  indexeddb | memory`

interface Settings {
  readonly sizeBytes: number
  readonly rateBitsPerSec: number | null
  readonly rounds: number
  readonly topology: 'on' | 'off'
  readonly storage: 'indexeddb' | 'memory'
}

/** When a download is given up. The slowest sensible one (100 MB at 10 Mb/s) takes 80 s. */
const TIMEOUT_MS = 600_000

const say = (line: string): void => console.error(line)

try {
  process.exitCode = await main(readSettings())
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function main(settings: Settings): Promise<number> {
  const { sizeBytes, rateBitsPerSec } = settings
  const testbed = await openTestbed({ profile: 'disk', scripts: ['bench/store-page.ts'], say })
  const origin = await startOriginProcess({ name: 'sample.bin', sizeBytes, seed: 1, rateBitsPerSec })
  const topology = settings.topology === 'on' ? await startTopologyProcess() : null
  try {
    const swarm: VisitorResult[] = []
    const plain: VisitorResult[] = []
    for (let round = 1; round <= settings.rounds; round++) {
      const { storage } = settings
      const own = { integrity: origin.integrity, storage, visitor: `round-${round}` }
      const options = topology === null ? own : { ...own, topology: topology.url }
      swarm.push(await downloadOnce(testbed, origin, 'swarm', options))
      plain.push(await downloadOnce(testbed, origin, 'http', {}))
    }
    console.log(
      JSON.stringify(summarise(settings, swarm, plain, await setManyBytesPerSec(testbed, sizeBytes))),
    )
    return [...swarm, ...plain].every((result) => result.integrity === origin.integrity) ? 0 : 1
  } finally {
    await topology?.kill()
    await origin.kill()
    await testbed.close()
  }
}

async function downloadOnce(
  testbed: Testbed,
  origin: OriginProcess,
  system: 'swarm' | 'http',
  options: Record<string, unknown>,
): Promise<VisitorResult> {
  const [result] = await runVisitors(testbed, {
    visitors: 1,
    system,
    url: origin.url,
    options,
    timeoutMs: TIMEOUT_MS,
    beforehand: () => testbed.whenQuiet(),
    // The next round starts with an empty disk, as this one did.
    afterwards: async (pages) => {
      await Promise.all(pages.map((page) => page.evaluate(() => window.agent.release())))
    },
  })
  if (result === undefined) throw new Error('No visitor was opened.')
  const { error } = result
  say(
    `${system}: ${error === null ? `${round(result.elapsedMs / 1_000)} s` : `${error.code}: ${error.message}`}`,
  )
  return result
}

/** Median of three: the first write of a profile is the slowest. */
async function setManyBytesPerSec(testbed: Testbed, totalBytes: number): Promise<number> {
  const opened = await testbed.openPages(1)
  const rates: number[] = []
  for (const page of opened.pages) {
    for (let run = 0; run < 3; run++) {
      rates.push(await page.evaluate((totalBytes) => window.measureSetMany(totalBytes), totalBytes))
    }
  }
  await opened.close()
  return median(rates)
}

function summarise(
  settings: Settings,
  swarm: readonly VisitorResult[],
  plain: readonly VisitorResult[],
  setManyBytesPerSec: number,
) {
  const { sizeBytes, rateBitsPerSec, rounds, topology, storage } = settings
  const swarmS = secondsOf(swarm)
  const plainS = secondsOf(plain)
  return {
    bytes: sizeBytes,
    originMbps: rateBitsPerSec === null ? 0 : rateBitsPerSec / 1e6,
    rounds,
    topology,
    storage,
    swarmS: round(median(swarmS)),
    plainS: round(median(plainS)),
    ratio: round(median(swarmS) / median(plainS)),
    swarmMBps: round(sizeBytes / 1e6 / median(swarmS)),
    plainMBps: round(sizeBytes / 1e6 / median(plainS)),
    setManyMBps: round(setManyBytesPerSec / 1e6),
    spread: { swarmS: rangeOf(swarmS), plainS: rangeOf(plainS) },
    errors: [...swarm, ...plain].flatMap(({ error }) => (error === null ? [] : [error.code])),
  }
}

function secondsOf(results: readonly VisitorResult[]): number[] {
  return results.map(({ elapsedMs }) => elapsedMs / 1_000)
}

function rangeOf(values: readonly number[]): { min: number; max: number } {
  return { min: round(Math.min(...values)), max: round(Math.max(...values)) }
}

function readSettings(): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      mb: { ...text, default: '100' },
      'origin-mbps': { ...text, default: '400' },
      rounds: { ...text, default: '5' },
      topology: { ...text, default: 'on' },
      storage: { ...text, default: 'indexeddb' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(0)
  }
  const mbps = number('--origin-mbps', values['origin-mbps'], { from: 0, to: 1e6 })
  return {
    sizeBytes: Math.round(number('--mb', values.mb, { from: 0.001, to: 2_000 }) * 1e6),
    rateBitsPerSec: mbps === 0 ? null : mbps * 1e6,
    rounds: whole('--rounds', values.rounds, { from: 1, to: 100 }),
    topology: oneOf('--topology', values.topology, ['on', 'off']),
    storage: oneOf('--storage', values.storage, ['indexeddb', 'memory']),
  }
}
