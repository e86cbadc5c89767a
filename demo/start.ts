/**
 * `npm start`: a shaped origin, a topology server and the demo page, on free ports, each thing for real. With
 * `--visitors 8` eight headless visitors download the file together, and the command ends with what came of it.
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { ensureGlobalBuild, globalBuildPath } from '../testbed/build.ts'
import { bundle } from '../testbed/bundle.ts'
import { number, whole } from '../testbed/numbers.ts'
import {
  projectRoot,
  startOriginProcess,
  startTopologyProcess,
  type OriginProcess,
} from '../testbed/processes.ts'
import { json, startStaticServer, type StaticServer } from '../testbed/static-server.ts'
import { runHeadlessVisitors } from './headless.ts'
import type { DemoConfig, OriginTotal } from './page-config.ts'

const USAGE = `npm start -- [options]
  --port 0           port of the page; 0: a free one
  --mb 20            size of the file in MB (10^6 bytes)
  --origin-mbps 10   rate of the origin in Mb/s, all visitors together; 0: unlimited
  --visitors 0       so many headless visitors download it; the command ends when they are done`

/** The largest file that the sample origin holds in memory, in MB. */
const MAX_MB = 4_000

/** Each visitor is a page of one Chromium: more than this and the machine is what is measured. */
const MAX_VISITORS = 200

interface Settings {
  readonly port: number
  readonly sizeBytes: number
  readonly rateBitsPerSec: number | null
  readonly visitors: number
}

const say = (line: string): void => console.log(line)

/** What is open, to be closed in reverse. */
const closers: (() => Promise<void>)[] = []

try {
  const settings = readSettings()
  process.exitCode = await Promise.race([interrupted(), demo(settings)])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
for (const close of closers.toReversed()) await close()
// A download that was cut short may still hold timers or sockets; nothing is left that would be worth waiting for.
process.exit()

async function demo(settings: Settings): Promise<number> {
  await ensureGlobalBuild(say)
  const { sizeBytes, rateBitsPerSec } = settings
  const origin = await startOriginProcess({ name: 'sample.bin', sizeBytes, seed: 1, rateBitsPerSec })
  closers.push(() => origin.kill())
  const topology = await startTopologyProcess()
  closers.push(() => topology.kill())
  const config: DemoConfig = {
    url: origin.url,
    name: 'sample.bin',
    sizeBytes,
    rateBitsPerSec,
    topology: topology.url,
    integrity: origin.integrity,
  }
  const page = await servePage(settings.port, config, origin)
  closers.push(() => page.close())
  announce(page.url, config)
  if (settings.visitors === 0) return new Promise<never>(() => undefined)
  const { visitors } = settings
  return runHeadlessVisitors({
    visitors,
    config,
    origin,
    opened: (testbed) => closers.push(() => testbed.close()),
  })
}

async function servePage(port: number, config: DemoConfig, origin: OriginProcess): Promise<StaticServer> {
  const script = await bundle('demo/demo.ts')
  const total = async (): Promise<OriginTotal> => ({
    copies: (await origin.stats()).bytesSent / Math.max(1, config.sizeBytes),
  })
  try {
    return await startStaticServer({
      port,
      routes: {
        '/': demoFile('index.html'),
        '/demo.css': demoFile('demo.css'),
        '/download.css': demoFile('download.css'),
        '/panels.css': demoFile('panels.css'),
        '/icon.svg': demoFile('icon.svg'),
        '/demo.js': () => ({ type: 'text/javascript; charset=utf-8', body: script }),
        '/swarm.js': globalBuildPath,
        '/config.json': () => json(config),
        '/origin.json': async () => json(await total()),
      },
    })
  } catch (error) {
    throw new Error(
      `The page cannot be served on port ${port}: is something else there? Try another --port.`,
      {
        cause: error,
      },
    )
  }
}

function demoFile(name: string): string {
  return join(projectRoot, 'demo', name)
}

function announce(pageUrl: string, config: DemoConfig): void {
  const rate = config.rateBitsPerSec === null ? 'unlimited' : `${config.rateBitsPerSec / 1e6} Mb/s`
  say('')
  say(`  Open       ${pageUrl}/`)
  say(`  File       ${config.url}, ${config.sizeBytes / 1e6} MB, ${rate}`)
  say(`  Topology   ${config.topology}`)
  say('')
  say('  Each tab is a visitor of its own: open two, start both, and watch them share the work.')
  say('  `npm start -- --visitors 8` does the same with eight headless visitors. Ctrl-C ends everything.')
  say('')
}

function interrupted(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0))
  })
}

function readSettings(): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      port: { ...text, default: '0' },
      mb: { ...text, default: '20' },
      'origin-mbps': { ...text, default: '10' },
      visitors: { ...text, default: '0' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(0)
  }
  const mbps = number('--origin-mbps', values['origin-mbps'], { from: 0, to: 1e6 })
  return {
    port: whole('--port', values.port, { from: 0, to: 65_535 }),
    sizeBytes: Math.round(number('--mb', values.mb, { from: 0, to: MAX_MB }) * 1e6),
    rateBitsPerSec: mbps === 0 ? null : mbps * 1e6,
    visitors: whole('--visitors', values.visitors, { from: 0, to: MAX_VISITORS }),
  }
}
