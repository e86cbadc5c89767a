import { describe, expect, it, vi } from 'vitest'

import { chunkOf, geometryOf, settle } from './chunks.ts'
import { expectWhole, GEOMETRY, keepAll, keeperOn, MIB } from './keeper-setting.ts'
import { FaultyStore } from './stores.ts'

describe('what comes slowly', () => {
  const GATHER_MS = 40
  const wishes = { gatherMs: GATHER_MS }

  it('is gathered, and can be read meanwhile', async () => {
    const store = new FaultyStore()
    const kept = keeperOn(store, GEOMETRY, wishes)
    keepAll(kept.keeper)
    await settle()
    expect(store.groups).toEqual([])
    await expectWhole(kept)
    await vi.waitFor(() => expect(store.groups).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]))
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3))
    await settle()
    expect(store.groups).toHaveLength(1)
    await vi.waitFor(() => expect(store.groups).toHaveLength(2))
  })

  it('is stored at once when it makes a group', async () => {
    const geometry = geometryOf(20, MIB)
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry, { gatherMs: 60_000 })
    for (let chunk = 0; chunk < 6; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    expect(store.groups).toEqual([[0, 1, 2, 3]])
    await keeper.delete()
  })

  it('does not hold up what is to be given up', async () => {
    const store = new FaultyStore('indexeddb', [{ index: 3, bytes: chunkOf(GEOMETRY, 3) }])
    const { keeper } = keeperOn(store, GEOMETRY, { gatherMs: 60_000 })
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    keeper.forget(3)
    await settle()
    expect(await store.get(3)).toBeNull()
    await keeper.delete()
  })

  it.each(['hurry', 'close'] as const)('is stored at once when the end is near (%s)', async (end) => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, GEOMETRY, { gatherMs: 60_000 })
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    await settle()
    expect(store.groups).toEqual([])
    await keeper[end]()
    await settle()
    expect(store.groups).toEqual([[0]])
  })

  it('is not stored after a deletion', async () => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, GEOMETRY, wishes)
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    await settle()
    await keeper.delete()
    await new Promise((resolve) => setTimeout(resolve, 2 * GATHER_MS))
    expect(store.groups).toEqual([])
  })
})
