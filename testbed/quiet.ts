/**
 * When a browser has done what opening pages means to it: for a second or two after the last one has loaded, renderers still start,
 * and compile. Eight pages use 1.0 s of the processor for that, 16 use 1.8 (two cores, measured): visits that begin beside it seem
 * to take longer than they do.
 */

import { setTimeout as pause } from 'node:timers/promises'

/** How long there must be next to nothing to do, in ms. */
const QUIET_MS = 250

/** What is next to nothing, in processor seconds a second: a twentieth of a processor. */
const QUIET_LOAD = 0.05

/** A browser that never rests is begun with all the same, after so many times that (guess: 48 pages need 1.5 s, measured). */
const MAX_TIMES = 40

/** `cpuSeconds`: what the browser has used so far; null where that cannot be told, and nothing is waited for. */
export async function whenQuiet(
  cpuSeconds: () => Promise<number | null>,
  wait: () => Promise<unknown> = () => pause(QUIET_MS),
): Promise<void> {
  let beforeSec = await cpuSeconds()
  for (let times = 0; times < MAX_TIMES && beforeSec !== null; times++) {
    await wait()
    const nowSec = await cpuSeconds()
    if (nowSec === null || nowSec - beforeSec < (QUIET_LOAD * QUIET_MS) / 1_000) return
    beforeSec = nowSec
  }
}
