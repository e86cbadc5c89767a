/**
 * A script that asks for a roomy process, for tests. Where it is run in the end, it says so in a line, ends with the first
 * of its words as its exit code, or waits for a signal where that is no number.
 */

import { getHeapStatistics } from 'node:v8'

import { runRoomily } from '../../command/roomy-process.ts'

/** What the process that does the work says of itself. */
export interface Worker {
  readonly pid: number
  readonly flags: readonly string[]
  readonly words: readonly string[]
  readonly heapMib: number
  /** It knows that it was started for its memory. */
  readonly isMarked: boolean
}

const words = process.argv.slice(2)
process.exitCode = (await runRoomily(words)) ?? work()

function work(): number {
  const heapMib = getHeapStatistics().heap_size_limit / 2 ** 20
  const isMarked = process.env['SWARMFETCH_ROOMY'] !== undefined
  const worker: Worker = { pid: process.pid, flags: process.execArgv, words, heapMib, isMarked }
  process.stdout.write(`${JSON.stringify(worker)}\n`)
  const code = Number(words[0])
  if (Number.isNaN(code)) setInterval(() => {}, 60_000)
  return Number.isNaN(code) ? 0 : code
}
