/**
 * A swarm of 10,000 takes more memory than Node lets a process have by itself, and how much it may have is settled when
 * the process starts: so a process without it starts another one with the same words.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

const MIB = 2 ** 20

/** What 10,000 peers take, with some room, and how much of the machine's memory objects may fill at most. */
const WANTED_MIB = 7168
const SHARE_OF_MACHINE = 0.8

/** Young objects, mostly messages on their way, in MiB: twice that saves nothing more, Node's 16 cost 6% of the time. */
const YOUNG_MIB = 128

/** Runs these words in a process with more memory and returns its exit code; null: this process has enough. */
export async function runRoomily(words: readonly string[]): Promise<number | null> {
  const [script] = process.argv.slice(1)
  if (script === undefined || getHeapStatistics().heap_size_limit >= heapMib() * MIB) return null
  const flags = [`--max-old-space-size=${heapMib()}`, `--max-semi-space-size=${YOUNG_MIB}`]
  const child = spawn(process.execPath, [...process.execArgv, ...flags, script, ...words], {
    stdio: 'inherit',
  })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', forward).on('SIGTERM', forward)
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

function heapMib(): number {
  return Math.floor(Math.min(WANTED_MIB, (totalmem() / MIB) * SHARE_OF_MACHINE))
}
