/**
 * First copies that only we have: until they have gone up, nobody else can have them, and what we fetch meanwhile but adds to them.
 */

import type { Inventory } from '../inventory.ts'

/**
 * With more than this, in seconds of our uplink, whoever has our seat instead makes more of it (guess: about what a turn
 * brings). With eight of 55 behind 500 kb/s, the others needed 1.07 to 1.12 times the origin's time for the file, and 1.11 to
 * 1.24 times where those eight kept what they had fetched (simulated).
 */
const LONGEST_SEC = 5

/**
 * Nor more than goes up while the origin sends what nobody has yet, or they would be the last to come; but for so little, in
 * seconds, no seat is given up (guess). Of eight behind lines of 1 to 50 Mb/s up all had a seat, and the slowest kept what it
 * had fetched until the others fetched it again: 1.3 copies, and 1.3 times the origin's time instead of 1.02 and 1.16 (simulated).
 */
const LEAST_SEC = 1

/** What our uplink takes for the chunks that only we have, in seconds. */
export function backlogSec({ kept, rarity, geometry }: Inventory, uplinkBytesPerSec: number): number {
  let alone = 0
  for (const chunk of kept.chunks()) if (rarity.holderCount(chunk) === 0) alone++
  return (alone * geometry.chunkBytes) / uplinkBytesPerSec
}

/** `originSec`: what the origin takes for all that nobody has; Infinity: unknown. Worked out only where it counts. */
export function isBacklogTooLong(sec: number, originSec: () => number): boolean {
  return sec > LONGEST_SEC || (sec > LEAST_SEC && sec > originSec())
}
