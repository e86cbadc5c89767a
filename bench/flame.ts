/**
 * `npm run bench:flame -- --visitors 48 --mb 20 --origin-mbps 10`: where the processor's time goes while visitors download a
 * file together. All threads of the browser by Linux's count, and below the pages' own threads the functions of a few of the
 * pages, by DevTools' profiler. Writes an SVG, and says on stdout as JSON how long it took and what each kind of thread used.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { globalBuildPath } from '../testbed/build.ts'
import { number, whole } from '../testbed/numbers.ts'
import { projectRoot } from '../testbed/processes.ts'
import { openTestbed } from '../testbed/testbed.ts'
import { threadSecondsBetween } from '../testbed/thread-cpu.ts'
import { makespanMs, runVisitors } from '../testbed/visitors.ts'
import { round } from './figures.ts'
import { flameGraph } from './flame-graph.ts'
import { ProcessorWatch } from './processor-watch.ts'
import {
  addProfile,
  addStack,
  type CpuProfile,
  type Frame,
  namesBy,
  newFrame,
  scaleTo,
} from './profile-tree.ts'
import { serve } from './serve.ts'

const USAGE = `npm run bench:flame -- [options]
  --visitors 48     pages that start at once
  --mb 20           size of the file in MB (10^6 bytes)
  --origin-mbps 10  rate of the origin in Mb/s
  --build FILE      script-tag build to look at, with its map beside it. Default: of this tree
  --title TEXT      what stands above the graph
  --out FILE        default docs/results/bench-flame.svg`

/** Kinds of threads that use less than this share of all are put together. */
const SMALL_SHARE = 0.005

/** The pages' own threads, below which functions are shown. */
const PAGE_THREADS = 'renderer/main'

/** What the profiles themselves cost. */
const PROFILER = 'renderer/v8:ProfEvntProc'

const TIMEOUT_MS = 600_000

const say = (line: string): void => console.error(line)

try {
  await main()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

async function main(): Promise<void> {
  const settings = readSettings()
  if (settings === null) return
  const { build, visitors, sizeBytes, originBitsPerSec } = settings
  const testbed = await openTestbed({ say, ...(build === null ? {} : { build }) })
  const served = await serve({ system: 'swarm', sizeBytes, seed: 1, originBitsPerSec })
  const watch = new ProcessorWatch(testbed)
  try {
    const results = await runVisitors(testbed, {
      ...served.job,
      visitors,
      timeoutMs: TIMEOUT_MS,
      beforehand: async (pages) => {
        await testbed.whenQuiet()
        await watch.start(pages)
      },
      ended: () => watch.stop(),
    })
    const nameOf = namesBy(JSON.parse(await readFile(`${build ?? globalBuildPath}.map`, 'utf8')))
    const threads = threadSecondsBetween(watch.before, watch.after).filter(([name]) => name !== PROFILER)
    const all = newFrame(`all threads of the browser, ${visitors} visitors`)
    addThreads(all, threads)
    const pages = all.calls.get(PAGE_THREADS)
    if (pages !== undefined) addFunctions(pages, watch.profiles, nameOf)
    await writeFile(settings.out, flameGraph(all, settings.title))
    const wrong = results.filter(({ integrity }) => integrity !== served.origin.integrity).length
    const seconds = Object.fromEntries(threads.slice(0, 12).map(([name, sec]) => [name, round(sec)]))
    console.log(
      JSON.stringify({ makespanS: round(makespanMs(results) / 1000), wrong, cpuS: round(all.sec), seconds }),
    )
    if (wrong > 0) process.exitCode = 1
  } finally {
    await served.stop()
    await testbed.close()
  }
}

function addThreads(all: Frame, threads: readonly (readonly [string, number])[]): void {
  const total = threads.reduce((sum, [, sec]) => sum + sec, 0)
  for (const [name, sec] of threads) addStack(all, [sec < SMALL_SHARE * total ? 'others' : name], sec)
}

/** The functions of the profiled pages, as if they were those of all. */
function addFunctions(
  pages: Frame,
  profiles: readonly CpuProfile[],
  nameOf: Parameters<typeof addProfile>[2],
): void {
  const functions = newFrame(pages.name)
  for (const profile of profiles) addProfile(functions, profile, nameOf)
  scaleTo(functions, pages.sec)
  for (const [name, called] of functions.calls) pages.calls.set(name, called)
}

interface Settings {
  readonly visitors: number
  readonly sizeBytes: number
  readonly originBitsPerSec: number
  readonly build: string | null
  readonly title: string
  readonly out: string
}

function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      visitors: { type: 'string', default: '48' },
      mb: { type: 'string', default: '20' },
      'origin-mbps': { type: 'string', default: '10' },
      build: { type: 'string' },
      title: { type: 'string' },
      out: { type: 'string', default: join(projectRoot, 'docs/results/bench-flame.svg') },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    return null
  }
  const visitors = whole('--visitors', values.visitors, { from: 1, to: 1000 })
  const mb = number('--mb', values.mb, { from: 0.001, to: 100_000 })
  const mbps = number('--origin-mbps', values['origin-mbps'], { from: 0.01, to: 100_000 })
  return {
    visitors,
    sizeBytes: Math.round(mb * 1e6),
    originBitsPerSec: mbps * 1e6,
    build: values.build ?? null,
    title: values.title ?? `Processor time of ${visitors} visitors, ${mb} MB, origin ${mbps} Mb/s`,
    out: values.out,
  }
}
