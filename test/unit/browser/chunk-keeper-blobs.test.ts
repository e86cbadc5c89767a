import { describe, expect, it } from 'vitest'

import type { ChunkKeeper } from '../../../src/browser/chunk-keeper.ts'
import { bytesOf, chunkOf, geometryOf, newGate, settle } from './chunks.ts'
import { keeperOn, MIB, storeAll } from './keeper-setting.ts'
import { FaultyStore } from './stores.ts'

describe('a chunk whose Blob is at hand', () => {
  const geometry = geometryOf(64, MIB)

  /** All chunks are stored, and the first ones have left the cache. */
  async function stored(): Promise<ChunkKeeper> {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry)
    await storeAll(keeper, geometry)
    store.reads = false
    return keeper
  }

  it('is read without asking the store', async () => {
    const keeper = await stored()
    expect(await keeper.get(0)).toEqual(chunkOf(geometry, 0))
  })

  it('is not there any more once it was given up', async () => {
    const keeper = await stored()
    keeper.forget(0)
    expect(await keeper.get(0)).toBeNull()
    await settle()
    expect(await keeper.get(0)).toBeNull()
  })

  it('that is given up while it is read is not handed out', async () => {
    const keeper = await stored()
    const reading = keeper.get(0)
    keeper.forget(0)
    expect(await reading).toBeNull()
  })

  describe('which comes to hand late', () => {
    const single = geometryOf(1)

    /** A first version is stored, and its Blob is under way. */
    async function awaited() {
      const store = new FaultyStore()
      const late = newGate()
      store.blobsGate = late
      const { keeper } = keeperOn(store, single)
      keeper.keep(0, chunkOf(single, 0, 1))
      await settle()
      store.blobsGate = null
      return { store, keeper, late }
    }

    it('is not there if it was given up', async () => {
      const { keeper, late } = await awaited()
      keeper.forget(0)
      await settle()
      late.open()
      await settle()
      expect(await keeper.get(0)).toBeNull()
      expect(await keeper.blob('')).toBeNull()
    })

    it.each([
      ['', Infinity],
      [', though the store fails then', 2],
    ])('is what was kept after it%s', async (_when, failsFromPut) => {
      const { store, keeper, late } = await awaited()
      store.failsFromPut = failsFromPut
      keeper.forget(0)
      keeper.keep(0, chunkOf(single, 0, 2))
      await settle()
      late.open()
      await settle()
      expect(await keeper.get(0)).toEqual(chunkOf(single, 0, 2))
      expect(await bytesOf(await keeper.blob(''))).toEqual(chunkOf(single, 0, 2))
    })
  })
})
