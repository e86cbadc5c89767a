import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Geometry } from '../../../src/core/geometry.ts'
import { Inventory } from '../../../src/core/inventory.ts'
import { Random } from '../../../src/core/random.ts'
import type { ChunkSource } from '../../../src/core/session-io.ts'
import { fileOf, peer, range } from './shapes.ts'

const CHUNKS = 6
const GEOMETRY = new Geometry(fileOf(CHUNKS))
const FROM_ORIGIN: ChunkSource = { kind: 'origin', run: 0 }
const FROM_PEER: ChunkSource = { kind: 'peer', peer: peer(1) }
const FROM_STORE: ChunkSource = { kind: 'store' }

function newInventory(): Inventory {
  return new Inventory(GEOMETRY, new Random(1))
}

const VERBS = [
  'ask',
  'unask',
  'reserve',
  'release',
  'check',
  'failCheck',
  'keepOrigin',
  'keepPeer',
  'lose',
  'doubt',
] as const
type Verb = (typeof VERBS)[number]

/** The marks of one chunk, kept the plain way. */
interface Marks {
  asked: number
  isReserved: boolean
  isChecking: boolean
  isKept: boolean
  isDoubtful: boolean
}

function mark(inventory: Inventory, marks: Marks, verb: Verb, chunk: number): void {
  switch (verb) {
    case 'ask':
      marks.asked++
      return inventory.markAsked(chunk)
    case 'unask':
      marks.asked = Math.max(0, marks.asked - 1)
      return inventory.markUnasked(chunk)
    case 'reserve':
      marks.isReserved = true
      return inventory.reserve(chunk)
    case 'release':
      marks.isReserved = false
      return inventory.release(chunk)
    case 'check':
      marks.isChecking = true
      return inventory.markChecking(chunk)
    case 'failCheck':
      marks.isChecking = false
      return inventory.markCheckFailed(chunk)
    case 'keepOrigin':
    case 'keepPeer':
      marks.isChecking = false
      marks.isKept = true
      if (verb === 'keepOrigin') marks.isDoubtful = false
      return inventory.markKept(chunk, verb === 'keepOrigin' ? FROM_ORIGIN : FROM_PEER)
    case 'lose':
      marks.isKept = false
      return inventory.markLost(chunk)
    case 'doubt':
      marks.isDoubtful = true
      return inventory.markDoubtful(chunk)
  }
}

describe('the inventory', () => {
  it('offers a chunk to neighbours exactly if it is missing, asked of nobody, not reserved and not doubtful', () => {
    const step = fc.record({ verb: fc.constantFrom(...VERBS), chunk: fc.nat(CHUNKS - 1) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const inventory = newInventory()
        const model = range(0, CHUNKS).map(() => ({
          asked: 0,
          isReserved: false,
          isChecking: false,
          isKept: false,
          isDoubtful: false,
        }))
        for (const { verb, chunk } of steps) {
          const marks = model[chunk]
          if (marks !== undefined) mark(inventory, marks, verb, chunk)
        }
        for (const [chunk, marks] of model.entries()) {
          const isMissing = !marks.isKept && !marks.isChecking
          expect(inventory.isMissing(chunk)).toBe(isMissing)
          expect(inventory.rarity.isEligible(chunk)).toBe(
            isMissing && marks.asked === 0 && !marks.isReserved && !marks.isDoubtful,
          )
        }
        const missingBytes = range(0, CHUNKS)
          .filter((chunk) => model[chunk]?.isKept === false)
          .reduce((sum, chunk) => sum + GEOMETRY.lengthBytes(chunk), 0)
        expect(inventory.missingBytes).toBe(missingBytes)
        expect(inventory.isComplete).toBe(missingBytes === 0)
      }),
    )
  })

  it('knows what is second-hand: whatever the origin did not bring', () => {
    const inventory = newInventory()
    inventory.markKept(0, FROM_ORIGIN)
    inventory.markKept(1, FROM_PEER)
    inventory.markKept(2, FROM_STORE)
    expect(inventory.secondHand()).toEqual([1, 2])
    expect(range(0, CHUNKS).filter((chunk) => inventory.isFromOrigin(chunk))).toEqual([0])
  })

  it('holds a chunk for doubtful until the origin has brought it', () => {
    const inventory = newInventory()
    inventory.markDoubtful(3)
    inventory.markKept(3, FROM_PEER)
    expect(inventory.isDoubtful(3)).toBe(true)
    inventory.markLost(3)
    inventory.markKept(3, FROM_ORIGIN)
    expect(inventory.isDoubtful(3)).toBe(false)
  })

  it('forgets where a lost chunk came from', () => {
    const inventory = newInventory()
    inventory.markKept(0, FROM_ORIGIN)
    inventory.markLost(0)
    expect(inventory.isFromOrigin(0)).toBe(false)
    inventory.markKept(0, FROM_PEER)
    expect(inventory.secondHand()).toEqual([0])
  })

  it('counts a chunk once, however often it is kept or lost', () => {
    const inventory = newInventory()
    inventory.markKept(0, FROM_ORIGIN)
    inventory.markKept(0, FROM_ORIGIN)
    expect(inventory.missingBytes).toBe(GEOMETRY.sizeBytes - GEOMETRY.lengthBytes(0))
    inventory.markLost(0)
    inventory.markLost(0)
    expect(inventory.missingBytes).toBe(GEOMETRY.sizeBytes)
  })
})
