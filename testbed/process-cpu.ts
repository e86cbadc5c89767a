/**
 * Processor time of a process and all that it has started, from Linux's /proc (proc_pid_stat(5)). Of a process that has
 * ended, its parent keeps the account: so each second is counted once, whoever is still there.
 */

import { readdir, readFile } from 'node:fs/promises'

/** A second's ticks: what the kernel shows to programs, whatever its own clock (USER_HZ, 100 on all of Linux's platforms). */
const TICKS_PER_SEC = 100

export interface ProcessTimes {
  readonly id: number
  readonly parentId: number
  readonly ownCpuSec: number
  /** Its own, and that of children that have ended. */
  readonly cpuSec: number
}

/** The Chromium that was started with this argument. Null: there is none, or this is not Linux. */
export async function findProcess(argument: string): Promise<number | null> {
  for (const id of await processIds()) {
    const command = await textOf(`/proc/${id}/cmdline`)
    if (command.includes(argument) && !command.includes('--type=')) return id
  }
  return null
}

/** Null where `root` is. */
export async function cpuSecondsOf(root: number | null): Promise<number | null> {
  return root === null ? null : treeCpuSec(root, await allProcesses())
}

/** `root` and all below it. */
export async function processesBelow(root: number): Promise<ReadonlySet<number>> {
  return treeOf(root, await allProcesses())
}

/** Sum over `root` and all below it. */
export function treeCpuSec(root: number, all: readonly ProcessTimes[]): number {
  const within = treeOf(root, all)
  return all.reduce((total, { id, cpuSec }) => total + (within.has(id) ? cpuSec : 0), 0)
}

function treeOf(root: number, all: readonly ProcessTimes[]): ReadonlySet<number> {
  const within = new Set([root])
  let before = 0
  while (within.size > before) {
    before = within.size
    for (const { id, parentId } of all) if (within.has(parentId)) within.add(id)
  }
  return within
}

/** A line of /proc/PID/stat; null where it is none. The name in it may hold anything, brackets and blanks too. */
export function parseStat(line: string): ProcessTimes | null {
  const nameEnd = line.lastIndexOf(')')
  if (nameEnd === -1) return null
  // From the third field on: state, parent, …; the 14th to 17th are the times.
  const fields = line
    .slice(nameEnd + 2)
    .split(' ')
    .map(Number)
  const [user = NaN, system = NaN, ...ofChildren] = fields.slice(11, 15)
  const ownCpuSec = (user + system) / TICKS_PER_SEC
  const cpuSec = ownCpuSec + ofChildren.reduce((total, each) => total + each, 0) / TICKS_PER_SEC
  const [id, parentId] = [Number.parseInt(line, 10), fields[1] ?? NaN]
  if (Number.isNaN(cpuSec) || Number.isNaN(parentId) || Number.isNaN(id)) return null
  return { id, parentId, ownCpuSec, cpuSec }
}

async function allProcesses(): Promise<ProcessTimes[]> {
  const all = await Promise.all(
    (await processIds()).map(async (id) => parseStat(await textOf(`/proc/${id}/stat`))),
  )
  return all.flatMap((times) => times ?? [])
}

async function processIds(): Promise<number[]> {
  try {
    return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  } catch {
    return []
  }
}

/** A file in /proc. Empty where the process has ended meanwhile. */
export async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
