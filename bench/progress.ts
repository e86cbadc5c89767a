/** Lines that say how far a run is. */

import type { Snapshot } from '../testbed/page-agent.ts'
import { sum } from './figures.ts'

/** A line each time it is called, from snapshots of all visitors. */
export function progressLines(
  { visitors, sizeBytes }: { readonly visitors: number; readonly sizeBytes: number },
  say: (line: string) => void,
): (snapshots: readonly Snapshot[]) => void {
  let startedMs: number | null = null
  return (snapshots) => {
    startedMs ??= performance.now()
    const all = snapshots.flatMap(({ stats }) => (stats === null ? [] : [stats]))
    const elapsedS = Math.round((performance.now() - startedMs) / 1_000)
    // Other systems do not say how far they are.
    if (all.length === 0) return say(`  ${elapsedS} s`)
    const share = sum(all.map((stats) => stats.completedBytes)) / (visitors * sizeBytes)
    const links = sum(all.map((stats) => stats.neighbours.length)) / all.length
    const done = snapshots.filter(({ state }) => state === 'complete').length
    say(`  ${elapsedS} s: ${Math.round(100 * share)}%, ${done} done, ${links.toFixed(1)} neighbours each`)
  }
}
