/** A keeper on a store, and what tests of it do again and again. */

import { ChunkKeeper } from '../../../src/browser/chunk-keeper.ts'
import { MemoryStore } from '../../../src/browser/memory-store.ts'
import type { Geometry } from '../../../src/core/geometry.ts'
import type { ChunkStore } from '../../../src/ports.ts'
import { chunkOf, geometryOf, settle } from './chunks.ts'

export const MIB: number = 1024 * 1024
export const GEOMETRY: Geometry = geometryOf(10)

export interface Kept {
  readonly keeper: ChunkKeeper
  readonly fallbacks: ChunkStore[]
  readonly lost: number[]
}

export function keeperOn(store: ChunkStore, geometry: Geometry = GEOMETRY, fallbackBytes?: number): Kept {
  const fallbacks: ChunkStore[] = []
  const lost: number[] = []
  const keeper = new ChunkKeeper({
    geometry,
    identity: {
      locator: 'file',
      sizeBytes: geometry.sizeBytes,
      chunkBytes: geometry.chunkBytes,
      validator: null,
    },
    store,
    fallback: () => {
      const fallback = new MemoryStore(fallbackBytes === undefined ? {} : { maxBytes: fallbackBytes })
      fallbacks.push(fallback)
      return fallback
    },
    lost: (chunk) => lost.push(chunk),
  })
  return { keeper, fallbacks, lost }
}

/** Keeps every chunk, none before there is room, until all are stored. */
export async function storeAll(keeper: ChunkKeeper, geometry: Geometry): Promise<void> {
  for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
    keeper.keep(chunk, chunkOf(geometry, chunk))
    await keeper.whenRoom()
  }
  await settle()
}
