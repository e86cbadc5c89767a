/**
 * `npm run bench:polite`: does a visitor's uploading stay out of the way of his other traffic? In network namespaces (Linux,
 * root), behind a line with a large buffer, a real visitor that holds a file serves another one outside, while a plain
 * TCP upload and small UDP echoes share the uplink. Four phases a run: nothing, TCP alone, uploads alone, both.
 *
 * Prints one JSON line a run on stdout and a table on stderr. Ends with code 1 where TCP keeps less than 80% of its rate or
 * uploads add more than 100 ms, 2 where something failed, and 3 where the machine cannot have namespaces.
 */

import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { ensureGlobalBuild } from '../testbed/build.ts'
import { type NamespacedHost, openWan, whyNoNamespaces, type Wan } from '../testbed/namespaces.ts'
import { number, oneOf, whole } from '../testbed/numbers.ts'
import { startInNamespace, type AnsweringProcess } from '../testbed/processes.ts'
import { round } from './figures.ts'
import type { HostAnswers, HostOptions, Served } from './polite-host.ts'
import { delays, isPolite, type Phase, type PhaseName, type Run, summarise, table } from './polite-report.ts'

const USAGE = `npm run bench:polite -- [options]      (Linux, root)
  --up-mbps 5        rate of the line upwards in Mb/s
  --down-mbps 50     and downwards
  --rtt-ms 20        round trip of the empty line
  --buffer-ms 500    what the modem keeps, as time on the line
  --tcp cubic        cubic | reno | bbr: congestion control of the TCP upload
  --takers 1         visitors outside who are served
  --seconds 20       length of a phase
  --repeat 3         runs
  --trace file       appends what the modem saw each 100 ms, as JSON lines`

const MET = 0
const MISSED = 1
const FAILED = 2
const SKIPPED = 3

/** Share of the line that payload can be at most. For sizes only: more is fetched than can be served. */
const SPARE_FILE = 1.2

/** Bits a second that are left of the origin once the holder has the file: visitors outside get it from him. */
const TRICKLE_BITS_PER_SEC = 8_000

/** All that is to happen before the first run and after the last, in ms (guess: two Chromiums start in 5 s). */
const SETTING_UP_MS = 120_000
/** Between phases: queues drain, and whoever leaves is gone, in ms. */
const BETWEEN_MS = 2_000
/** What a visitor outside may take to be served its first bytes, in ms. */
const SERVED_WITHIN_MS = 30_000
/** What closing may take when we are told to stop, in ms. */
const CLOSE_WITHIN_MS = 5_000

interface Settings {
  readonly upMbps: number
  readonly downMbps: number
  readonly rttMs: number
  readonly bufferMs: number
  readonly congestionControl: string
  readonly takers: number
  readonly seconds: number
  readonly repeat: number
  readonly trace: string | undefined
}

interface Scene {
  readonly wan: Wan
  readonly home: AnsweringProcess<HostAnswers>
  readonly outside: AnsweringProcess<HostAnswers>
  readonly outsideAddress: string
  readonly served: Served
}

const say = (line: string): void => console.error(line)

/** What is to be closed whatever happens, last first. */
const closing: (() => Promise<unknown>)[] = []

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void stop(`Stopping on ${signal}.`))

try {
  process.exitCode = await main(readSettings())
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = FAILED
} finally {
  await closeAll()
}

async function main(settings: Settings): Promise<number> {
  const reason = await whyNoNamespaces()
  if (reason !== null) {
    say(`SKIPPED, NOTHING WAS MEASURED: network namespaces cannot be had here: ${reason}`)
    return SKIPPED
  }
  const runMs = 4 * (settings.seconds * 1000 + BETWEEN_MS) + SERVED_WITHIN_MS
  const limitMs = SETTING_UP_MS + settings.repeat * runMs
  setTimeout(() => void stop(`Not done within ${limitMs / 1000} s.`), limitMs).unref()
  await ensureGlobalBuild(say)
  const scene = await setScene(settings)
  const runs: Run[] = []
  for (let run = 1; run <= settings.repeat; run++) {
    const measured = summarise(run, await measureRun(scene, settings, run))
    runs.push(measured)
    console.log(JSON.stringify({ ...settings, ...measured, isPolite: isPolite(measured) }))
  }
  say(table(runs))
  for (const { run, tcpShare, addedMs, addedP95Ms, addedToTcpMs } of runs)
    say(
      `run ${run}: TCP keeps ${(100 * tcpShare).toFixed(0)}%; uploads add ${addedMs.toFixed(0)} ms (95th percentile ${addedP95Ms.toFixed(0)}), beside TCP ${addedToTcpMs.toFixed(0)} ms`,
    )
  return runs.every(isPolite) ? MET : MISSED
}

/** Everything runs, and the visitor at home has the file. */
async function setScene(settings: Settings): Promise<Scene> {
  const line = { bufferMs: settings.bufferMs, delayMs: settings.rttMs / 2 }
  const up = { ...line, rateBitsPerSec: settings.upMbps * 1e6 }
  const down = { ...line, rateBitsPerSec: settings.downMbps * 1e6 }
  const wan = await openWan(
    [
      { up, down },
      { up: null, down: null },
    ],
    settings.congestionControl,
  )
  closing.push(wan.close)
  const [atHome, farOut] = wan.hosts
  if (atHome === undefined || farOut === undefined) throw new Error('There are no two hosts.')
  const [home, outside] = [await startHost(atHome), await startHost(farOut)]
  const bytesPerSec = (settings.upMbps * 1e6) / 8
  const served = await outside.ask('serve', Math.round(2 * settings.seconds * bytesPerSec * SPARE_FILE))
  const scene = { wan, home, outside, outsideAddress: farOut.address, served }
  await home.ask('visit', jobOf(served))
  await until('the visitor at home has the file', SETTING_UP_MS, async () => {
    const [holder] = await home.ask('snapshots')
    if (holder?.state === 'failed') throw new Error('The visitor at home could not download the file.')
    return holder?.state === 'complete'
  })
  await outside.ask('setOriginRate', TRICKLE_BITS_PER_SEC)
  say('The visitor at home has the file.')
  return scene
}

async function startHost({ namespace, address }: NamespacedHost): Promise<AnsweringProcess<HostAnswers>> {
  const options: HostOptions = { address }
  const host = await startInNamespace<HostAnswers>(namespace, 'bench/polite-host.ts', options)
  closing.push(async () => {
    await Promise.race([host.ask('close').catch(() => undefined), pause(CLOSE_WITHIN_MS)])
    await host.kill()
  })
  return host
}

function jobOf({ url, topology, integrity }: Served) {
  const upload = { seedForMs: 3_600_000 }
  return { system: 'swarm', url, options: { topology, integrity, upload } } as const
}

async function measureRun(scene: Scene, settings: Settings, run: number): Promise<Phase[]> {
  const { home, outside, outsideAddress, served } = scene
  const phases: Phase[] = []
  const measure = async (name: PhaseName): Promise<void> => {
    say(`Run ${run}: ${name}`)
    phases.push(await measurePhase(scene, settings, run, name))
  }
  await measure('idle')
  await home.ask('startUpload', outsideAddress)
  await measure('tcp')
  await home.ask('stopUpload')
  await pause(BETWEEN_MS)
  for (let taker = 0; taker < settings.takers; taker++) await outside.ask('visit', jobOf(served))
  await until('visitors outside are served', SERVED_WITHIN_MS, async () => {
    const takers = await outside.ask('snapshots')
    return takers.every(({ stats }) => (stats?.bytesFromPeers ?? 0) > 0)
  })
  await measure('uploads')
  await home.ask('startUpload', outsideAddress)
  await measure('both')
  await home.ask('stopUpload')
  const takers = await outside.ask('snapshots')
  if (takers.some(({ state }) => state !== 'downloading'))
    throw new Error('A visitor outside was done too early.')
  await outside.ask('leave')
  await pause(BETWEEN_MS)
  return phases
}

async function measurePhase(
  { wan, home, outside, outsideAddress }: Scene,
  { seconds, trace }: Settings,
  run: number,
  name: PhaseName,
): Promise<Phase> {
  await wan.process.ask('look')
  const before = await outside.ask('sunk')
  await home.ask('startEchoes', outsideAddress)
  await pause(seconds * 1000)
  const roundTripsMs = await home.ask('stopEchoes')
  const after = await outside.ask('sunk')
  const looked = await wan.process.ask('look')
  if (trace !== undefined)
    for (const row of looked.trace) appendFileSync(trace, `${JSON.stringify({ run, phase: name, ...row })}\n`)
  return {
    name,
    seconds,
    tcpMbps: round(mbps(after.bytes - before.bytes, after.atMs - before.atMs)),
    webrtcMbps: round(mbps(looked.bytes.webrtc, looked.elapsedMs)),
    ...delays(roundTripsMs),
    meanQueueMs: round(looked.meanQueueMs),
    mostQueueMs: round(looked.mostQueueMs),
    drops: looked.drops,
    latestMs: round(looked.latestMs),
  }
}

function mbps(bytes: number, elapsedMs: number): number {
  return (bytes * 8) / (elapsedMs * 1000)
}

async function until(what: string, withinMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startMs > withinMs) throw new Error(`Not within ${withinMs / 1000} s: ${what}.`)
    await pause(100)
  }
}

async function stop(why: string): Promise<void> {
  say(why)
  await Promise.race([closeAll(), pause(CLOSE_WITHIN_MS)])
  process.exit(FAILED)
}

async function closeAll(): Promise<void> {
  for (let close = closing.pop(); close !== undefined; close = closing.pop()) await close().catch(say)
}

function readSettings(): Settings {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      'up-mbps': { ...text, default: '5' },
      'down-mbps': { ...text, default: '50' },
      'rtt-ms': { ...text, default: '20' },
      'buffer-ms': { ...text, default: '500' },
      tcp: { ...text, default: 'cubic' },
      takers: { ...text, default: '1' },
      seconds: { ...text, default: '20' },
      repeat: { ...text, default: '3' },
      trace: text,
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(MET)
  }
  return {
    upMbps: number('--up-mbps', values['up-mbps'], { from: 0.2, to: 100 }),
    downMbps: number('--down-mbps', values['down-mbps'], { from: 0.2, to: 200 }),
    rttMs: number('--rtt-ms', values['rtt-ms'], { from: 0, to: 1_000 }),
    bufferMs: number('--buffer-ms', values['buffer-ms'], { from: 10, to: 5_000 }),
    congestionControl: oneOf('--tcp', values.tcp, ['cubic', 'reno', 'bbr']),
    takers: whole('--takers', values.takers, { from: 1, to: 16 }),
    seconds: number('--seconds', values.seconds, { from: 1, to: 600 }),
    repeat: whole('--repeat', values.repeat, { from: 1, to: 100 }),
    trace: values.trace,
  }
}
