/**
 * A swarm of 10,000 takes more memory than Node lets a process have by itself, and how much it may have is settled when
 * the process starts: so a process without it starts another one with the same words.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

const MIB = 2 ** 20

/** Most that objects may fill, in MiB: what 10,000 peers take (measured: 6.1 GB), with some room. */
const WANTED_MIB = 7168

/**
 * And no more than this share of the memory that there is (guess): the rest is for young objects, for code and buffers outside
 * the heap, and for whoever else runs there. A process that fails for want of heap says so; one that swaps or is killed does not.
 */
const SHARE_OF_MEMORY = 0.8

/** Young objects, mostly messages on their way, in MiB: twice that saves nothing more, Node's 16 cost 6% of the time. */
const YOUNG_MIB = 128

/** Says to the process that it was started for its memory: it does not start another, whatever it got. */
const MARK = 'SWARMFETCH_ROOMY'

/** Runs these words in a process with more memory and returns its exit code; null: to be run in this one. */
export async function runRoomily(words: readonly string[]): Promise<number | null> {
  const heapMib = Math.floor(Math.min(WANTED_MIB, (availableBytes() / MIB) * SHARE_OF_MEMORY))
  const [script] = process.argv.slice(1)
  const isRoomy = getHeapStatistics().heap_size_limit >= heapMib * MIB
  // Who has set limits knows why.
  const inEnvironment = process.env['NODE_OPTIONS']?.split(/\s+/) ?? []
  const isLimited = [...process.execArgv, ...inEnvironment].some((flag) => /^--max[-_]/.test(flag))
  if (script === undefined || isRoomy || isLimited || process.env[MARK] !== undefined) return null
  const flags = [`--max-old-space-size=${heapMib}`, `--max-semi-space-size=${YOUNG_MIB}`]
  const child = spawn(process.execPath, [...process.execArgv, ...flags, script, ...words], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  })
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGINT', forward).on('SIGTERM', forward)
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

/** The machine's memory, or what a container leaves of it. */
function availableBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}
