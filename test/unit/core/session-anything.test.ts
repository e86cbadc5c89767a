import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { SessionOutput } from '../../../src/core/session-io.ts'
import { anyScript, CHUNKS, FACTS, World, type Mode } from './world.ts'
import { range } from './shapes.ts'

const MODES: readonly Mode[] = ['chunkDigests', 'sendersDigest']

describe.each(MODES)('whatever happens (verified by %s)', (mode) => {
  it('the driver is asked for nothing impossible, and the origin alone can finish the download', () => {
    fc.assert(
      fc.property(fc.integer(), anyScript(), (seed, script) => {
        const world = new World(mode, seed)
        for (const step of script) world.take(step)
        world.leaveAloneWithOrigin()
        if (world.hasFailed) return
        expect(world.visitor.kept).toEqual(range(0, CHUNKS))
        expect(world.visitor.all('complete').length).toBeGreaterThan(0)
        expect(world.visitor.all('sized')).toEqual([{ type: 'sized', facts: FACTS }])
      }),
      { numRuns: 200 },
    )
  })

  it('the same inputs give the same outputs', () => {
    fc.assert(
      fc.property(fc.integer(), anyScript(), (seed, script) => {
        const [first, second] = [0, 1].map((): SessionOutput[] => {
          const world = new World(mode, seed)
          for (const step of script) world.take(step)
          world.leaveAloneWithOrigin()
          return world.visitor.outputs
        })
        expect(first).toEqual(second)
      }),
      { numRuns: 40 },
    )
  })
})

describe('another seed', () => {
  it('makes other choices', () => {
    const chosen = range(0, 20).map((seed) => {
      const world = new World('chunkDigests', seed)
      world.take({ type: 'link', from: 0 })
      world.take({ type: 'have', from: 0, chunks: range(10, CHUNKS), forged: false })
      return world.visitor.askedOf(world.peers[0] ?? world.self).join()
    })
    expect(new Set(chosen).size).toBeGreaterThan(10)
  })
})
