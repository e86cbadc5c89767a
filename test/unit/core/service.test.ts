import { describe, expect, it } from 'vitest'

import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Service } from '../../../src/core/mesh/service.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { newContext, newInventory } from './parts.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'

const CHUNKS = 100
const CROWD = range(1, 9).map((number) => peer(number))

/** A seed of whom eight neighbours want everything; it takes so many seconds for a chunk, and two at a time get half of it. */
function measuredAfter(chunkSec: number, chunks: number): number {
  const context = newContext()
  const inventory = newInventory(CHUNKS)
  for (const chunk of range(0, CHUNKS)) inventory.markKept(chunk, { kind: 'origin', run: 0 })
  const neighbours = new Map(CROWD.map((id): [PeerId, Neighbour] => [id, new Neighbour(id, CHUNKS, 0)]))
  const service = new Service(context, neighbours, () => {})
  service.equip(inventory)
  for (const neighbour of neighbours.values()) service.request(neighbour, range(0, 20), inventory)
  for (const _ of range(0, chunks / 2)) {
    const served = [...service.served].slice(0, 2)
    context.nowMs += chunkSec * 2000 - 1
    for (const { id, serving } of served) {
      context.nowMs++
      service.hasServed(id, serving?.chunk ?? 0)
    }
  }
  return service.uplinkBytesPerSec
}

describe('the uplink', () => {
  it('is known once some services have ended', () => {
    expect(measuredAfter(0.05, 80)).toBeGreaterThan(0.9 * (CHUNK_BYTES / 0.05))
    expect(measuredAfter(0.05, 80)).toBeLessThanOrEqual(CHUNK_BYTES / 0.05)
  })

  it('is not taken for faster than it is where services end at about the same time', () => {
    for (const chunkSec of [2, 7.5]) {
      const bytesPerSec = measuredAfter(chunkSec, 20)
      expect(bytesPerSec).toBeGreaterThan(0.45 * (CHUNK_BYTES / chunkSec))
      expect(bytesPerSec).toBeLessThanOrEqual(CHUNK_BYTES / chunkSec)
    }
  })
})
