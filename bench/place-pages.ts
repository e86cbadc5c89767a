/** Visitors in one Chromium, each in a context of its own, or one of them alone in a profile on disk. */

import { openTestbed } from '../testbed/testbed.ts'
import { runVisitors } from '../testbed/visitors.ts'
import { watchHeap, type HeapWatch } from './heap.ts'
import { patienceMs, type Place } from './place.ts'
import { progressLines } from './progress.ts'
import { pagesOf, serve } from './serve.ts'

/** Each run has a browser of its own: nothing is left of the one before. */
export const runInPages: Place = async ({ scenario, system, seed, say }) => {
  const isOnDisk = scenario.place === 'disk'
  const testbed = await openTestbed({ profile: isOnDisk ? 'disk' : 'memory', say, ...pagesOf(system) })
  const served = await serve({ ...scenario, system, seed })
  let heap: HeapWatch | null = null
  let beforeSec: number | null = null
  let afterSec: number | null = null
  let stats = await served.origin.stats()
  try {
    const results = await runVisitors(testbed, {
      ...served.job,
      visitors: scenario.visitors,
      staggerMs: scenario.staggerMs,
      timeoutMs: patienceMs(scenario),
      watch: progressLines(scenario, say),
      watchEveryMs: 2_000,
      beforehand: async (pages) => {
        const [alone] = pages
        if (isOnDisk && alone !== undefined) heap = await watchHeap(alone)
        await testbed.whenQuiet()
        beforeSec = await testbed.cpuSeconds()
      },
      ended: async () => {
        afterSec = await testbed.cpuSeconds()
        stats = await served.origin.stats()
        await heap?.stop()
      },
    })
    return {
      results,
      integrity: served.origin.integrity,
      origin: stats,
      cpuSec: difference(afterSec, beforeSec),
      ...peakOf(heap),
    }
  } finally {
    await served.stop()
    await testbed.close()
  }
}

function peakOf(heap: HeapWatch | null) {
  return heap === null ? {} : { heap: heap.peak }
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before
}
