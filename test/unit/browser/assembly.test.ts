import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Assembly } from '../../../src/browser/assembly.ts'
import { Geometry } from '../../../src/core/geometry.ts'
import type { ChunkSource } from '../../../src/core/session-io.ts'
import { parsePeerId } from '../../../src/core/types.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { chunkOf, geometryOf, newBuffer } from './chunks.ts'

function peer(number: number): PeerId {
  const id = parsePeerId(String(number).padStart(16, '0'))
  if (id === null) throw new Error('No such peer.')
  return id
}

const ANNA: ChunkSource = { kind: 'peer', peer: peer(1) }
const BERT: ChunkSource = { kind: 'peer', peer: peer(2) }
const GEOMETRY = geometryOf(3)

describe('a chunk being assembled', () => {
  it('is the sum of its parts, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.nat(299)), (length, cuts) => {
        const geometry = new Geometry({ sizeBytes: length, chunkBytes: 300 })
        const bytes = chunkOf(geometry, 0)
        const edges = [...new Set([0, ...cuts.filter((cut) => cut < length), length])].sort((a, b) => a - b)
        const assembly = new Assembly(geometry, newBuffer)
        for (const [place, end] of edges.entries()) {
          const start = edges[place - 1]
          if (start !== undefined) assembly.add(0, ANNA, start, bytes.slice(start, end))
        }
        expect(assembly.get(0, ANNA)).toEqual(bytes)
      }),
    )
  })

  it('that comes in one piece is not copied', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    const frame = new Uint8Array(1009)
    const payload = frame.subarray(9)
    assembly.add(0, ANNA, 0, payload)
    expect(assembly.get(0, ANNA)).toBe(payload)
  })

  it('that is the last, shorter one is as long as it should be', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    assembly.add(2, ANNA, 0, new Uint8Array(500))
    expect(assembly.get(2, ANNA)).toHaveLength(999)
  })

  it('is not mixed with what another sends of it', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    const sources: ChunkSource[] = [
      ANNA,
      BERT,
      { kind: 'origin', run: 0 },
      { kind: 'origin', run: 1 },
      { kind: 'store' },
    ]
    for (const [version, source] of sources.entries()) assembly.put(1, source, chunkOf(GEOMETRY, 1, version))
    for (const [version, source] of sources.entries())
      expect(assembly.get(1, source)).toEqual(chunkOf(GEOMETRY, 1, version))
  })

  it('is not mixed with another chunk of the same sender', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    assembly.put(0, { kind: 'origin', run: 11 }, chunkOf(GEOMETRY, 0))
    assembly.put(1, { kind: 'origin', run: 1 }, chunkOf(GEOMETRY, 1))
    expect(assembly.get(0, { kind: 'origin', run: 11 })).toEqual(chunkOf(GEOMETRY, 0))
    expect(assembly.get(1, { kind: 'origin', run: 1 })).toEqual(chunkOf(GEOMETRY, 1))
  })

  it('is handed out once', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    assembly.put(0, ANNA, chunkOf(GEOMETRY, 0))
    expect(assembly.take(0, ANNA)).toEqual(chunkOf(GEOMETRY, 0))
    expect(assembly.take(0, ANNA)).toBeNull()
    expect(assembly.get(0, ANNA)).toBeNull()
  })

  it('begins afresh after it was discarded', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    assembly.add(0, ANNA, 0, new Uint8Array(500).fill(9))
    assembly.discard(0, ANNA)
    expect(assembly.get(0, ANNA)).toBeNull()
    assembly.add(0, ANNA, 500, new Uint8Array(500).fill(5))
    expect(assembly.get(0, ANNA)?.subarray(0, 500)).toEqual(new Uint8Array(500))
  })

  it('is forgotten with all the others', () => {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    assembly.put(0, ANNA, chunkOf(GEOMETRY, 0))
    assembly.put(1, BERT, chunkOf(GEOMETRY, 1))
    assembly.clear()
    expect(assembly.get(0, ANNA)).toBeNull()
    expect(assembly.get(1, BERT)).toBeNull()
  })
})
