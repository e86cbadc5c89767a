import { beforeEach, describe, expect, it } from 'vitest'

import type { Inventory } from '../../../src/core/inventory.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Claimants } from '../../../src/core/origin/claimants.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { newInventory } from './parts.ts'
import { CHUNK_BYTES, peer } from './shapes.ts'

const CHUNKS = 100
const PATIENCE_MS = 2000
const CLAIMER = peer(9)

/** Half of those around us give, and half only take. */
const surroundings = { isAmongTakers: true, giversShare: 0.5, neighbours: new Map<PeerId, Neighbour>() }

let inventory: Inventory
let claimants: Claimants

beforeEach(() => {
  surroundings.isAmongTakers = true
  surroundings.neighbours.clear()
  inventory = newInventory(CHUNKS)
  claimants = new Claimants(surroundings)
  claimants.equip(inventory)
  claimants.hear(CLAIMER, [{ start: 10, count: 3 }], 0)
})

function beliefAt(nowMs: number): number {
  return claimants.beliefIn(CLAIMER, PATIENCE_MS, nowMs)
}

describe('a claimant', () => {
  it('is believed by half, where half of all neighbours give and nothing is known of it', () => {
    expect(beliefAt(PATIENCE_MS)).toBe(0.5)
    expect(claimants.beliefIn(peer(8), PATIENCE_MS, 100_000)).toBe(0.5)
  })

  it('is believed no more once three of its first copies came to nobody in good time', () => {
    expect(beliefAt(PATIENCE_MS + 1)).toBe(0)
  })

  it('is given the benefit of the doubt for two', () => {
    const other = peer(8)
    claimants.hear(other, [{ start: 20, count: 2 }], 0)
    expect(claimants.beliefIn(other, PATIENCE_MS, PATIENCE_MS + 1)).toBe(0.5)
  })

  it('is believed once one of them came near, and loses that by many that did not', () => {
    inventory.rarity.increment(11)
    expect(beliefAt(PATIENCE_MS)).toBe(1)
    expect(beliefAt(PATIENCE_MS + 1)).toBe(1)
    claimants.hear(CLAIMER, [{ start: 20, count: 10 }], PATIENCE_MS)
    expect(beliefAt(10 * PATIENCE_MS)).toBe(0)
  })

  it('is not made honest by what came late: another may have fetched it', () => {
    expect(beliefAt(PATIENCE_MS + 1)).toBe(0)
    for (const chunk of [10, 11, 12]) inventory.rarity.increment(chunk)
    expect(beliefAt(PATIENCE_MS + 2)).toBe(0)
  })

  it('is believed whatever came of it, where few neighbours only take', () => {
    surroundings.isAmongTakers = false
    expect(beliefAt(100 * PATIENCE_MS)).toBe(1)
  })

  it('has shown nothing by what it told of what is near anyway, or is ours', () => {
    const other = peer(8)
    for (const chunk of [30, 31, 32]) inventory.rarity.increment(chunk)
    claimants.hear(other, [{ start: 30, count: 3 }], 0)
    claimants.hear(other, [{ start: 40, count: 3 }], 0)
    for (const chunk of [40, 41, 42]) inventory.markKept(chunk, { kind: 'origin', run: 0 })
    expect(claimants.beliefIn(other, PATIENCE_MS, 100_000)).toBe(0.5)
  })
})

describe('a claimant that is our neighbour', () => {
  let neighbour: Neighbour

  beforeEach(() => {
    neighbour = new Neighbour(CLAIMER, CHUNKS, 0)
    surroundings.neighbours.set(CLAIMER, neighbour)
  })

  it('is believed once it gave us a chunk', () => {
    neighbour.noteChunk(CHUNK_BYTES, 0)
    expect(beliefAt(PATIENCE_MS + 1)).toBe(1)
  })

  it('is not believed once it let us down', () => {
    neighbour.isDiscounted = true
    expect(beliefAt(0)).toBe(0)
  })

  it('has passed nothing on while it alone holds it', () => {
    for (const chunk of [10, 11, 12]) {
      neighbour.held.add(chunk)
      inventory.rarity.increment(chunk)
    }
    expect(beliefAt(PATIENCE_MS + 1)).toBe(0)
  })
})
