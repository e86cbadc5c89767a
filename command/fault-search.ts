/**
 * `swarmfetch simulate fault-mix`: runs random mixes of faults, seed after seed, and tells those in which something was
 * wrong, each with the command that runs it again.
 */

import { FAULT_MIX } from '../simulator/faults/fault-mix.ts'
import { runFaultMix, type FaultRun } from '../simulator/faults/fault-run.ts'
import { summarise } from '../simulator/run-summary.ts'
import type { SimulateCommand } from './arguments.ts'

export interface SearchSurroundings {
  readonly print: (line: string) => void
  readonly say: (line: string) => void
  /** What runs a seed. Default: the simulator. */
  readonly runSeed?: (seed: number) => FaultRun
}

/** Time between two lines of progress. */
const PROGRESS_EVERY_MS = 2_000

/** Sentences told of one run; those of a broken run are much alike. */
const MAX_SENTENCES = 5

/** Returns the exit code: 1 where a run was not as it must be. */
export function searchFaults(
  { seed, seeds, json }: Pick<SimulateCommand, 'seed' | 'seeds' | 'json'>,
  { print, say, runSeed = runFaultMix }: SearchSurroundings,
): number {
  const first = seed ?? 1
  const count = seeds ?? 1
  const failed: number[] = []
  let saidMs = performance.now()
  for (let place = 0; place < count; place++) {
    const { wrong, summary } = tried(first + place, runSeed)
    if (json && summary !== null) print(JSON.stringify(summary))
    if (wrong.length > 0) {
      failed.push(first + place)
      say(complaint(first + place, wrong))
    }
    if (performance.now() - saidMs < PROGRESS_EVERY_MS) continue
    saidMs = performance.now()
    say(`${place + 1} of ${count} seeds, ${failed.length} failed`)
  }
  if (!json) print(verdict(first, count, failed))
  return failed.length === 0 ? 0 : 1
}

/** A simulator that throws must not keep the seed to itself, either. */
function tried(
  seed: number,
  runSeed: (seed: number) => FaultRun,
): { readonly wrong: readonly string[]; readonly summary: object | null } {
  try {
    const { scenario, result, wrong } = runSeed(seed)
    return { wrong, summary: summarise(scenario, result) }
  } catch (error) {
    return { wrong: [error instanceof Error ? (error.stack ?? error.message) : String(error)], summary: null }
  }
}

function complaint(seed: number, wrong: readonly string[]): string {
  const told = wrong.slice(0, MAX_SENTENCES)
  return [
    `Failed: ${FAULT_MIX}, seed ${seed}`,
    ...told.map((sentence) => `  ${sentence}`),
    ...(wrong.length > told.length ? [`  and ${wrong.length - told.length} more`] : []),
    `  Replay: npx swarmfetch simulate ${FAULT_MIX} --seed ${seed}`,
  ].join('\n')
}

function verdict(first: number, count: number, failed: readonly number[]): string {
  const range = count === 1 ? `Seed ${first}` : `Seeds ${first} to ${first + count - 1}`
  return failed.length === 0
    ? `${range}: nothing was wrong.`
    : `${range}: ${failed.length} of ${count} failed: ${failed.join(', ')}.`
}
