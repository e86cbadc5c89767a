/** A keeper on a store, and what tests of it do again and again. */

import { expect } from 'vitest'

import { ChunkKeeper } from '../../../src/browser/chunk-keeper.ts'
import { MemoryStore } from '../../../src/browser/memory-store.ts'
import type { Geometry } from '../../../src/core/geometry.ts'
import type { ChunkStore } from '../../../src/ports.ts'
import { bytesOf, chunkOf, fileBytes, geometryOf, settle } from './chunks.ts'

export const MIB: number = 1024 * 1024
export const GEOMETRY: Geometry = geometryOf(10)

export interface Kept {
  readonly keeper: ChunkKeeper
  readonly fallbacks: ChunkStore[]
  readonly lost: number[]
}

export interface KeeperWishes {
  readonly fallbackBytes?: number
  /** Default 0: every chunk is stored at once. */
  readonly gatherMs?: number
  /** Default: no chunk is. */
  readonly isAwaited?: (chunk: number) => boolean
}

export function keeperOn(
  store: ChunkStore,
  geometry: Geometry = GEOMETRY,
  { fallbackBytes, gatherMs = 0, isAwaited = () => false }: KeeperWishes = {},
): Kept {
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
    isAwaited,
    gatherMs,
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

/** Keeps every chunk, at once. */
export function keepAll(keeper: ChunkKeeper, geometry: Geometry = GEOMETRY): void {
  for (let chunk = 0; chunk < geometry.chunkCount; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
}

/** Each chunk, and the Blob of all, is what it should be. */
export async function expectWhole({ keeper, lost }: Kept, geometry: Geometry = GEOMETRY): Promise<void> {
  for (let chunk = 0; chunk < geometry.chunkCount; chunk++)
    expect(await keeper.get(chunk)).toEqual(chunkOf(geometry, chunk))
  const blob = await keeper.blob('text/plain')
  expect(blob?.type).toBe('text/plain')
  expect(await bytesOf(blob)).toEqual(fileBytes(geometry))
  expect(lost).toEqual([])
}
