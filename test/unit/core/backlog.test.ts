import { describe, expect, it } from 'vitest'

import { backlogSec, isBacklogTooLong } from '../../../src/core/origin/backlog.ts'
import { newInventory } from './parts.ts'
import { CHUNK_BYTES, range } from './shapes.ts'

describe('a backlog of first copies', () => {
  it('is what our uplink takes for what only we have', () => {
    const inventory = newInventory(10)
    for (const chunk of range(0, 4)) inventory.markKept(chunk, { kind: 'origin', run: 0 })
    inventory.rarity.increment(0)
    expect(backlogSec(inventory, CHUNK_BYTES)).toBe(3)
    expect(backlogSec(inventory, 2 * CHUNK_BYTES)).toBe(1.5)
  })

  it('is too long beyond five seconds, whatever the origin takes for the rest', () => {
    expect([5, 5.1].map((sec) => isBacklogTooLong(sec, () => Infinity))).toEqual([false, true])
  })

  it('is too long where the origin has done sooner, but for a second’s worth', () => {
    expect([1.9, 2, 2.1].map((sec) => isBacklogTooLong(sec, () => 2))).toEqual([false, false, true])
    expect([1, 1.1].map((sec) => isBacklogTooLong(sec, () => 0))).toEqual([false, true])
  })
})
