/** Runs jobs in processes of their own, several at a time. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'

import type { Job, RunRecord } from './records.ts'

const SCRIPT = fileURLToPath(new URL('run-one.ts', import.meta.url))

/** Young objects, mostly messages on their way, in MiB. Node's 16 cost 6% of the time in a swarm of thousands. */
const YOUNG_MIB = 128

/**
 * Most of the machine's memory that all processes together may fill with objects (guess: the rest is for young objects, for
 * what is outside the heaps, and for the machine itself).
 */
const MEMORY_SHARE = 0.8

export interface WorkerOptions {
  /** Processes at a time. */
  readonly workers: number
  readonly lookEveryMs: (job: Job) => number | null
  /** Where what they say of their progress goes. Default 'inherit'. */
  readonly errors?: 'inherit' | 'ignore'
  /** A run has ended; the next is started when this is done. */
  readonly ended: (job: Job, record: RunRecord) => Promise<void>
  /** A run came to nothing. */
  readonly failed: (job: Job, reason: string) => void
}

/** Takes the jobs in their order. Returns when all have ended or failed. */
export async function runJobs(jobs: readonly Job[], options: WorkerOptions): Promise<void> {
  const waiting = [...jobs]
  const running = new Set<ChildProcess>()
  const killAll = (): void => running.forEach((child) => child.kill('SIGKILL'))
  process.on('exit', killAll).once('SIGTERM', stop).once('SIGINT', stop)
  try {
    await Promise.all(Array.from({ length: options.workers }, () => work(waiting, running, options)))
  } finally {
    process.off('exit', killAll).off('SIGTERM', stop).off('SIGINT', stop)
  }
}

async function work(waiting: Job[], running: Set<ChildProcess>, options: WorkerOptions): Promise<void> {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const outcome = await runApart(job, running, options)
    if (typeof outcome === 'string') options.failed(job, outcome)
    else await options.ended(job, outcome)
  }
}

/** The record, or why there is none. */
async function runApart(
  job: Job,
  running: Set<ChildProcess>,
  { workers, lookEveryMs, errors = 'inherit' }: WorkerOptions,
): Promise<RunRecord | string> {
  const heapMib = Math.floor((totalmem() * MEMORY_SHARE) / workers / 2 ** 20)
  const flags = [`--max-old-space-size=${heapMib}`, `--max-semi-space-size=${YOUNG_MIB}`]
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', SCRIPT], {
    stdio: ['pipe', 'pipe', errors],
  })
  running.add(child)
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  child.stdin.end(JSON.stringify({ job, lookEveryMs: lookEveryMs(job) }))
  const [output, [code, signal]] = await Promise.all([text(child.stdout), exited])
  running.delete(child)
  if (code !== 0) return `ended with ${signal ?? `code ${code}`}`
  return JSON.parse(output) as RunRecord
}

function stop(): void {
  process.exit(1)
}
