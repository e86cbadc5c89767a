/**
 * The least time in which all can have the file, whatever the system: the origin sends each byte once, nobody takes it faster
 * than his line does, and what goes between pages of one machine is bounded by what its data channels carry together.
 */

import type { Scenario } from './scenarios.ts'

/**
 * max(F/u_s, F/d_min, (N−1)·F ÷ ring's rate), in seconds; a term that nothing bounds is left out. `ringMBps`: what a ring of
 * pages carried in the same repeat; null where none was measured.
 */
export function floorS(
  { visitors, sizeBytes, originBitsPerSec, hosts }: FloorOf,
  ringMBps: number | null,
): number {
  const downs = hosts.flatMap(({ down }) => (down === null ? [] : [down.rateBitsPerSec]))
  const originS = originBitsPerSec === null ? 0 : (sizeBytes * 8) / originBitsPerSec
  const downS = downs.length === 0 ? 0 : (sizeBytes * 8) / Math.min(...downs)
  const ringS = ringMBps === null ? 0 : ((visitors - 1) * sizeBytes) / (ringMBps * 1e6)
  return Math.max(originS, downS, ringS)
}

type FloorOf = Pick<Scenario, 'visitors' | 'sizeBytes' | 'originBitsPerSec' | 'hosts'>
