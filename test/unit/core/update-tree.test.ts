import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { UpdateTree } from '../../../src/core/mesh/update-tree.ts'
import { Random } from '../../../src/core/random.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { bitsOf, peer, range } from './shapes.ts'

/** What is done to a tree: chunks null takes the peer out. */
interface Step {
  readonly peer: number
  readonly chunks: readonly number[] | null
}

interface Script {
  readonly chunkCount: number
  readonly capacity: number
  readonly steps: readonly Step[]
}

function anyScript(): fc.Arbitrary<Script> {
  return fc
    .record({ chunkCount: fc.integer({ min: 1, max: 150 }), capacity: fc.integer({ min: 1, max: 13 }) })
    .chain(({ chunkCount, capacity }) => {
      const chunks = fc.uniqueArray(fc.nat(chunkCount - 1), { maxLength: chunkCount })
      const step = fc.record({
        peer: fc.nat(15),
        chunks: fc.oneof({ weight: 3, arbitrary: chunks }, { weight: 1, arbitrary: fc.constant(null) }),
      })
      return fc.record({
        chunkCount: fc.constant(chunkCount),
        capacity: fc.constant(capacity),
        steps: fc.array(step, { maxLength: 40 }),
      })
    })
}

/** Does it to a tree and to a plain map. A step for which there is no room is left out. */
function perform({ chunkCount, capacity, steps }: Script): {
  tree: UpdateTree
  held: Map<PeerId, readonly number[]>
} {
  const tree = new UpdateTree({ chunkCount, capacity })
  const held = new Map<PeerId, readonly number[]>()
  for (const { peer: number, chunks } of steps) {
    const id = peer(number)
    if (chunks === null) {
      tree.remove(id)
      held.delete(id)
    } else if (held.has(id) || held.size < capacity) {
      tree.put(id, bitsOf(chunks, chunkCount))
      held.set(id, chunks)
    }
  }
  return { tree, held }
}

function holdersIn(held: Map<PeerId, readonly number[]>, chunk: number): PeerId[] {
  return [...held].filter(([, chunks]) => chunks.includes(chunk)).map(([id]) => id)
}

describe('an update tree', () => {
  it('says of every chunk what a plain map of the same peers says', () => {
    fc.assert(
      fc.property(anyScript(), (script) => {
        const { tree, held } = perform(script)
        const { chunkCount, capacity } = script
        expect(tree.size).toBe(held.size)
        expect(tree.isFull).toBe(held.size === capacity)
        const absent = range(0, chunkCount).filter((chunk) => holdersIn(held, chunk).length === 0)
        expect([...tree.nowhere()]).toEqual(absent)
        for (const chunk of range(0, chunkCount)) {
          const holders = holdersIn(held, chunk)
          expect(tree.existsAnywhere(chunk)).toBe(holders.length > 0)
          expect([...tree.whoHas(chunk)].sort()).toEqual(holders.sort())
        }
      }),
    )
  })

  it('names a holder at random, and nobody where there is none', () => {
    fc.assert(
      fc.property(anyScript(), fc.integer(), (script, seed) => {
        const { tree, held } = perform(script)
        const random = new Random(seed)
        for (const chunk of range(0, script.chunkCount)) {
          const holders: (PeerId | null)[] = holdersIn(held, chunk)
          expect(holders.length === 0 ? [null] : holders).toContain(tree.randomHolder(chunk, random))
        }
      }),
    )
  })

  it('names each holder as often as any other', () => {
    const tree = new UpdateTree({ chunkCount: 40, capacity: 64 })
    // The first has a half of the tree to itself; the others share the other half.
    for (const number of range(0, 64))
      tree.put(peer(number), bitsOf([number === 0 || number > 40 ? 7 : 8], 40))
    const random = new Random(5)
    const named = range(0, 24_000).map(() => tree.randomHolder(7, random))
    for (const number of [0, 41, 50, 63]) {
      const times = named.filter((id) => id === peer(number)).length
      expect(times).toBeGreaterThan(850)
      expect(times).toBeLessThan(1150)
    }
    expect(named).not.toContain(peer(20))
  })

  it('has nothing anywhere while nobody is in it', () => {
    const tree = new UpdateTree({ chunkCount: 33, capacity: 4 })
    expect([...tree.nowhere()]).toEqual(range(0, 33))
    expect([...tree.whoHas(0)]).toEqual([])
  })

  it('knows of no chunk outside the file', () => {
    const tree = new UpdateTree({ chunkCount: 33, capacity: 2 })
    tree.put(peer(1), bitsOf(range(0, 33), 33))
    for (const chunk of [-1, 33, 63, 64, 1000]) {
      expect(tree.existsAnywhere(chunk)).toBe(false)
      expect([...tree.whoHas(chunk)]).toEqual([])
    }
    expect([...tree.nowhere()]).toEqual([])
  })

  it('of one peer is its own root', () => {
    const tree = new UpdateTree({ chunkCount: 3, capacity: 1 })
    tree.put(peer(1), bitsOf([1], 3))
    expect([...tree.whoHas(1)]).toEqual([peer(1)])
    expect([...tree.nowhere()]).toEqual([0, 2])
    tree.remove(peer(1))
    expect([...tree.nowhere()]).toEqual([0, 1, 2])
  })

  it('takes no more peers than it was made for, until one is taken out', () => {
    const tree = new UpdateTree({ chunkCount: 8, capacity: 3 })
    for (const number of range(0, 3)) tree.put(peer(number), bitsOf([number], 8))
    expect(() => tree.put(peer(3), bitsOf([3], 8))).toThrow('full tree')
    tree.put(peer(2), bitsOf([4], 8))
    tree.remove(peer(0))
    tree.put(peer(3), bitsOf([3], 8))
    expect([...tree.nowhere()]).toEqual([0, 2, 5, 6, 7])
  })

  it('takes no bits of another length', () => {
    const tree = new UpdateTree({ chunkCount: 17, capacity: 2 })
    expect(() => tree.put(peer(1), new Uint8Array(2))).toThrow('one bit for each chunk')
    expect(() => tree.put(peer(1), new Uint8Array(4))).toThrow('one bit for each chunk')
  })
})
