/**
 * `npm run bench:all`: every scenario by every system, side by side and repeated, into docs/results. It installs what it
 * needs, makes the runs that have not been made yet, and goes on where it was interrupted: each run is a line of
 * docs/results/data/bench.jsonl as soon as it has ended. The page is written at the end.
 *
 * Ends with code 1 where a run failed, or a visitor got other bytes than the origin's.
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { RecordFile } from '../simulator/report/records.ts'
import { RESULTS, writePage } from '../simulator/report/write-page.ts'
import { whyNoNamespaces } from '../testbed/namespaces.ts'
import { oneOf, whole } from '../testbed/numbers.ts'
import { projectRoot } from '../testbed/processes.ts'
import { BOUNDS } from './bounds.ts'
import { round } from './figures.ts'
import { isSystem, type Job, jobsOf } from './jobs.ts'
import { type Machine, machineHere } from './machine.ts'
import { ensurePackages } from './packages.ts'
import type { Place } from './place.ts'
import { runOnHosts } from './place-hosts.ts'
import { runOverLink } from './place-link.ts'
import { runInPages } from './place-pages.ts'
import { resultsPage } from './results-page.ts'
import { allRight, type RunRecord, visitsOf } from './runs.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'

const WHOM = ['swarm', 'http', 'webtorrent', 'ring', 'channel', 'setMany', 'fetch'] as const

const USAGE = `npm run bench:all -- [options]
  --only NAME     a scenario; repeatable. Absent: all of ${SCENARIOS.map(({ name }) => name).join(', ')}
  --system NAME   only one of ${WHOM.join(', ')}; repeatable
  --repeat 5      runs of each
  --fresh         runs also what has been run before, by whichever commit
  --write         runs nothing, only writes the page
  --small         a tenth of each file, kept apart; prints the page instead of writing it: does everything run?`

/** Most repeats that are kept. */
const MOST_REPEATS = 100

/** What `--small` divides files by, and where its lines go. */
const SMALL_PART = 10
const SMALL_PATH = join(projectRoot, '.cache', 'bench-small.jsonl')

const PLACES: Readonly<Record<Scenario['place'], Place>> = {
  pages: runInPages,
  disk: runInPages,
  link: runOverLink,
  hosts: runOnHosts,
}

interface Settings {
  readonly only: readonly string[]
  readonly systems: readonly string[]
  readonly repeats: number
  readonly fresh: boolean
  readonly write: boolean
  readonly small: boolean
}

const say = (line: string): void => console.error(line)

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

try {
  process.exitCode = await main(readSettings())
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = 2
}

async function main(settings: Settings): Promise<number> {
  const scenarios = settings.small ? SCENARIOS.map(smaller) : SCENARIOS
  const path = settings.small ? SMALL_PATH : join(RESULTS, 'data', 'bench.jsonl')
  const file = await RecordFile.open<RunRecord>(path)
  const failures = settings.write ? 0 : await runMissing(scenarios, file, settings)
  const records = await file.keep(scenarios.flatMap((scenario) => jobsOf(scenario, MOST_REPEATS)))
  if (settings.small) console.log(resultsPage(scenarios, records).markdown)
  else await writePage('bench.md', resultsPage(scenarios, records))
  return failures === 0 ? 0 : 1
}

/** Returns how many runs came to nothing, or to wrong bytes. */
async function runMissing(
  scenarios: readonly Scenario[],
  file: RecordFile<RunRecord>,
  settings: Settings,
): Promise<number> {
  ensurePackages(say)
  const machine = machineHere()
  const noHosts = await whyNoNamespaces()
  const jobs = scenarios
    .filter(({ name }) => settings.only.length === 0 || settings.only.includes(name))
    .filter(({ place, name }) => {
      if (place === 'hosts' && noHosts !== null)
        say(`${name}: LEFT OUT, no network namespaces here: ${noHosts}`)
      return place !== 'hosts' || noHosts === null
    })
    .flatMap((scenario) => jobsOf(scenario, settings.repeats))
    .filter(({ whom }) => settings.systems.length === 0 || settings.systems.includes(whom))
    .filter(({ key }) => settings.fresh || file.get(key) === undefined)
  let failures = 0
  for (const [index, job] of jobs.entries()) {
    say(`${index + 1}/${jobs.length} ${job.scenario.name}, repeat ${job.repeat}: ${job.whom}`)
    const record = await recordOf(job, machine).catch((error: unknown) => {
      say(`  failed: ${error instanceof Error ? error.message : String(error)}`)
      return null
    })
    if (record === null || !isRight(record, job)) failures++
    if (record === null) continue
    await file.add(record)
    console.log(JSON.stringify(record))
  }
  return failures
}

async function recordOf({ key, scenario, whom, repeat }: Job, machine: Machine): Promise<RunRecord> {
  const common = { key, scenario: scenario.name, repeat, whom, at: new Date().toISOString(), machine }
  if (!isSystem(whom)) {
    const bytesPerSec = await BOUNDS[whom](scenario, repeat, say)
    return { ...common, visits: null, boundMBps: round(bytesPerSec / 1e6) }
  }
  const measured = await PLACES[scenario.place]({ scenario, system: whom, seed: repeat, say })
  return { ...common, visits: visitsOf(scenario, measured), boundMBps: null }
}

function isRight({ visits }: RunRecord, { scenario }: Job): boolean {
  if (visits === null || allRight(visits, scenario)) return true
  say(`  only ${visits.correct} got the right bytes; errors: ${visits.errors.join(', ')}`)
  return false
}

function smaller(scenario: Scenario): Scenario {
  return { ...scenario, sizeBytes: scenario.sizeBytes / SMALL_PART }
}

function readSettings(): Settings {
  const names = { type: 'string', multiple: true, default: [] as string[] } as const
  const { values } = parseArgs({
    options: {
      only: names,
      system: names,
      repeat: { type: 'string', default: '5' },
      fresh: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      small: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    say(USAGE)
    process.exit(0)
  }
  const known = SCENARIOS.map(({ name }) => name)
  return {
    only: values.only.map((name) => oneOf('--only', name, known)),
    systems: values.system.map((name) => oneOf('--system', name, WHOM)),
    repeats: whole('--repeat', values.repeat, { from: 1, to: MOST_REPEATS }),
    fresh: values.fresh,
    write: values.write,
    small: values.small,
  }
}
