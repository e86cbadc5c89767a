/**
 * One run of the report, in a process of its own: its memory goes back when it ends, and what fails here fails alone.
 * Reads a job as JSON on standard input, prints its record as a line of JSON on standard output, progress on standard
 * error.
 */

import { execFileSync } from 'node:child_process'
import { text } from 'node:stream/consumers'

import type { SimulateOptions } from '../inspection.ts'
import { MeshObserver } from '../observe.ts'
import { summarise } from '../run-summary.ts'
import { SIMULATORS } from '../simulators.ts'
import type { Job, RunRecord } from './records.ts'

const PROGRESS_EVERY_MS = 10_000

const { job, lookEveryMs } = JSON.parse(await text(process.stdin)) as {
  readonly job: Job
  /** Null: nobody looks at the mesh. */
  readonly lookEveryMs: number | null
}
process.stdout.write(`${JSON.stringify(recordOf(job))}\n`)

function recordOf({ key, scenario, policy }: Job): RunRecord {
  const startMs = performance.now()
  const observer = new MeshObserver(scenario.seed)
  const options: SimulateOptions = {
    onProgress: progress(`${scenario.name} (${policy})`),
    ...(lookEveryMs === null
      ? {}
      : { inspect: { everyMs: lookEveryMs, look: (state) => observer.look(state) } }),
  }
  const result = SIMULATORS[policy](scenario, options)
  return {
    key,
    ...summarise(scenario, result, observer.samples),
    commit: commit(),
    wallSec: Math.round((performance.now() - startMs) / 100) / 10,
    memoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
  }
}

function progress(name: string): NonNullable<SimulateOptions['onProgress']> {
  let saidMs = performance.now()
  return ({ virtualMs, completed, peers, events }) => {
    if (performance.now() - saidMs < PROGRESS_EVERY_MS) return
    saidMs = performance.now()
    process.stderr.write(
      `${name}: ${(virtualMs / 1000).toFixed(1)} s of virtual time, ${completed} of ${peers} done, ${(events / 1e6).toFixed(1)} M events\n`,
    )
  }
}

function commit(): string | null {
  try {
    const changes = git('status', '--porcelain', '--', 'src/core', 'simulator', 'signaling-server')
    return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : '+')
  } catch {
    return null
  }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}
