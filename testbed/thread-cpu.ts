/** Processor time by the kinds of threads of a browser, from Linux's /proc: what a profile of a page does not see. */

import { readdir } from 'node:fs/promises'

import { parseStat, processesBelow, textOf } from './process-cpu.ts'

/** By `process/thread`: what a process is for ('renderer', 'network', …), and its thread's name. Threads that ended are not in it. */
export type ThreadTimes = ReadonlyMap<string, number>

/** Processor seconds of all threads of `root` and all below it. */
export async function threadSecondsOf(root: number): Promise<ThreadTimes> {
  const times = new Map<string, number>()
  for (const id of await processesBelow(root)) {
    const purpose = purposeOf(await textOf(`/proc/${id}/cmdline`))
    for (const thread of await namesIn(`/proc/${id}/task`)) {
      const line = await textOf(`/proc/${id}/task/${thread}/stat`)
      const stat = parseStat(line)
      if (stat === null) continue
      // The first thread has the process's name, which says nothing.
      const name = thread === String(id) ? 'main' : line.slice(line.indexOf('(') + 1, line.lastIndexOf(')'))
      const key = `${purpose}/${name}`
      times.set(key, (times.get(key) ?? 0) + stat.ownCpuSec)
    }
  }
  return times
}

/** What was used between two looks, most first. */
export function threadSecondsBetween(before: ThreadTimes, after: ThreadTimes): [string, number][] {
  return [...after]
    .map(([key, sec]): [string, number] => [key, Math.max(0, sec - (before.get(key) ?? 0))])
    .filter(([, sec]) => sec > 0)
    .toSorted(([, one], [, other]) => other - one)
}

/** Chromium's `--type=`, and of what it calls utilities the service. */
export function purposeOf(commandLine: string): string {
  const valueOf = (name: string): string | null =>
    commandLine.match(new RegExp(`--${name}=([\\w.]+)`))?.[1] ?? null
  const type = valueOf('type')
  if (type !== 'utility') return type ?? 'browser'
  return valueOf('utility-sub-type')?.split('.')[0] ?? type
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
