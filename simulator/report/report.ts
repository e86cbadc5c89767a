/**
 * `npm run simulate:report`: makes every run of every scenario that has not been made yet, and writes tables and plots
 * of all of them into docs/results. An interrupted report goes on where it was.
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { allTopics, type Topic } from '../catalogue.ts'
import { runsOf, runsSessions } from '../policies.ts'
import { index } from './index-page.ts'
import type { Page, Records } from './page.ts'
import { jobOf, RecordFile, type Job, type RunRecord } from './records.ts'
import { runJobs } from './workers.ts'
import { RESULTS, writePage } from './write-page.ts'
import { WRITERS } from './writers.ts'

const USAGE = `npm run simulate:report -- [options]
  --only NAME    a topic (mesh) or one scenario (mesh/calm-n10); repeatable. Absent: everything
  --jobs 1       runs at a time, each in a process of its own
  --max-peers N  leaves larger scenarios out, for now
  --fresh        runs also what has been run before
  --write        runs nothing, only writes the pages`

interface Settings {
  readonly only: readonly string[]
  readonly workers: number
  readonly maxPeers: number
  readonly fresh: boolean
  readonly write: boolean
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)

process.exitCode = await main()

async function main(): Promise<number> {
  const settings = readSettings()
  if (settings === null) return 2
  let failures = 0
  const topics: { readonly topic: Topic; readonly page: Page; readonly records: readonly RunRecord[] }[] = []
  for (const topic of allTopics()) {
    const file = await RecordFile.open(join(RESULTS, 'data', `${topic.name}.jsonl`))
    if (!settings.write) failures += await runMissing(topic, file, settings)
    const records = await file.keep(jobsOf(topic))
    const page = WRITERS[topic.name]?.(lookUp(records))
    if (page !== undefined) topics.push({ topic, page, records })
  }
  for (const { topic, page } of topics) await writePage(`${topic.name}.md`, page)
  await writePage('README.md', { markdown: index(topics), plots: {} })
  return failures === 0 ? 0 : 1
}

/** Returns how many runs came to nothing. */
async function runMissing(topic: Topic, file: RecordFile, settings: Settings): Promise<number> {
  let failures = 0
  const jobs = jobsOf(topic)
    .filter(({ scenario }) => isWanted(scenario.name, topic.name, settings.only))
    .filter(({ scenario }) => scenario.peers <= settings.maxPeers)
    .filter(({ key }) => settings.fresh || file.get(key) === undefined)
    // What is quick comes first: after a minute there is something to see.
    .sort((a, b) => effort(a) - effort(b))
  if (jobs.length > 0) say(`${topic.name}: ${jobs.length} runs to make`)
  const looks = new Map(topic.cases.map(({ scenario, lookEveryMs }) => [scenario.name, lookEveryMs]))
  let ended = 0
  await runJobs(jobs, {
    workers: settings.workers,
    lookEveryMs: ({ scenario, policy }) => (runsSessions(policy) ? (looks.get(scenario.name) ?? null) : null),
    ended: async (job, record) => {
      await file.add(record)
      say(`${++ended}/${jobs.length} ${job.scenario.name} (${job.policy}): ${words(record)}`)
    },
    failed: (job, reason) => {
      failures++
      say(
        `${++ended}/${jobs.length} ${job.scenario.name} (${job.policy}), seed ${job.scenario.seed}: ${reason}`,
      )
    },
  })
  return failures
}

function jobsOf(topic: Topic): readonly Job[] {
  return topic.cases.flatMap(({ scenario, policy }) => runsOf(policy).map((run) => jobOf(scenario, run)))
}

function names(topic: Topic): readonly string[] {
  return topic.cases.map(({ scenario }) => scenario.name)
}

function isWanted(scenario: string, topic: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((name) => name === topic || name === scenario)
}

function effort({ scenario, policy }: Job): number {
  return policy === 'plain' ? 0 : scenario.peers * (scenario.sizeBytes + (scenario.untilMs ?? 0))
}

function words(record: RunRecord): string {
  const ratio = record.ratioToFloor.toFixed(3)
  return `${(record.makespanMs / 1000).toFixed(1)} s, ${ratio} × the floor, ${record.violationCount} violations; took ${record.wallSec} s and ${record.memoryMb} MB`
}

function lookUp(records: readonly RunRecord[]): Records {
  const byRun = new Map(records.map((record) => [`${record.policy} ${record.scenario}`, record]))
  return (scenario, policy) => byRun.get(`${policy} ${scenario}`)
}

/** Null: it has been said what is wrong with them. */
function readSettings(): Settings | null {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        jobs: { type: 'string', default: '1' },
        'max-peers': { type: 'string', default: 'Infinity' },
        fresh: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const [workers, maxPeers] = [Number(values.jobs), Number(values['max-peers'])]
    const known = new Set(allTopics().flatMap((topic) => [topic.name, ...names(topic)]))
    const stranger = values.only.find((name) => !known.has(name))
    if (values.help) throw new RangeError(USAGE)
    if (!(Number.isInteger(workers) && workers >= 1 && workers <= 64))
      throw new RangeError('--jobs is 1 to 64.')
    if (!(maxPeers >= 1)) throw new RangeError('--max-peers is a number.')
    if (stranger !== undefined) throw new RangeError(`There is no scenario "${stranger}".`)
    return { only: values.only, workers, maxPeers, fresh: values.fresh, write: values.write }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return null
  }
}
