import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Service } from '../../../src/core/mesh/service.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { newContext, newInventory } from './parts.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'

const CHUNKS = 100
const CROWD = range(1, 9).map((number) => peer(number))

/** A seed of whom eight neighbours want everything. */
class Seed {
  readonly context: Context = newContext()
  readonly service: Service

  constructor() {
    const inventory = newInventory(CHUNKS)
    for (const chunk of range(0, CHUNKS)) inventory.markKept(chunk, { kind: 'origin', run: 0 })
    const neighbours = new Map(CROWD.map((id): [PeerId, Neighbour] => [id, new Neighbour(id, CHUNKS, 0)]))
    this.service = new Service(
      this.context,
      neighbours,
      () => {},
      () => ({ isAmongTakers: false, usualMs: 0 }),
    )
    this.service.equip(inventory)
    for (const neighbour of neighbours.values()) this.service.request(neighbour, range(0, 20), inventory)
  }

  pass(ms: number): void {
    this.context.nowMs += ms
    this.service.serveMore()
  }

  /** The service that began first is over. */
  endOne(): void {
    const [first] = this.service.served
    if (first?.serving) this.service.hasServed(first.id, first.serving.chunk)
  }
}

describe('the uplink', () => {
  it('is known once services have ended for some seconds', () => {
    const seed = new Seed()
    for (const _ of range(0, 100)) {
      seed.pass(50)
      seed.endOne()
    }
    expect(seed.service.uplinkBytesPerSec).toBeGreaterThan(0.9 * (CHUNK_BYTES / 0.05))
    expect(seed.service.uplinkBytesPerSec).toBeLessThanOrEqual(CHUNK_BYTES / 0.05)
  })

  it('is not taken for faster than it is where long services end at about the same time', () => {
    const seed = new Seed()
    for (const _ of range(0, 60)) seed.pass(1000)
    const { size } = seed.service.served
    expect(size).toBe(CROWD.length)
    for (const _ of range(0, size)) {
      seed.pass(1000)
      seed.endOne()
    }
    expect(seed.service.uplinkBytesPerSec).toBeGreaterThan(0)
    expect(seed.service.uplinkBytesPerSec).toBeLessThanOrEqual((size * CHUNK_BYTES) / 60)
  })
})
